"""The way from the head to the tip: what is drawn comes out a dead volume later, with its front spread on the way.

Flow in a narrow tube spreads a front: it is fast in the middle and slow at the wall, and diffusion across the tube
evens that out (Taylor 1953, Aris 1956). After a step of the concentration, with V: volume out since, A: cross-section
of the line, U: mean speed, a: its radius, D: diffusivity,

    d(sigma^2)/dt = 2 A^2 D (1 + (a U / D)^2 / 48)
    c_tip(t)      = Phi(z)                                  z = (V - V_dead) / sigma
    m_tip(t)      = (V - V_dead) Phi(z) + sigma phi(z)      m: what has come out, of a line that continues beyond the
    tip

and everything drawn is a sum of such steps. Slow fronts stay sharp (1.3 % of a metre at 424 uL/day), fast primes mix
(16 % at 96 mL/day). U is the mean over the time that diffusion across the tube takes, about a^2 / D: what flows in and
out faster than that spreads less than its speed says. Closer to the head than a^2 / D of flow, the equation spreads too
much; the whole of a line at the rates of therapy is far beyond that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import erf, pi, sqrt

import numpy as np
from numpy.typing import NDArray

from thecal_fw.core.dead_volume import PUMP_TUBING_NL
from thecal_sim.units import NS_PER_MINUTE, NS_PER_S

GRID_NS = 2 * NS_PER_MINUTE
"""a^2 / D of the default line: within it, the speed evens out."""
_NL_PER_MM3 = 1_000.0

Floats = NDArray[np.float64]
Instants = NDArray[np.int64]


@dataclass(frozen=True)
class DrugFrontParameters:
    """tubing_nl: the pump's own, by the constant the firmware goes by. catheter_nl: differs from patient to patient;
    one metre of 2.2 uL/cm. area_mm2: of that bore; the tubing is taken as equally narrow. diffusivity_mm2_per_s: of a
    small molecule in water, 6e-10 m2/s; baclofen's own was not looked up.
    line_concentration_ng_per_nl: of what is in it at the beginning; None if it is primed with the reservoir's."""

    tubing_nl: float = float(PUMP_TUBING_NL)
    catheter_nl: float = 220_000.0
    area_mm2: float = 0.22
    diffusivity_mm2_per_s: float = 6e-4
    line_concentration_ng_per_nl: float | None = None

    def __post_init__(self) -> None:
        if self.area_mm2 <= 0 or self.diffusivity_mm2_per_s <= 0:
            raise ValueError("area_mm2, diffusivity_mm2_per_s: must be positive")
        if min(self.tubing_nl, self.catheter_nl) < 0 or self.dead_volume_nl <= 0:
            raise ValueError("tubing_nl, catheter_nl: must not be negative, and not both zero")

    @property
    def dead_volume_nl(self) -> float:
        return self.tubing_nl + self.catheter_nl

    def variance_nl2(self, moved_nl: Floats, seconds: float) -> Floats:
        """Return by how much the variance of every front in the line grows while so much flows evenly in this time."""
        area_nl_per_mm = self.area_mm2 * _NL_PER_MM3
        peclet_squared = (
            (moved_nl / seconds / area_nl_per_mm) ** 2 * self.area_mm2 / pi / self.diffusivity_mm2_per_s**2
        )
        return 2 * area_nl_per_mm**2 * self.diffusivity_mm2_per_s * seconds * (1 + peclet_squared / 48)


VolumeAt = Callable[[Instants], Floats]
"""Volume that has gone through the line, in nL, by some instants in order."""


class Dispersion:
    """Works along a grid as far as it is asked, and keeps what it found: how wide a front has become since it was
    drawn."""

    def __init__(self, parameters: DrugFrontParameters, volume_at: VolumeAt, begin_ns: int) -> None:
        self._parameters, self._volume_at, self._begin_ns = parameters, volume_at, begin_ns
        self._volumes = np.zeros(1)
        self._variances = np.zeros(1)

    def sigma_nl(self, t_ns: Instants, drawn_at_nl: float) -> Floats:
        """Return the standard deviation at some instants, in order, of the front drawn when so much had gone
        through."""
        points = (t_ns - self._begin_ns) // GRID_NS
        self._work_out(int(points[-1]) + 1)
        first = int(np.searchsorted(self._volumes, drawn_at_nl))
        since = self._variances[points] - self._variances[min(first, len(self._variances) - 1)]
        return np.sqrt(np.maximum(0.0, since))

    def _work_out(self, length: int) -> None:
        known = len(self._volumes)
        if length <= known:
            return
        grid_ns = self._begin_ns + GRID_NS * np.arange(known - 1, length, dtype=np.int64)
        volumes = np.maximum.accumulate(self._volume_at(grid_ns))
        grown = self._parameters.variance_nl2(np.diff(volumes), GRID_NS / NS_PER_S)
        self._volumes = np.append(self._volumes, volumes[1:])
        self._variances = np.append(self._variances, self._variances[-1] + np.cumsum(grown))


class DrugFront:
    """Gives what has come out at the tip, of anything that is drawn along with the fluid."""

    def __init__(self, parameters: DrugFrontParameters, dispersion: Dispersion) -> None:
        self.parameters, self._dispersion = parameters, dispersion

    def out_at_tip(
        self, t_ns: Instants, out_nl: Floats, before: float, drawn: Sequence[tuple[float, float]]
    ) -> Floats:
        """Return the amount out by some instants, by when so much volume has come out. ``drawn`` is (position,
        concentration from there on), in order; ``before`` the concentration in the line at the beginning, in amount
        per nL."""
        amount = before * out_nl
        for at_nl, rise in _rises(before, drawn):
            amount = amount + rise * self._front(t_ns, out_nl, at_nl)[1]
        return amount

    def at_tip(
        self, t_ns: Instants, out_nl: Floats, before: float, drawn: Sequence[tuple[float, float]]
    ) -> Floats:
        """Return the concentration of what comes out at some instants, likewise."""
        found = np.full_like(out_nl, before)
        for at_nl, rise in _rises(before, drawn):
            found += rise * self._front(t_ns, out_nl, at_nl)[0]
        return found

    def _front(self, t_ns: Instants, out_nl: Floats, at_nl: float) -> tuple[Floats, Floats]:
        """Share of what comes out that was drawn behind a position, and how much of it has come out."""
        beyond_nl = out_nl - at_nl - self.parameters.dead_volume_nl
        sigma_nl = self._dispersion.sigma_nl(t_ns, at_nl)
        z = beyond_nl / np.maximum(sigma_nl, 1e-9)
        share = normal_shares(z)
        return share, beyond_nl * share + sigma_nl * np.exp(-np.minimum(z * z / 2, 700.0)) / sqrt(2 * pi)


def normal_shares(z: Floats) -> Floats:
    """Share of a normal distribution below each place, in standard deviations."""
    near = np.abs(z) < 8
    found = (z > 0).astype(np.float64)
    found[near] = [(1 + erf(place)) / 2 for place in (z[near] / sqrt(2)).tolist()]
    return found


def _rises(before: float, drawn: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return each change of concentration as (position, by how much it rises); those that are none are left out."""
    rises: list[tuple[float, float]] = []
    for at_nl, concentration in drawn:
        if concentration != before:
            rises.append((at_nl, concentration - before))
        before = concentration
    return rises
