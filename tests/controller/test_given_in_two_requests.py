"""A dose is judged at the first request to give it and given at the second one: neither holds the loop for long."""

from __future__ import annotations

from typing import Any

import pytest

from controller.link_host import RefusedError
from controller.pump_bench import PumpBench, continuous, delivering
from thecal_fw.core.bolus import KIND_CLINICIAN
from thecal_fw.link import messages
from thecal_fw.link.error_codes import ERROR_BOLUS_REFUSED, ERROR_IN_PROGRESS

ONE_UL_IN_A_MINUTE = (KIND_CLINICIAN, 1_440_000, 60)


def ask(bench: PumpBench, dose: tuple[int, int, int] = ONE_UL_IN_A_MINUTE) -> dict[str, Any] | int:
    """One request to give a dose: what it is answered with, or the code of the error."""
    digest = bench.pump.controller.orders.digest
    try:
        return bench.host.ask_once(messages.GIVE_BOLUS, digest, *dose)
    except RefusedError as refusal:
        return refusal.code


def given(bench: PumpBench) -> int:
    return sum(what == "begun" for what, _, _, _ in bench.bolus_events())


@pytest.fixture
def bench() -> PumpBench:
    program = continuous(424_000)
    program.most_nl_per_bolus = 100_000
    program.most_nl_per_hour += 100_000
    program.most_nl_per_day += 100_000
    bench = delivering(program)
    bench.run_for(30)
    return bench


def test_a_dose_is_given_at_the_second_request_for_the_same_instant(bench: PumpBench) -> None:
    assert ask(bench) == ERROR_IN_PROGRESS
    assert given(bench) == 0
    assert isinstance(ask(bench), dict)
    bench.run_for(3)
    assert given(bench) == 1


def test_what_was_judged_serves_for_one_dose_only(bench: PumpBench) -> None:
    assert ask(bench) == ERROR_IN_PROGRESS
    assert isinstance(ask(bench), dict)
    assert ask(bench) == ERROR_BOLUS_REFUSED


@pytest.mark.parametrize("another", [(KIND_CLINICIAN, 2_880_000, 60), (KIND_CLINICIAN, 1_440_000, 120)])
def test_another_dose_is_judged_by_itself(bench: PumpBench, another: tuple[int, int, int]) -> None:
    assert ask(bench) == ERROR_IN_PROGRESS
    assert ask(bench, another) == ERROR_IN_PROGRESS
    assert given(bench) == 0


def test_a_dose_that_would_begin_later_is_judged_anew(bench: PumpBench) -> None:
    assert ask(bench) == ERROR_IN_PROGRESS
    bench.run_for(2)
    assert ask(bench) == ERROR_IN_PROGRESS
    assert isinstance(ask(bench), dict)


def test_a_dose_is_judged_anew_after_a_change(bench: PumpBench) -> None:
    assert ask(bench) == ERROR_IN_PROGRESS
    bench.pump.controller.changes.note()
    assert ask(bench) == ERROR_IN_PROGRESS


def test_a_dose_that_is_refused_is_refused_at_once(bench: PumpBench) -> None:
    assert ask(bench, (KIND_CLINICIAN, 90_000_000, 3_600)) == ERROR_BOLUS_REFUSED
