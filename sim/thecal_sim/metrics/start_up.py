"""The start-up curve: flow against time from the beginning of delivery, and how long it takes to settle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thecal_sim.metrics.volume import Volumes, is_within

_S_PER_DAY = 86_400.0


@dataclass(frozen=True)
class StartUpCurve:
    """Mean flow in each interval that ends at ``t_s`` after the beginning."""

    t_s: NDArray[np.float64]
    flow_nl_per_day: NDArray[np.float64]


def start_up_curve(volume_nl: Volumes, sample_s: float) -> StartUpCurve:
    """Return the flow from volume at even instants, ``sample_s`` apart, the first at the beginning of delivery;
    (samples + 1,).

    Raises ValueError unless the interval is one.
    """
    if not 0 < sample_s < float("inf"):
        raise ValueError(f"sample_s: {sample_s:g} s is no interval")
    flow_nl_per_day = np.diff(volume_nl) * (_S_PER_DAY / sample_s)
    return StartUpCurve(sample_s * np.arange(1.0, len(volume_nl)), flow_nl_per_day)


def settled_after_s(curve: StartUpCurve, rate_nl_per_day: float, within_percent: float) -> float:
    """Return the time from which on the flow stays within so many percent of the rate, these included; infinite if it
    never does to the end.

    A flow that is not a number is within nothing. Raises ValueError for a curve without an interval, or no rate.
    """
    if rate_nl_per_day <= 0:
        raise ValueError(f"rate_nl_per_day: {rate_nl_per_day:g} is no rate")
    if not len(curve.t_s):
        raise ValueError("curve: it has no interval")
    off = ~is_within(curve.flow_nl_per_day - rate_nl_per_day, rate_nl_per_day * within_percent / 100.0)
    if off[-1]:
        return float("inf")
    last_off = np.flatnonzero(off)
    return float(curve.t_s[last_off[-1]]) if len(last_off) else 0.0
