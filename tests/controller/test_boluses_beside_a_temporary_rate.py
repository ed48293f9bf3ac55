"""A temporary rate takes the place of the basal rate alone: boluses of every kind are given on top of it."""

from __future__ import annotations

from fractions import Fraction

import pytest

from controller.pump_bench import MONDAY_UTC_S, PumpBench, flex, within_limits
from thecal_fw.core.bolus import KIND_CLINICIAN, KIND_PATIENT, KIND_SCHEDULED, KIND_TEMPORARY
from thecal_fw.core.program import PatientBolus

HOUR_S = 3_600
BASAL, TEMPORARY, BOLUS = 424_000, 106_000, 2_880_000
FIVE_MIN_NL = 10_000


def delivered_nl(bench: PumpBench, seconds: int) -> Fraction:
    before = len(bench.pump.step_times_ns)
    bench.run_for(seconds)
    return (len(bench.pump.step_times_ns) - before) * Fraction(125, 8)


@pytest.mark.requirement("temporary-rate-boluses", "temporary-rate", "bolus-exact")
@pytest.mark.parametrize("kind", [KIND_SCHEDULED, KIND_PATIENT, KIND_CLINICIAN])
def test_a_bolus_is_given_in_full_during_a_temporary_rate(kind: int) -> None:
    program = flex([[(0, BASAL)]])
    program.most_nl_per_bolus = 2 * FIVE_MIN_NL
    program.boluses = [[(30, BOLUS, 5)]] if kind == KIND_SCHEDULED else [[]]
    program.patient_bolus = PatientBolus(BOLUS, 5, 60, 3)
    within_limits(program)
    program.most_nl_per_hour += 4 * FIVE_MIN_NL
    program.most_nl_per_day += 4 * FIVE_MIN_NL
    bench = PumpBench()
    bench.set_time(MONDAY_UTC_S)
    bench.deliver(program)
    bench.run_for(100)
    bench.give_bolus(KIND_TEMPORARY, TEMPORARY, 2 * HOUR_S)
    bench.run_for(10)
    if kind != KIND_SCHEDULED:
        bench.give_bolus(kind, BOLUS, 300)
    given_nl = delivered_nl(bench, HOUR_S)
    # Within a microstep of the temporary rate for an hour, and of the whole bolus.
    assert abs(given_nl - Fraction(TEMPORARY, 24) - FIVE_MIN_NL) <= Fraction(125, 8)
    told = [(what, of_kind, value) for what, of_kind, value, _ in bench.bolus_events() if of_kind == kind]
    assert told == [("begun", kind, BOLUS), ("ended", kind, FIVE_MIN_NL)]
