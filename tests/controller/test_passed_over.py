"""A dose of the clock that does not begin is reported as passed over, and why: one event for a run of them."""

from __future__ import annotations

import pytest

from controller.pump_bench import MONDAY_UTC_S, PumpBench
from thecal_fw.core import events
from thecal_fw.core.events import RESET_POWER_ON, RESET_WATCHDOG
from thecal_hil.campaigns.doses.programs import program_of

HOUR_S = 3_600
FIELDS = {
    "mode": "flex",
    "patterns": [[[0, 48_000]]],
    "boluses": [[[60, 2_880_000, 5], [120, 2_880_000, 5], [180, 2_880_000, 5]]],
    "most_per_bolus": 20_000,
    "most_per_hour": 40_000,
    "most_per_day": 200_000,
}
FIRST_MINUTE = MONDAY_UTC_S // 60 + 60


def delivering() -> PumpBench:
    bench = PumpBench()
    bench.set_time(MONDAY_UTC_S)
    bench.deliver(program_of(FIELDS))
    bench.run_for(60)
    return bench


def passed(bench: PumpBench) -> list[tuple[int, int, int]]:
    """Return the number, first local minute and reason of each event."""
    return [
        (
            event["second"] & (1 << events.PASSED_OVER_SHIFT) - 1,
            event["first"],
            event["second"] >> events.PASSED_OVER_SHIFT,
        )
        for event in bench.events(events.EVENT_PASSED_OVER)
    ]


@pytest.mark.requirement("bolus-passed-over")
def test_what_the_clock_would_have_begun_while_the_pump_stood_is_told_at_the_start_in_one_event() -> None:
    bench = delivering()
    bench.stop()
    bench.run_for(2 * HOUR_S + 600)
    bench.start()
    bench.run_for(10)
    assert passed(bench) == [(2, FIRST_MINUTE, events.PASSED_STOPPED)]
    status = bench.status()
    assert (status["passed_over"], status["passed_reason"]) == (2, events.PASSED_STOPPED)
    bench.run_for(HOUR_S)
    assert len(bench.events(events.EVENT_BOLUS_BEGUN)) == 1
    bench.refill()
    assert bench.status()["passed_over"] == 0


@pytest.mark.requirement("bolus-passed-over")
def test_what_is_given_is_not_told_to_be_passed_over() -> None:
    bench = delivering()
    bench.run_for(4 * HOUR_S)
    bench.stop()
    bench.start()
    bench.run_for(10)
    assert passed(bench) == []


@pytest.mark.requirement("bolus-passed-over")
def test_what_lay_between_two_known_times_is_told_once_when_the_time_is_known_again() -> None:
    bench = delivering()
    bench.run_for(2 * HOUR_S)
    bench.reset(RESET_POWER_ON)
    bench.run_for(60)
    bench.set_time(MONDAY_UTC_S + 4 * HOUR_S)
    bench.run_for(10)
    assert passed(bench) == [(1, FIRST_MINUTE + 120, events.PASSED_TIME_UNKNOWN)]
    assert bench.pump.controller.clock_doses.passed_over == 1


@pytest.mark.requirement("bolus-passed-over")
def test_how_many_were_passed_over_outlives_a_reset() -> None:
    bench = delivering()
    bench.stop()
    bench.run_for(2 * HOUR_S + 600)
    bench.start()
    bench.run_for(10)
    bench.reset(RESET_WATCHDOG)
    bench.run_for(10)
    clock_doses = bench.pump.controller.clock_doses
    assert (clock_doses.passed_over, clock_doses.passed_reason) == (2, events.PASSED_STOPPED)
