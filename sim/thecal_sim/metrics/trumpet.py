"""The trumpet curve: the largest and smallest error of delivery in windows of each length.

A method after IEC 60601-2-24. With volume V at even instants, S apart, and windows of P = n S, the error of a window
that begins at sample j is 100 x ((V[j+n] - V[j]) / (R[j+n] - R[j]) - 1), R being the volume prescribed. Under one rate
that is the mean of the window's n flow errors; under several, each of these counts by what is prescribed in it.
All windows that fit are taken, each one sample on from the one before: (T - P) / S + 1 of them. The curve holds the
extremes of each length. The overall error is that of the whole stretch, from its total, and is no point of the curve.

A pump that doses in strokes shows an error in any window that is no whole number of its cycles, though it delivers
perfectly: ``whole_cycles`` chooses windows that are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thecal_sim.metrics.volume import Volumes, need_whole

_MINUTE_S = 60.0
_CLOSE = 1e-6
"""Part of a sample by which a window may miss a whole number of them: rounding, and nothing more."""


@dataclass(frozen=True)
class WindowSet:
    """Lengths of windows and when they are taken, all in seconds: first stabilise, then analyse."""

    name: str
    sample_s: float
    windows_s: tuple[float, ...]
    stabilise_s: float
    analyse_s: float


def _minutes(*minutes: float) -> tuple[float, ...]:
    return tuple(minute * _MINUTE_S for minute in minutes)


STANDARD = WindowSet("standard", 30.0, _minutes(2, 5, 11, 19, 31), 3_600.0, 3_600.0)
"""For volumetric and syringe pumps: the second hour, sampled every half minute."""
AMBULATORY = WindowSet("ambulatory", 900.0, _minutes(15, 60, 150, 330, 570, 930), 86_400.0, 86_400.0)
"""For pumps that give little, slowly: a day after a day, sampled every quarter of an hour."""


@dataclass(frozen=True)
class TrumpetCurve:
    """Errors in percent, for each of ``windows_s``; counts: how many windows of that length there were."""

    windows_s: NDArray[np.float64]
    most_percent: NDArray[np.float64]
    least_percent: NDArray[np.float64]
    counts: NDArray[np.int64]
    overall_percent: float


def trumpet(
    volume_nl: Volumes, prescribed_nl: Volumes, sample_s: float, windows_s: Sequence[float]
) -> TrumpetCurve:
    """Return the trumpet curve of a stretch.

    volume_nl, prescribed_nl: what was delivered and what was due by each of the same even instants, (samples + 1,).
    sample_s: seconds from one to the next. windows_s: each a whole number of samples, and no longer than the stretch.
    Raises ValueError naming what does not fit, also a sample that is no number, and a window in which nothing was
    prescribed.
    """
    if volume_nl.shape != prescribed_nl.shape or volume_nl.ndim != 1 or len(volume_nl) < 2:
        raise ValueError(
            f"volume_nl {volume_nl.shape} and prescribed_nl {prescribed_nl.shape}: one shape, two samples at least"
        )
    need_whole(volume_nl, prescribed_nl, sample_s)
    if not windows_s:
        raise ValueError("windows_s: there is no window")
    spans = [_samples_in(window_s, sample_s, len(volume_nl) - 1) for window_s in windows_s]
    errors = [window_errors(volume_nl, prescribed_nl, span) for span in spans]
    return TrumpetCurve(
        windows_s=np.array(windows_s, np.float64),
        most_percent=np.array([found.max() for found in errors]),
        least_percent=np.array([found.min() for found in errors]),
        counts=np.array([len(found) for found in errors]),
        overall_percent=float(window_errors(volume_nl, prescribed_nl, len(volume_nl) - 1)[0]),
    )


def window_errors(
    volume_nl: Volumes, prescribed_nl: Volumes, span: int, step: int = 1
) -> NDArray[np.float64]:
    """Return the error in percent of every window of ``span`` samples, each beginning ``step`` samples after the
    one before. Raise ValueError if nothing is prescribed in a window."""
    delivered_nl = (volume_nl[span:] - volume_nl[:-span])[::step]
    due_nl = (prescribed_nl[span:] - prescribed_nl[:-span])[::step]
    if (due_nl <= 0).any():
        raise ValueError(f"prescribed_nl: nothing is prescribed in a window of {span} samples")
    return 100.0 * (delivered_nl / due_nl - 1.0)


def _samples_in(window_s: float, sample_s: float, most: int) -> int:
    span = round(window_s / sample_s)
    if span < 1 or abs(span * sample_s - window_s) > _CLOSE * sample_s:
        raise ValueError(f"windows_s: {window_s:g} s is no whole number of samples of {sample_s:g} s")
    if span > most:
        raise ValueError(f"windows_s: {window_s:g} s is longer than the stretch, {most * sample_s:g} s")
    return span


def whole_cycles(windows_s: Sequence[float], cycle_s: float) -> tuple[float, ...]:
    """Return the windows of whole pump cycles that come nearest, one cycle at least, each length once."""
    counts = [max(1, round(window_s / cycle_s)) for window_s in windows_s]
    return tuple(count * cycle_s for count in dict.fromkeys(counts))
