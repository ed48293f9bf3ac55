"""Errors of single hours: of windows that follow one another and do not overlap.

A trumpet curve shows the extremes alone; how often hours are how far off is seen here. The first hours count too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thecal_sim.metrics.trumpet import window_errors
from thecal_sim.metrics.volume import Volumes, is_within, need_whole

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_S_PER_HOUR = 3_600.0


@dataclass(frozen=True)
class HourErrors:
    """errors_percent: of each whole hour in order. quantiles_percent: those of ``QUANTILES``."""

    errors_percent: NDArray[np.float64]
    quantiles_percent: NDArray[np.float64]

    def share_within(self, percent: float) -> float:
        """Return the part of the hours whose error is no larger, 0 to 1."""
        return float(is_within(self.errors_percent, percent).mean())


def hour_errors(volume_nl: Volumes, prescribed_nl: Volumes, sample_s: float) -> HourErrors:
    """Return errors of all whole hours in a stretch, sampled evenly. Raise ValueError if an hour is no whole number
    of samples, if there is none, or if a sample is no number."""
    need_whole(volume_nl, prescribed_nl, sample_s)
    span = round(_S_PER_HOUR / sample_s)
    if span < 1 or span * sample_s != _S_PER_HOUR:
        raise ValueError(f"sample_s: an hour is no whole number of samples of {sample_s:g} s")
    if len(volume_nl) <= span:
        raise ValueError("volume_nl: the stretch is shorter than an hour")
    errors = window_errors(volume_nl, prescribed_nl, span, step=span)
    return HourErrors(errors, np.quantile(errors, QUANTILES))
