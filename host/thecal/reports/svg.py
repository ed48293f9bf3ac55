"""Drawings as small trees of SVG: shapes, scales, ticks and words, for pages, for reports and for the documents.

Promises: needs nothing beyond Python; the same figures give the same bytes; every drawing has a title or a description
for those who can't see it. A shape's look is its class, where a style sheet has the colours, or attributes of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor, log10
from xml.etree.ElementTree import Element, tostring

from thecal.reports.page import element

Point = tuple[float, float]


@dataclass(frozen=True)
class Scale:
    """From a quantity to pixels, linear. ``end_px`` may lie before ``start_px``, as it does for heights."""

    least: float
    most: float
    start_px: float
    end_px: float

    def px(self, value: float) -> float:
        span = self.most - self.least
        share = (value - self.least) / span if span else 0.0
        return self.start_px + share * (self.end_px - self.start_px)

    def covers(self, value: float) -> bool:
        slack = 1e-9 * (self.most - self.least)
        return self.least - slack <= value <= self.most + slack


def ticks(least: float, most: float, about: int = 5) -> list[float]:
    """Return round numbers, ``about`` so many, from one bound to the other."""
    span = most - least
    if span <= 0:
        return [least]
    return multiples(least, most, _next_round(span / about * 0.999, (1, 2, 5, 10)))


def multiples(least: float, most: float, step: float) -> list[float]:
    """Return all multiples of a step from one bound to the other."""
    first, last = ceil(least / step - 1e-9), floor(most / step + 1e-9)
    return [step * number for number in range(first, last + 1)]


def round_up(value: float) -> float:
    """Return the next round number from a value on, for the end of an axis."""
    return _next_round(value * 0.999999, (1, 1.5, 2, 3, 4, 5, 6, 8, 10)) if value > 0 else 1.0


def _next_round(value: float, factors: Sequence[float]) -> float:
    power = 10.0 ** floor(log10(value))
    return next(factor * power for factor in factors if factor * power >= value)


def label_of(value: float) -> str:
    """Return a number as it stands on an axis."""
    return f"{round(value, 9) + 0.0:,.6g}" if abs(value) < 1e6 else f"{value:,.0f}"


def short(px: float) -> str:
    """Return a place or a length, to a tenth of a pixel."""
    return f"{px:.1f}".removesuffix(".0")


def shape(tag: str, kind: str, at: dict[str, float], /, **attributes: str) -> Element:
    """Return any shape. at: its places and lengths."""
    node = element(tag, **{name: short(px) for name, px in at.items()}, **attributes)
    if kind:
        node.set("class", kind)
    return node


def path(data: str, kind: str = "", **style: str) -> Element:
    return shape("path", kind, {}, d=data, **style)


def rect(x: float, y: float, width: float, height: float, kind: str = "", **style: str) -> Element:
    return shape("rect", kind, {"x": x, "y": y, "width": max(width, 0), "height": height}, **style)


def circle(x: float, y: float, radius: float, kind: str = "", **style: str) -> Element:
    return shape("circle", kind, {"cx": x, "cy": y, "r": radius}, **style)


def line(x1: float, y1: float, x2: float, y2: float, kind: str = "", **style: str) -> Element:
    return shape("line", kind, {"x1": x1, "y1": y1, "x2": x2, "y2": y2}, **style)


def polyline(points: Iterable[Point], kind: str = "", *, closed: bool = False, **style: str) -> Element:
    """Draw straight pieces from point to point. closed: with the area within."""
    places = " ".join(f"{short(x)},{short(y)}" for x, y in points)
    return shape("polygon" if closed else "polyline", kind, {}, points=places, **style)


def text(x: float, y: float, words: str, kind: str = "", anchor: str = "start", **style: str) -> Element:
    """Set words on the base line y. anchor: which part of them stands at x, start, middle or end."""
    node = element("text", words, x=short(x), y=short(y), text_anchor=anchor, **style)
    if kind:
        node.set("class", kind)
    return node


def drawing(
    width: float, height: float, title: str, parts: Iterable[Element], description: str = "", name: str = ""
) -> Element:
    """Put the whole drawing together. name: unique within the page, with a title and a description."""
    root = element(
        "svg",
        element("title", title),
        *([element("desc", description)] if description else []),
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {short(width)} {short(height)}",
        role="img",
    )
    if name:
        root[0].set("id", f"{name}-t")
        root[1].set("id", f"{name}-d")
        root.set("aria-labelledby", f"{name}-t {name}-d")
        root.set("preserveAspectRatio", "xMinYMin")
    else:
        root.set("aria-label", title)
    return root


def as_text(drawn: Element) -> str:
    return tostring(drawn, encoding="unicode")


def round_tick(highest: Fraction) -> Fraction:
    """Return a round distance that divides the axis into at most five parts."""
    tick = Fraction(1, 1_000)
    while True:
        for factor in (1, 2, 5):
            if highest <= 5 * tick * factor:
                return tick * factor
        tick *= 10
