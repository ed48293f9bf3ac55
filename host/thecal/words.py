"""Programs in words and clinical units, and two of them side by side.

Doses are shown in micrograms and volumes in millilitres, exact to six digits; what a person reads here is made from
the pump's own integers, not from the file they came from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from thecal.day_pattern import clock
from thecal_fw.core.program import (
    MINUTES_PER_DAY,
    MODE_CONTINUOUS,
    MODE_FLEX,
    MODE_MINIMUM_RATE,
    MODE_NAMES,
    MODE_STOPPED,
    Program,
)
from thecal_fw.core.validation import BENCH_LIMITS

WEEKDAY_WORDS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
NL_PER_ML = 1_000_000
NG_PER_MCG = 1_000


@dataclass(frozen=True)
class Row:
    """One line of a comparison. ``changed`` says whether the two differ."""

    label: str
    running: str
    new: str

    @property
    def changed(self) -> bool:
        return self.running != self.new


def plain(number: Fraction | int) -> str:
    """A number as people write it, to six significant digits."""
    return f"{float(number):.6g}"


def dose_mcg(volume_nl: Fraction | int, concentration_ng_per_ml: int) -> Fraction:
    """Drug in a volume."""
    return Fraction(volume_nl) * concentration_ng_per_ml / (NL_PER_ML * NG_PER_MCG)


def describe(program: Program | None, pattern_names: Sequence[str] = ()) -> list[tuple[str, str]]:
    """(label, text) for everything a program says; ``None`` is a pump without a program."""
    return [*_what(program), *_doses(program, pattern_names), *_bounds(program)]


def compare(running: Program | None, new: Program | None) -> list[Row]:
    """Both programs line by line; what only one of them has is empty in the other.

    Days are cut at the steps of both, so that every line compares two doses over the same time of day.
    """
    rows = _matched(_what(running), _what(new))
    rows += _matched(_doses_without_patterns(running), _doses_without_patterns(new))
    for index in range(max(len(_patterns(running)), len(_patterns(new)))):
        rows += _compared_pattern(index, running, new)
    return rows + _matched(_bounds(running), _bounds(new))


def _matched(running: list[tuple[str, str]], new: list[tuple[str, str]]) -> list[Row]:
    """Rows of both by their labels, in the order of the longer list."""
    before, after = dict(running), dict(new)
    labels = dict.fromkeys([*before, *after] if len(before) > len(after) else [*after, *before])
    return [Row(label, before.get(label, ""), after.get(label, "")) for label in labels]


def _what(program: Program | None) -> list[tuple[str, str]]:
    if program is None:
        return [("mode", "no program")]
    rows = [("mode", MODE_NAMES[program.mode])]
    if program.mode != MODE_STOPPED:
        concentration = plain(Fraction(program.concentration_ng_per_ml, NG_PER_MCG))
        rows += [("drug", program.drug), ("concentration", f"{concentration} mcg/mL")]
    return rows


def _bounds(program: Program | None) -> list[tuple[str, str]]:
    """Reservoir and limits."""
    if program is None or program.mode == MODE_STOPPED:
        return []
    concentration = program.concentration_ng_per_ml
    days = days_to_alarm(program)
    return [
        ("reservoir", f"{plain(Fraction(program.reservoir_nl, NL_PER_ML))} mL"),
        ("low-reservoir alarm at", f"{plain(Fraction(program.low_reservoir_nl, NL_PER_ML))} mL"),
        ("full to low alarm", f"{float(days):.1f} days" if days else "no end"),
        ("limit in any hour", f"{plain(dose_mcg(program.most_nl_per_hour, concentration))} mcg"),
        ("limit in any 24 h", f"{plain(dose_mcg(program.most_nl_per_day, concentration))} mcg"),
    ]


def _doses(program: Program | None, pattern_names: Sequence[str]) -> list[tuple[str, str]]:
    rows = _doses_without_patterns(program)
    for index, pattern in enumerate(_patterns(program)):
        assert program
        name = f'"{pattern_names[index]}", ' if index < len(pattern_names) else ""
        rows.append((f"pattern {index + 1}", name + _pattern_text(program, index)))
        for begin, end in _spans([start for start, _ in pattern]):
            rows.append((_span_label(begin, end), rate_text(program, _rate_at(pattern, begin))))
    return rows


def _doses_without_patterns(program: Program | None) -> list[tuple[str, str]]:
    if program is None or program.mode not in (MODE_CONTINUOUS, MODE_MINIMUM_RATE):
        return []
    return [("dose", rate_text(program, _steady_rate(program)))]


def _steady_rate(program: Program) -> int:
    is_minimum = program.mode == MODE_MINIMUM_RATE
    return BENCH_LIMITS.minimum_rate_nl_per_day if is_minimum else program.rate_nl_per_day


def _compared_pattern(index: int, running: Program | None, new: Program | None) -> list[Row]:
    """One pattern of two programs, cut into the times of day at which either of them changes."""
    sides = [
        (program, _patterns(program)[index])
        for program in (running, new)
        if program and index < len(_patterns(program))
    ]
    starts = sorted({start for _, pattern in sides for start, _ in pattern})

    def cell(program: Program | None, begin: int | None) -> str:
        if program is None or index >= len(_patterns(program)):
            return ""
        if begin is None:
            return _pattern_text(program, index)
        return rate_text(program, _rate_at(_patterns(program)[index], begin))

    rows = [Row(f"pattern {index + 1}", cell(running, None), cell(new, None))]
    for begin, end in _spans(starts):
        rows.append(Row(_span_label(begin, end), cell(running, begin), cell(new, begin)))
    return rows


def _patterns(program: Program | None) -> list[list[tuple[int, int]]]:
    return program.patterns if program is not None and program.mode == MODE_FLEX else []


def _spans(starts: list[int]) -> list[tuple[int, int]]:
    """Beginnings and ends of the parts of a day that begin at these minutes."""
    return list(zip(starts, [*starts[1:], MINUTES_PER_DAY], strict=True))


def _span_label(begin: int, end: int) -> str:
    return f"  {clock(begin)} to {clock(end)}"


def _rate_at(pattern: list[tuple[int, int]], minute: int) -> int:
    return [rate for start, rate in pattern if start <= minute][-1]


def _pattern_text(program: Program, index: int) -> str:
    total = dose_mcg(volume_per_day_nl(program.patterns[index]), program.concentration_ng_per_ml)
    return f"{weekdays_text(program, index)}: {plain(total)} mcg in 24 h"


def weekdays_text(program: Program, index: int) -> str:
    """Weekdays of a pattern, three and more in a row as a range."""
    runs: list[list[int]] = []
    for day in range(7):
        if program.weekdays[day] != index:
            continue
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    parts: list[str] = []
    for run in runs:
        names = [WEEKDAY_WORDS[day] for day in run]
        parts += [f"{names[0]} to {names[-1]}"] if len(run) > 2 else names
    return ", ".join(parts) or "on no day"


def rate_text(program: Program, rate_nl_per_day: int) -> str:
    """A rate as a dose, with its volume."""
    dose = dose_mcg(rate_nl_per_day, program.concentration_ng_per_ml)
    return f"{plain(dose)} mcg/day ({plain(Fraction(rate_nl_per_day, NL_PER_ML))} mL/day)"


def volume_per_day_nl(pattern: list[tuple[int, int]]) -> Fraction:
    """Volume that one day of a pattern gives."""
    spans = _spans([start for start, _ in pattern])
    total = sum((end - begin) * _rate_at(pattern, begin) for begin, end in spans)
    return Fraction(total, MINUTES_PER_DAY)


def days_to_alarm(program: Program) -> Fraction | None:
    """Days from a full reservoir to the low-reservoir alarm at the mean of the week; None if nothing flows."""
    if program.mode == MODE_STOPPED:
        return None
    if program.mode == MODE_FLEX:
        week = [volume_per_day_nl(program.patterns[index]) for index in program.weekdays]
        per_day = sum(week, Fraction(0)) / len(week)
    else:
        per_day = Fraction(_steady_rate(program))
    return (program.reservoir_nl - program.low_reservoir_nl) / per_day if per_day else None
