"""A day drawn: the dose over 24 hours, the one that runs and the one that is drawn over each other, and boluses.

Two drawings, one for narrow windows and one for wide ones, so that letters stay legible. Of a draft each beginning and
each dose has a handle, which can be dragged, or moved with the arrow keys. What is drawn is what is typed; what it
means is said beside it by the library.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from xml.etree.ElementTree import Element

from thecal.amounts import plain
from thecal.console.places import written
from thecal.console.views.parts import element
from thecal.day_pattern import clock
from thecal.reports.svg import circle, line, path, polyline, rect, round_tick, text
from thecal_fw.core.program import MINUTES_PER_DAY

Steps = Sequence[tuple[int, int, Fraction]]
_SNAP_MINUTES = 15
_FINE_MINUTES = 5


@dataclass(frozen=True)
class Size:
    """The size of the drawing, and of the plot in it; tick_hours: from one time to the next below it."""

    name: str
    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int
    tick_hours: int


WIDE = Size("wide", 980, 300, 56, 964, 40, 262, 3)
NARROW = Size("narrow", 400, 260, 44, 390, 40, 224, 6)


@dataclass(frozen=True)
class Handle:
    """Something to be moved. axis: "x" for a time of day, "y" for a dose. place: in the draft. least, most: how far."""

    axis: str
    place: tuple[str | int, ...]
    label: str
    minute: int
    dose: Fraction
    least: int = 0
    most: int = MINUTES_PER_DAY


@dataclass(frozen=True)
class Day:
    """before, after: (first minute, minute it ends, mcg/day). boluses: (minute, mcg). now: the minute that it is."""

    after: Steps
    before: Steps = ()
    boluses: Sequence[tuple[int, Fraction]] = ()
    boluses_before: Sequence[tuple[int, Fraction]] = ()
    now: int | None = None
    handles: Sequence[Handle] = field(default=())
    least_top: Fraction = Fraction(0)


def day_charts(day: Day, words: str, identity: str) -> Element:
    """Return the drawings of the days. words: the drawing for those who can't see it."""
    return element(
        "div", _chart(day, words, identity, WIDE), _chart(day, words, identity, NARROW), class_="charts"
    )


def _chart(day: Day, words: str, identity: str, size: Size) -> Element:
    highest = max([dose for _, _, dose in [*day.after, *day.before]], default=Fraction(0))
    tick = round_tick(max(highest, Fraction(1, 1_000)))
    top = max(tick * -(-(highest * Fraction(11, 10)) // tick), tick, day.least_top)
    plot = _Plot(size, top)
    parts = _frame(plot, tick)
    parts += [plot.bolus(minute, "before") for minute, _ in day.boluses_before]
    if day.before:
        parts.append(polyline(plot.corners(day.before), "before"))
    if day.after:
        area = [(size.left, size.bottom), *plot.corners(day.after), (size.right, size.bottom)]
        parts.append(polyline(area, "area", closed=True))
        parts.append(polyline(plot.corners(day.after), "after"))
    for minute, dose in day.boluses:
        parts.append(plot.bolus(minute, "after"))
        parts.append(plot.bolus_label(minute, dose))
    if day.now is not None:
        x = plot.x(day.now)
        parts.append(line(x, size.top - 6, x, size.bottom, "now"))
        parts.append(circle(x, size.top - 6, 4, "nowdot"))
    parts += [plot.handle(one, f"{identity}-{size.name}-{at}") for at, one in enumerate(day.handles)]
    svg = element(
        "svg",
        *parts,
        viewBox=f"0 0 {size.width} {size.height}",
        class_=f"chart {size.name}",
        id=f"{identity}-{size.name}",
        role="group" if day.handles else "img",
        aria_label=words,
        data_plot=f"{size.left},{size.right},{size.top},{size.bottom}",
        data_top=plain(top, 12),
        data_snap=plain(_snap(tick), 12),
        data_snap_minutes=str(_SNAP_MINUTES),
        data_fine_minutes=str(_FINE_MINUTES),
    )
    return svg


class _Plot:
    def __init__(self, size: Size, top: Fraction) -> None:
        self.size, self.top = size, top

    def x(self, minute: int) -> float:
        return self.size.left + (self.size.right - self.size.left) * minute / MINUTES_PER_DAY

    def y(self, dose: Fraction) -> float:
        part = min(Fraction(1), dose / self.top)
        return self.size.bottom - (self.size.bottom - self.size.top) * float(part)

    def corners(self, steps: Steps) -> list[tuple[float, float]]:
        return [(self.x(minute), self.y(dose)) for begin, end, dose in steps for minute in (begin, end)]

    def bolus(self, minute: int, kind: str) -> Element:
        x, top = self.x(minute), self.size.top
        stem = line(x, top - 8, x, self.size.bottom, "stem")
        return element("g", stem, path(f"M {x - 6:.1f} {top - 18} h 12 l -6 11 z"), class_=f"bolus {kind}")

    def bolus_label(self, minute: int, dose: Fraction) -> Element:
        x = self.x(minute)
        is_right = x > self.size.right - 70
        at = x - 9 if is_right else x + 9
        return text(
            at, self.size.top - 10, f"{plain(dose, 4)} mcg", "label dose", "end" if is_right else "start"
        )

    def handle(self, handle: Handle, identity: str) -> Element:
        x, y = self.x(handle.minute), self.y(handle.dose)
        if handle.axis == "x":
            value, words = str(handle.minute), clock(handle.minute)
            shape = [rect(x - 12, y - 22, 24, 44, "hit"), rect(x - 4, y - 11, 8, 22, "grip", rx="4")]
        else:
            value, words = plain(handle.dose, 12), f"{plain(handle.dose)} mcg/day"
            shape = [rect(x - 24, y - 12, 48, 24, "hit"), rect(x - 12, y - 4, 24, 8, "grip", rx="4")]
        return element(
            "g",
            *shape,
            id=identity,
            class_=f"handle {handle.axis}",
            tabindex="0",
            role="slider",
            aria_label=handle.label,
            aria_valuenow=value,
            aria_valuemin=str(handle.least) if handle.axis == "x" else "0",
            aria_valuemax=str(handle.most) if handle.axis == "x" else plain(self.top, 12),
            aria_valuetext=words,
            aria_orientation="horizontal" if handle.axis == "x" else "vertical",
            data_drag=handle.axis,
            data_place=written(handle.place),
        )


def _frame(plot: _Plot, tick: Fraction) -> list[Element]:
    size = plot.size
    parts: list[Element] = []
    value = Fraction(0)
    while value <= plot.top:
        y = plot.y(value)
        parts.append(line(size.left, y, size.right, y, "grid"))
        parts.append(text(size.left - 8, y + 4, plain(value), "label", "end"))
        value += tick
    parts.append(text(4, 14, "mcg/day", "label"))
    for hour in range(0, 25, size.tick_hours):
        x = plot.x(60 * hour)
        parts.append(line(x, size.bottom, x, size.bottom + 5, "grid"))
        anchor = {0: "start", 24: "end"}.get(hour, "middle")
        parts.append(text(x, size.bottom + 21, f"{hour:02d}:00", "label", anchor))
    return parts


def _snap(tick: Fraction) -> Fraction:
    return tick / 10
