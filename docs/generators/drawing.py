"""Drawings of the documents, which know where their texts, lines and boxes are.

``Drawing.svg`` raises DrawingError when a line crosses a text, or two texts meet, so a drawing that is generated is
also legible. Colours follow the reader's light or dark mode; the drawing brings its own background for both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from xml.etree.ElementTree import Element

from thecal.reports.page import element
from thecal.reports.svg import as_text, circle, drawing, path, polyline, rect, text

FONT = "Helvetica, Arial, 'DejaVu Sans', sans-serif"
_WIDTH_OF_CHARACTER = 0.6
_WIDTH_OF_BOLD = 0.7
"""Mean width of a character in parts of the font's size; on the safe side for the fonts above."""

# name, colour in light mode, colour in dark mode
COLOURS = (
    ("paper", "#ffffff", "#161b22"),
    ("panel", "#f4f6f8", "#21272f"),
    ("edge", "#8b949e", "#6e7681"),
    ("ink", "#1f2328", "#e6edf3"),
    ("soft", "#57606a", "#a5afba"),
    ("board", "#dff0e4", "#1d3a2a"),
    ("blue", "#0550ae", "#79c0ff"),
    ("teal", "#0b7a75", "#56d4cf"),
    ("orange", "#b35900", "#ffa657"),
    ("purple", "#8250df", "#d2a8ff"),
    ("pink", "#bf3989", "#ff9bce"),
    ("green", "#1a7f37", "#7ee787"),
    ("red", "#cf222e", "#ff7b72"),
    ("gold", "#8a6100", "#e3b341"),
)

Point = tuple[float, float]


class DrawingError(Exception):
    """Something in the drawing would not be legible."""


@dataclass(frozen=True)
class Box:
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )


@dataclass
class Drawing:
    """Shapes in the order in which they are drawn. Sizes are in the units of the view box."""

    width: int
    height: int
    title: str
    description: str
    _shapes: list[Element] = field(default_factory=list)
    _texts: list[tuple[str, Box]] = field(default_factory=list)
    _segments: list[Box] = field(default_factory=list)
    _arrows: set[str] = field(default_factory=set)

    def box(
        self, left: float, top: float, width: float, height: float, fill: str = "panel", edge: str = "edge"
    ) -> None:
        self._shapes.append(rect(left, top, width, height, f"f-{fill} s-{edge}", rx="6"))
        right, bottom = left + width, top + height
        for x0, y0, x1, y1 in (
            (left, top, right, top),
            (left, bottom, right, bottom),
            (left, top, left, bottom),
            (right, top, right, bottom),
        ):
            self._segments.append(Box(x0 - 1, y0 - 1, x1 + 1, y1 + 1))

    def circle(self, x: float, y: float, radius: float, fill: str = "panel", edge: str = "edge") -> None:
        self._shapes.append(circle(x, y, radius, f"f-{fill} s-{edge}"))

    def line(
        self, points: Sequence[Point], colour: str = "ink", arrow: bool = False, width: float = 2
    ) -> None:
        """Draw a line of straight pieces."""
        shape = polyline(points, f"line s-{colour}", style=f"stroke-width:{width:g}")
        if arrow:
            self._arrows.add(colour)
            shape.set("marker-end", f"url(#to-{colour})")
        self._shapes.append(shape)
        for (x0, y0), (x1, y1) in pairwise(points):
            self._segments.append(Box(min(x0, x1) - 1, min(y0, y1) - 1, max(x0, x1) + 1, max(y0, y1) + 1))

    def path(self, commands: str, colour: str = "ink", width: float = 2) -> None:
        """Draw a curve. Curves are not checked against texts."""
        self._shapes.append(path(commands, f"line s-{colour}", style=f"stroke-width:{width:g}"))

    def dot(self, x: float, y: float, colour: str = "ink") -> None:
        self._shapes.append(circle(x, y, 4, f"f-{colour}"))

    def text(
        self,
        x: float,
        y: float,
        words: str,
        size: float = 13,
        colour: str = "ink",
        at: str = "start",
        bold: bool = False,
    ) -> None:
        """Write a text on the base line y; ``at`` says which part of it stands at x: start, middle or end."""
        shape = text(x, y, words, f"f-{colour}", at, font_size=f"{size:g}")
        if bold:
            shape.set("font-weight", "600")
        self._shapes.append(shape)
        width = len(words) * size * (_WIDTH_OF_BOLD if bold else _WIDTH_OF_CHARACTER)
        left = {"start": x, "middle": x - width / 2, "end": x - width}[at]
        self._texts.append((words, Box(left, y - 0.76 * size, left + width, y + 0.2 * size)))

    def lines_of_text(
        self, x: float, y: float, texts: Sequence[str], size: float = 13, colour: str = "soft"
    ) -> None:
        for number, words in enumerate(texts):
            self.text(x, y + number * size * 1.4, words, size, colour)

    def faults(self) -> list[str]:
        """Return everything that would not be legible."""
        found = []
        for number, (words, box) in enumerate(self._texts):
            if box.left < 0 or box.top < 0 or box.right > self.width or box.bottom > self.height:
                found.append(f"{words!r} does not fit on the sheet")
            found += [f"a line crosses {words!r}" for segment in self._segments if segment.meets(box)]
            found += [
                f"{words!r} meets {other!r}" for other, place in self._texts[number + 1 :] if place.meets(box)
            ]
        return found

    def svg(self) -> str:
        """Return the drawing as a file; raise DrawingError if it is not legible."""
        found = self.faults()
        if found:
            raise DrawingError(f"{self.title}: " + "; ".join(found))
        background = rect(0, 0, self.width, self.height, "f-paper", rx="10")
        parts = [
            element("style", _style()),
            element("defs", *map(_arrow_head, self._ordered_arrows())),
            background,
        ]
        drawn = drawing(self.width, self.height, self.title, [*parts, *self._shapes], self.description)
        drawn.set("width", str(self.width))
        drawn.set("height", str(self.height))
        drawn.set("font-family", FONT)
        return as_text(drawn).replace("><", ">\n<") + "\n"

    def _ordered_arrows(self) -> list[str]:
        return [name for name, _, _ in COLOURS if name in self._arrows]


def _arrow_head(colour: str) -> Element:
    sizes = {"refX": "7", "refY": "4", "markerWidth": "6", "markerHeight": "6"}
    head = path("M0,0 L8,4 L0,8 z", f"f-{colour}")
    return element("marker", head, id=f"to-{colour}", viewBox="0 0 8 8", orient="auto", **sizes)


def _style() -> str:
    """Return the colours for both modes."""

    def rules(index: int) -> str:
        return "".join(
            f".f-{row[0]}{{fill:{row[index]}}}.s-{row[0]}{{stroke:{row[index]}}}" for row in COLOURS
        )

    shape = ".line{fill:none;stroke-linejoin:round;stroke-linecap:round}"
    return f"{shape}{rules(1)}@media(prefers-color-scheme:dark){{{rules(2)}}}"
