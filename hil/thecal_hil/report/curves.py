"""Curves of measured data as paths, and times as a clock shows them, for the drawings of a report.

Promise: a curve is thinned only where nobody could see the difference, by less than a fifth of a pixel, and its
extremes stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thecal.reports.svg import Scale, multiples, short, ticks
from thecal_sim.units import NS_PER_S

Floats = NDArray[np.float64]

_VISIBLE_PX = 0.2
_S_PER_MINUTE, _S_PER_HOUR, _S_PER_DAY = 60, 3_600, 86_400
_OF_SIXTY = (1, 2, 5, 10, 15, 20, 30, 60)


@dataclass(frozen=True)
class TimeUnit:
    """The unit that times along an axis have."""

    name: str
    seconds: int

    def of_ns(self, t_ns: NDArray[np.int64]) -> Floats:
        return t_ns / (self.seconds * NS_PER_S)


def time_unit(span_s: float) -> TimeUnit:
    """Return the unit in which a stretch of time reads best."""
    if span_s <= 3 * _S_PER_MINUTE:
        return TimeUnit("s", 1)
    if span_s <= 3 * _S_PER_HOUR:
        return TimeUnit("min", _S_PER_MINUTE)
    if span_s <= 3 * _S_PER_DAY:
        return TimeUnit("h", _S_PER_HOUR)
    return TimeUnit("days", _S_PER_DAY)


def time_ticks(unit: TimeUnit, least: float, most: float, about: int = 8) -> list[float]:
    """Return the ticks that a clock has: quarters of a minute or an hour, hours that divide a day."""
    steps: Sequence[float] = (0.25, 0.5, 1, 2, 3, 6, 12, 24) if unit.name == "h" else _OF_SIXTY
    fitting = [step for step in steps if (most - least) / step <= about]
    if unit.name == "days" or most - least < 4 or not fitting:
        return ticks(least, most, about)
    return multiples(least, most, fitting[0])


def all_px(scale: Scale, values: Floats) -> Floats:
    """Put many values to a scale at once."""
    begin, end = scale.px(scale.least), scale.px(scale.most)
    span = scale.most - scale.least
    return begin + (values - scale.least) / (span or 1.0) * (end - begin)


def path_data(x_px: Floats, y_px: Floats) -> str:
    """Return a curve as data of a path, of only the points that can be seen."""
    kept = seen_points(x_px, y_px)
    return "M" + "L".join(f"{short(x)} {short(y)}" for x, y in zip(x_px[kept], y_px[kept], strict=True))


def staircase(x_px: Floats, y_px: Floats) -> tuple[Floats, Floats]:
    """Return a curve that holds each value until the next point."""
    return np.repeat(x_px, 2)[1:], np.repeat(y_px, 2)[:-1]


def seen_points(x_px: Floats, y_px: Floats) -> NDArray[np.int64]:
    """Return the indices of the points without which a curve would look different (Ramer, Douglas and Peucker)."""
    last = len(x_px) - 1
    if last < 1:
        return np.arange(len(x_px))
    kept = {0, last}
    open_spans = [(0, last)]
    while open_spans:
        begin, end = open_spans.pop()
        if end - begin < 2:
            continue
        off = _distances(x_px[begin : end + 1], y_px[begin : end + 1])
        farthest = int(off.argmax())
        if off[farthest] > _VISIBLE_PX:
            kept.add(begin + farthest)
            open_spans += [(begin, begin + farthest), (begin + farthest, end)]
    return np.array(sorted(kept), np.int64)


def _distances(x_px: Floats, y_px: Floats) -> Floats:
    """Return how far each point lies from the line between the first and the last."""
    dx, dy = x_px[-1] - x_px[0], y_px[-1] - y_px[0]
    length = float(np.hypot(dx, dy))
    if length == 0:
        return np.hypot(x_px - x_px[0], y_px - y_px[0])
    return np.abs(dx * (y_px - y_px[0]) - dy * (x_px - x_px[0])) / length
