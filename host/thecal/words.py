"""Programs in words and clinical units, and two of them side by side.

Doses are shown in micrograms and volumes in millilitres, exact to six digits; what a person reads here is made from
the pump's own integers, not from the file they came from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from thecal.amounts import NG_PER_MCG, Line, dose_mcg, millilitres, plain
from thecal.bolus_words import bolus_lines, bolus_volume_nl, scheduled_lines
from thecal.day_pattern import clock
from thecal_fw.core.modes import MODE_NAMES, OWN_PATTERNS
from thecal_fw.core.program import MINUTES_PER_DAY, Program
from thecal_fw.core.schedule import rate_at

if TYPE_CHECKING:
    from thecal_fw.core.modes import Steps

WEEKDAY_WORDS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True)
class Row:
    """One line of a comparison. ``changed`` says whether the two differ."""

    label: str
    running: str
    new: str

    @property
    def changed(self) -> bool:
        return self.running != self.new


def describe(program: Program | None, pattern_names: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Return (label, text) for everything a program says; ``None`` is a pump without a program."""
    lines = _what(program) + _steady_dose(program)
    for index, pattern in enumerate(_patterns(program)):
        name = f'"{pattern_names[index]}", ' if index < len(pattern_names) else ""
        (head, *spans) = _pattern(program, index, [start for start, _ in pattern])
        lines += [head._replace(full=name + head.full), *spans]
    return [(line.label, line.full) for line in lines + bolus_lines(program) + _bounds(program)]


def comparison(running: Program | None, new: Program | None) -> list[Row]:
    """Return both programs line by line; what only one of them has is empty in the other.

    Days are cut at the steps of both, so that every line compares two doses over the same time of day.
    """
    rows = _matched(_what(running), _what(new))
    rows += _matched(_steady_dose(running), _steady_dose(new))
    for index in range(max(len(_patterns(running)), len(_patterns(new)))):
        both = [*_patterns(running)[index : index + 1], *_patterns(new)[index : index + 1]]
        starts = sorted({start for pattern in both for start, _ in pattern})
        rows += _matched(_pattern(running, index, starts), _pattern(new, index, starts))
    rows += _matched(bolus_lines(running), bolus_lines(new)) + _matched(_bounds(running), _bounds(new))
    # What every program of one bench has in common is shown only where two programs differ in it.
    return rows + [row for row in _matched(_made_for(running), _made_for(new)) if row.running and row.changed]


def _matched(running: list[Line], new: list[Line]) -> list[Row]:
    """Return rows of both by their labels, in the order of the longer list."""
    before, after = {line.label: line for line in running}, {line.label: line for line in new}
    labels = dict.fromkeys([*before, *after] if len(before) > len(after) else [*after, *before])
    rows: list[Row] = []
    for label in labels:
        old, young = before.get(label, Line(label, "", "")), after.get(label, Line(label, "", ""))
        # In brief wherever that shows the difference; what differs must never look the same.
        if old.brief == young.brief:
            rows.append(
                Row(label, old.full, young.full) if old != young else Row(label, old.brief, young.brief)
            )
        else:
            rows.append(Row(label, old.brief, young.brief))
    return rows


def _what(program: Program | None) -> list[Line]:
    if program is None:
        return [Line("mode", "no program", "no program")]
    rows = [("mode", MODE_NAMES[program.mode])]
    if program.delivers():
        # A nanogram is a thousandth of a microgram, so six digits hold every concentration but the highest.
        concentration = Fraction(program.concentration_ng_per_ml, NG_PER_MCG)
        if program.patient:
            rows.append(("patient", program.patient))
        rows += [("drug", program.drug), ("concentration", f"{float(concentration):.10g} mcg/mL")]
    return [Line(label, text, text) for label, text in rows]


def _bounds(program: Program | None) -> list[Line]:
    """Return the reservoir and limits."""
    if program is None or not program.delivers():
        return []
    days = days_to_alarm(program)
    lasts = f"{float(days):.1f} days" if days else "no end"
    reservoir, low = f"{millilitres(program.reservoir_nl)} mL", f"{millilitres(program.low_reservoir_nl)} mL"
    return [
        Line("reservoir", reservoir, reservoir),
        Line("low-reservoir alarm", low, low),
        Line("full to low alarm", lasts, lasts),
        *_assumptions(program),
        _limit("limit in any hour", program, program.most_nl_per_hour),
        _limit("limit in any 24 h", program, program.most_nl_per_day),
    ]


