"""The rates that were really given in the last 24 hours, from turn to turn.

Turns are known to the tick. Where there are more than there is room for, two short spans among the older half become
one of their mean: no volume is lost, and the latest hours stay exact.
"""

from array import array

from thecal_fw.core.instant import TICKS_PER_DAY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Rates(Protocol):
        """Gives the rate at a tick, and the tick up to which it holds."""

        def segment_at(self, tick: int) -> tuple[int, int]: ...


MOST_TURNS = 48


class GivenRates:
    """ticks, rates: rates[k] holds from ticks[k] until ticks[k + 1], for k below ``count``; before the first, nothing.
    until: tick up to which it is noted what was given."""

    def __init__(self) -> None:
        self.ticks = array("q", bytes(8 * MOST_TURNS))
        self.rates = array("I", bytes(4 * MOST_TURNS))
        self.count = 0
        self.until = 0

    def note_until(self, tick: int) -> None:
        """Take all that was given before a tick as noted."""
        self.until = tick

    def begin_anew(self) -> None:
        """Begin to note what is given with the beginning of this life."""
        self.until = 0

    def turn(self, tick: int, rate_nl_per_day: int) -> None:
        """Note another rate from a tick on, and forget what was noted of later ticks."""
        ticks, rates = self.ticks, self.rates
        while self.count and ticks[self.count - 1] >= tick:
            self.count -= 1
        if self.count and rates[self.count - 1] == rate_nl_per_day:
            return
        self.keep(MOST_TURNS - 1, tick)
        ticks[self.count] = tick
        rates[self.count] = rate_nl_per_day
        self.count += 1

    def keep(self, most_turns: int, tick: int) -> None:
        """Have no more turns than this, at least two, as of a tick."""
        ticks, rates = self.ticks, self.rates
        while self.count > most_turns:
            at, count = 0, self.count
            if ticks[1] + TICKS_PER_DAY > tick:
                shortest = ticks[2] - ticks[0]
                for other in range(1, count // 2):
                    span = ticks[other + 2] - ticks[other]
                    if span < shortest:
                        at, shortest = other, span
                begin, turn, end = ticks[at], ticks[at + 1], ticks[at + 2]
                volume = rates[at] * (turn - begin) + rates[at + 1] * (end - turn)
                ticks[at + 1] = begin
                rates[at + 1] = -(-volume // (end - begin))
            self.count = count - 1
            ticks[at : count - 1] = ticks[at + 1 : count]
            rates[at : count - 1] = rates[at + 1 : count]

    def follow(self, timeline: "Rates", tick: int) -> None:
        """Note what a timeline has given up to a tick since what was noted last."""
        at = max(self.until, tick - TICKS_PER_DAY)
        while at < tick:
            rate_nl_per_day, end = timeline.segment_at(at)
            self.turn(at, rate_nl_per_day)
            at = min(end, tick)
        self.until = max(self.until, tick)
