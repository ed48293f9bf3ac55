"""What the log tells of boluses: when each began and ended, how much of it was given, and what cut it short.

Boluses by the clock are part of the timeline and begin without anybody's doing; here the timeline is asked what has
come about since it was last asked, and when to ask again.
"""

from thecal_fw.core import events
from thecal_fw.core.bolus import KIND_SCHEDULED, Bolus
from thecal_fw.core.events import KIND_SHIFT, WAS_CUT_SHORT
from thecal_fw.core.instant import (
    NEVER_S,
    TICKS_PER_MINUTE,
    TICKS_PER_SECOND,
    is_before,
    microsecond_of_ticks,
    second_of_ticks,
    ticks_at,
)
from thecal_fw.core.pump_state import STATE_DELIVERING

_LOOK_AHEAD_TICKS = 60 * TICKS_PER_MINUTE
"""Boluses by the clock are looked up for so long at a time."""


class BolusNotes:
    """due_s, due_us: when the next bolus begins or ends."""

    def __init__(self, pump):
        self._pump = pump
        self.due_s = NEVER_S
        self.due_us = 0
        self._noted_tick = 0

    def advance(self, now_s: int, now_us: int) -> None:
        """Note what has begun or ended, if that is due."""
        infusion = self._pump.infusion
        if infusion.state == STATE_DELIVERING and not is_before(now_s, now_us, self.due_s, self.due_us):
            self.note(infusion.timeline, ticks_at(now_s, now_us))

    def note(self, timeline, tick: int) -> None:
        """Note what has begun and ended by a tick, and find out when to look again."""
        noted_tick, self._noted_tick = self._noted_tick, tick
        due = -1
        for bolus in timeline.boluses_near(noted_tick, tick + _LOOK_AHEAD_TICKS):
            if bolus.kind == KIND_SCHEDULED and noted_tick < bolus.start_tick <= tick:
                seconds = (bolus.end_tick - bolus.start_tick) // TICKS_PER_SECOND
                self._pump.record(events.EVENT_BOLUS_BEGUN, bolus.rate_nl_per_day, seconds)
            if noted_tick < bolus.end_tick <= tick:
                self.ended(bolus, bolus.end_tick, 0)
            turn = bolus.next_turn(tick, tick + _LOOK_AHEAD_TICKS)
            due = turn if due < 0 else min(due, turn)
        if due < 0 and timeline.may_have_boluses():
            due = tick + _LOOK_AHEAD_TICKS
        if timeline.bridge is not None:
            if timeline.bridge[1] <= tick:
                self._pump.bridging.note_over()
            else:
                due = timeline.bridge[1] if due < 0 else min(due, timeline.bridge[1])
        self.due_s = NEVER_S
        if due >= 0:
            self.due_s, self.due_us = second_of_ticks(due), microsecond_of_ticks(due)

    def note_change(self, before, after, tick: int) -> None:
        """One timeline has taken over from another at a tick: what only the one before had is cut short."""
        if self._noted_tick < tick - 1:
            self.note(before, tick - 1)
        going_on = after.boluses_near(tick, tick)
        for bolus in before.boluses_near(tick - 1, tick - 1):
            if bolus.start_tick < tick < bolus.end_tick and not _is_among(bolus, going_on):
                self.ended(bolus, tick, WAS_CUT_SHORT)
        self._noted_tick = tick - 1
        clock = self._pump.hardware.clock
        self.note(after, max(tick, ticks_at(clock.s, clock.us)))

    def cut_short(self, timeline, tick: int) -> None:
        """Nothing is given from a tick on, neither of what is under way nor of what was about to begin on demand."""
        for bolus in timeline.boluses_near(tick, tick):
            if bolus.start_tick <= tick < bolus.end_tick:
                self.ended(bolus, tick, WAS_CUT_SHORT)
        self.end_extra(tick)
        self.due_s = NEVER_S

    def end_extra(self, tick: int) -> None:
        """What was given on demand ends at a tick."""
        for bolus in list(self._pump.boluses.extra):
            self.ended(bolus, tick, WAS_CUT_SHORT)

    def go_on_from(self, tick: int) -> None:
        """What came until a tick has been noted, in the life before this one."""
        self._noted_tick = tick

    def ended(self, bolus: Bolus, tick: int, was_cut_short: int) -> None:
        """A bolus ends at a tick, whole or cut short."""
        given_nl = bolus.given_nl(tick)
        boluses = self._pump.boluses
        if bolus in boluses.extra:
            boluses.extra.remove(bolus)
        if was_cut_short:
            boluses.history.cut_short(bolus.kind, bolus.start_tick, tick)
        if bolus.kind != KIND_SCHEDULED:
            self._pump.keeper.size_quantum(self._pump.program)
            self._pump.keeper.keep_anchor()
        self._pump.record(events.EVENT_BOLUS_ENDED, given_nl, bolus.kind << KIND_SHIFT | was_cut_short)

    def note_lost(self, bolus: Bolus) -> None:
        """A power cut has ended a bolus: what is told is what it had given by the last record of the journal."""
        self._pump.record(
            events.EVENT_BOLUS_ENDED, bolus.given_nl(0), bolus.kind << KIND_SHIFT | WAS_CUT_SHORT
        )


def _is_among(bolus: Bolus, others) -> bool:
    """Whether the same bolus, at the same ticks, is among others."""
    for other in others:
        if (
            bolus.start_tick == other.start_tick
            and bolus.end_tick == other.end_tick
            and bolus.kind == other.kind
        ):
            return True
    return False
