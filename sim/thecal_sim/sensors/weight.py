"""Weight: a load cell under the reservoir or the vessel that receives, read by a 24-bit converter over two wires.

    shown = mass + noise + drift + creep + temperature        creep: share of a change that comes late

Drift is a random walk. Faults: a bridge at its end, a figure that is frozen, a converter that does not answer, somebody
who rests a hand on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from thecal_sim.sensors.chance import Floats, Instants, generator, random_walk
from thecal_sim.units import NS_PER_S

NO_ANSWER = -(1 << 24)


class WeightFault(StrEnum):
    AT_ITS_END = "bridge at its end"
    FROZEN = "frozen"
    NO_ANSWER = "no answer"
    HAND = "a hand on it"


@dataclass(frozen=True)
class WeightParameters:
    """noise_mg: of a conversion. creep: the share of a load that comes late, and in what time. per_kelvin_mg: of the
    cell's zero, after what its bridge makes good. counts_per_mg: a cell of 100 g at 2 mV/V on a gain of 128."""

    noise_mg: float = 10.0
    drift_mg_per_root_day: float = 20.0
    creep: float = 0.0005
    creep_s: float = 600.0
    per_kelvin_mg: float = 1.0
    counts_per_mg: float = 42.0


class WeightSensor:
    """In the converter's counts."""

    def __init__(self, parameters: WeightParameters, seed: int) -> None:
        self.parameters, self._seed = parameters, seed

    def readings(
        self,
        t_ns: Instants,
        mass_mg: Floats,
        conversions: int = 1,
        kelvin_off: Floats | float = 0.0,
        fault: tuple[WeightFault, int, float] | None = None,
    ) -> NDArray[np.int64]:
        """Return means of so many conversions at some instants in order; ``fault``: (kind, from when, mg of the
        hand)."""
        parts = self.parameters
        late = np.zeros(len(t_ns))
        if len(t_ns) > 1 and parts.creep:
            kept = np.exp(-np.diff(t_ns) / NS_PER_S / parts.creep_s)
            change, lag = np.diff(mass_mg) * parts.creep, 0.0
            for place, (share, added) in enumerate(zip(kept.tolist(), change.tolist(), strict=True), 1):
                lag = (lag + added) * share
                late[place] = lag
        shown = mass_mg - late + parts.per_kelvin_mg * kelvin_off
        shown = shown + random_walk(t_ns, parts.drift_mg_per_root_day, generator(self._seed, 10))
        noise = parts.noise_mg / np.sqrt(conversions) * generator(self._seed, 11).standard_normal(len(t_ns))
        kind, from_ns, amount = fault or (None, 0, 0.0)
        is_faulty = t_ns >= from_ns
        if kind is WeightFault.HAND:
            shown = shown + amount * is_faulty
        found = np.rint((shown + noise) * parts.counts_per_mg).astype(np.int64)
        found = np.clip(found, -(1 << 23), (1 << 23) - 1)
        if kind is not None and kind is not WeightFault.HAND and is_faulty.any():
            frozen = int(found[np.argmax(is_faulty)])
            found[is_faulty] = {
                WeightFault.AT_ITS_END: (1 << 23) - 1,
                WeightFault.FROZEN: frozen,
                WeightFault.NO_ANSWER: NO_ANSWER,
            }[kind]
        return found
