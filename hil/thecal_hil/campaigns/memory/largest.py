"""The largest programs that validate: every weekday of its own, 48 steps and 24 boluses a day, a patient bolus."""

from __future__ import annotations

from thecal_fw.core.modes import MODE_FLEX
from thecal_fw.core.program import MOST_PROGRAM_BYTES, PatientBolus, Program
from thecal_fw.core.schedule import most_patient_nl
from thecal_fw.core.week import week_of

_DAYS = 7
_STEPS = 48
_BOLUSES = 24


def largest_program(number: int = 0) -> Program:
    """Return one of many such programs, whose rates all differ. Its limits are the narrowest that it passes with."""
    steps = [
        [(30 * step, 1_000_003 + 7_919 * ((7 * step + 13 * day + number) % 40)) for step in range(_STEPS)]
        for day in range(_DAYS)
    ]
    boluses = [
        [
            (60 * bolus + day + 1, 2_000_003 + 11 * day + 1_009 * bolus + number, 5)
            for bolus in range(_BOLUSES)
        ]
        for day in range(_DAYS)
    ]
    program = Program(
        MODE_FLEX,
        "baclofen-largest",
        500_001,
        1,
        0,
        40_000_000,
        2_000_000,
        patterns=steps,
        weekdays=tuple(range(_DAYS)),
        boluses=boluses,
        patient_bolus=PatientBolus(3_000_003, 3, 15, 12),
        dead_volume_id=1,
        catheter_nl=200_000,
        most_nl_per_bolus=500_000,
        stability_days=90,
        patient="patient-123",
    )
    week = week_of(program)
    program.most_nl_per_hour = week.most_nl_in_hour + most_patient_nl(program, 60)
    program.most_nl_per_day = week.most_nl_in_day + most_patient_nl(program, 1_440)
    assert len(program.encode()) == MOST_PROGRAM_BYTES
    return program
