"""Baclofen in the cerebrospinal fluid, as one compartment. For looking at a course, never for accepting one.

    dA/dt = dose rate at the tip - k A        k = ln 2 / half-life,  concentration = A k / clearance

There is a steep gradient along the spine, which one compartment knows nothing of. The dose is taken as even between the
points of a grid, so the solution is exact but for what happens within one of its steps.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass
from math import exp, expm1, log

import numpy as np
from numpy.typing import NDArray

from thecal_sim.units import NS_PER_MINUTE, NS_PER_S, S_PER_HOUR

GRID_NS = NS_PER_MINUTE
"""A hundredth of the half-life."""


@dataclass(frozen=True)
class CsfParameters:
    """half_life_h: 0.9 to 5 h were measured; 1.51 h is what labels are said to give, not checked against one.
    clearance_ml_per_h: 13 to 80 mL/h were measured in four patients; 30 mL/h likewise."""

    half_life_h: float = 1.51
    clearance_ml_per_h: float = 30.0

    def __post_init__(self) -> None:
        if self.half_life_h <= 0 or self.clearance_ml_per_h <= 0:
            raise ValueError("half-life and clearance must be positive")

    @property
    def rate_per_ns(self) -> float:
        return log(2) / (self.half_life_h * S_PER_HOUR * NS_PER_S)

    @property
    def volume_ml(self) -> float:
        """Return the volume of distribution: clearance over rate."""
        return self.clearance_ml_per_h * self.half_life_h / log(2)


DoseAt = Callable[[NDArray[np.int64]], NDArray[np.float64]]
"""Drug that has come out at the tip, in ng, by some instants."""


class CsfCompartment:
    """Works along its grid as far as it is asked, and keeps what it found."""

    def __init__(self, parameters: CsfParameters, dose_at: DoseAt, begin_ns: int) -> None:
        self.parameters = parameters
        self._dose_at = dose_at
        self._begin_ns = begin_ns
        self._amounts_ng = array("d", [0.0])

    def amount_ng(self, t_ns: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the amount at some instants, in order; all doses up to the last of them must have been given."""
        self._work_out(int(t_ns[-1]))
        points = (t_ns - self._begin_ns) // GRID_NS
        at_point = np.array(self._amounts_ng)[points]
        points_ns = self._begin_ns + points * GRID_NS
        dose_ng = self._dose_at(t_ns) - self._dose_at(points_ns)
        passed = self.parameters.rate_per_ns * (t_ns - points_ns)
        share = np.divide(-np.expm1(-passed), passed, out=np.ones_like(passed), where=passed > 0)
        return at_point * np.exp(-passed) + dose_ng * share

    def concentration_ng_per_ml(self, amount_ng: float) -> float:
        return amount_ng / self.parameters.volume_ml

    def _work_out(self, t_ns: int) -> None:
        from_ns = self._begin_ns + (len(self._amounts_ng) - 1) * GRID_NS
        grid_ns = np.arange(from_ns, t_ns + 1, GRID_NS, dtype=np.int64)
        if len(grid_ns) < 2:
            return
        step = self.parameters.rate_per_ns * GRID_NS
        kept, share = exp(-step), -expm1(-step) / step
        amount = self._amounts_ng[-1]
        for dose_ng in np.diff(self._dose_at(grid_ns)).tolist():
            amount = amount * kept + dose_ng * share
            self._amounts_ng.append(amount)
