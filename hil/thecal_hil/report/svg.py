"""Drawings as small SVG trees: scales, ticks, axes and curves, to be set into a page.

Promises: colours come from the page's style sheet by class, so a drawing is legible in light, in dark and on paper; a
curve is thinned only where nobody could see the difference, by less than a fifth of a pixel, and its extremes stay; the
same data give the same bytes; every drawing has a title and a description for those who can't see it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from xml.etree.ElementTree import Element, tostring

import numpy as np
from numpy.typing import NDArray

from thecal.reports.page import element
from thecal_sim.units import NS_PER_S

Floats = NDArray[np.float64]

_VISIBLE_PX = 0.2
_S_PER_MINUTE, _S_PER_HOUR, _S_PER_DAY = 60, 3_600, 86_400
_OF_SIXTY = (1, 2, 5, 10, 15, 20, 30, 60)


@dataclass(frozen=True)
class Scale:
    """A scale from a quantity to pixels, linear. ``end_px`` may lie before ``start_px``, as it does for heights."""

    least: float
    most: float
    start_px: float
    end_px: float

    def px(self, value: float) -> float:
        return float(self.all_px(np.array(value, np.float64)))

    def all_px(self, values: Floats) -> Floats:
        span = self.most - self.least
        share = (values - self.least) / span if span else np.zeros_like(values)
        return self.start_px + share * (self.end_px - self.start_px)

    def covers(self, value: float) -> bool:
        slack = 1e-9 * (self.most - self.least)
        return self.least - slack <= value <= self.most + slack


@dataclass(frozen=True)
class TimeUnit:
    """The unit of the times along an axis."""

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


def ticks(least: float, most: float, about: int = 5) -> list[float]:
    """Round numbers, ``about`` so many, from one bound to the other."""
    span = most - least
    if span <= 0:
        return [least]
    rough = span / about
    power = 10.0 ** floor(log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    return _multiples(least, most, step)


def time_ticks(unit: TimeUnit, least: float, most: float, about: int = 8) -> list[float]:
    """Return ticks that a clock has: quarters of a minute or an hour, hours that divide a day."""
    steps: Sequence[float] = (0.25, 0.5, 1, 2, 3, 6, 12, 24) if unit.name == "h" else _OF_SIXTY
    fitting = [step for step in steps if (most - least) / step <= about]
    if unit.name == "days" or most - least < 4 or not fitting:
        return ticks(least, most, about)
    return _multiples(least, most, fitting[0])


def _multiples(least: float, most: float, step: float) -> list[float]:
    first, last = ceil(least / step - 1e-9), floor(most / step + 1e-9)
    return [step * number for number in range(first, last + 1)]


def label_of(value: float) -> str:
    """Return a number on an axis."""
    return f"{round(value, 9) + 0.0:,.6g}" if abs(value) < 1e6 else f"{value:,.0f}"


def round_up(value: float) -> float:
    """Return the next round number from a value on, for the end of an axis."""
    if value <= 0:
        return 1.0
    power = 10.0 ** floor(log10(value))
    return next(
        factor * power for factor in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if factor * power >= value * 0.999999
    )


def path_data(x_px: Floats, y_px: Floats) -> str:
    """Return a curve as data of a path, of only the points that can be seen."""
    kept = seen_points(x_px, y_px)
    return "M" + "L".join(f"{_short(x)} {_short(y)}" for x, y in zip(x_px[kept], y_px[kept], strict=True))


def staircase(x_px: Floats, y_px: Floats) -> tuple[Floats, Floats]:
    """Return a curve that holds each value until the next point."""
    return np.repeat(x_px, 2)[1:], np.repeat(y_px, 2)[:-1]


def seen_points(x_px: Floats, y_px: Floats) -> NDArray[np.int64]:
    """Return indices of the points without which a curve would look different (Ramer, Douglas and Peucker)."""
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


def extremes(columns: NDArray[np.int64], values: Floats, count: int) -> tuple[Floats, Floats]:
    """Return the least and greatest value in each of ``count`` columns; NaN where a column has none."""
    least, most = np.full(count, np.nan), np.full(count, np.nan)
    np.fmin.at(least, columns, values)
    np.fmax.at(most, columns, values)
    return least, most


def _short(px: float) -> str:
    return f"{px:.1f}".removesuffix(".0")


def path(data: str, kind: str) -> Element:
    return element("path", d=data, class_=kind)


def rect(x: float, y: float, width: float, height: float, kind: str) -> Element:
    return element(
        "rect", x=_short(x), y=_short(y), width=_short(max(width, 0)), height=_short(height), class_=kind
    )


def circle(x: float, y: float, radius: float, kind: str) -> Element:
    return element("circle", cx=_short(x), cy=_short(y), r=_short(radius), class_=kind)


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Element:
    return element("line", x1=_short(x1), y1=_short(y1), x2=_short(x2), y2=_short(y2), class_=kind)


def text(x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> Element:
    node = element("text", words, x=_short(x), y=_short(y))
    if anchor != "start":
        node.set("text-anchor", anchor)
    if kind:
        node.set("class", kind)
    return node


def drawing(
    name: str, width: int, height: float, title: str, description: str, parts: Sequence[Element]
) -> str:
    """Return the whole drawing as text. ``name`` is unique within the page."""
    root = element(
        "svg",
        element("title", title, id=f"{name}-t"),
        element("desc", description, id=f"{name}-d"),
        *parts,
        viewBox=f"0 0 {width} {_short(height)}",
        preserveAspectRatio="xMinYMin",
        role="img",
        aria_labelledby=f"{name}-t {name}-d",
    )
    return tostring(root, encoding="unicode")
