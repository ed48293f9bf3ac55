"""The doses, rates and intervals of a program in the units they are typed in, and two programs' figures as pairs.

Names are those of the prescription's fields, with the weekday and the time of day where a field may be there more
than once. What only one of two programs has makes no pair.
"""

from __future__ import annotations

from fractions import Fraction

from thecal.amounts import dose_mcg
from thecal.bolus_words import bolus_volume_nl
from thecal.day_pattern import clock
from thecal.magnitude import Pair
from thecal.prescription import NL_PER_ML, WEEKDAYS
from thecal.words import volume_of_day_nl
from thecal_fw.core.modes import OWN_PATTERNS, TREATS
from thecal_fw.core.program import MINUTES_PER_DAY, Program
from thecal_fw.core.schedule import most_patient_nl, rate_at
from thecal_fw.core.week import most_nl_in_any_day


def gives_therapy(program: Program | None) -> bool:
    """Return True if it gives a dose that is meant to act: neither stopped nor at the minimum rate."""
    return program is not None and program.has(TREATS)


def day_doses_mcg(program: Program) -> list[Fraction]:
    """Return what each day of the week gives by the clock, Monday first."""
    return [
        dose_mcg(volume_of_day_nl(program, index), program.concentration_ng_per_ml)
        for index in program.pattern_of_weekdays()
    ]


def most_in_a_day_mcg(program: Program) -> Fraction:
    """Return the largest dose in any 24 hours, with every bolus that the patient may ask for."""
    most_nl = most_nl_in_any_day(program) + most_patient_nl(program, MINUTES_PER_DAY)
    return dose_mcg(most_nl, program.concentration_ng_per_ml)


def most_by_clock_mcg(program: Program) -> Fraction:
    """Return the largest dose of any 24 hours by the clock, without what the patient may ask for."""
    return dose_mcg(most_nl_in_any_day(program), program.concentration_ng_per_ml)


def bolus_doses_mcg(program: Program) -> dict[str, Fraction]:
    """Return every single bolus the program knows."""
    doses: dict[str, Fraction] = {}
    weekdays = program.pattern_of_weekdays()
    for index, day in enumerate(program.day_boluses()):
        if index in weekdays:
            weekday = WEEKDAYS[weekdays.index(index)]
            for start, rate, minutes in day:
                doses[f"bolus {weekday} {clock(start)} dose_mcg"] = _bolus(program, rate, minutes)
    if program.periodic_bolus is not None:
        periodic = program.periodic_bolus
        doses["periodic_bolus.dose_mcg"] = _bolus(program, periodic.rate_nl_per_day, periodic.minutes)
    if program.patient_bolus is not None:
        patient = program.patient_bolus
        doses["patient_bolus.dose_mcg"] = _bolus(program, patient.rate_nl_per_day, patient.minutes)
    return doses


def intervals_minutes(program: Program) -> dict[str, Fraction]:
    """Return every time between two boluses, and every time over which one is given."""
    times: dict[str, int] = {}
    if program.periodic_bolus is not None:
        times["periodic_bolus.every_minutes"] = program.periodic_bolus.interval_minutes
        times["periodic_bolus.over_minutes"] = program.periodic_bolus.minutes
    if program.patient_bolus is not None:
        times["patient_bolus.lockout_minutes"] = program.patient_bolus.lockout_minutes
        times["patient_bolus.over_minutes"] = program.patient_bolus.minutes
    return {name: Fraction(minutes) for name, minutes in times.items()}


def figure_pairs(old: Program | None, new: Program) -> list[Pair]:
    """Return every figure that both programs have. A therapy that begins has its rates held against its own mean."""
    if not gives_therapy(new):
        return []
    if old is None or not gives_therapy(old):
        mean = sum(day_doses_mcg(new), Fraction(0)) / 7
        return [
            Pair(name, mean, dose, "the mean of this program")
            for name, dose in _rates(new, _starts(new)).items()
        ]
    starts = sorted({*_starts(old), *_starts(new)})
    befores = {**_settings(old), **bolus_doses_mcg(old), **intervals_minutes(old), **_rates(old, starts)}
    afters = {**_settings(new), **bolus_doses_mcg(new), **intervals_minutes(new), **_rates(new, starts)}
    return [Pair(name, befores[name], after) for name, after in afters.items() if name in befores]


def _settings(program: Program) -> dict[str, Fraction]:
    def dose(volume_nl: int) -> Fraction:
        return dose_mcg(volume_nl, program.concentration_ng_per_ml)

    patient = program.patient_bolus
    return {
        "concentration_mcg_per_ml": Fraction(program.concentration_ng_per_ml, 1_000),
        "reservoir.low_alarm_ml": Fraction(program.low_reservoir_nl, NL_PER_ML),
        "limits.most_mcg_per_hour": dose(program.most_nl_per_hour),
        "limits.most_mcg_per_day": dose(program.most_nl_per_day),
        "limits.most_mcg_per_bolus": dose(program.most_nl_per_bolus),
        "patient_bolus.most_per_24_h": Fraction(patient.most_per_day if patient is not None else 0),
    }


def _rates(program: Program, starts: list[int]) -> dict[str, Fraction]:
    """Return the basal dose of each weekday from each of these minutes on; a rate that all days share only once."""
    concentration = program.concentration_ng_per_ml
    if not program.has(OWN_PATTERNS) and starts == [0]:
        return {"dose_mcg_per_day": dose_mcg(rate_at(program, 0, 0), concentration)}
    return {
        f"{day} {clock(start)} dose_mcg_per_day": dose_mcg(rate_at(program, weekday, start), concentration)
        for weekday, day in enumerate(WEEKDAYS)
        for start in starts
    }


def _starts(program: Program) -> list[int]:
    return sorted({start for steps in program.day_patterns() for start, _ in steps})


def _bolus(program: Program, rate_nl_per_day: int, minutes: int) -> Fraction:
    return dose_mcg(bolus_volume_nl(rate_nl_per_day, minutes), program.concentration_ng_per_ml)
