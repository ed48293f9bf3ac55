"""A figure over its runs as a drawing: a mark for each run, its limits, and where the sources changed.

Promise: the same points give the same bytes; the drawing has a title and a description for those who can't see it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final
from xml.etree.ElementTree import Element, tostring

from thecal.reports.page import element
from thecal_hil.results.store import Point

_WIDTH, _HEIGHT = 640, 150
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 10, 12, 24
STYLE: Final = (
    ".curve{fill:none;stroke:#1f5a96;stroke-width:1.5}.mark{fill:#1f5a96}.limit{stroke:#a33;stroke-dasharray:5 3}"
    ".other{stroke:#c8ced4;stroke-width:0.7}.frame{fill:none;stroke:#9aa4ad}"
    "text{font:11px 'Liberation Sans',Arial,sans-serif;fill:#333}"
)
_MOST_MARKS: Final = 120


def trend_svg(name: str, points: Sequence[Point], *, alone: bool = False) -> str:
    """name: unique within a page. alone: with its own style, for a file of its own."""
    taken = [
        (place, point.figure.value) for place, point in enumerate(points) if point.figure.value is not None
    ]
    last = points[-1].figure
    values = [value for _, value in taken]
    limits = [limit for limit in (last.least, last.most) if limit is not None and _near(limit, values)]
    low, high = min([*values, *limits], default=0.0), max([*values, *limits], default=1.0)
    spare = (high - low) * 0.06 or abs(high) * 0.06 or 1.0
    low, high = low - spare, high + spare

    def x(place: int) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * (place / (len(points) - 1) if len(points) > 1 else 0.5)

    def y(value: float) -> float:
        return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * (value - low) / (high - low)

    parts: list[Element] = [
        element(
            "rect",
            x=f"{_LEFT}",
            y=f"{_TOP}",
            width=f"{_WIDTH - _LEFT - _RIGHT}",
            height=f"{_HEIGHT - _TOP - _BOTTOM}",
            class_="frame",
        )
    ]
    commits = [
        (len(list(points)), sources) for sources, points in groupby(point.head.checkout for point in points)
    ]
    begins = 0
    if len(commits) <= _MOST_MARKS:
        for count, _ in commits[:-1]:
            begins += count
            at = (x(begins - 1) + x(begins)) / 2
            parts.append(_line(at, _TOP, at, _HEIGHT - _BOTTOM, "other"))
    for limit in limits:
        parts.append(_line(_LEFT, y(limit), _WIDTH - _RIGHT, y(limit), "limit"))
        parts.append(_text(_LEFT - 4, y(limit) + 4, f"{limit:g}", "end"))
    if taken:
        parts.append(
            element(
                "polyline",
                points=" ".join(f"{x(at):.1f},{y(value):.1f}" for at, value in taken),
                class_="curve",
            )
        )
        if len(taken) <= _MOST_MARKS:
            parts += [
                element("circle", cx=f"{x(at):.1f}", cy=f"{y(v):.1f}", r="2", class_="mark")
                for at, v in taken
            ]
        for value in sorted({min(values), max(values)}):
            if all(abs(y(value) - y(limit)) > 11 for limit in limits):
                parts.append(_text(_LEFT - 4, y(value) + 4, f"{value:.5g}", "end"))
    parts.append(_text(_LEFT, _HEIGHT - 8, f"{points[0].head.began[:10]} {points[0].head.checkout}"))
    parts.append(
        _text(_WIDTH - _RIGHT, _HEIGHT - 8, f"{points[-1].head.began[:10]} {points[-1].head.checkout}", "end")
    )
    title = f"{last.title} of {last.subject}, {last.unit}".rstrip(", ")
    told = f"{len(points)} runs; the newest {values[-1]:g} {last.unit}" if values else "never taken"
    root = element(
        "svg",
        element("title", title, id=f"{name}-t"),
        element("desc", told, id=f"{name}-d"),
        *([element("style", STYLE)] if alone else []),
        *parts,
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        role="img",
        aria_labelledby=f"{name}-t {name}-d",
    )
    if alone:
        root.set("xmlns", "http://www.w3.org/2000/svg")
    return tostring(root, encoding="unicode")


def _near(limit: float, values: Sequence[float]) -> bool:
    """Whether a limit can be drawn without the figures becoming one flat line at the other edge."""
    if not values:
        return True
    span = max(values) - min(values)
    return min(abs(limit - value) for value in values) <= 20 * span or span == 0


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Element:
    return element("line", x1=f"{x1:.1f}", y1=f"{y1:.1f}", x2=f"{x2:.1f}", y2=f"{y2:.1f}", class_=kind)


def _text(x: float, y: float, words: str, anchor: str = "start") -> Element:
    return element("text", words, x=f"{x:.1f}", y=f"{y:.1f}", text_anchor=anchor)
