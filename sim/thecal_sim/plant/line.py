"""The line from the head to the tip: it stretches, and it resists.

    C dp/dt = q_in - q_out        q_out = (p - p_back) / R while that is positive, else 0; 0 while the line is closed

Each microstep brings its volume in at once, so between two of them the pressure beyond the back pressure falls by
exp(-t / RC). The tip lets nothing in (an assumption: it has a valve): when the back pressure rises above the line's
own, or rollers draw something back, nothing comes out until the pump has made up for it. Everything stands in closed
form; no time step is involved.

What stretches is silicone. The bore of a long tube of an incompressible material, inner radius a, outer radius b,
widens so that its volume V grows by

    dV/dp = 3 V / E  b^2 / (b^2 - a^2)        E: Young's modulus (Lame's thick-walled cylinder, held in length)
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, pi

import numpy as np
from numpy.typing import NDArray

from thecal_sim.units import NS_PER_S

_NEGLIGIBLE = 1e-18
"""Of a pressure is no longer worth adding."""


def compliance_of_tube(length_m: float, bore_mm: float, outer_mm: float, modulus_mpa: float) -> float:
    """Return what a tube stores for each kPa, in nL. Raise ValueError unless the bore is smaller than the tube."""
    if not 0 < bore_mm < outer_mm:
        raise ValueError(f"bore_mm: {bore_mm}; must lie between 0 and outer_mm: {outer_mm}")
    volume_nl = length_m * pi * (bore_mm / 2) ** 2 * 1e6
    wall = outer_mm**2 / (outer_mm**2 - bore_mm**2)
    return 3 * volume_nl / (modulus_mpa * 1e3) * wall


@dataclass(frozen=True)
class LineParameters:
    """compliance_nl_per_kpa: tube, head and catheter together; by default one metre of silicone tube (Young's modulus
    3 MPa, as soft as grades for pump tubes are) of 0.53 mm bore and 1.31 mm outside.

    resistance_kpa_s_per_nl: 8 mu L / (pi r^4) of one metre of a catheter of 2.2 uL/cm (its radius is 0.265 mm) and
    water at 37 C, 0.7 mPa s.

    slips_at_kpa: pressure across the head at which its rollers no longer hold: what a microstep moves beyond it slips
    back. An assumption: it depends on how hard the rollers squeeze. bursts_at_kpa: pressure in the line at which a tube
    bursts or comes off its fitting; None if the rollers slip first, as by default.
    """

    compliance_nl_per_kpa: float = compliance_of_tube(1.0, 0.53, 1.31, 3.0)
    resistance_kpa_s_per_nl: float = 0.00036
    slips_at_kpa: float = 350.0
    bursts_at_kpa: float | None = None

    def __post_init__(self) -> None:
        if self.compliance_nl_per_kpa <= 0 or self.resistance_kpa_s_per_nl <= 0:
            raise ValueError("compliance and resistance of the line must be positive")
        if self.slips_at_kpa <= 0 or (self.bursts_at_kpa is not None and self.bursts_at_kpa <= 0):
            raise ValueError("pressures at which the rollers slip or the tube bursts must be positive")

    @property
    def time_constant_ns(self) -> float:
        return self.compliance_nl_per_kpa * self.resistance_kpa_s_per_nl * NS_PER_S


@dataclass(frozen=True)
class Pressure:
    """Pressure beyond the back pressure, in kPa, at an instant; below zero while the back pressure is the greater."""

    t_ns: int
    excess_kpa: float


class Line:
    """The course of the pressure that a course of microsteps makes, while the conditions stay as they are."""

    def __init__(self, parameters: LineParameters, draws_back: bool = False) -> None:
        """``draws_back``: whether a microstep may bring in less than nothing."""
        self.parameters = parameters
        self._draws_back = draws_back
        self._compliance = parameters.compliance_nl_per_kpa
        self._tau_ns = parameters.time_constant_ns

    def left_after(self, excess_kpa: float, duration_ns: int, is_closed: bool) -> float:
        """Return what is left of an excess after a time in which nothing comes in."""
        if is_closed or excess_kpa <= 0:
            return excess_kpa
        return excess_kpa * exp(-duration_ns / self._tau_ns)

    def after_last(
        self, begin: Pressure, times_ns: NDArray[np.int64], volumes_nl: NDArray[np.float64], is_closed: bool
    ) -> float:
        """Return the excess just after the last of some microsteps."""
        if self._draws_back:
            return (
                float(self._one_by_one(begin, times_ns, volumes_nl, is_closed)[-1])
                if len(times_ns)
                else begin.excess_kpa
            )
        rises = volumes_nl / self._compliance
        first, excess = self._first_that_opens(begin, times_ns, rises, is_closed)
        if first is None:
            return excess
        ages_ns = (times_ns[-1] - times_ns[first + 1 :]).astype(np.float64)
        since_first_ns = float(times_ns[-1] - times_ns[first])
        later = rises[first + 1 :] * np.exp(-ages_ns / self._tau_ns)
        return float(excess * exp(-since_first_ns / self._tau_ns) + later.sum())

    def after_each(
        self, begin: Pressure, times_ns: NDArray[np.int64], volumes_nl: NDArray[np.float64], is_closed: bool
    ) -> NDArray[np.float64]:
        """Return the excess just after each of some microsteps."""
        if self._draws_back:
            return self._one_by_one(begin, times_ns, volumes_nl, is_closed)
        rises = volumes_nl / self._compliance
        first, _ = self._first_that_opens(begin, times_ns, rises, is_closed)
        if first is None:
            return begin.excess_kpa + np.cumsum(rises)
        excess = np.empty(len(times_ns))
        excess[:first] = begin.excess_kpa + np.cumsum(rises[:first])
        before = float(excess[first - 1]) if first else begin.excess_kpa
        since_ns = int(times_ns[first]) - (int(times_ns[first - 1]) if first else begin.t_ns)
        open_rises = rises[first:].copy()
        open_rises[0] += self.left_after(before, since_ns, is_closed)
        excess[first:] = decaying_sums(times_ns[first:], open_rises, self._tau_ns)
        return excess

    def _one_by_one(
        self, begin: Pressure, times_ns: NDArray[np.int64], volumes_nl: NDArray[np.float64], is_closed: bool
    ) -> NDArray[np.float64]:
        """Return the same by the recurrence: where something is drawn back, the line opens and shuts again and
        again."""
        excess, at_ns, found = begin.excess_kpa, begin.t_ns, np.empty(len(times_ns))
        rises = (volumes_nl / self._compliance).tolist()
        for place, (t_ns, rise) in enumerate(zip(times_ns.tolist(), rises, strict=True)):
            excess = self.left_after(excess, t_ns - at_ns, is_closed) + rise
            found[place], at_ns = excess, t_ns
        return found

    def _first_that_opens(
        self, begin: Pressure, times_ns: NDArray[np.int64], rises: NDArray[np.float64], is_closed: bool
    ) -> tuple[int | None, float]:
        """Return the first microstep after which fluid comes out, and the excess just after it; None and the excess
        after all of them if there is none."""
        if is_closed or not len(rises):
            return None, begin.excess_kpa + float(rises.sum())
        if begin.excess_kpa >= 0:
            left = self.left_after(begin.excess_kpa, int(times_ns[0]) - begin.t_ns, is_closed)
            return 0, left + float(rises[0])
        reached = begin.excess_kpa + np.cumsum(rises)
        first = int(np.searchsorted(reached, 0.0, side="right"))
        return (None, float(reached[-1])) if first == len(rises) else (first, float(reached[first]))


def decaying_sums(
    times_ns: NDArray[np.int64], amounts: NDArray[np.float64], tau_ns: float
) -> NDArray[np.float64]:
    """Return, just after each instant, the sum of all amounts so far, each decayed by exp(-age / tau).

    Neighbouring runs are joined, twice as long each time, until what is older no longer counts.
    """
    sums = np.array(amounts, np.float64)
    kept = np.zeros(len(sums))
    kept[1:] = np.exp(-(times_ns[1:] - times_ns[:-1]) / tau_ns)
    reach = 1
    while reach < len(sums):
        # What is lost here is lost whatever comes later, so that a sum does not depend on how many follow.
        kept[kept < _NEGLIGIBLE] = 0.0
        if not kept[reach:].any():
            break
        sums[reach:] += kept[reach:] * sums[:-reach]
        kept[reach:] *= kept[:-reach].copy()
        kept[:reach] = 0.0
        reach *= 2
    return sums
