"""The rate that is due at any tick since boot: a program laid along the pump's clock, and boluses on top of it.

A timeline is a pure function of tick to (rate, until when it holds), so it can be asked about the past and
the future alike. A change of program, of time or of the boluses does not alter a timeline; it makes a new one and the
tick at which the new one takes over.
"""

from thecal_fw.core.bolus import KIND_SCHEDULED, KIND_TEMPORARY, Bolus
from thecal_fw.core.instant import TICKS_PER_MINUTE
from thecal_fw.core.program import MODE_STOPPED, Program
from thecal_fw.core.schedule import (
    boluses_between,
    longest_bolus_minutes,
    mean_rate,
    minutes_to_next_step,
    rate_at,
)
from thecal_fw.core.wall_clock import WallClock, weekday_and_minute

# Without wall time there is no boundary to meet; a segment still ends, so that what it adds up stays bounded.
_LONGEST_SEGMENT_TICKS = 60 * TICKS_PER_MINUTE

NO_BOLUSES = 0xFFFFFFFF
"""A local minute from which boluses begin by the clock: never."""


class Timeline:
    """One program under one wall clock.

    bolus_minute: local minute since 1970 from which boluses begin by the clock; earlier ones are over or not to be.
    extra: boluses besides those of the program, each at its own ticks, and a temporary rate.
    bridge: rate at which the old drug goes on, and the tick before which nothing of the program begins; None if there
    is no bridge.
    """

    def __init__(
        self,
        program: Program,
        wall_clock: WallClock,
        minimum_rate_nl_per_day: int,
        bolus_minute: int = 0,
        extra=(),
        bridge=None,
    ):
        self.program = program
        self.bridge = bridge
        self.wall_clock = wall_clock
        self.bolus_minute = bolus_minute
        self.extra = extra
        self._minimum_rate_nl_per_day = minimum_rate_nl_per_day
        self._mean_rate_nl_per_day = self._longest_bolus_minutes = 0
        if wall_clock.is_known():
            self._longest_bolus_minutes = longest_bolus_minutes(program)
        else:
            self._mean_rate_nl_per_day = mean_rate(program, minimum_rate_nl_per_day)

    def segment_at(self, tick: int):
        """Rate in nL/day at a tick, and the tick (later than the one given) until which it holds at least."""
        if self.bridge is not None and tick < self.bridge[1]:
            return self.bridge
        basal, end = self.basal_at(tick)
        on_top = 0
        for bolus in self.boluses_near(tick, end):
            end = bolus.next_turn(tick, end)
            if bolus.kind != KIND_TEMPORARY:
                on_top += bolus.rate_at(tick)
            elif bolus.rate_at(tick):
                basal = bolus.rate_at(tick)
        return basal + on_top, end

    def basal_at(self, tick: int):
        """As ``segment_at``, without the boluses."""
        if not self.wall_clock.is_known():
            return self._mean_rate_nl_per_day, tick + _LONGEST_SEGMENT_TICKS
        local_second = self.wall_clock.local_second(tick)
        weekday, minute = weekday_and_minute(local_second)
        rate_nl_per_day = rate_at(self.program, weekday, minute, self._minimum_rate_nl_per_day)
        minutes = minutes_to_next_step(self.program, weekday, minute)
        end = self.wall_clock.boot_ticks_of_local_second(local_second - local_second % 60 + 60 * minutes)
        return rate_nl_per_day, end

    def boluses_near(self, tick: int, until_tick: int) -> list:
        """Boluses that may be under way at a tick or begin between that and a later one."""
        found = list(self.extra)
        if self._longest_bolus_minutes:
            clock = self.wall_clock
            first_minute = clock.local_second(tick) // 60 - self._longest_bolus_minutes
            until_minute = clock.local_second(until_tick) // 60 + 1
            first_minute = max(first_minute, self.bolus_minute)
            for start_minute, rate_nl_per_day, minutes in boluses_between(
                self.program, first_minute, until_minute
            ):
                start_tick = clock.boot_ticks_of_local_second(60 * start_minute)
                found.append(Bolus(KIND_SCHEDULED, start_tick, minutes * TICKS_PER_MINUTE, rate_nl_per_day))
        return found

    def may_have_boluses(self) -> bool:
        """Whether a bolus is under way or may begin, or a bridge will end."""
        if self.bridge is not None:
            return True
        return bool(self.extra) or (self._longest_bolus_minutes > 0 and self.bolus_minute != NO_BOLUSES)


NO_DELIVERY = Timeline(Program(MODE_STOPPED), WallClock(), 0)
"""The timeline of a pump that delivers nothing."""


class ChangingTimeline:
    """An old timeline until a tick, a new one from then on."""

    def __init__(self, before, change_tick: int, after: Timeline):
        self.before = before
        self.after = after
        self._change_tick = change_tick

    def segment_at(self, tick: int):
        if tick >= self._change_tick:
            return self.after.segment_at(tick)
        rate_nl_per_day, end = self.before.segment_at(tick)
        return rate_nl_per_day, min(end, self._change_tick)

    def boluses_near(self, tick: int, until_tick: int) -> list:
        """Those of the timeline that holds at the tick; what only begins once the other one holds is not among them."""
        timeline = self.after if tick >= self._change_tick else self.before
        return timeline.boluses_near(tick, until_tick)

    @property
    def bridge(self):
        return self.after.bridge

    def may_have_boluses(self) -> bool:
        return self.before.may_have_boluses() or self.after.may_have_boluses()
