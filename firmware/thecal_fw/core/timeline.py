"""The rate that is due at any tick since boot: a program laid along the pump's clock.

A timeline is a pure function of tick to (rate, until when it holds), so it can be asked about the past and
the future alike. A change of program or of time does not alter a timeline; it makes a new one and the tick at
which the new one takes over.
"""

from thecal_fw.core.instant import TICKS_PER_MINUTE
from thecal_fw.core.program import MODE_STOPPED, Program
from thecal_fw.core.schedule import mean_rate, minutes_to_next_step, rate_at
from thecal_fw.core.wall_clock import WallClock, weekday_and_minute

# Without wall time there is no boundary to meet; a segment still ends, so that what it adds up stays bounded.
_LONGEST_SEGMENT_TICKS = 60 * TICKS_PER_MINUTE


class Timeline:
    """One program under one wall clock."""

    def __init__(self, program: Program, wall_clock: WallClock, minimum_rate_nl_per_day: int):
        self.program = program
        self.wall_clock = wall_clock
        self._minimum_rate_nl_per_day = minimum_rate_nl_per_day
        self._mean_rate_nl_per_day = mean_rate(program, minimum_rate_nl_per_day)

    def segment_at(self, tick: int):
        """Rate in nL/day at a tick, and the tick (later than the one given) until which it holds at least."""
        if not self.wall_clock.is_known():
            return self._mean_rate_nl_per_day, tick + _LONGEST_SEGMENT_TICKS
        local_second = self.wall_clock.local_second(tick)
        weekday, minute = weekday_and_minute(local_second)
        rate_nl_per_day = rate_at(self.program, weekday, minute, self._minimum_rate_nl_per_day)
        minutes = minutes_to_next_step(self.program, weekday, minute)
        end = self.wall_clock.boot_ticks_of_local_second(local_second - local_second % 60 + 60 * minutes)
        return rate_nl_per_day, end


NO_DELIVERY = Timeline(Program(MODE_STOPPED), WallClock(), 0)
"""The timeline of a pump that delivers nothing."""


class ChangingTimeline:
    """An old timeline until a tick, a new one from then on."""

    def __init__(self, before, change_tick: int, after: Timeline):
        self._before = before
        self._change_tick = change_tick
        self._after = after

    def segment_at(self, tick: int):
        if tick >= self._change_tick:
            return self._after.segment_at(tick)
        rate_nl_per_day, end = self._before.segment_at(tick)
        return rate_nl_per_day, min(end, self._change_tick)
