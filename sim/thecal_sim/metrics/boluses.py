"""Accuracy of single boluses: each one's error, how many are within a bound, and the 90/90 tolerance interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thecal_sim.metrics.tolerance import Interval, tolerance_interval

USUAL_BOUND_PERCENT = 15.0
"""Within which boluses weighed one by one are counted as accurate, as published tests of insulin pumps do."""


@dataclass(frozen=True)
class BolusAccuracy:
    """errors_percent: of each bolus, in order. interval_percent: 90/90, None for fewer than two boluses."""

    errors_percent: NDArray[np.float64]
    interval_percent: Interval | None


def bolus_accuracy(delivered_nl: NDArray[np.float64], prescribed_nl: NDArray[np.float64]) -> BolusAccuracy:
    """Return the accuracy of boluses by what each delivered beyond the basal rate, and what each was to be;
    (boluses,) both. Raise ValueError unless there is a bolus, and each has a volume and was measured."""
    if not len(delivered_nl) or not (prescribed_nl > 0).all():
        raise ValueError("prescribed_nl: one bolus at least, and none of nothing")
    if not np.isfinite(delivered_nl).all():
        raise ValueError("delivered_nl: a bolus was not measured")
    errors = 100.0 * (delivered_nl / prescribed_nl - 1.0)
    return BolusAccuracy(errors, tolerance_interval(errors) if len(errors) > 1 else None)
