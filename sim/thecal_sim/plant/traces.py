"""Volume and pressure at any instants of the course so far, from what the shaft has kept of it.

Everything takes instants in order and gives an array of the same length. An instant at which conditions change counts
as after the change, one at which a microstep is turned as after it.
"""

from __future__ import annotations

import itertools
from array import array
from bisect import bisect_right
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from thecal_sim.plant.line import Line
from thecal_sim.plant.shaft import Checkpoint, Shaft, Stretch
from thecal_sim.units import NS_PER_S

Floats = NDArray[np.float64]
Instants = NDArray[np.int64]

_MOST_KEPT = 3
"""Sets of instants whose values are kept: those of a curve, and the two on its grid that spinal fluid needs beside."""


class Traces:
    """moved is what has gone through the head; out is what of it has come out at the tip, without what the line has
    stored since the beginning and what has leaked where it is broken."""

    def __init__(self, shaft: Shaft, line: Line) -> None:
        self._shaft, self._line = shaft, line
        self._begin_kpa = shaft.stretches[0].conditions.outside_kpa
        self._slips_seen = 0
        self._slip_ns, self._slip_nl = array("q"), array("d")
        self._answers: dict[tuple[bytes, int, int], dict[str, Floats]] = {}

    def turned(self, t_ns: Instants) -> Instants:
        """Return microsteps turned up to and including each instant."""
        times = self._shaft.turned_ns
        first, last = bisect_right(times, int(t_ns[0])), bisect_right(times, int(t_ns[-1]))
        between = np.array(times[first:last], np.int64)
        return first + np.searchsorted(between, t_ns, side="right")

    def _once(self, name: str, work_out: Callable[[Instants], Floats], t_ns: Instants) -> Floats:
        """Return a quantity, worked out once: most quantities begin with the same few, most often at the same
        instants."""
        asked = t_ns.tobytes(), len(self._shaft.turned_ns), len(self._shaft.stretches)
        answers = self._answers.get(asked)
        if answers is None:
            if len(self._answers) == _MOST_KEPT:
                del self._answers[next(iter(self._answers))]
            answers = self._answers[asked] = {}
        if name not in answers:
            answers[name] = work_out(t_ns)
            answers[name].flags.writeable = False
        return answers[name]

    def moved_nl(self, t_ns: Instants) -> Floats:
        return self._once("moved", self._moved_nl, t_ns)

    def _moved_nl(self, t_ns: Instants) -> Floats:
        turned, found = self.turned(t_ns), np.empty(len(t_ns))
        for stretch, first, last in self._parts(t_ns):
            found[first:last] = self._shaft.moved_nl(stretch, turned[first:last])
            running_nl = (
                stretch.conditions.running_nl_per_s * (t_ns[first:last] - stretch.begin_ns) / NS_PER_S
            )
            found[first:last] += stretch.ran_nl + running_nl
        return found - self.slipped_nl(t_ns)

    def slipped_nl(self, t_ns: Instants) -> Floats:
        """Return what has slipped back past the rollers."""
        checkpoints = self._shaft.checkpoints
        for checkpoint in checkpoints[self._slips_seen :]:
            if checkpoint.slipped_nl:
                self._slip_ns.append(checkpoint.pressure.t_ns)
                self._slip_nl.append(checkpoint.slipped_nl)
        self._slips_seen = len(checkpoints)
        places = np.searchsorted(np.array(self._slip_ns, np.int64), t_ns, side="right")
        return np.concatenate(([0.0], np.array(self._slip_nl, np.float64)))[places]

    def pressure_kpa(self, t_ns: Instants) -> Floats:
        """Return the pressure in the line, above that of the surroundings."""
        return self._once("pressure", self._pressure_kpa, t_ns)

    def _pressure_kpa(self, t_ns: Instants) -> Floats:
        turned, found = self.turned(t_ns), np.empty(len(t_ns))
        for stretch, first, last in self._parts(t_ns):
            excess = self._excess_kpa(stretch, t_ns[first:last], turned[first:last])
            found[first:last] = excess + stretch.conditions.outside_kpa
        return found

    def stored_nl(self, t_ns: Instants) -> Floats:
        """Return what the line holds more than at the beginning, because it is stretched."""
        return (self.pressure_kpa(t_ns) - self._begin_kpa) * self._line.parameters.compliance_nl_per_kpa

    def out_nl(self, t_ns: Instants) -> Floats:
        return self._once("out", lambda at: self.moved_nl(at) - self.stored_nl(at) - self.leaked_nl(at), t_ns)

    def leaked_nl(self, t_ns: Instants) -> Floats:
        """Return what has come out where the line is broken."""
        return self._once("leaked", self._leaked_nl, t_ns)

    def _leaked_nl(self, t_ns: Instants) -> Floats:
        found, left_nl = np.empty(len(t_ns)), self.moved_nl(t_ns) - self.stored_nl(t_ns)
        for stretch, first, last in self._parts(t_ns):
            is_broken = stretch.conditions.is_broken
            found[first:last] = stretch.leaked_nl + (
                left_nl[first:last] - stretch.left_nl if is_broken else 0.0
            )
        return found

    def _parts(self, t_ns: Instants) -> list[tuple[Stretch, int, int]]:
        """Return each stretch that some of the instants fall into, with the places of the first and one past the
        last."""
        stretches = self._shaft.stretches
        if t_ns[0] < stretches[0].begin_ns:
            raise ValueError(f"t_ns: {t_ns[0]} lies before the beginning at {stretches[0].begin_ns}")
        begins = np.array([stretch.begin_ns for stretch in stretches], np.int64)
        of_stretch = np.searchsorted(begins, t_ns, side="right") - 1
        cuts = [0, *(np.flatnonzero(np.diff(of_stretch)) + 1).tolist(), len(t_ns)]
        return [(stretches[of_stretch[first]], first, last) for first, last in itertools.pairwise(cuts)]

    def _excess_kpa(self, stretch: Stretch, t_ns: Instants, turned: Instants) -> Floats:
        """Return the excess of each instant from the latest checkpoint before it, so that no value depends on which
        others are asked for."""
        checkpoints, found, at = self._shaft.checkpoints, np.empty(len(t_ns)), 0
        while at < len(t_ns):
            place = bisect_right(checkpoints, t_ns[at], key=lambda checkpoint: checkpoint.pressure.t_ns)
            last = len(t_ns)
            if place < len(checkpoints):
                last = int(np.searchsorted(t_ns, checkpoints[place].pressure.t_ns))
            found[at:last] = self._since(checkpoints[place - 1], stretch, t_ns[at:last], turned[at:last])
            at = last
        return found

    def _since(self, begin: Checkpoint, stretch: Stretch, t_ns: Instants, turned: Instants) -> Floats:
        is_closed, until = stretch.conditions.holds, int(turned[-1])
        times = np.array(self._shaft.turned_ns[begin.turned : until], np.int64)
        moved_nl = self._shaft.moved_nl(stretch, np.arange(begin.turned, until + 1))
        volumes = moved_nl[1:] - moved_nl[:-1]
        later = self._line.after_each(begin.pressure, times, volumes, is_closed)
        after = np.append(begin.pressure.excess_kpa, later)
        since_ns = np.append(begin.pressure.t_ns, times)
        place = turned - begin.turned
        excess, ages_ns = after[place], t_ns - since_ns[place]
        if is_closed:
            return excess
        falls = np.exp(-ages_ns / self._line.parameters.time_constant_ns)
        return np.where(excess > 0, excess * falls, excess)
