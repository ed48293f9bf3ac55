"""Therapies for scenarios: each as the program the pump gets and as the regimen the oracle goes by.

Promises: from a prescription file the two are read by two readers that share no code; the makers for bare rates write
both from the same table, and are for scenarios that are not about reading prescriptions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from thecal.prescription import compile_prescription, load_prescription
from thecal_fw.core.calibration import BENCH_CALIBRATION
from thecal_fw.core.limits import BENCH_LIMITS
from thecal_fw.core.modes import MODE_CONTINUOUS, MODE_FLEX
from thecal_fw.core.program import PatientBolus, PeriodicBolus, Program, decode
from thecal_sim.ideal import Periodic
from thecal_sim.oracle import Regimen, read_prescription
from thecal_sim.prescription import prescription_of

RESERVOIR_NL = BENCH_LIMITS.reservoirs_nl[0]
LOW_RESERVOIR_NL = RESERVOIR_NL // 10
_CONCENTRATION_NG_PER_ML = 500_000
_DRUG = "baclofen"

DayTable = Sequence[tuple[str, int]]
"""(time of day, nL/day from then on), beginning with 00:00."""


@dataclass(frozen=True)
class Therapy:
    """One prescription, as the host compiles it for the pump and as the oracle reads it."""

    name: str
    program: Program
    regimen: Regimen
    low_reservoir_nl: int


def prescribed_in(path: Path) -> Therapy:
    """Return the therapy a prescription file asks for, read twice: by the host and by the oracle."""
    # The host's reader says what is wrong with a file; the oracle's takes it to be a good one.
    program = load_prescription(path).program
    prescribed = read_prescription(path)
    return Therapy(path.stem.replace("_", " "), program, prescribed.regimen, int(prescribed.low_reservoir_nl))


def prescribed_by(fields: dict[str, Any], name: str) -> Therapy:
    """Return the therapy that the fields of a prescription ask for, likewise; raise BadInputError if it has faults."""
    program = compile_prescription(fields).program
    prescribed = prescription_of(fields)
    return Therapy(name, program, prescribed.regimen, int(prescribed.low_reservoir_nl))


def continuous(nl_per_day: int, low_reservoir_nl: int = LOW_RESERVOIR_NL) -> Therapy:
    """Return a therapy of the same rate at all times."""
    program = Program(
        MODE_CONTINUOUS,
        _DRUG,
        _CONCENTRATION_NG_PER_ML,
        BENCH_CALIBRATION.calibration_id,
        nl_per_day,
        RESERVOIR_NL,
        low_reservoir_nl,
        BENCH_LIMITS.most_basal_nl_per_day,
        BENCH_LIMITS.most_basal_nl_per_day,
    )
    return Therapy(f"{nl_per_day} nL/day", program, Regimen.constant(nl_per_day), low_reservoir_nl)


def flex(weekday: DayTable, weekend: DayTable | None = None) -> Therapy:
    """Return a therapy of a table of rates for each day, and another for Saturday and Sunday if one is given."""
    tables = [weekday] if weekend is None else [weekday, weekend]
    patterns = [[(_minute(at), nl_per_day) for at, nl_per_day in table] for table in tables]
    weekdays = (0,) * 5 + (len(tables) - 1,) * 2
    program = Program(
        MODE_FLEX,
        _DRUG,
        _CONCENTRATION_NG_PER_ML,
        BENCH_CALIBRATION.calibration_id,
        0,
        RESERVOIR_NL,
        LOW_RESERVOIR_NL,
        BENCH_LIMITS.most_basal_nl_per_day,
        BENCH_LIMITS.most_basal_nl_per_day,
        patterns,
        weekdays,
    )
    week = tuple(tuple((minute, Fraction(rate)) for minute, rate in patterns[day]) for day in weekdays)
    return Therapy("flex", program, Regimen(week), LOW_RESERVOIR_NL)


def with_boluses(therapy: Therapy, *boluses: tuple[str, int, int]) -> Therapy:
    """Return a flex therapy with boluses on every day: (time of day, nL/day on top of the basal rate, minutes)."""
    day = [(_minute(at), nl_per_day, minutes) for at, nl_per_day, minutes in boluses]
    program = decode(therapy.program.encode())
    program.boluses = [list(day) for _ in program.patterns]
    program.most_nl_per_bolus = BENCH_LIMITS.most_bolus_nl
    exact = tuple((minute, Fraction(rate), minutes) for minute, rate, minutes in day)
    regimen = Regimen(therapy.regimen.week, (exact,) * 7)
    return Therapy(f"{therapy.name} with boluses", program, regimen, therapy.low_reservoir_nl)


def with_periodic_bolus(therapy: Therapy, bolus: PeriodicBolus) -> Therapy:
    """Return a therapy of one rate with a bolus on top of it at an interval."""
    program = decode(therapy.program.encode())
    program.periodic_bolus = bolus
    program.most_nl_per_bolus = BENCH_LIMITS.most_bolus_nl
    periodic = Periodic(
        bolus.first_minute, bolus.interval_minutes, Fraction(bolus.rate_nl_per_day), bolus.minutes
    )
    regimen = Regimen(therapy.regimen.week, periodic=periodic)
    return Therapy(f"{therapy.name} with periodic boluses", program, regimen, therapy.low_reservoir_nl)


def with_patient_bolus(therapy: Therapy, bolus: PatientBolus) -> Therapy:
    """Return a therapy in which the patient may ask for a bolus."""
    program = decode(therapy.program.encode())
    program.patient_bolus = bolus
    program.most_nl_per_bolus = BENCH_LIMITS.most_bolus_nl
    return Therapy(f"{therapy.name} with patient boluses", program, therapy.regimen, therapy.low_reservoir_nl)


def _minute(time_of_day: str) -> int:
    hours, minutes = time_of_day.split(":")
    return 60 * int(hours) + int(minutes)
