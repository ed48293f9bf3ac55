"""The fullest windows ahead: the most that any window of a length holds which ends at an instant or later, of what was
given and what is to come.

What is given on top from an instant on has to fit on top of that. It is worked out bend by bend, a step at a time
between other work, and then asked in no time: a board takes milliseconds for each bend, and a window of 24 hours has a
hundred. Between two bends the content of a window changes evenly. Volumes are rounded up to a nanolitre.
"""

from array import array

from thecal_fw.core.given_rates import rate_of
from thecal_fw.core.instant import TICKS_PER_DAY

MOST_BENDS = 128
"""Turns of what was given, steps of a basal rate in 24 hours, begins and ends of doses, each at either end of a window.
Of more than that the last ones count as their highest."""


class FullestAhead:
    """is_known: whether it has been worked out. window_ticks: length of a window."""

    def __init__(self, window_ticks: int):
        self.window_ticks = window_ticks
        self.is_known = False
        self._count = 0
        self._ends = array("q", bytes(8 * MOST_BENDS))
        self._held = array("I", bytes(4 * MOST_BENDS))
        self._most = array("I", bytes(4 * MOST_BENDS))

    def forget(self) -> None:
        """What was to come is another: it has to be worked out anew."""
        self.is_known = False

    def working_out(self, sources, first_tick: int, last_tick: int):
        """Work out windows that end from one tick to another; yields after each step.

        sources: as ``rate_of`` takes them.
        """
        self.is_known = False
        self._count = 0
        tick, back, given = first_tick - self.window_ticks, first_tick - self.window_ticks, 0
        while tick < first_tick:
            rate_nl_per_day, until = rate_of(sources, tick)
            until = min(until, first_tick)
            given += rate_nl_per_day * (until - tick)
            tick = until
            yield
        self._note(tick, given)
        while tick < last_tick:
            rate_nl_per_day, until = rate_of(sources, tick)
            back_nl_per_day, back_until = rate_of(sources, back)
            ticks = min(until - tick, back_until - back, last_tick - tick)
            given += (rate_nl_per_day - back_nl_per_day) * ticks
            tick += ticks
            back += ticks
            self._note(tick, given)
            yield
        most = 0
        for index in range(self._count - 1, -1, -1):
            most = max(most, self._held[index])
            self._most[index] = most
        self.is_known = True

    def _note(self, tick: int, given: int) -> None:
        held, count = -(-given // TICKS_PER_DAY), self._count
        if count < MOST_BENDS:
            self._count += 1
        else:
            count -= 1
            held = max(held, self._held[count], self._held[count - 1])
            self._held[count - 1] = held
        self._ends[count] = tick
        self._held[count] = held

    def most_nl(self, tick: int) -> int:
        """The most that a window holds which ends at a tick or later; 0 if none was looked at that does."""
        ends, held = self._ends, self._held
        for index in range(self._count):
            end = ends[index]
            if tick > end:
                continue
            most = self._most[index]
            if index:
                begin, before = ends[index - 1], held[index - 1]
                # Rounded up, towards the bend before if the windows empty.
                most = max(most, before - (before - held[index]) * (tick - begin) // (end - begin))
            return most
        return 0
