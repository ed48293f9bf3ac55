"""The ideal delivery cut into stretches of constant rate, each in whole numbers on a denominator of its own.

What can be said of hundreds of thousands of pulses is said with integers of any size, and a ``Fraction`` is made
only of the few results that matter.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from fractions import Fraction
from math import floor, lcm

from thecal_sim.ideal import STEP_DUE_AT, IdealDelivery, Segment


class Stretch:
    """A stretch of constant rate: prescribed(t) = (gained x (t - start) + before) / whole, in microsteps.

    first_due, last_due: the microsteps that are due within it; none if the first lies behind the last.
    idle_before_ns: time before it in which nothing was prescribed.
    """

    def __init__(self, segment: Segment, end_ns: int, end_steps: Fraction, idle_before_ns: int) -> None:
        self.start_ns = segment.start_ns
        self.end_ns = end_ns
        steps_before, steps_per_ns = segment.steps_before, segment.steps_per_ns
        self.whole = lcm(steps_before.denominator, steps_per_ns.denominator, STEP_DUE_AT.denominator)
        self.gained = int(steps_per_ns * self.whole)
        self.before = int(steps_before * self.whole)
        self.due_at = int(STEP_DUE_AT * self.whole)
        self.first_due = floor(steps_before + 1 - STEP_DUE_AT) + 1
        self.last_due = floor(end_steps + 1 - STEP_DUE_AT)
        self.idle_before_ns = idle_before_ns

    def deficits(self, times: list[int], first_pulse: int) -> list[int]:
        """Return what was prescribed less what was delivered just after each of some consecutive pulses, in parts of
        ``whole``."""
        gained, whole = self.gained, self.whole
        offset = self.before - gained * self.start_ns - first_pulse * whole
        return [gained * t_ns + offset - index * whole for index, t_ns in enumerate(times)]

    def surpluses(self, times: list[int], first_pulse: int) -> list[int]:
        """Return what was prescribed at each of some consecutive pulses less what was at its ideal instant,
        likewise."""
        gained, whole = self.gained, self.whole
        offset = self.before - gained * self.start_ns - (first_pulse - 1) * whole - self.due_at
        return [gained * t_ns + offset - index * whole for index, t_ns in enumerate(times)]

    def due_ns(self, pulse: int) -> int:
        """Return the ideal instant of a microstep that is due within the stretch, rounded down to a nanosecond."""
        return self.start_ns + ((pulse - 1) * self.whole + self.due_at - self.before) // self.gained


class Stretches:
    """All stretches up to a horizon, in order."""

    def __init__(self, ideal: IdealDelivery, horizon_ns: int) -> None:
        segments = ideal.segments_until(horizon_ns)
        self._stretches: list[Stretch] = []
        idle_ns = 0
        for index, segment in enumerate(segments):
            end_ns = segments[index + 1].start_ns if index + 1 < len(segments) else horizon_ns
            self._stretches.append(Stretch(segment, end_ns, ideal.steps_at(end_ns), idle_ns))
            if not segment.steps_per_ns:
                idle_ns += end_ns - segment.start_ns
        self._starts_ns = [stretch.start_ns for stretch in self._stretches]

    def __iter__(self) -> Iterator[Stretch]:
        return iter(self._stretches)

    @property
    def begin_ns(self) -> int:
        return self._starts_ns[0]

    def idle_ns_before(self, t_ns: int) -> int:
        """Return the time before an instant in which nothing was prescribed."""
        index = bisect_right(self._starts_ns, t_ns) - 1
        if index < 0:
            return 0
        stretch = self._stretches[index]
        return stretch.idle_before_ns + (0 if stretch.gained else t_ns - stretch.start_ns)

    def active_instants(self, times: list[int]) -> list[int]:
        """Return instants less the time before them in which nothing was prescribed."""
        return [t_ns - self.idle_ns_before(t_ns) for t_ns in times]

    def straightened(self, stretch: Stretch, times: list[int]) -> list[int]:
        """Return instants as they would be if nothing but prescribed time lay between them and the stretch."""
        if times[0] >= stretch.start_ns and times[-1] <= stretch.end_ns:
            return times
        return [
            t_ns
            if stretch.start_ns <= t_ns <= stretch.end_ns
            else t_ns - self.idle_ns_before(t_ns) + stretch.idle_before_ns
            for t_ns in times
        ]

    def due_instants(self, count: int) -> Iterator[int]:
        """Yield the ideal instants of the first microsteps, rounded down to a nanosecond, as far as the horizon."""
        for stretch in self._stretches:
            for pulse in range(stretch.first_due, min(stretch.last_due, count) + 1):
                yield stretch.due_ns(pulse)
