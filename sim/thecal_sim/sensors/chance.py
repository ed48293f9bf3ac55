"""Noise and drift that follow from a seed and the instants alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from thecal_sim.units import NS_PER_DAY

Floats = NDArray[np.float64]
Instants = NDArray[np.int64]


def generator(seed: int, stream: int) -> np.random.Generator:
    """Return the random numbers of a stream of their own: a sensor's noise does not depend on how often another is
    read."""
    return np.random.Generator(np.random.Philox(key=[seed, stream]))


def random_walk(t_ns: Instants, per_root_day: float, chance: np.random.Generator) -> Floats:
    """Return a drift at some instants in order, nothing at the first: its steps add up as the root of the time
    between."""
    steps = np.sqrt(np.diff(t_ns) / NS_PER_DAY) * per_root_day * chance.standard_normal(len(t_ns) - 1)
    return np.concatenate(([0.0], np.cumsum(steps)))
