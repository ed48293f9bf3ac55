"""Judges doses after a discontinuity: a clock set, another program, a time that becomes known.

A program keeps its limits by itself, and so do boluses on demand beside it. What was given before the discontinuity is
of another plan: for 24 hours each dose is held against what was really given, what is under way or waits, and the basal
rate to come, tick by tick.
"""

from thecal_fw.core import events
from thecal_fw.core.bolus_history import REFUSED_DAY, REFUSED_HOUR, REFUSED_NOT
from thecal_fw.core.counts import MOST_SECONDS
from thecal_fw.core.given_rates import FOR_EVER, GivenRates, is_overfull
from thecal_fw.core.instant import TICKS_PER_DAY, TICKS_PER_MINUTE, TICKS_PER_SECOND
from thecal_fw.core.pump_state import STATE_DELIVERING
from thecal_fw.core.timeline import NO_BOLUSES, NO_DELIVERY, Timeline


class Judging:
    """given: what was given. until: tick before which doses are judged."""

    def __init__(self, pump, boluses):
        self._pump = pump
        self._boluses = boluses
        self.given = GivenRates()
        self.until = 0

    def begin(self, tick: int) -> None:
        """From a tick on another plan holds than what has been given so far."""
        if self.given.count:
            self.until = tick + TICKS_PER_DAY

    def until_s(self) -> int:
        """The same in seconds of the pump's running time, as it is kept."""
        until_s = self._pump.keeper.base_lifetime_s - -self.until // TICKS_PER_SECOND
        return min(max(0, until_s), MOST_SECONDS)

    def restore(self, until_s: int) -> None:
        self.until = (until_s - self._pump.keeper.base_lifetime_s) * TICKS_PER_SECOND

    def of_change(self, tick: int):
        """What a timeline that takes over at a tick is judged by; None if it need not be."""
        if tick >= self.until:
            return None
        return lambda bolus, timeline: self._reason(bolus, timeline, tick)

    def _reason(self, bolus, timeline, change_tick: int) -> int:
        infusion, notes = self._pump.infusion, self._pump.bolus_notes
        if bolus.start_tick <= notes.noted_tick:
            is_given = notes.begun_as(bolus) is not bolus
        elif bolus.start_tick < change_tick and infusion.state == STATE_DELIVERING:
            is_given = notes.is_among(bolus, infusion.timeline_at(bolus.start_tick))
        elif bolus.start_tick >= self.until:
            is_given = True
        else:
            return self.reason_against(bolus, timeline, change_tick)
        return -1 if is_given else events.PASSED_LIMIT

    def without_clock(self, *wanted) -> Timeline:
        """What is to come but for the doses of the clock: the basal rate, what is under way or waits, one more."""
        pump = self._pump
        return Timeline(
            pump.wanted_program(),
            pump.wall,
            pump.limits.minimum_rate_nl_per_day,
            NO_BOLUSES,
            tuple(self._boluses.extra) + wanted,
        )

    def reason_against(self, bolus, timeline, change_tick: int) -> int:
        """Why a dose of the clock may not begin; -1 if it may. timeline: what holds from a change until it begins."""
        tick, coming = bolus.start_tick, self.without_clock(bolus)
        while tick < bolus.end_tick:
            rate_nl_per_day, tick = coming.segment_at(tick)
            if rate_nl_per_day > self._pump.limits.most_rate_nl_per_day:
                return events.PASSED_RATE
        is_too_much = self._too_much(bolus, coming, timeline, change_tick) != REFUSED_NOT
        return events.PASSED_LIMIT if is_too_much else -1

    def refusal(self, bolus) -> int:
        """Why a dose on demand may not be given; REFUSED_NOT if it may."""
        if bolus.start_tick >= self.until:
            return REFUSED_NOT
        return self._too_much(bolus, self.without_clock(bolus), NO_DELIVERY, bolus.start_tick)

    def _too_much(self, bolus, coming, timeline, change_tick: int) -> int:
        infusion, program = self._pump.infusion, self._pump.program
        before = timeline if infusion.goes_on else NO_DELIVERY
        if infusion.state == STATE_DELIVERING:
            before = infusion.timeline
        sources = (
            (self.given.until, self.given),
            (change_tick, before),
            (bolus.start_tick, timeline),
            (FOR_EVER, coming),
        )
        for window_ticks, limit_nl, reason in (
            (60 * TICKS_PER_MINUTE, program.most_nl_per_hour, REFUSED_HOUR),
            (TICKS_PER_DAY, program.most_nl_per_day, REFUSED_DAY),
        ):
            if is_overfull(sources, bolus.start_tick, bolus.end_tick, window_ticks, limit_nl):
                return reason
        return REFUSED_NOT
