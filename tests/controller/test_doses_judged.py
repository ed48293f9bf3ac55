"""A dose of the clock is judged shortly before it begins, made up or not, and one that may not begin is never begun."""

from __future__ import annotations

import pytest

from controller.pump_bench import MONDAY_UTC_S, PumpBench
from thecal_fw.core import events
from thecal_fw.core.bolus import KIND_CLINICIAN
from thecal_fw.core.events import RESET_WATCHDOG
from thecal_hil.campaigns.doses.programs import program_of

HOUR_S = 3_600
TEN_UL_IN_5_MIN = 2_880_000
MONDAY_MINUTE = MONDAY_UTC_S // 60
LIMIT = "a window would hold more than its limit"


def program(basal: int = 48_000, *boluses: list[int], per_hour: int = 40_000):
    return program_of(
        {
            "mode": "flex",
            "patterns": [[[0, basal]]],
            "boluses": [list(boluses)],
            "most_per_bolus": 20_000,
            "most_per_hour": per_hour,
            "most_per_day": 4_000_000,
        }
    )


def delivering(*boluses: list[int], at_minute: int = 0, per_hour: int = 40_000) -> PumpBench:
    bench = PumpBench()
    bench.set_time(MONDAY_UTC_S + 60 * at_minute)
    bench.deliver(program(48_000, *boluses, per_hour=per_hour))
    bench.run_for(30)
    return bench


def begun(bench: PumpBench) -> int:
    return sum(what == "begun" for what, _, _, _ in bench.bolus_events())


def set_clock_to(bench: PumpBench, minute: int, second: int = 0) -> None:
    bench.set_time(MONDAY_UTC_S + 60 * minute + second)


def full_hour() -> PumpBench:
    """Give 30 uL by the clock and on demand, which with another 10 and the basal rate is too much."""
    bench = delivering([60, TEN_UL_IN_5_MIN, 5], [180, TEN_UL_IN_5_MIN, 5], at_minute=59)
    bench.run_for(6 * 60)
    bench.give_bolus(KIND_CLINICIAN, 8_640_000, 200)
    bench.run_for(210)
    return bench


@pytest.mark.requirement("bolus-after-discontinuity")
@pytest.mark.parametrize("second", [57, 50, 30])
def test_a_dose_that_begins_right_after_the_clock_was_set_is_held_against_what_was_given(second: int) -> None:
    bench = full_hour()
    set_clock_to(bench, 179, second)
    bench.run_for(120)
    assert begun(bench) == 2
    assert bench.passed_over() == [(1, MONDAY_MINUTE + 180, LIMIT)]


@pytest.mark.requirement("bolus-after-discontinuity")
@pytest.mark.parametrize("second", [57, 30])
def test_a_dose_that_was_passed_over_does_not_begin_with_a_later_change_within_its_time(second: int) -> None:
    bench = full_hour()
    set_clock_to(bench, 179, second)
    bench.run_for(90)
    for _ in range(2):
        # Each is a change of delivery.
        bench.give_bolus(KIND_CLINICIAN, 144_000, 10)
        bench.run_for(30)
    assert begun(bench) == 4
    assert bench.pump.controller.infusion.rate_nl_per_day() == 48_000
    assert len(bench.passed_over()) == 1


@pytest.mark.requirement("bolus-after-discontinuity")
@pytest.mark.parametrize("is_cancelled", [False, True])
def test_a_dose_of_the_clock_is_judged_anew_with_each_change_before_it(is_cancelled: bool) -> None:
    bench = delivering([60, TEN_UL_IN_5_MIN, 5], [180, TEN_UL_IN_5_MIN, 5], at_minute=59)
    bench.run_for(6 * 60)
    set_clock_to(bench, 179, 50)
    bench.run_for(6)
    # It was judged, and had room.
    bench.give_bolus(KIND_CLINICIAN, 2_880_000, 600)
    if is_cancelled:
        bench.cancel_bolus()
    bench.run_for(60)
    expected = [] if is_cancelled else [(1, MONDAY_MINUTE + 180, LIMIT)]
    assert bench.passed_over() == expected


@pytest.mark.requirement("bolus-clock-told")
def test_of_what_is_made_up_each_is_judged_when_it_comes_and_the_first_ones_have_the_room() -> None:
    times = (30, 60, 70, 80, 90)
    bench = delivering(*([minute, TEN_UL_IN_5_MIN, 5] for minute in times), at_minute=29, per_hour=45_000)
    bench.run_for(6 * 60)
    set_clock_to(bench, 120)
    bench.run_for(60)
    assert bench.passed_over() == []
    bench.run_for(HOUR_S // 2)
    assert begun(bench) == 4
    assert bench.passed_over() == [(1, MONDAY_MINUTE + 90, LIMIT)]


@pytest.mark.requirement("bolus-passed-over")
@pytest.mark.parametrize("is_reset", [False, True])
def test_what_was_to_be_made_up_and_has_not_begun_at_a_stop_is_passed_over(is_reset: bool) -> None:
    bench = delivering([60, TEN_UL_IN_5_MIN, 5], [70, TEN_UL_IN_5_MIN, 5])
    set_clock_to(bench, 120)
    bench.run_for(60)
    if is_reset:
        bench.reset(RESET_WATCHDOG)
        bench.run_for(10)
    bench.stop()
    bench.run_for(10)
    assert begun(bench) == 1
    assert bench.passed_over() == [(1, MONDAY_MINUTE + 70, "nothing is being delivered")]


@pytest.mark.requirement("bolus-passed-over")
def test_what_was_to_be_made_up_and_waits_is_passed_over_with_another_program() -> None:
    bench = delivering([60, TEN_UL_IN_5_MIN, 5], [70, TEN_UL_IN_5_MIN, 5])
    set_clock_to(bench, 120)
    bench.run_for(60)
    bench.commit(program(50_000))
    bench.run_for(600)
    assert begun(bench) == 1
    assert bench.passed_over() == [(1, MONDAY_MINUTE + 70, "cancelled, or another program")]


def test_every_reason_to_pass_over_has_its_words() -> None:
    assert events.PASSED_OVER_NAMES[events.PASSED_CANCELLED] == "cancelled, or another program"
