"""Boluses of a program in words: when, how much, over how long, how often.

A person who reads "every 6 hours, 12.5 mcg over 5 minutes, 4 times a day" sees at once that an interval of minutes was
meant to be one of hours.
"""

from __future__ import annotations

from fractions import Fraction

from thecal.amounts import Line, dose_mcg, millilitres, plain
from thecal.day_pattern import clock
from thecal_fw.core.program import MINUTES_PER_DAY, Program


def bolus_volume_nl(rate_nl_per_day: int, minutes: int) -> Fraction:
    return Fraction(rate_nl_per_day * minutes, MINUTES_PER_DAY)


def span(seconds: int) -> str:
    """Return a time to the second in words."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "hour"), (minutes, "minute"), (rest, "second"))
    return (
        " ".join(f"{count} {unit}{'' if count == 1 else 's'}" for count, unit in parts if count) or "no time"
    )


def duration(minutes: int | Fraction) -> str:
    """Return a time in words, in hours where it is whole ones."""
    if minutes >= 60 and minutes % 60 == 0:
        hours = minutes // 60
        return f"{hours} hour{'' if hours == 1 else 's'}"
    return f"{plain(minutes)} minute{'' if minutes == 1 else 's'}"


def amount(program: Program, rate_nl_per_day: int, minutes: int) -> str:
    """Return how much over how long."""
    volume_nl = bolus_volume_nl(rate_nl_per_day, minutes)
    return f"{plain(dose_mcg(volume_nl, program.concentration_ng_per_ml))} mcg over {duration(minutes)}"


def times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def scheduled_lines(program: Program, index: int) -> list[Line]:
    """Return the boluses of one day pattern."""
    lines: list[Line] = []
    for start, rate_nl_per_day, minutes in program.boluses[index]:
        brief = amount(program, rate_nl_per_day, minutes)
        full = f"{brief} ({exactly(rate_nl_per_day, minutes)})"
        lines.append(Line(f"  bolus at {clock(start)}", brief, full))
    return lines


def exactly(rate_nl_per_day: int, minutes: int) -> str:
    """Return a bolus in volume and rate; no two rates read the same."""
    volume = millilitres(round(bolus_volume_nl(rate_nl_per_day, minutes)))
    return f"{volume} mL, at {millilitres(rate_nl_per_day)} mL/day"


def bolus_lines(program: Program | None) -> list[Line]:
    """Return the periodic boluses, what a patient may ask for, and the limit of a single one."""
    if program is None or not program.delivers():
        return []
    lines: list[Line] = []
    periodic, patient, bridge = program.periodic_bolus, program.patient_bolus, program.bridge
    if periodic is not None:
        a_day = MINUTES_PER_DAY // periodic.interval_minutes
        first = clock(periodic.first_minute % MINUTES_PER_DAY)
        what = amount(program, periodic.rate_nl_per_day, periodic.minutes)
        text = f"every {duration(periodic.interval_minutes)}, {what}, {times(a_day)} a day, first at {first}"
        full = f"{text} (each {exactly(periodic.rate_nl_per_day, periodic.minutes)})"
        lines.append(Line("periodic bolus", text, full))
    if patient is not None:
        what = amount(program, patient.rate_nl_per_day, patient.minutes)
        text = (
            f"{what}, at most {times(patient.most_per_day)} in 24 hours, no sooner than"
            f" {duration(patient.lockout_minutes)} after the last began"
        )
        full = f"{text} (each {exactly(patient.rate_nl_per_day, patient.minutes)})"
        lines.append(Line("patient bolus", text, full))
    if program.most_nl_per_bolus:
        dose = f"{plain(dose_mcg(program.most_nl_per_bolus, program.concentration_ng_per_ml))} mcg"
        full = f"{dose} ({millilitres(program.most_nl_per_bolus)} mL)"
        lines.append(Line("limit of a bolus", dose, full))
    if bridge is not None:
        text = f"the old drug continues at {millilitres(bridge.rate_nl_per_day)} mL/day for {span(bridge.seconds)}"
        lines.append(Line("bridge", text, text))
    return lines
