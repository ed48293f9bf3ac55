"""A figure over its runs as a drawing: a mark for each run, its limits, and where the commit changed.

Promise: the same points give the same bytes; the drawing has a title and a description for those who can't see it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final
from xml.etree.ElementTree import Element

from thecal.reports import svg
from thecal.reports.page import element
from thecal_hil.results.store import Point

_WIDTH, _HEIGHT = 640, 150
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 630, 12, 126
STYLE: Final = (
    ".curve{fill:none;stroke:#1f5a96;stroke-width:1.5}.mark{fill:#1f5a96}.limit{stroke:#a33;stroke-dasharray:5 3}"
    ".other{stroke:#c8ced4;stroke-width:0.7}.frame{fill:none;stroke:#9aa4ad}"
    "text{font:11px 'Liberation Sans',Arial,sans-serif;fill:#333}"
)
_MOST_MARKS: Final = 120
_FAR: Final = 20
"""A limit that lies this many times the figures' own span away is told and not drawn: they would be one flat line."""
_LETTER_PX: Final = 11


def trend_picture(name: str, points: Sequence[Point], *, alone: bool = False) -> Element:
    """Return the drawing of a figure's course. name: unique within a page. alone: with its own style, for a file of
    its own."""
    last = points[-1].figure
    taken = [(place, one.figure.value) for place, one in enumerate(points) if one.figure.value is not None]
    values = [value for _, value in taken]
    limits = [limit for limit in (last.least, last.most) if limit is not None and _is_near(limit, values)]
    x = svg.Scale(0, max(len(points) - 1, 1), _LEFT, _RIGHT)
    y = _scale(values, limits)
    parts = [svg.rect(_LEFT, _TOP, _RIGHT - _LEFT, _BOTTOM - _TOP, "frame"), *_commits(points, x)]
    for limit in limits:
        parts.append(svg.line(_LEFT, y.px(limit), _RIGHT, y.px(limit), "limit"))
        parts.append(svg.text(_LEFT - 4, y.px(limit) + 4, f"{limit:g}", anchor="end"))
    parts.append(svg.polyline([(x.px(place), y.px(value)) for place, value in taken], "curve"))
    if len(taken) <= _MOST_MARKS:
        parts += [svg.circle(x.px(place), y.px(value), 2, "mark") for place, value in taken]
    for value in sorted({min(values), max(values)} if values else ()):
        if all(abs(y.px(value) - y.px(limit)) > _LETTER_PX for limit in limits):
            parts.append(svg.text(_LEFT - 4, y.px(value) + 4, f"{value:.5g}", anchor="end"))
    for at, anchor, head in ((_LEFT, "start", points[0].head), (_RIGHT, "end", points[-1].head)):
        parts.append(svg.text(at, _HEIGHT - 8, f"{head.began[:10]} {head.checkout}", anchor=anchor))
    if alone:
        parts.insert(0, element("style", STYLE))
    return svg.drawing(_WIDTH, _HEIGHT, f"{last.title} of {last.subject}", parts, _told(points, values), name)


def _told(points: Sequence[Point], values: Sequence[float]) -> str:
    figure = points[-1].figure
    if not values:
        return f"{len(points)} runs; never taken"
    limits = [
        f"{words} {limit:g}"
        for words, limit in (("at least", figure.least), ("at most", figure.most))
        if limit is not None
    ]
    allowed = f"; allowed: {' and '.join(limits)}" if limits else ""
    return f"{len(points)} runs; the newest {values[-1]:g} {figure.unit}, {min(values):g} to {max(values):g}{allowed}"


def _scale(values: Sequence[float], limits: Sequence[float]) -> svg.Scale:
    low, high = min([*values, *limits], default=0.0), max([*values, *limits], default=1.0)
    spare = (high - low) * 0.06 or abs(high) * 0.06 or 1.0
    return svg.Scale(low - spare, high + spare, _BOTTOM, _TOP)


def _commits(points: Sequence[Point], x: svg.Scale) -> Iterator[Element]:
    """Yield a line between two runs of different commits, unless there would be nothing but lines."""
    changes = [
        place
        for place, (one, other) in enumerate(pairwise(points))
        if one.head.checkout != other.head.checkout
    ]
    for place in changes if len(changes) <= _MOST_MARKS else ():
        yield svg.line(x.px(place + 0.5), _TOP, x.px(place + 0.5), _BOTTOM, "other")


def _is_near(limit: float, values: Sequence[float]) -> bool:
    if not values:
        return True
    span = max(values) - min(values)
    return span == 0 or min(abs(limit - value) for value in values) <= _FAR * span
