"""The distance of a train of pulses at one rate from what it should be, by its edges alone.

Promises: the first edge is taken as right, and every later one is held against the instant at which it is due from
there on; nothing is fitted, so a rate that is off shows as an error that grows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thecal_sim.units import NS_PER_US


@dataclass(frozen=True)
class StepErrors:
    """Errors in microseconds. last_us: of the last edge, late is positive. missing: pulses that did not come."""

    steps: int
    missing: int
    median_us: float
    p99_us: float
    worst_us: float
    last_us: float


def step_errors(rises_ns: NDArray[np.int64], interval_ns: float, end_ns: int) -> StepErrors:
    """Hold rising edges (ns, in order, at least one) against a pulse every ``interval_ns`` until ``end_ns``.
    Raise ValueError without any edge."""
    if not len(rises_ns):
        raise ValueError("rises_ns: there is no pulse to begin from")
    due_ns = rises_ns[0] + interval_ns * np.arange(len(rises_ns))
    errors_us = (rises_ns - due_ns) / NS_PER_US
    sizes_us = np.abs(errors_us)
    expected = int((end_ns - rises_ns[0]) // interval_ns) + 1
    return StepErrors(
        steps=len(rises_ns),
        missing=expected - len(rises_ns),
        median_us=float(np.median(sizes_us)),
        p99_us=float(np.percentile(sizes_us, 99)),
        worst_us=float(sizes_us.max()),
        last_us=float(errors_us[-1]),
    )
