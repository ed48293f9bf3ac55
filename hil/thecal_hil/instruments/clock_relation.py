"""How the probe's clock and the pump's hang together: two crystals, and no wire that carries time between them.

Promises: nothing is assumed but that the ratio of the two clocks is constant while it is estimated, and within
`MOST_PPM` of one. Each *bracket* is certain: the probe said its time, then the pump, then the probe again, so the pump's
reading lies between the other two whatever the ports' delays were. What is given out is the middle of all relations that
fit every bracket, and half their spread as its uncertainty: a bound, not a standard deviation.
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
        """Take one more; raises ClocksDisagreeError if it fits none of the relations that were left."""
        if bracket.probe_after_ns < bracket.probe_before_ns:
            raise ValueError(f"bracket: the probe's clock ran backwards, {bracket}")
        self._brackets.append(bracket)
        self.count += 1
        lines, bounds = self._constraints()
        self._corners = _corners(lines, bounds)
        if not len(self._corners):
            raise ClocksDisagreeError(
                f"the clocks of pump and probe do not run at a constant ratio within {MOST_PPM:g} ppm of each other: "
                f"{bracket} fits none that {self.count - 1} earlier readings leave"
            )
        if len(self._brackets) > _KEPT:
            self._drop_what_bounds_nothing(lines, bounds)

    def _constraints(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Half-planes ``lines @ (offset_ns, ratio_ppb) <= bounds``; two for each bracket, then two for the ratio."""
        first = self._brackets[0]
        rows: list[tuple[float, float]] = []
        bounds: list[float] = []
        for before_ns, pump_ns, after_ns in self._brackets:
            passed_s = (pump_ns - first.pump_ns) / _NS_PER_S
            expected_ns = first.probe_before_ns + pump_ns - first.pump_ns
            rows += [(1.0, passed_s), (-1.0, -passed_s)]
            bounds += [after_ns - expected_ns + _TIMER_STEP_NS, expected_ns - before_ns + _TIMER_STEP_NS]
        most_ppb = MOST_PPM * 1_000
        return np.array([*rows, (0.0, 1.0), (0.0, -1.0)]), np.array([*bounds, most_ppb, most_ppb], float)

    def _drop_what_bounds_nothing(self, lines: NDArray[np.float64], bounds: NDArray[np.float64]) -> None:
        slack = bounds[:, None] - lines @ self._corners.T
        touching = (slack <= _tolerance(bounds)[:, None]).any(axis=1)[:-2].reshape(-1, 2).any(axis=1)
        # The first one is what all others are counted from.
        touching[0] = True
        self._brackets = [one for one, keep in zip(self._brackets, touching, strict=True) if keep]

    # --- what is known -----------------------------------------------------------------------

    def probe_ns(self, pump_ns: int) -> int:
        """The probe's clock at an instant of the pump's."""
        low, high = self._range_at(pump_ns)
        return self._expected_ns(pump_ns) + round((low + high) / 2)

    def pump_ns(self, probe_ns: int) -> int:
        """The pump's clock at an instant of the probe's."""
        first = self._brackets[0]
        offset_ns, ratio_ppb = self._middle()
        passed_ns = probe_ns - first.probe_before_ns - offset_ns
        return first.pump_ns + round(passed_ns - passed_ns * ratio_ppb / (_NS_PER_S + ratio_ppb))

    def uncertainty_ns(self, pump_ns: int) -> int:
        """How far off ``probe_ns`` may be at an instant, at most."""
        low, high = self._range_at(pump_ns)
        return int(np.ceil((high - low) / 2))

    @property
    def ratio_ppm(self) -> tuple[float, float]:
        """How much faster the probe's crystal is than the pump's, and by how much that may be wrong."""
        low, high = self._corners[:, 1].min(), self._corners[:, 1].max()
        return float(low + high) / 2_000, float(high - low) / 2_000

    def as_record(self, pump_ns: int) -> dict[str, float | int]:
        """For the evidence: ratio, offset at an instant of the pump's clock, and how well both are known."""
        ratio_ppm, ratio_uncertainty_ppm = self.ratio_ppm
        return {
            "brackets": self.count,
            "ratio_ppm": ratio_ppm,
            "ratio_uncertainty_ppm": ratio_uncertainty_ppm,
            "pump_ns": pump_ns,
            "probe_minus_pump_ns": self.probe_ns(pump_ns) - pump_ns,
            "offset_uncertainty_ns": self.uncertainty_ns(pump_ns),
        }

    def _expected_ns(self, pump_ns: int) -> int:
        first = self._brackets[0]
        return first.probe_before_ns + pump_ns - first.pump_ns

    def _range_at(self, pump_ns: int) -> tuple[float, float]:
        passed_s = (pump_ns - self._brackets[0].pump_ns) / _NS_PER_S
        offsets = self._corners @ np.array([1.0, passed_s])
        return float(offsets.min()), float(offsets.max())

    def _middle(self) -> tuple[float, float]:
        """One relation for all instants, so that distances between edges keep: the middle of the range of ratios, and
        of the offsets at the last reading."""
        last_s = (self._brackets[-1].pump_ns - self._brackets[0].pump_ns) / _NS_PER_S
        ratio_ppb = self.ratio_ppm[0] * 1_000
        low, high = self._range_at(self._brackets[-1].pump_ns)
        return (low + high) / 2 - ratio_ppb * last_s, ratio_ppb


def _tolerance(bounds: NDArray[np.float64]) -> NDArray[np.float64]:
    """What rounding may make of a distance to a bound."""
    return 1e-3 + 1e-12 * np.abs(bounds)


def _corners(lines: NDArray[np.float64], bounds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Corners of the polygon that half-planes leave; none if they leave nothing."""
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
