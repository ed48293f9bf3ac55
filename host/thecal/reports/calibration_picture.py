"""The runs of a calibration as a picture: nanolitres a turn against the rate, and in the order in which they were made.

Made to be read in black and white too: forward runs are filled, backward ones hollow. The band is the interval of 95 %
of the constant; the line is how the volume goes with the rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10
from xml.etree.ElementTree import Element

from thecal.calibration.estimate import Estimate
from thecal.calibration.runs import FORWARD
from thecal.reports.page import element

WIDTH, HEIGHT = 720, 270
_TOP, _BOTTOM = 40, 222
_PANELS = ((70, 350), (410, 690))
_BLUE, _GREY, _BAND = "#1f5a94", "#c9d0d6", "#dbe6f0"
_TEXT = {"font_family": "Liberation Sans, Arial, sans-serif", "font_size": "12", "fill": "#333"}


@dataclass(frozen=True)
class _Axis:
    least: float
    most: float
    start: float
    end: float

    def px(self, value: float) -> str:
        share = (value - self.least) / ((self.most - self.least) or 1.0)
        return f"{self.start + share * (self.end - self.start):.1f}"


def calibration_picture(found: Estimate) -> Element:
    each = found.each_nl()
    turned = [run for run in found.runs if not run.is_blank]
    low = min(*each, found.nl_per_turn - found.expanded_nl)
    high = max(*each, found.nl_per_turn + found.expanded_nl)
    room = 0.08 * (high - low or 1.0)
    heights = _Axis(low - room, high + room, _BOTTOM, _TOP)
    slowest, fastest = found.rates
    spare = 0.05 * (fastest - slowest or fastest)
    rates = _Axis(slowest - spare, fastest + spare, *_PANELS[0])
    order = _Axis(0.0, len(turned) + 1.0, *_PANELS[1])
    parts = [element("title", description(found))]
    for axis, title in (
        (rates, "nL a turn, against turns a minute"),
        (order, "put to the reference rate, in the order of the runs"),
    ):
        parts += _panel(axis, heights, found, title)
    ends = [(rates.px(rate), heights.px(found.at_rate_nl(rate))) for rate in found.rates]
    points = " ".join(f"{x},{y}" for x, y in ends)
    parts.append(element("polyline", points=points, fill="none", stroke=_BLUE, stroke_width="1.5"))
    for at, (run, value) in enumerate(zip(turned, each, strict=True), 1):
        at_reference = value * found.nl_per_turn / found.at_rate_nl(run.turns_per_min)
        for x, shown in ((rates.px(run.turns_per_min), value), (order.px(at), at_reference)):
            parts.append(_mark(x, heights.px(shown), run.direction == FORWARD))
    for rate in sorted({round(run.turns_per_min, 9) for run in turned})[:8]:
        parts.append(_words(rates.px(rate), _BOTTOM + 18, f"{rate:.3g}", "middle"))
    for at in _every(len(turned)):
        parts.append(_words(order.px(at), _BOTTOM + 18, str(at), "middle"))
    return element(
        "svg",
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        aria_label=description(found),
    )


def description(found: Estimate) -> str:
    """Return the picture in words, for those who can't see it."""
    slow, fast = found.rates
    count = sum(1 for run in found.runs if not run.is_blank)
    return (
        f"{count} runs from {slow:.3g} to {fast:.3g} turns a minute, {min(found.each_nl()):.6g} to"
        f" {max(found.each_nl()):.6g} nL a turn; {found.nl_per_turn:.6g} nL a turn, give or take"
        f" {found.expanded_nl:.2g}"
    )


def _panel(across: _Axis, heights: _Axis, found: Estimate, title: str) -> list[Element]:
    left, right = f"{across.start:.0f}", f"{across.end:.0f}"
    top = heights.px(found.nl_per_turn + found.expanded_nl)
    thick = float(heights.px(found.nl_per_turn - found.expanded_nl)) - float(top)
    middle = heights.px(found.nl_per_turn)
    parts = [
        element(
            "rect", x=left, y=top, width=f"{across.end - across.start:.0f}", height=f"{thick:.1f}", fill=_BAND
        ),
        element("line", x1=left, x2=right, y1=middle, y2=middle, stroke=_BLUE, stroke_dasharray="4 3"),
        element("line", x1=left, x2=right, y1=str(_BOTTOM), y2=str(_BOTTOM), stroke="#666"),
        _words(left, _TOP - 16, title, "start"),
    ]
    for value in _ticks(heights.least, heights.most):
        y = heights.px(value)
        parts.append(element("line", x1=left, x2=right, y1=y, y2=y, stroke=_GREY, stroke_width="0.5"))
        parts.append(_words(f"{across.start - 6:.0f}", float(y) + 4, f"{value:.8g}", "end"))
    return parts


def _ticks(least: float, most: float) -> list[float]:
    """Round numbers, three to eight."""
    rough = (most - least) / 4
    power = 10.0 ** floor(log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    first = int(least // step) + 1
    return [round(step * number, 12) for number in range(first, int(most // step) + 1)]


def _every(count: int) -> Sequence[int]:
    return range(1, count + 1, max(1, count // 8))


def _mark(x: str, y: str, is_filled: bool) -> Element:
    return element("circle", cx=x, cy=y, r="3.2", fill=_BLUE if is_filled else "#fff", stroke=_BLUE)


def _words(x: str, y: float, text: str, anchor: str) -> Element:
    return element("text", text, x=x, y=f"{y:.1f}", text_anchor=anchor, **_TEXT)
