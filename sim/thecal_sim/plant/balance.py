"""A balance under the tip: what it would show of the liquid collected.

    shown = round((mass - evaporation t + drift t + noise) / resolution) resolution

Promises: a reading depends on the instant and the seed only, not on what was read before, so two readers see the same.
It counts as stable while the mass has changed by no more than one digit within the time the balance takes to settle.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thecal_sim.units import NS_PER_HOUR, NS_PER_MS, NS_PER_S

_NOISE_NS = 100 * NS_PER_MS
"""A balance averages about so long; readings within it have the same noise."""
_UNSTABLE_NOISE = 3.0

MassAt = Callable[[NDArray[np.int64]], NDArray[np.float64]]
"""Mass of liquid collected, in g, at some instants."""


@dataclass(frozen=True)
class BalanceParameters:
    """An analytical balance with four decimals, the vessel under a layer of oil. Assumptions, all of them."""

    resolution_g: float = 0.000_1
    noise_g: float = 0.000_05
    """Standard deviation while stable; three times that while not."""
    drift_g_per_h: float = 0.000_02
    """Standard deviation of the drift that one run has."""
    evaporation_g_per_h: float = 0.000_02
    settles_in_s: float = 2.0
    g_per_ml: float = 0.998
    """Of water at room temperature, as pump test benches take it."""

    def __post_init__(self) -> None:
        if self.resolution_g <= 0:
            raise ValueError(f"resolution_g: {self.resolution_g}; must be positive")


class Balance:
    """drift_g_per_h: of this balance in this run."""

    def __init__(self, parameters: BalanceParameters, mass_at: MassAt, seed: int, begin_ns: int = 0) -> None:
        self.parameters = parameters
        self._mass_at = mass_at
        self._seed = seed
        self._begin_ns = begin_ns
        spread = np.random.Generator(np.random.Philox(key=seed)).standard_normal()
        self.drift_g_per_h = float(spread) * parameters.drift_g_per_h

    def reading_g(self, t_ns: int) -> tuple[float, bool]:
        """Return what it shows at an instant, and whether that is stable."""
        parameters = self.parameters
        earlier_ns = max(self._begin_ns, t_ns - round(parameters.settles_in_s * NS_PER_S))
        before_g, mass_g = self._mass_at(np.array([earlier_ns, t_ns], np.int64)).tolist()
        is_stable = abs(mass_g - before_g) <= parameters.resolution_g
        hours = (t_ns - self._begin_ns) / NS_PER_HOUR
        creep_g = (self.drift_g_per_h - parameters.evaporation_g_per_h) * hours
        noise_g = parameters.noise_g * (1.0 if is_stable else _UNSTABLE_NOISE) * self._noise(t_ns)
        digits = round((mass_g + creep_g + noise_g) / parameters.resolution_g)
        return digits * parameters.resolution_g, is_stable

    def _noise(self, t_ns: int) -> float:
        # Place 0 of the generator is the drift's.
        place = t_ns // _NOISE_NS + 1
        return float(
            np.random.Generator(np.random.Philox(key=self._seed, counter=place << 64)).standard_normal()
        )
