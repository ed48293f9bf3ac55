"""The pump's log of boluses: when each began and ended, how much of it was given, and what cut it short.

Boluses by the clock are part of the timeline and begin without anybody's doing; here the timeline is asked what has
come about since it was last asked, and when to ask again.
"""

from thecal_fw.core import events
from thecal_fw.core.bolus import KIND_PRIME, KIND_SCHEDULED, Bolus
from thecal_fw.core.events import KIND_SHIFT
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
from thecal_fw.pump.changes import Changes
from thecal_fw.pump.judging import JUDGED_AHEAD_TICKS, NOTHING_AGAINST
from thecal_fw.pump.orders import Orders
from thecal_fw.pump.reports import Reports
from thecal_fw.pump.timekeeper import Timekeeper

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.core.timeline import AnyTimeline
    from thecal_fw.pump.contracts import (
        Blocked,
        BridgeEnd,
        Delivery,
        Doses,
        Meter,
        NotedClockDoses,
        Quantum,
        RememberedDoses,
    )

_LOOK_AHEAD_TICKS = 10 * TICKS_PER_MINUTE
"""Boluses by the clock are looked up for so long at a time."""


class BolusNotes:
    """under_way: the doses that have begun and not ended, each with its number; whatever ends one takes it out, so each
    ends once. due_s, due_us: when the next one begins or ends. noted_tick: up to which it is noted what began."""

    def __init__(self, time: Timekeeper, orders: Orders, reports: Reports, changes: Changes) -> None:
        self._time = time
        self._orders = orders
        self._reports = reports
        self._changes = changes
        self.under_way: "list[Bolus]" = []
        self.due_s = NEVER_S
        self.due_us = 0
        self.noted_tick = 0
        self._goes_on = False
        self._coming: "Bolus | None" = None
        # Begin of the latest bolus of the plan, and of the latest one beside it, that was judged.
        self._judged_tick = self._judged_beside_tick = 0

    def connect(
        self,
        infusion: "Delivery",
        boluses: "Blocked",
        clock_doses: "NotedClockDoses",
        on_demand: "RememberedDoses",
        bridging: "BridgeEnd",
        doses: "Doses",
        meter: "Meter",
        grants: "Quantum",
    ) -> None:
        self._infusion = infusion
        self._boluses = boluses
        self._extra = boluses.extra
        self._clock_doses = clock_doses
        self._history = on_demand.history
        self._judging = boluses.judging
        self._line_room = on_demand.line_room
        self._bridging = bridging
        self._doses = doses
        self._meter = meter
        self._grants = grants

    def advance(self, now_s: int, now_us: int) -> None:
        """Note what has begun or ended, if that is due."""
        infusion = self._infusion
        if infusion.state == STATE_DELIVERING and not is_before(now_s, now_us, self.due_s, self.due_us):
            self.note(infusion.timeline, ticks_at(now_s, now_us))
            if self._coming is not None:
                self._judge(self._coming)

    def _judge(self, bolus: Bolus) -> None:
        """Judge the bolus that the clock is about to begin, which begins if nothing is against it."""
        if bolus in self._extra:
            self._judged_beside_tick = bolus.start_tick
        else:
            self._judged_tick = bolus.start_tick
        reason = self._judging.reason_against(bolus)
        if reason != NOTHING_AGAINST:
            self._clock_doses.hold_back(bolus, reason)

    def note(self, timeline: "AnyTimeline", tick: int) -> None:
        """Note what has begun and ended by a tick, and find out when to look again."""
        noted_tick, self.noted_tick = self.noted_tick, tick
        self._judging.given.follow(timeline, tick)
        due = -1
        self._coming = None
        for bolus in timeline.boluses_near(noted_tick, tick + _LOOK_AHEAD_TICKS):
            if bolus.kind == KIND_SCHEDULED and noted_tick < bolus.start_tick <= tick:
                self._begun_by_clock(bolus)
            turn = bolus.next_turn(tick, tick + _LOOK_AHEAD_TICKS)
            judged_tick = self._judged_tick
            if bolus in self._extra:
                judged_tick = self._judged_beside_tick
            if bolus.kind == KIND_SCHEDULED and max(tick, judged_tick) < bolus.start_tick <= turn:
                turn = max(tick, bolus.start_tick - JUDGED_AHEAD_TICKS)
                is_first = self._coming is None or bolus.start_tick < self._coming.start_tick
                if turn == tick and is_first:
                    self._coming = bolus
            due = turn if due < 0 else min(due, turn)
        self._clock_doses.note_settled(tick)
        for start_tick, minute, reason in timeline.passed:
            if noted_tick < start_tick <= tick:
                self._clock_doses.note_passed_over(minute, reason)
            elif start_tick > tick:
                due = start_tick if due < 0 else min(due, start_tick)
        for bolus in list(self.under_way):
            if bolus.end_tick <= tick:
                self.ended(bolus, bolus.end_tick, events.END_WHOLE)
        if due < 0 and timeline.may_have_boluses():
            due = tick + _LOOK_AHEAD_TICKS
        if timeline.bridge is not None:
            if timeline.bridge[1] <= tick:
                self._bridging.note_over()
            else:
                due = timeline.bridge[1] if due < 0 else min(due, timeline.bridge[1])
        self.due_s = NEVER_S
        if due >= 0:
            self.due_s, self.due_us = second_of_ticks(due), microsecond_of_ticks(due)

    def note_change(self, before: "AnyTimeline", after: "AnyTimeline", tick: int) -> None:
        """Note that one timeline has taken over from another at a tick: what only the one before had is cut short."""
        if self._goes_on:
            # Between the last look before a watchdog reset and now the program continued: what it began is noted late.
            self._goes_on = False
            before = after
        if self.noted_tick < tick - 1:
            self.note(before, tick - 1)
        self._judging.given.follow(before, tick)
        going_on = after.boluses_near(tick, tick)
        for bolus in list(self.under_way):
            # One that was asked for meanwhile, and begins with the change after this one, waits.
            waits = bolus.start_tick >= tick and bolus in self._extra
            if tick < bolus.end_tick and not waits and _same_among(bolus, going_on) is None:
                self.ended(bolus, tick, self._reason_of_change(bolus))
        self._doses.note_change()
        self.noted_tick = tick - 1
        self.note(after, max(tick, self._time.ticks_now()))

    def _reason_of_change(self, bolus: Bolus) -> int:
        if bolus.end_reason:
            return bolus.end_reason
        return events.END_ALARM if self._boluses.are_blocked() else events.END_PROGRAM

    def cut_short(self, timeline: "AnyTimeline", tick: int, reason: int) -> None:
        """Cut short, from a tick on, what is under way and what was about to begin on demand."""
        if self.noted_tick < tick:
            self.note(timeline, tick)
        given = self._judging.given
        given.follow(timeline, tick)
        given.turn(tick, 0)
        self._doses.note_change()
        self.end_all(tick, reason)
        self.due_s = NEVER_S

    def end_all(self, tick: int, reason: int) -> None:
        """End at a tick what is under way or was to be given on demand."""
        for bolus in list(self.under_way):
            self.ended(bolus, tick, reason)
        for bolus in list(self._extra):
            self.ended(bolus, tick, reason)

    def go_on_from(self, tick: int) -> None:
        """Continue from a tick up to which the life before this one has noted everything."""
        self.noted_tick = tick
        self._goes_on = True

    def _begun_by_clock(self, bolus: Bolus) -> None:
        # One that continues when the clock is set comes from both the clock and its own ticks.
        if _same_among(bolus, self.under_way) is None:
            self.begun(bolus)
            self._changes.note_carried()

    def begun_as(self, bolus: Bolus) -> Bolus:
        """Return the dose that has begun as this bolus; this one if its begin is still to be noted."""
        return _same_among(bolus, self.under_way) or bolus

    def begun(self, bolus: Bolus) -> None:
        """Note that a dose begins: from here on it has a number, and ends once."""
        bolus.number = self._doses.take_number()
        self.under_way.append(bolus)
        seconds = (bolus.end_tick - bolus.start_tick) // TICKS_PER_SECOND
        self._reports.record(events.EVENT_BOLUS_BEGUN, bolus.rate_nl_per_day, _second_value(bolus) | seconds)
        self._doses.note_change()

    def ended(self, bolus: Bolus, tick: int, reason: int) -> None:
        """Note that a dose ends at a tick, whole or cut short; one that has not begun is not given."""
        if bolus.is_free:
            self._meter.take()
        if bolus in self._extra:
            self._extra.remove(bolus)
        begun = _same_among(bolus, self.under_way)
        if begun is None:
            if bolus.kind == KIND_SCHEDULED:
                # It was to be made up, and waited.
                self._clock_doses.pass_over(
                    1, bolus.minute, _PASSED_WHEN.get(reason, events.PASSED_CANCELLED)
                )
            return
        bolus = begun
        self.under_way.remove(bolus)
        value = _second_value(bolus)
        if tick < bolus.end_tick:
            self._history.cut_short(bolus.number, tick)
            value |= reason << events.END_SHIFT | events.WAS_CUT_SHORT
        self._doses.note_change()
        self._grants.size_quantum(self._orders.program)
        self._changes.note_carried()
        self._count(bolus, tick)
        self._reports.record(events.EVENT_BOLUS_ENDED, bolus.given_nl(tick), value)

    def note_lost(self, bolus: Bolus) -> None:
        """Note that a power cut has ended a dose: the log has what it had given by the last record of the journal."""
        value = _second_value(bolus) | events.END_POWER_CUT << events.END_SHIFT | events.WAS_CUT_SHORT
        self._count(bolus, 0)
        self._reports.record(events.EVENT_BOLUS_ENDED, bolus.given_nl(0), value)

    def _count(self, bolus: Bolus, tick: int) -> None:
        if bolus.kind == KIND_PRIME:
            self._line_room.note_prime(bolus.given_nl(tick))


_PASSED_WHEN = {
    events.END_STOP: events.PASSED_STOPPED,
    events.END_HELD: events.PASSED_STOPPED,
    events.END_ALARM: events.PASSED_BLOCKED,
}
"""Why one that waited is passed over, by what ended it."""


def _second_value(bolus: Bolus) -> int:
    return bolus.kind << KIND_SHIFT | (bolus.number & events.NUMBER_MASK) << events.NUMBER_SHIFT


def _same_among(bolus: Bolus, others: "list[Bolus]") -> "Bolus | None":
    """Return the same bolus, at the same ticks, among others; None if it is not there."""
    for other in others:
        if other is bolus or (
            bolus.start_tick == other.start_tick
            and bolus.end_tick == other.end_tick
            and bolus.kind == other.kind
        ):
            return other
    return None
