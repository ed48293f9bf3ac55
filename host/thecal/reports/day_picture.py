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
from thecal.reports.svg import drawing, line, path, polyline, round_tick, text
from thecal_fw.core.program import MINUTES_PER_DAY, Program

WIDTH, HEIGHT = 720, 250
LEFT, RIGHT, TOP, BOTTOM = 58, 700, 44, 212
_BLUE, _RED, _GREY = "#1f5a94", "#a33a2a", "#c9d0d6"
_WIDTH_OF_LETTER = 7
_TEXT = {"font_family": "Liberation Sans, Arial, sans-serif", "font_size": "12", "fill": "#333"}
_MARKED = {**_TEXT, "fill": _RED}


def day_picture(program: Program, weekday: int) -> Element:
    """Return the day of a weekday, 0 for Monday."""
    steps = basal_steps(program, weekday)
    boluses = boluses_of_day(program, weekday)
    highest = max([dose for _, _, dose in steps], default=Fraction(0))
    tick = round_tick(highest)
    top = tick * max(1, -(-highest // tick))
    parts = _frame(top, tick)
    corners = [(_x(minute), _y(dose, top)) for begin, end, dose in steps for minute in (begin, end)]
    area = [(LEFT, BOTTOM), *corners, (RIGHT, BOTTOM)]
    parts.append(polyline(area, closed=True, fill=_BLUE, fill_opacity="0.15"))
    parts.append(polyline(corners, fill="none", stroke=_BLUE, stroke_width="2.5"))
    parts += [mark for minute, _ in boluses for mark in _bolus(minute)] + _bolus_labels(boluses)
    return drawing(WIDTH, HEIGHT, describe_day(program, weekday), parts)


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
    parts: list[Element] = [text(LEFT, TOP - 34, "mcg/day", **_TEXT)]
    value = Fraction(0)
    while value <= top:
        y = _y(value, top)
        parts.append(line(LEFT, y, RIGHT, y, stroke=_GREY))
        parts.append(text(LEFT - 8, y + 4, plain(value), anchor="end", **_TEXT))
        value += tick
    for hour in range(0, 25, 3):
        x = _x(60 * hour)
        parts.append(line(x, BOTTOM, x, BOTTOM + 5, stroke=_GREY))
        anchor = "middle" if hour < 24 else "end"
        parts.append(text(x, BOTTOM + 20, f"{hour:02d}:00", anchor=anchor, **_TEXT))
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
        words, x = f"{plain(dose, 3)} mcg", _x(minute)
        width = _WIDTH_OF_LETTER * len(words) + 8
        is_near_edge = x + width > RIGHT
        left = x - width if is_near_edge else x
        # A row of equal doses is told by its first one.
        rows = [] if any(left - 5 < mark < left + width + 5 for mark in marks if mark != x) else [0]
        rows += [] if words == before else [1]
        row = next((row for row in rows if left >= free_from[row]), None)
        before = words
        if row is None:
            continue
        free_from[row] = left + width
        y = TOP - 8 - 14 * row
        labels.append(
            text(x - 8, y, words, anchor="end", **_MARKED)
            if is_near_edge
            else text(x + 8, y, words, **_MARKED)
        )
    return labels


def _bolus(minute: int) -> list[Element]:
    x = _x(minute)
    stem = line(x, BOTTOM, x, TOP - 8, stroke=_RED, stroke_width="1.5", stroke_dasharray="5 3")
    return [stem, path(f"M {x - 5:.1f} {TOP - 16} h 10 l -5 9 z", fill=_RED)]


def _x(minute: int) -> float:
    return LEFT + (RIGHT - LEFT) * minute / MINUTES_PER_DAY


def _y(dose: Fraction, top: Fraction) -> float:
    return BOTTOM - (BOTTOM - TOP) * float(dose / top)


def _dose(program: Program, rate_nl_per_day: int, minutes: int) -> Fraction:
    return dose_mcg(bolus_volume_nl(rate_nl_per_day, minutes), program.concentration_ng_per_ml)
