"""The line from the head to the tip: it stretches, and it resists.

    C dp/dt = q_in - q_out        q_out = (p - p_back) / R while that is positive, else 0; 0 while the line is closed

Each microstep brings its volume in at once, so between two of them the pressure beyond the back pressure falls by
exp(-t / RC). The tip lets nothing in (an assumption: it has a valve): when the back pressure rises above the line's
own, nothing comes out until the pump has made up for it. Everything stands in closed form; no time step is involved.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp

import numpy as np
from numpy.typing import NDArray

from thecal_sim.units import NS_PER_S

_NEGLIGIBLE = 1e-18
"""Of a pressure is no longer worth adding."""


@dataclass(frozen=True)
class LineParameters:
    """compliance_nl_per_kpa: tube, head and catheter together; an assumption, such that an occlusion stores some
    tens of microlitres, as an insulin pump's has been seen to (3.0 U, MiniMed 511).

    resistance_kpa_s_per_nl: 8 mu L / (pi r^4) of one metre of a catheter of 2.2 uL/cm (its radius is 0.265 mm) and
    water at 37 C, 0.7 mPa s.
    """

    compliance_nl_per_kpa: float = 50.0
    resistance_kpa_s_per_nl: float = 0.00036

    def __post_init__(self) -> None:
        if self.compliance_nl_per_kpa <= 0 or self.resistance_kpa_s_per_nl <= 0:
            raise ValueError("compliance and resistance of the line must be positive")

    @property
    def time_constant_ns(self) -> float:
        return self.compliance_nl_per_kpa * self.resistance_kpa_s_per_nl * NS_PER_S


@dataclass(frozen=True)
class Pressure:
    """Pressure beyond the back pressure, in kPa, at an instant; below zero while the back pressure is the greater."""

    t_ns: int
    excess_kpa: float


class Line:
    """What a course of microsteps makes of the pressure, while the conditions stay as they are."""

    def __init__(self, parameters: LineParameters) -> None:
        self.parameters = parameters
        self._compliance = parameters.compliance_nl_per_kpa
        self._tau_ns = parameters.time_constant_ns

    def left_after(self, excess_kpa: float, duration_ns: int, is_closed: bool) -> float:
        """What is left of an excess after a time in which nothing comes in."""
        if is_closed or excess_kpa <= 0:
            return excess_kpa
        return excess_kpa * exp(-duration_ns / self._tau_ns)

    def after_last(
        self, begin: Pressure, times_ns: NDArray[np.int64], volumes_nl: NDArray[np.float64], is_closed: bool
    ) -> float:
        """The excess just after the last of some microsteps."""
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
        """The excess just after each of some microsteps."""
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

    def _first_that_opens(
        self, begin: Pressure, times_ns: NDArray[np.int64], rises: NDArray[np.float64], is_closed: bool
    ) -> tuple[int | None, float]:
        """The first microstep after which fluid comes out, and the excess just after it; None and the excess after all
        of them if there is none."""
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
    """Just after each instant, the sum of all amounts so far, each decayed by exp(-age / tau).

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
