"""The relation of the probe's clock and the pump's: two crystals, and no wire that carries time between them.

Promises: nothing is assumed but that the ratio of the two clocks is constant while it is estimated, and within
`MOST_PPM` of one. Each *bracket* is certain: the probe said its time, then the pump, then the probe again, so the
pump's reading lies between the other two whatever the ports' delays were. What is given out is a relation in the middle
of all that fit every bracket, and how far the others are from it as its uncertainty: a bound, not a standard deviation.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

MOST_PPM: Final = 200.0
"""Two crystals of a Pico, 30 ppm each, with room for temperature and age."""
_TIMER_STEP_NS: Final = 1_000
"""Both timers count whole microseconds, cut off."""
_NS_PER_S: Final = 1e9
_KEPT: Final = 64
"""So many brackets are held before those that no longer bound anything are dropped."""


class Bracket(NamedTuple):
    """Three readings in the order in which they were taken, each in nanoseconds of its own clock."""

    probe_before_ns: int
    pump_ns: int
    probe_after_ns: int


class ClocksDisagreeError(Exception):
    """No constant ratio of the two clocks fits all readings."""


class ClockRelation:
    """Relation of one stretch between two resets of the pump."""

    def __init__(self) -> None:
        self._brackets: list[Bracket] = []
        self._corners: NDArray[np.float64] = np.empty((0, 2))
        self.count = 0
        """Brackets taken so far."""

    def add(self, bracket: Bracket) -> None:
        """Take one more; raise ClocksDisagreeError if it fits none of the relations that were left, ValueError if
        the probe's clock ran backwards in it."""
        if bracket.probe_after_ns < bracket.probe_before_ns:
            raise ValueError(f"bracket: the probe's clock ran backwards, {bracket}")
        brackets = [*self._brackets, bracket]
        lines, bounds = _constraints(brackets)
        corners = _corners(lines, bounds)
        if not len(corners):
            raise ClocksDisagreeError(
                f"the clocks of pump and probe do not run at a constant ratio within {MOST_PPM:g} ppm of each other: "
                f"{bracket} fits none that {self.count} earlier readings leave"
            )
        self._brackets, self._corners = brackets, corners
        self.count += 1
        if len(self._brackets) > _KEPT:
            self._drop_what_bounds_nothing(lines, bounds)

    def copy(self) -> ClockRelation:
        """Return another one that knows the same so far."""
        other = ClockRelation()
        other._brackets, other._corners, other.count = list(self._brackets), self._corners, self.count
        return other

    def _drop_what_bounds_nothing(self, lines: NDArray[np.float64], bounds: NDArray[np.float64]) -> None:
        slack = bounds[:, None] - lines @ self._corners.T
        touching = np.any(slack <= _tolerance(bounds)[:, None], axis=1)[:-2]
        # The first one is what all others are counted from.
        self._brackets = [
            one
            for number, one in enumerate(self._brackets)
            if number == 0 or touching[2 * number] or touching[2 * number + 1]
        ]

    # --- what is known -----------------------------------------------------------------------

    def probe_ns(self, pump_ns: int) -> int:
        """Return the probe's clock at an instant of the pump's."""
        offset_ns, ratio_ppb = self._middle
        passed_ns = pump_ns - self._brackets[0].pump_ns
        return (
            self._brackets[0].probe_before_ns
            + passed_ns
            + round(offset_ns + passed_ns * ratio_ppb / _NS_PER_S)
        )

    def pump_ns(self, probe_ns: int) -> int:
        """Return the pump's clock at an instant of the probe's."""
        offset_ns, ratio_ppb = self._middle
        passed_ns = probe_ns - self._brackets[0].probe_before_ns
        shorter_ns = (offset_ns + passed_ns * ratio_ppb / _NS_PER_S) / (1 + ratio_ppb / _NS_PER_S)
        return self._brackets[0].pump_ns + passed_ns - round(shorter_ns)

    def uncertainty_ns(self, pump_ns: int) -> int:
        """Return how far off either may be at an instant of the pump, at most."""
        passed_s = (pump_ns - self._brackets[0].pump_ns) / _NS_PER_S
        apart = (self._corners - self._middle) @ np.array([1.0, passed_s])
        return int(np.ceil(np.abs(apart).max()))

    @property
    def ratio_ppm(self) -> tuple[float, float]:
        """Return how much faster the probe's crystal is than the pump's, and by how much that may be wrong."""
        apart = np.abs(self._corners[:, 1] - self._middle[1]).max()
        return float(self._middle[1]) / 1_000, float(apart) / 1_000

    @property
    def _middle(self) -> NDArray[np.float64]:
        """Return the offset in ns at the first reading and ratio in ppb: one relation for all instants, so that
        distances keep."""
        return self._corners.mean(axis=0)

    def as_record(self, pump_ns: int) -> dict[str, float | int]:
        """Return the relation for the evidence: ratio, offset at an instant of the pump's clock, and how well both
        are known."""
        ratio_ppm, ratio_uncertainty_ppm = self.ratio_ppm
        return {
            "brackets": self.count,
            "ratio_ppm": ratio_ppm,
            "ratio_uncertainty_ppm": ratio_uncertainty_ppm,
            "pump_ns": pump_ns,
            "probe_minus_pump_ns": self.probe_ns(pump_ns) - pump_ns,
            "offset_uncertainty_ns": self.uncertainty_ns(pump_ns),
        }


def _constraints(brackets: list[Bracket]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return half-planes ``lines @ (offset_ns, ratio_ppb) <= bounds``; two for each bracket, then two for the ratio."""
    first = brackets[0]
    rows: list[tuple[float, float]] = []
    bounds: list[float] = []
    for before_ns, pump_ns, after_ns in brackets:
        passed_s = (pump_ns - first.pump_ns) / _NS_PER_S
        expected_ns = first.probe_before_ns + pump_ns - first.pump_ns
        rows += [(1.0, passed_s), (-1.0, -passed_s)]
        bounds += [after_ns - expected_ns + _TIMER_STEP_NS, expected_ns - before_ns + _TIMER_STEP_NS]
    most_ppb = MOST_PPM * 1_000
    return np.array([*rows, (0.0, 1.0), (0.0, -1.0)]), np.array([*bounds, most_ppb, most_ppb], float)


def _tolerance(bounds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what rounding may make of a distance to a bound."""
    return 1e-3 + 1e-12 * np.abs(bounds)


def _corners(lines: NDArray[np.float64], bounds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return corners of the polygon that half-planes leave; none if they leave nothing."""
    i, j = np.triu_indices(len(lines), k=1)
    determinants = lines[i, 0] * lines[j, 1] - lines[i, 1] * lines[j, 0]
    crossing = np.abs(determinants) > 1e-12
    i, j, determinants = i[crossing], j[crossing], determinants[crossing]
    x = (bounds[i] * lines[j, 1] - lines[i, 1] * bounds[j]) / determinants
    y = (lines[i, 0] * bounds[j] - bounds[i] * lines[j, 0]) / determinants
    points = np.stack([x, y], axis=1)
    inside = (
        points @ lines.T <= bounds + _tolerance(bounds) + 1e-9 * np.abs(points).max(axis=1)[:, None]
    ).all(axis=1)
    return points[inside]