def _assumptions(program: Program) -> list[Line]:
    """Return the assumptions of dates, primes and bridges, and which library the program was checked against."""
    accuracy = f"{plain(Fraction(program.accuracy_permille, 10))} %"
    lines = [Line("accuracy assumed", accuracy, accuracy)]
    if program.stability_days:
        stable = f"{program.stability_days} day{'' if program.stability_days == 1 else 's'} from the refill"
        lines.append(Line("drug is stable for", stable, stable))
    if program.catheter_nl:
        catheter = f"{millilitres(program.catheter_nl)} mL"
        lines.append(Line("catheter holds", catheter, catheter))
    if any(program.library_digest):
        digest = program.library_digest.hex()
        lines.append(Line("drug library", digest, digest))
    return lines


def _made_for(program: Program | None) -> list[Line]:
    """Return the constants of the pump that the program goes with."""
    if program is None or not program.delivers():
        return []
    calibration, dead_volume = str(program.calibration_id), str(program.dead_volume_id)
    return [
        Line("made for calibration", calibration, calibration),
        Line("made for dead volume", dead_volume, dead_volume),
    ]


def _limit(label: str, program: Program, most_nl: int) -> Line:
    dose = f"{plain(dose_mcg(most_nl, program.concentration_ng_per_ml))} mcg"
    return Line(label, dose, f"{dose} ({millilitres(most_nl)} mL)")


def _steady_dose(program: Program | None) -> list[Line]:
    if program is None or not program.delivers() or program.has(OWN_PATTERNS):
        return []
    return [_rate("dose", program, rate_at(program, 0, 0))]


def _pattern(program: Program | None, index: int, starts: list[int]) -> list[Line]:
    """Return one pattern of a program, its day cut at these minutes; nothing if it has no such pattern."""
    if program is None or index >= len(_patterns(program)):
        return []
    pattern = program.patterns[index]
    total = dose_mcg(volume_of_day_nl(program, index), program.concentration_ng_per_ml)
    days = weekdays_text(program, index)
    lines = [Line(f"pattern {index + 1}, 24 h", f"{days}: {plain(total)} mcg", f"{days}: {plain(total)} mcg")]
    for begin, end in _spans(starts):
        lines.append(_rate(f"  {clock(begin)} to {clock(end)}", program, _rate_at(pattern, begin)))
    return lines + scheduled_lines(program, index)


def _patterns(program: Program | None) -> list[list[tuple[int, int]]]:
    return program.patterns if program is not None and program.has(OWN_PATTERNS) else []


def _spans(starts: list[int]) -> list[tuple[int, int]]:
    """Return beginnings and ends of the parts of a day that begin at these minutes."""
    return list(zip(starts, [*starts[1:], MINUTES_PER_DAY], strict=True))


def _rate_at(pattern: list[tuple[int, int]], minute: int) -> int:
    return [rate for start, rate in pattern if start <= minute][-1]


def _rate(label: str, program: Program, rate_nl_per_day: int) -> Line:
    """Return a rate as a dose, in full with its volume."""
    dose = f"{plain(dose_mcg(rate_nl_per_day, program.concentration_ng_per_ml))} mcg/day"
    return Line(label, dose, f"{dose} ({millilitres(rate_nl_per_day)} mL/day)")


def weekdays_text(program: Program, index: int) -> str:
    """Return weekdays of a pattern, three and more in a row as a range."""
    runs: list[list[int]] = []
    for day in range(7):
        if program.pattern_of_weekdays()[day] != index:
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


def volume_per_day_nl(steps: Steps) -> Fraction:
    """Return the volume that one day of a pattern gives."""
    spans, rates = _spans([start for start, _ in steps]), [rate for _, rate in steps]
    total = sum((end - begin) * rate for (begin, end), rate in zip(spans, rates, strict=True))
    return Fraction(total, MINUTES_PER_DAY)


def volume_of_day_nl(program: Program, index: int) -> Fraction:
    """Return the volume that one day of a program's pattern gives, boluses by the clock and by the interval
    among it."""
    volumes = [bolus_volume_nl(rate, minutes) for _, rate, minutes in program.day_boluses()[index]]
    periodic = program.periodic_bolus
    if periodic is not None:
        volumes.append(Fraction(periodic.rate_nl_per_day * periodic.minutes, periodic.interval_minutes))
    return volume_per_day_nl(program.day_patterns()[index]) + sum(volumes, Fraction(0))


def days_to_alarm(program: Program) -> Fraction | None:
    """Return days from a full reservoir to the low-reservoir alarm at the mean of the week; None if nothing flows.

    Every bolus that a patient may ask for is counted.
    """
    week = [volume_of_day_nl(program, index) for index in program.pattern_of_weekdays()]
    per_day = sum(week, Fraction(0)) / len(week)
    patient = program.patient_bolus
    if patient is not None:
        per_day += patient.most_per_day * bolus_volume_nl(patient.rate_nl_per_day, patient.minutes)
    return (program.reservoir_nl - program.low_reservoir_nl) / per_day if per_day else None
