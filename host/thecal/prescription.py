"""Prescriptions: TOML files in clinical units, compiled to the integers of a program.

Every number carries its unit in its name and there is one way to write each. All arithmetic is exact until the end.
A rate that is no whole number of nanolitres a day is rounded to the nearest, and how far is reported. A limit is
rounded up to the next whole nanolitre that the rounded rates need: a limit equal to what is prescribed is never
refused for the sake of a rounding, and is wider than written by less than two nanolitres. What is wrong with a file
is found as far as possible at once, each line naming the field, its value, what is allowed and what to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any

from thecal.amounts import NG_PER_MCG, NL_PER_ML, plain
from thecal.bolus_prescription import BolusReader
from thecal.day_pattern import Step, steps_of_day
from thecal.errors import BadInputError
from thecal.prescription_faults import explain
from thecal.table import Table
from thecal.toml_file import read_toml
from thecal_fw.core.calibration import BENCH_CALIBRATION
from thecal_fw.core.dead_volume import DEAD_VOLUME_ID, MOST_CATHETER_NL
from thecal_fw.core.limits import BENCH_LIMITS
from thecal_fw.core.modes import DELIVERS, MODE_NAMES, OWN_PATTERNS, OWN_RATE, TRAITS
from thecal_fw.core.program import MINUTES_PER_DAY, USUAL_ACCURACY_PERMILLE, Program
from thecal_fw.core.program_fault import Fault
from thecal_fw.core.validation import validate

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NL_PER_UL = 1_000
_MOST_NUMBER = Fraction(10**6)


@dataclass(frozen=True)
class Rounding:
    """A prescribed rate and what a whole number of nanolitres a day makes of it."""

    place: str
    exact_nl_per_day: Fraction
    rounded_nl_per_day: int


@dataclass(frozen=True)
class Compiled:
    """A prescription as the pump's program. ``pattern_names`` go with the program's patterns."""

    program: Program
    pattern_names: tuple[str, ...] = ()
    roundings: tuple[Rounding, ...] = ()


def load_prescription(path: Path | str) -> Compiled:
    """Compile a prescription file; raises BadInputError with everything that is wrong with it."""
    path = Path(path)
    fields = read_toml(path)
    try:
        return compile_prescription(fields)
    except BadInputError as error:
        raise BadInputError([f"{path}: {problem}" for problem in error.problems]) from error


def compile_prescription(fields: dict[str, Any]) -> Compiled:
    """Compile what a prescription file holds, read with decimals for fractions; raises BadInputError as above."""
    compiled, problems = _compile(fields)
    if compiled is None or problems:
        raise BadInputError(problems)
    return compiled


def _compile(fields: dict[str, Any]) -> tuple[Compiled | None, list[str]]:
    table = Table(fields)
    reader = _Reader(table)
    mode = table.choice("mode", MODE_NAMES)
    if mode is not None and TRAITS[mode] & DELIVERS:
        reader.read(mode)
    elif mode is not None:
        reader.compiled = Compiled(Program(mode, calibration_id=BENCH_CALIBRATION.calibration_id))
    # Without a mode it is not known which fields belong here.
    problems = table.problems() if mode is not None else table.found()
    if problems or reader.compiled is None:
        return None, problems
    faults = validate(reader.compiled.program, BENCH_LIMITS, BENCH_CALIBRATION)
    # The pump names a fault once for each weekday; a person corrects it once.
    return reader.compiled, list(dict.fromkeys(reader.explained(fault) for fault in faults))


class _Reader:
    """Reads the fields of a prescription that delivers something."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._roundings: list[Rounding] = []
        self._pattern_names: list[str] = []
        self._concentration = Fraction(1)
        self._has_boluses = False
        self.compiled: Compiled | None = None

    def read(self, mode: int) -> None:
        table = self._table
        drug = table.text("drug")
        self._concentration = table.number(
            "concentration_mcg_per_ml", Fraction(1), Fraction(4_000)
        ) or Fraction(1)
        reservoir = table.table("reservoir")
        capacity_ml = reservoir.number("capacity_ml", Fraction(20), Fraction(40))
        low_alarm_ml = reservoir.number("low_alarm_ml", Fraction(1), Fraction(20))
        limits = table.table("limits")
        per_hour = limits.number("most_mcg_per_hour", Fraction(0), _MOST_NUMBER)
        per_day = limits.number("most_mcg_per_day", Fraction(0), _MOST_NUMBER)
        rate_nl_per_day = 0
        if TRAITS[mode] & OWN_RATE:
            rate_nl_per_day = self._rate(table, "dose_mcg_per_day", "dose_mcg_per_day")
        patterns, weekdays = self._read_week() if TRAITS[mode] & OWN_PATTERNS else ([], (0,) * 7)
        boluses = BolusReader(table, self._nl, self._rounded)
        scheduled = boluses.scheduled(self._pattern_names)
        patient, periodic = boluses.patient(), boluses.periodic()
        self._has_boluses = any(scheduled) or patient is not None or periodic is not None
        per_bolus = Fraction(0)
        if limits.has("most_mcg_per_bolus"):
            per_bolus = limits.number("most_mcg_per_bolus", Fraction(0), _MOST_NUMBER) or Fraction(0)
        accuracy_permille = _or_else(reservoir, "accuracy_percent", 30, 10, USUAL_ACCURACY_PERMILLE)
        stability_days = _or_else(reservoir, "stability_days", BENCH_LIMITS.most_stability_days, 1, 0)
        patient_id = table.text("patient_id") if table.has("patient_id") else ""
        catheter_nl = _or_else(table, "catheter_ul", MOST_CATHETER_NL // NL_PER_UL, NL_PER_UL, 0)
        concentration_ng_per_ml = _whole(table, "concentration_mcg_per_ml", self._concentration, NG_PER_MCG)
        low_alarm_nl = _whole(reservoir, "low_alarm_ml", low_alarm_ml, NL_PER_ML)
        if table.problems():
            return
        assert drug
        assert capacity_ml
        assert per_hour is not None
        assert per_day is not None
        program = Program(
            mode,
            drug,
            concentration_ng_per_ml,
            BENCH_CALIBRATION.calibration_id,
            rate_nl_per_day,
            int(capacity_ml * NL_PER_ML),
            low_alarm_nl,
            self._limit_nl(per_hour, 60),
            self._limit_nl(per_day, MINUTES_PER_DAY),
            patterns,
            weekdays,
            scheduled,
            patient,
            periodic,
            None,
            DEAD_VOLUME_ID,
            catheter_nl,
            self._limit_nl(per_bolus, MINUTES_PER_DAY) if per_bolus else 0,
            accuracy_permille,
            stability_days,
            patient=patient_id or "",
        )
        self.compiled = Compiled(program, tuple(self._pattern_names), tuple(self._roundings))

    def explained(self, fault: Fault) -> str:
        return explain(fault, self._pattern_names, self._concentration)

    def _nl(self, dose_mcg: Fraction) -> Fraction:
        """Return the volume that holds a dose."""
        return dose_mcg / self._concentration * NL_PER_ML

    def _limit_nl(self, dose_mcg: Fraction, window_minutes: int) -> int:
        """Return a limit in whole nanolitres, with room for what rounding has added to the rates in such a time."""
        exact = self._nl(dose_mcg)
        added_nl_per_day = Fraction(0)
        if self._pattern_names or self._has_boluses:
            # A single rate rounds up no further than its limit does; the mean of several can, and a basal rate with
            # two boluses on top of it has been rounded three times.
            for rounding in self._roundings:
                added_nl_per_day = max(
                    added_nl_per_day, rounding.rounded_nl_per_day - rounding.exact_nl_per_day
                )
            added_nl_per_day *= 3 if self._has_boluses else 1
        limit = ceil(exact + added_nl_per_day * Fraction(window_minutes, MINUTES_PER_DAY))
        # Rounding alone takes no limit beyond what the pump can give.
        return min(limit, max(int(exact), BENCH_LIMITS.most_basal_nl_per_day))

    def _rate(self, table: Table, key: str, place: str) -> int:
        dose = table.number(key, Fraction(0), _MOST_NUMBER)
        if dose is None:
            return 0
        exact = self._nl(dose)
        rounded = self._rounded(place, exact)
        least, most = BENCH_LIMITS.least_basal_nl_per_day, BENCH_LIMITS.most_basal_nl_per_day
        if not least <= rounded <= most:
            table.complain(
                f"{place} = {plain(dose)} at {plain(self._concentration)} mcg/mL is {plain(exact / NL_PER_ML)}"
                f" mL/day; the pump delivers {plain(Fraction(least, NL_PER_ML))} to"
                f" {plain(Fraction(most, NL_PER_ML))} mL/day. Change the dose or the concentration."
            )
        return rounded

    def _rounded(self, place: str, exact_nl_per_day: Fraction) -> int:
        rounded = round(exact_nl_per_day)
        if rounded != exact_nl_per_day:
            self._roundings.append(Rounding(place, exact_nl_per_day, rounded))
        return rounded

    def _read_week(self) -> tuple[list[list[tuple[int, int]]], tuple[int, ...]]:
        table = self._table
        patterns: list[list[tuple[int, int]]] = []
        for name, entries in table.tables_of_lists("pattern"):
            self._pattern_names.append(name)
            steps = [
                self._step(entry, f'pattern "{name}", step {at + 1}') for at, entry in enumerate(entries)
            ]
            whole = [step for step in steps if step is not None]
            day, problems = steps_of_day(whole)
            # Where a step could not be read, what it leaves uncovered is no news.
            for problem in problems if len(whole) == len(steps) else ():
                table.complain(f'pattern "{name}": {problem}')
            patterns.append(day)
        week = table.table("week")
        weekdays = [week.choice(day, self._pattern_names) for day in WEEKDAYS]
        if None not in weekdays:
            for index, name in enumerate(self._pattern_names):
                if index not in weekdays:
                    table.complain(f'pattern "{name}" is on no day; give it to a day in [week] or remove it')
        return patterns, tuple(index or 0 for index in weekdays)

    def _step(self, entry: Table, place: str) -> Step | None:
        begin = entry.minute_of_day("from")
        end = entry.minute_of_day("to", may_be_midnight=True)
        rate = self._rate(entry, "dose_mcg_per_day", f"{place}: dose_mcg_per_day")
        if begin is None or end is None:
            return None
        if begin == end % MINUTES_PER_DAY and end != MINUTES_PER_DAY:
            entry.complain(
                f"{place}: begins and ends at the same time; give the day a single step 00:00 to 24:00"
            )
            return None
        return Step(begin, end, rate)


def _whole(table: Table, key: str, value: Fraction | None, per_unit: int) -> int:
    """Return a value in the pump's smaller unit, of which it has whole numbers only."""
    exact = (value or Fraction(0)) * per_unit
    if exact.denominator != 1:
        table.complain(
            f"{table.name(key)} = {float(exact / per_unit):.15g} is finer than 1/{per_unit}; round it"
        )
    return int(exact)


def _or_else(table: Table, key: str, most: int, per_unit: int, otherwise: int) -> int:
    """Return a value that may be left out, in the pump's smaller unit."""
    if not table.has(key):
        return otherwise
    return _whole(table, key, table.number(key, Fraction(0), Fraction(most)), per_unit)
