"""The runs of a calibration as a picture: nanolitres a turn against the rate, and in the order in which they were made.

Made to be read in black and white too: forward runs are filled, backward ones hollow. The band is the interval of 95 %
of the constant; the line is how the volume goes with the rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from thecal.calibration.estimate import Estimate
from thecal.calibration.runs import FORWARD
from thecal.reports.svg import Scale, circle, drawing, line, polyline, rect, text, ticks

WIDTH, HEIGHT = 720, 270
_TOP, _BOTTOM = 40, 222
_PANELS = ((70, 350), (410, 690))
_BLUE, _GREY, _BAND = "#1f5a94", "#c9d0d6", "#dbe6f0"
_TEXT = {"font_family": "Liberation Sans, Arial, sans-serif", "font_size": "12", "fill": "#333"}


def calibration_picture(found: Estimate) -> Element:
    each = found.each_nl()
    turned = [run for run in found.runs if not run.is_blank]
    low = min(*each, found.nl_per_turn - found.expanded_nl)
    high = max(*each, found.nl_per_turn + found.expanded_nl)
    room = 0.08 * (high - low or 1.0)
    heights = Scale(low - room, high + room, _BOTTOM, _TOP)
    slowest, fastest = found.rates
    spare = 0.05 * (fastest - slowest or fastest)
    rates = Scale(slowest - spare, fastest + spare, *_PANELS[0])
    order = Scale(0.0, len(turned) + 1.0, *_PANELS[1])
    parts: list[Element] = []
    for axis, title in (
        (rates, "nL a turn, against turns a minute"),
        (order, "put to the reference rate, in the order of the runs"),
    ):
        parts += _panel(axis, heights, found, title)
    ends = [(rates.px(rate), heights.px(found.at_rate_nl(rate))) for rate in found.rates]
    parts.append(polyline(ends, fill="none", stroke=_BLUE, stroke_width="1.5"))
    for at, (run, value) in enumerate(zip(turned, each, strict=True), 1):
        at_reference = value * found.nl_per_turn / found.at_rate_nl(run.turns_per_min)
        for x, shown in ((rates.px(run.turns_per_min), value), (order.px(at), at_reference)):
            fill = _BLUE if run.direction == FORWARD else "#fff"
            parts.append(circle(x, heights.px(shown), 3.2, fill=fill, stroke=_BLUE))
    for rate in sorted({round(run.turns_per_min, 9) for run in turned})[:8]:
        parts.append(text(rates.px(rate), _BOTTOM + 18, f"{rate:.3g}", anchor="middle", **_TEXT))
    for at in _every(len(turned)):
        parts.append(text(order.px(at), _BOTTOM + 18, str(at), anchor="middle", **_TEXT))
    return drawing(WIDTH, HEIGHT, description(found), parts)


def description(found: Estimate) -> str:
    """Return the picture in words, for those who can't see it."""
    slow, fast = found.rates
    count = sum(1 for run in found.runs if not run.is_blank)
    return (
        f"{count} runs from {slow:.3g} to {fast:.3g} turns a minute, {min(found.each_nl()):.6g} to"
        f" {max(found.each_nl()):.6g} nL a turn; {found.nl_per_turn:.6g} nL a turn, give or take"
        f" {found.expanded_nl:.2g}"
    )


def _panel(across: Scale, heights: Scale, found: Estimate, title: str) -> list[Element]:
    left, right = across.start_px, across.end_px
    top, bottom = (heights.px(found.nl_per_turn + side * found.expanded_nl) for side in (1, -1))
    middle = heights.px(found.nl_per_turn)
    parts = [
        rect(left, top, right - left, bottom - top, fill=_BAND),
        line(left, middle, right, middle, stroke=_BLUE, stroke_dasharray="4 3"),
        line(left, _BOTTOM, right, _BOTTOM, stroke="#666"),
        text(left, _TOP - 16, title, **_TEXT),
    ]
    for value in ticks(heights.least, heights.most, 4):
        y = heights.px(value)
        parts.append(line(left, y, right, y, stroke=_GREY, stroke_width="0.5"))
        parts.append(text(left - 6, y + 4, f"{value:.8g}", anchor="end", **_TEXT))
    return parts


def _every(count: int) -> Sequence[int]:
    return range(1, count + 1, max(1, count // 8))
