"""The day of a program as a picture: the basal dose as steps over 24 hours, each bolus by the clock as a mark.

An SVG tree with its own text description, made to be read in black and white too. What is drawn comes from the
program's own integers; the vertical axis begins at zero, so that a step looks as large as it is.
"""

from __future__ import annotations

from fractions import Fraction
from xml.etree.ElementTree import Element

from thecal.amounts import dose_mcg, plain
from thecal.bolus_words import bolus_volume_nl
from thecal.day_pattern import clock
from thecal.reports.page import element
from thecal_fw.core.program import MINUTES_PER_DAY, Program

WIDTH, HEIGHT = 720, 250
LEFT, RIGHT, TOP, BOTTOM = 58, 700, 44, 212
_BLUE, _RED, _GREY = "#1f5a94", "#a33a2a", "#c9d0d6"
_WIDTH_OF_LETTER = 7
_TEXT = {"font_family": "Liberation Sans, Arial, sans-serif", "font_size": "12", "fill": "#333"}


def day_picture(program: Program, weekday: int) -> Element:
    """Return the day of a weekday, 0 for Monday."""
    steps = basal_steps(program, weekday)
    boluses = boluses_of_day(program, weekday)
    highest = max([dose for _, _, dose in steps], default=Fraction(0))
    tick = _tick(highest)
    top = tick * max(1, -(-highest // tick))
    parts = [element("title", describe_day(program, weekday)), *_frame(top, tick)]
    corners: list[str] = []
    for begin, end, dose in steps:
        corners += [f"{_x(begin):.1f},{_y(dose, top):.1f}", f"{_x(end):.1f},{_y(dose, top):.1f}"]
    area = [f"{LEFT},{BOTTOM}", *corners, f"{RIGHT},{BOTTOM}"]
    parts.append(element("polygon", points=" ".join(area), fill=_BLUE, fill_opacity="0.15"))
    parts.append(element("polyline", points=" ".join(corners), fill="none", stroke=_BLUE, stroke_width="2.5"))
    parts += [mark for minute, _ in boluses for mark in _bolus(minute)] + _bolus_labels(boluses)
    return element(
        "svg",
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        aria_label=describe_day(program, weekday),
    )


def basal_steps(program: Program, weekday: int) -> list[tuple[int, int, Fraction]]:
    """Return (first minute, minute it ends, mcg/day) over the whole day."""
    steps = [(start, rate) for start, rate in program.steps_on(weekday)]
    ends = [*[start for start, _ in steps[1:]], MINUTES_PER_DAY]
    return [
        (start, end, dose_mcg(rate, program.concentration_ng_per_ml))
        for (start, rate), end in zip(steps, ends, strict=True)
    ]


def boluses_of_day(program: Program, weekday: int) -> list[tuple[int, Fraction]]:
    """Return (minute, mcg) of each bolus by the clock. Periodic ones keep their times only if their interval divides
    a day; where it does not they are left to the words beside the picture."""
    found: list[tuple[int, Fraction]] = []
    for start, rate, minutes in program.boluses_on(weekday):
        found.append((start, _dose(program, rate, minutes)))
    periodic = program.periodic_bolus
    if periodic is not None and MINUTES_PER_DAY % periodic.interval_minutes == 0:
        first = periodic.first_minute % periodic.interval_minutes
        dose = _dose(program, periodic.rate_nl_per_day, periodic.minutes)
        found += [(minute, dose) for minute in range(first, MINUTES_PER_DAY, periodic.interval_minutes)]
    return sorted(found)


def describe_day(program: Program, weekday: int) -> str:
    """Return the picture in words, for those who can't see it."""
    parts = [
        f"{clock(begin)} to {clock(end)} {plain(dose)} mcg/day"
        for begin, end, dose in basal_steps(program, weekday)
    ]
    parts += [
        f"bolus at {clock(minute)} {plain(dose)} mcg" for minute, dose in boluses_of_day(program, weekday)
    ]
    return "Dose over 24 hours: " + ", ".join(parts)


def _frame(top: Fraction, tick: Fraction) -> list[Element]:
    parts: list[Element] = [_label(LEFT, TOP - 34, "mcg/day", "start")]
    value = Fraction(0)
    while value <= top:
        y = _y(value, top)
        parts.append(_line(LEFT, y, RIGHT, y))
        parts.append(_label(LEFT - 8, y + 4, plain(value), "end"))
        value += tick
    for hour in range(0, 25, 3):
        x = _x(60 * hour)
        parts.append(_line(x, BOTTOM, x, BOTTOM + 5))
        parts.append(_label(x, BOTTOM + 20, f"{hour:02d}:00", "middle" if hour < 24 else "end"))
    return parts


def bolus_words(program: Program, weekday: int) -> str:
    """Return each bolus by the clock in words, those of one dose together; empty if there is none."""
    times: dict[str, list[str]] = {}
    for minute, dose in boluses_of_day(program, weekday):
        times.setdefault(f"{plain(dose)} mcg at", []).append(clock(minute))
    return "; ".join(f"{dose} {', '.join(at)}" for dose, at in times.items())


def _bolus_labels(boluses: list[tuple[int, Fraction]]) -> list[Element]:
    """Return doses beside their marks, or above all marks, where there is room: nothing lies over anything else."""
    labels: list[Element] = []
    marks = [_x(minute) for minute, _ in boluses]
    free_from = [float(LEFT), float(LEFT)]
    before = ""
    for minute, dose in boluses:
        text, x = f"{plain(dose, 3)} mcg", _x(minute)
        width = _WIDTH_OF_LETTER * len(text) + 8
        is_near_edge = x + width > RIGHT
        left = x - width if is_near_edge else x
        # A row of equal doses is told by its first one.
        rows = [] if any(left - 5 < mark < left + width + 5 for mark in marks if mark != x) else [0]
        rows += [] if text == before else [1]
        row = next((row for row in rows if left >= free_from[row]), None)
        before = text
        if row is None:
            continue
        free_from[row] = left + width
        y = TOP - 8 - 14 * row
        label = _label(x - 8, y, text, "end") if is_near_edge else _label(x + 8, y, text, "start")
        label.set("fill", _RED)
        labels.append(label)
    return labels


def _bolus(minute: int) -> list[Element]:
    x = _x(minute)
    stem = element(
        "line",
        x1=f"{x:.1f}",
        x2=f"{x:.1f}",
        y1=str(BOTTOM),
        y2=str(TOP - 8),
        stroke=_RED,
        stroke_width="1.5",
        stroke_dasharray="5 3",
    )
    head = element("path", d=f"M {x - 5:.1f} {TOP - 16} h 10 l -5 9 z", fill=_RED)
    return [stem, head]


def _line(x1: float, y1: float, x2: float, y2: float) -> Element:
    at = {"x1": x1, "y1": y1, "x2": x2, "y2": y2}
    return element("line", **{name: f"{value:.1f}" for name, value in at.items()}, stroke=_GREY)


def _label(x: float, y: float, text: str, anchor: str) -> Element:
    return element("text", text, x=f"{x:.1f}", y=f"{y:.1f}", text_anchor=anchor, **_TEXT)


def _x(minute: int) -> float:
    return LEFT + (RIGHT - LEFT) * minute / MINUTES_PER_DAY


def _y(dose: Fraction, top: Fraction) -> float:
    return BOTTOM - (BOTTOM - TOP) * float(dose / top)


def _tick(highest: Fraction) -> Fraction:
    """Return a round distance that divides the axis into at most five parts."""
    tick = Fraction(1, 1_000)
    while True:
        for factor in (1, 2, 5):
            if highest <= 5 * tick * factor:
                return tick * factor
        tick *= 10


def _dose(program: Program, rate_nl_per_day: int, minutes: int) -> Fraction:
    return dose_mcg(bolus_volume_nl(rate_nl_per_day, minutes), program.concentration_ng_per_ml)
