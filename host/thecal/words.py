"""Programs in words and clinical units, and two of them side by side.

Doses are shown in micrograms and volumes in millilitres, exact to six digits; what a person reads here is made from
the pump's own integers, not from the file they came from.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from thecal.day_pattern import clock
from thecal.prescription import WEEKDAYS
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


def describe(program: Program | None) -> list[tuple[str, str]]:
    """(label, text) for everything a program says; ``None`` is a pump without a program."""
    if program is None:
        return [("mode", "no program")]
    rows = [("mode", MODE_NAMES[program.mode])]
    if program.mode == MODE_STOPPED:
        return rows
    concentration = program.concentration_ng_per_ml
    rows += [
        ("drug", program.drug),
        ("concentration", f"{plain(Fraction(concentration, NG_PER_MCG))} mcg/mL"),
    ]
    rows += _rates(program)
    rows += [
        ("reservoir", f"{plain(Fraction(program.reservoir_nl, NL_PER_ML))} mL"),
        ("low-reservoir alarm", f"{plain(Fraction(program.low_reservoir_nl, NL_PER_ML))} mL"),
        ("most in any hour", f"{plain(dose_mcg(program.most_nl_per_hour, concentration))} mcg"),
        ("most in any 24 h", f"{plain(dose_mcg(program.most_nl_per_day, concentration))} mcg"),
    ]
    days = days_to_alarm(program)
    if days is not None:
        rows.append(("full to low alarm", f"{plain(round(days, 1))} days"))
    return rows


def _rates(program: Program) -> list[tuple[str, str]]:
    if program.mode == MODE_CONTINUOUS:
        return [("dose", _rate_text(program, program.rate_nl_per_day))]
    if program.mode == MODE_MINIMUM_RATE:
        return [("dose", _rate_text(program, BENCH_LIMITS.minimum_rate_nl_per_day))]
    rows: list[tuple[str, str]] = []
    for index, pattern in enumerate(program.patterns):
        days = ", ".join(WEEKDAYS[day] for day in range(7) if program.weekdays[day] == index) or "no day"
        total = dose_mcg(volume_per_day_nl(pattern), program.concentration_ng_per_ml)
        rows.append((f"pattern {index + 1}", f"{days}: {plain(total)} mcg in 24 h"))
        for at, (start, rate) in enumerate(pattern):
            end = pattern[at + 1][0] if at + 1 < len(pattern) else MINUTES_PER_DAY
            rows.append((f"  {clock(start)} to {clock(end)}", _rate_text(program, rate)))
    return rows


def _rate_text(program: Program, rate_nl_per_day: int) -> str:
    dose = dose_mcg(rate_nl_per_day, program.concentration_ng_per_ml)
    return f"{plain(dose)} mcg/day ({plain(Fraction(rate_nl_per_day, NL_PER_ML))} mL/day)"


def volume_per_day_nl(pattern: list[tuple[int, int]]) -> Fraction:
    """Volume that one day of a pattern gives."""
    total = 0
    for at, (start, rate) in enumerate(pattern):
        end = pattern[at + 1][0] if at + 1 < len(pattern) else MINUTES_PER_DAY
        total += rate * (end - start)
    return Fraction(total, MINUTES_PER_DAY)


def days_to_alarm(program: Program) -> Fraction | None:
    """Days from a full reservoir to the low-reservoir alarm at the program's mean rate."""
    if program.mode == MODE_FLEX:
        volumes = [volume_per_day_nl(program.patterns[index]) for index in program.weekdays]
        per_day = sum(volumes, Fraction(0)) / 7
    elif program.mode == MODE_CONTINUOUS:
        per_day = Fraction(program.rate_nl_per_day)
    elif program.mode == MODE_MINIMUM_RATE:
        per_day = Fraction(BENCH_LIMITS.minimum_rate_nl_per_day)
    else:
        return None
    return (program.reservoir_nl - program.low_reservoir_nl) / per_day if per_day else None


def compare(running: Program | None, new: Program) -> list[Row]:
    """Both programs line by line; a line that only one of them has is empty in the other."""
    before, after = dict(describe(running)), dict(describe(new))
    labels = [*after, *(label for label in before if label not in after)]
    if any(label.startswith("pattern") for label in before) or any(
        label.startswith("pattern") for label in after
    ):
        # Steps of two patterns may share their times, so patterns are told apart by their order.
        return _compare_in_order(describe(running), describe(new))
    return [Row(label, before.get(label, ""), after.get(label, "")) for label in labels]


def _compare_in_order(before: list[tuple[str, str]], after: list[tuple[str, str]]) -> list[Row]:
    """Line by line with steps kept under their pattern."""
    keyed_before, keyed_after = _keyed(before), _keyed(after)
    keys = list(keyed_after)
    for key in keyed_before:
        if key not in keyed_after:
            place = max((keys.index(other) for other in keys if other[0] <= key[0]), default=-1)
            keys.insert(place + 1, key)
    return [Row(key[1], keyed_before.get(key, ""), keyed_after.get(key, "")) for key in keys]


def _keyed(rows: list[tuple[str, str]]) -> dict[tuple[int, str], str]:
    keyed: dict[tuple[int, str], str] = {}
    section = 0
    for label, text in rows:
        if label.startswith("pattern"):
            section = int(label.split()[1])
        elif not label.startswith(" ") and section:
            section = 100
        keyed[(section, label)] = text
    return keyed
