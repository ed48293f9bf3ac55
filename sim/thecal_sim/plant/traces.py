"""Volume and pressure at any instants of the course so far, from what the shaft has kept of it.

Everything takes instants in order and gives an array of the same length. An instant at which conditions change counts
as after the change, one at which a microstep is turned as after it.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right

import numpy as np
from numpy.typing import NDArray

from thecal_sim.plant.line import Line
from thecal_sim.plant.shaft import Checkpoint, Shaft, Stretch

Floats = NDArray[np.float64]
Instants = NDArray[np.int64]


class Traces:
    """moved is what the head has moved; out is what has come out at the tip, without what the line has stored since the
    beginning."""

    def __init__(self, shaft: Shaft, line: Line) -> None:
        self._shaft, self._line = shaft, line
        self._begin_kpa = shaft.stretches[0].conditions.back_pressure_kpa

    def turned(self, t_ns: Instants) -> Instants:
        """Microsteps turned up to and including each instant."""
        times = self._shaft.turned_ns
        first, last = bisect_right(times, int(t_ns[0])), bisect_right(times, int(t_ns[-1]))
        between = np.array(times[first:last], np.int64)
        return first + np.searchsorted(between, t_ns, side="right")

    def moved_nl(self, t_ns: Instants) -> Floats:
        turned, found = self.turned(t_ns), np.empty(len(t_ns))
        for stretch, first, last in self._parts(t_ns):
            found[first:last] = self._shaft.moved_nl(stretch, turned[first:last])
        return found

    def pressure_kpa(self, t_ns: Instants) -> Floats:
        """In the line, above that of the surroundings."""
        turned, found = self.turned(t_ns), np.empty(len(t_ns))
        for stretch, first, last in self._parts(t_ns):
            excess = self._excess_kpa(stretch, t_ns[first:last], turned[first:last])
            found[first:last] = excess + stretch.conditions.back_pressure_kpa
        return found

    def stored_nl(self, t_ns: Instants) -> Floats:
        """What the line holds more than at the beginning, because it is stretched."""
        return (self.pressure_kpa(t_ns) - self._begin_kpa) * self._line.parameters.compliance_nl_per_kpa

    def out_nl(self, t_ns: Instants) -> Floats:
        return self.moved_nl(t_ns) - self.stored_nl(t_ns)

    def _parts(self, t_ns: Instants) -> list[tuple[Stretch, int, int]]:
        """Each stretch that some of the instants fall into, with the places of the first and one past the last."""
        stretches = self._shaft.stretches
        if t_ns[0] < stretches[0].begin_ns:
            raise ValueError(f"t_ns: {t_ns[0]} lies before the beginning at {stretches[0].begin_ns}")
        begins = np.array([stretch.begin_ns for stretch in stretches], np.int64)
        of_stretch = np.searchsorted(begins, t_ns, side="right") - 1
        cuts = [0, *(np.flatnonzero(np.diff(of_stretch)) + 1).tolist(), len(t_ns)]
        return [(stretches[of_stretch[first]], first, last) for first, last in itertools.pairwise(cuts)]

    def _excess_kpa(self, stretch: Stretch, t_ns: Instants, turned: Instants) -> Floats:
        from_where = self._latest_checkpoint(int(t_ns[0]))
        begin, is_closed = from_where.pressure, stretch.conditions.is_occluded
        times = np.array(self._shaft.turned_ns[from_where.turned : int(turned[-1])], np.int64)
        volumes = np.diff(self._shaft.moved_nl(stretch, np.arange(from_where.turned, int(turned[-1]) + 1)))
        after = np.concatenate(([begin.excess_kpa], self._line.after_each(begin, times, volumes, is_closed)))
        since_ns = np.concatenate((np.array([begin.t_ns], np.int64), times))
        place = turned - from_where.turned
        excess, ages_ns = after[place], t_ns - since_ns[place]
        if is_closed:
            return excess
        falls = np.exp(-ages_ns / self._line.parameters.time_constant_ns)
        return np.where(excess > 0, excess * falls, excess)

    def _latest_checkpoint(self, t_ns: int) -> Checkpoint:
        checkpoints = self._shaft.checkpoints
        place = bisect_right(checkpoints, t_ns, key=lambda checkpoint: checkpoint.pressure.t_ns)
        return checkpoints[place - 1]
