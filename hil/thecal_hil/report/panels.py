"""A panel of a drawing: a box with axes into which curves are put, one panel above the other along the same time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from thecal.reports.svg import Scale, circle, label_of, line, path, rect, text
from thecal_hil.report.curves import Floats, all_px, path_data

LEFT_PX = 62
RIGHT_PAD_PX = 14


@dataclass
class Panel:
    """A box from ``top_px`` on. across: the scale of what it shows along; up: of what it shows in height."""

    across: Scale
    up: Scale
    parts: list[Element] = field(default_factory=list)

    @property
    def top_px(self) -> float:
        return self.up.end_px

    @property
    def bottom_px(self) -> float:
        return self.up.start_px

    def height_axis(self, at: Sequence[float], name: str) -> None:
        """Draw lines across at round heights, with their figures and the name of the quantity above them."""
        for value in at:
            if self.up.covers(value):
                y_px = self.up.px(value)
                self.parts.append(line(self.across.start_px, y_px, self.across.end_px, y_px, "grid"))
                self.parts.append(text(self.across.start_px - 6, y_px + 3.5, label_of(value), "", "end"))
        self.parts.append(text(self.across.start_px, self.top_px - 7, name, "axis"))

    def width_axis(self, at: Sequence[float], name: str, labels: Sequence[str] | None = None) -> None:
        """Draw ticks along the bottom with their figures, and the name of the quantity at the end."""
        y_px = self.bottom_px
        self.parts.append(line(self.across.start_px, y_px, self.across.end_px, y_px, "base"))
        for value, words in zip(at, labels or [label_of(value) for value in at], strict=True):
            x_px = self.across.px(value)
            self.parts.append(line(x_px, y_px, x_px, y_px + 4, "base"))
            self.parts.append(text(x_px, y_px + 16, words, "", "middle"))
        self.parts.append(text(self.across.end_px, y_px + 31, name, "axis", "end"))

    def curve(self, x: Floats, y: Floats, kind: str) -> None:
        if len(x):
            self.parts.append(path(path_data(all_px(self.across, x), all_px(self.up, y)), kind))

    def dots(self, x: Floats, y: Floats, kind: str) -> None:
        for x_px, y_px in zip(all_px(self.across, x), all_px(self.up, y), strict=True):
            self.parts.append(circle(x_px, y_px, 2.4, kind))

    def level(self, value: float, kind: str) -> None:
        """Draw a line across at a height, if that lies in the panel."""
        if self.up.covers(value):
            y_px = self.up.px(value)
            self.parts.append(line(self.across.start_px, y_px, self.across.end_px, y_px, kind))

    def bar(self, begin: float, end: float, height: float, kind: str) -> None:
        left, right = self.across.px(begin), self.across.px(end)
        top = self.up.px(height)
        self.parts.append(rect(left, top, right - left, self.bottom_px - top, kind))

    def legend(self, entries: Sequence[tuple[str, str]]) -> None:
        """Draw names of curves, by their class, at the right above the panel."""
        x_px = self.across.end_px
        y_px = self.top_px - 10.5
        for kind, words in reversed(entries):
            self.parts.append(text(x_px, y_px + 3.5, words, "", "end"))
            x_px -= 6.1 * len(words) + 6
            self.parts.append(line(x_px - 18, y_px, x_px, y_px, kind))
            x_px -= 32


def across(least: float, most: float, width_px: float) -> Scale:
    """Return the scale along a drawing of a width."""
    return Scale(least, most, LEFT_PX, width_px - RIGHT_PAD_PX)


def up(least: float, most: float, top_px: float, height_px: float) -> Scale:
    """Return the scale in height of a panel."""
    return Scale(least, most, top_px + height_px, top_px)
