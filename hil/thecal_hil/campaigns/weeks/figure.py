"""The picture of a campaign: overall errors, the band of trumpet curves, and what goes with the error most."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from thecal_hil.campaigns.weeks.results import Results
from thecal_sim.metrics.trumpet import AMBULATORY

_BAND = (5, 50, 95)
_MOST_POINTS = 20_000
"""Drawn one by one: runs are drawn at random by their seeds, so every so-many-th of them is as good a sample as any."""
_BLUE, _RED, _GREY = "#1f5a8a", "#a33b2e", "#666666"


def draw(results: Results, path: Path) -> None:
    """Write a PNG."""
    figure = Figure(figsize=(15, 4.6), dpi=110, layout="constrained")
    errors, trumpets, against = figure.subplots(1, 3)
    overall = results.column("overall_error_percent")
    _overall_errors(errors, overall)
    _trumpets(trumpets, results)
    every = -(-len(overall) // _MOST_POINTS)
    calibration = results.column("calibration_error_percent")[::every]
    against.scatter(calibration, overall[::every], s=9, color=_BLUE, alpha=0.5, linewidths=0)
    which = "" if every == 1 else f" (one run in {every:,})"
    against.set(
        xlabel="calibration error drawn, %", ylabel="overall error, %", title=f"Error by calibration{which}"
    )
    days = int(results.column("days")[0])
    figure.suptitle(f"{results.runs:,} runs of {days} days on the model with its plant")
    figure.savefig(path, format="png")


def _overall_errors(axes: Axes, overall: NDArray[np.float64]) -> None:
    axes.hist(overall, bins=min(40, max(5, len(overall) // 10)), color=_BLUE)
    for part in _BAND:
        axes.axvline(float(np.percentile(overall, part)), color=_GREY, linestyle="--", linewidth=1)
    axes.set(
        xlabel="overall error, % (dashed: 5 %, median, 95 % of runs)", ylabel="runs", title="Overall error"
    )


def _trumpets(axes: Axes, results: Results) -> None:
    """Draw the extremes of each window: the median of all runs as a line, 5 to 95 % of them as a band."""
    minutes = [round(window_s / 60) for window_s in AMBULATORY.windows_s]
    for side, colour in (("most", _RED), ("least", _BLUE)):
        names = [f"trumpet_{window}_min_{side}_percent" for window in minutes]
        low, middle, high = np.array([np.percentile(results.column(name), _BAND) for name in names]).T
        axes.fill_between(minutes, low, high, color=colour, alpha=0.2, linewidth=0)
        axes.plot(minutes, middle, color=colour, marker="o", label=side)
    axes.axhline(0, color=_GREY, linewidth=0.8)
    axes.set(
        xlabel="window, min",
        ylabel="error, %",
        title="Trumpet curves (line: median, band: 5 to 95 % of runs)",
    )
    axes.legend()
