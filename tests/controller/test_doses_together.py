"""Doses may come together: never is more than the highest rate of the pump given at any tick."""

from __future__ import annotations

import pytest

from controller.link_host import RefusedError
from controller.pump_bench import continuous, delivering, flex, within_limits
from thecal_fw.core.bolus import KIND_CLINICIAN, KIND_PATIENT, KIND_TEMPORARY
from thecal_fw.core.bolus_history import REFUSAL_NAMES
from thecal_fw.core.limits import BENCH_LIMITS
from thecal_fw.core.program import PatientBolus, Program
from thecal_fw.link import messages

HOUR_S = 3_600
MOST = BENCH_LIMITS.most_rate_nl_per_day


def with_wide_limits(program: Program) -> Program:
    program.most_nl_per_bolus = 1_000_000
    program.most_nl_per_hour = 10_000_000
    program.most_nl_per_day = 24_000_000
    return program


@pytest.mark.requirement("temporary-highest-rate")
@pytest.mark.parametrize("kind", [KIND_CLINICIAN, KIND_PATIENT])
@pytest.mark.parametrize("temporary_first", [True, False])
def test_a_temporary_rate_and_a_bolus_that_would_be_too_much_together_are_not_given_together(
    kind: int, temporary_first: bool
) -> None:
    program = continuous(48_000)
    program.patient_bolus = PatientBolus(95_900_000, 10, 60, 4)
    bench = delivering(with_wide_limits(program))
    asked = [(KIND_TEMPORARY, 24_000_000, 3_600), (kind, 95_900_000, 600)]
    first, second = asked if temporary_first else reversed(asked)
    bench.give_bolus(*first)
    bench.run_for(5)
    with pytest.raises(RefusedError) as refused:
        bench.give_bolus(*second)
    assert REFUSAL_NAMES[refused.value.detail] == "highest rate of the pump"
    bench.run_for(5)
    assert bench.status()["rate_nl_per_day"] <= MOST


@pytest.mark.requirement("temporary-highest-rate")
@pytest.mark.parametrize(("bolus", "is_given"), [(71_900_000, True), (80_000_000, False)])
def test_a_temporary_rate_leaves_room_for_the_boluses_that_the_clock_will_begin(
    bolus: int, is_given: bool
) -> None:
    program = flex([[(0, 48_000)]])
    program.boluses = [[(30, bolus, 10)]]
    bench = delivering(with_wide_limits(within_limits(program)))
    if is_given:
        bench.give_bolus(KIND_TEMPORARY, 24_000_000, HOUR_S)
    else:
        with pytest.raises(RefusedError) as refused:
            bench.give_bolus(KIND_TEMPORARY, 24_000_000, HOUR_S)
        assert REFUSAL_NAMES[refused.value.detail] == "highest rate of the pump"
    rates = []
    for _ in range(45):
        bench.run_for(60)
        rates.append(bench.status()["rate_nl_per_day"])
    assert max(rates) == bolus + (24_000_000 if is_given else 48_000) <= MOST


@pytest.mark.requirement("temporary-highest-rate")
def test_a_temporary_rate_takes_the_place_of_the_basal_one_below_the_highest_rate() -> None:
    bench = delivering(with_wide_limits(continuous(20_000_000)))
    bench.give_bolus(KIND_TEMPORARY, 6_000_000, 3_600)
    bench.run_for(5)
    bench.give_bolus(KIND_CLINICIAN, 72_000_000, 600)
    bench.run_for(5)
    assert bench.status()["rate_nl_per_day"] == 78_000_000


@pytest.mark.requirement("made-up-highest-rate")
@pytest.mark.parametrize("ahead_s", [HOUR_S, 15 * 60, 2 * HOUR_S])
def test_a_clock_set_forward_over_boluses_brings_no_more_than_the_highest_rate(ahead_s: int) -> None:
    program = flex([[(0, 48_000)]])
    program.boluses = [[(60, 40_000_000, 20), (80, 40_000_000, 20), (120, 40_000_000, 20)]]
    program.patient_bolus = PatientBolus(20_000_000, 30, 60, 4)
    bench = delivering(with_wide_limits(within_limits(program)))
    bench.run_for(59 * 60)
    bench.give_bolus(KIND_PATIENT)
    bench.run_for(90)
    reading = bench.host.ask(messages.GET_TIME)
    bench.set_time(reading["utc_s"] + ahead_s, reading["utc_us"])
    most = 0
    for _ in range(120):
        bench.run_for(60)
        most = max(most, bench.status()["rate_nl_per_day"])
    assert 40_048_000 <= most <= MOST
    given = sum(what == "begun" and kind == 0 for what, kind, _, _ in bench.bolus_events())
    assert given + sum(number for number, _, _ in bench.passed_over()) == 3
