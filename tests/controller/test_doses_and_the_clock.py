"""Each dose of the clock is given once for its local date and minute, or reported as passed over with the reason."""

from __future__ import annotations

import pytest

from controller.pump_bench import MONDAY_UTC_S, PumpBench, continuous, delivering, flex, within_limits
from thecal_fw.core import alarms, events
from thecal_fw.core.bolus import KIND_CLINICIAN
from thecal_fw.core.program import PeriodicBolus, Program
from thecal_fw.link import messages

HOUR_S = 3_600
DAY_S = 86_400
TEN_UL_IN_5_MIN = 2_880_000
MONDAY_MINUTE = MONDAY_UTC_S // 60


def scheduled(*boluses: tuple[int, int, int], basal: int = 424_000) -> Program:
    program = flex([[(0, basal)]])
    program.most_nl_per_bolus = 1_000_000
    program.boluses = [list(boluses)]
    return within_limits(program)


def hourly() -> Program:
    return scheduled(*((60 * hour, TEN_UL_IN_5_MIN, 5) for hour in range(24)), basal=100_000)


def move_clock(bench: PumpBench, seconds: int = 0, offset_minutes: int = 0) -> None:
    reading = bench.host.ask(messages.GET_TIME)
    bench.set_time(reading["utc_s"] + seconds, reading["utc_us"], offset_minutes)


def begun(bench: PumpBench) -> int:
    return sum(what == "begun" for what, _, _, _ in bench.bolus_events())


@pytest.mark.requirement("bolus-clock-no-repeat", "bolus-once-a-minute")
@pytest.mark.parametrize("by", ["clock", "offset"])
@pytest.mark.parametrize("then", ["nothing", "stop", "refill", "commit", "watchdog reset"])
def test_a_bolus_is_not_given_again_after_the_clock_was_set_back_over_it(by: str, then: str) -> None:
    bench = delivering(scheduled((60, TEN_UL_IN_5_MIN, 5)))
    bench.run_for(70 * 60)
    if by == "clock":
        move_clock(bench, -HOUR_S)
    else:
        move_clock(bench, 0, -60)
    bench.run_for(10)
    if then == "stop":
        bench.stop()
        bench.run_for(60)
        bench.start()
    elif then == "refill":
        bench.pump.controller.reports.set_alarm(alarms.LOW_RESERVOIR, True)
        bench.run_for(60)
        bench.refill()
    elif then == "commit":
        bench.commit(scheduled((60, TEN_UL_IN_5_MIN, 5), basal=430_000))
    elif then == "watchdog reset":
        bench.reset(events.RESET_WATCHDOG)
    bench.run_for(3 * HOUR_S)
    assert begun(bench) == 1
    assert (1, MONDAY_MINUTE + 60, "their minutes were lived through already") in bench.passed_over()


@pytest.mark.requirement("bolus-clock-no-repeat", "bolus-once-a-minute")
def test_a_minute_lived_through_stays_so_over_a_power_cut() -> None:
    bench = delivering(scheduled((60, TEN_UL_IN_5_MIN, 5)))
    bench.run_for(70 * 60)
    bench.reset(events.RESET_POWER_ON)
    bench.set_time(MONDAY_UTC_S + 30 * 60)
    bench.run_for(2 * HOUR_S)
    assert begun(bench) == 1


@pytest.mark.requirement("bolus-clock")
@pytest.mark.parametrize("slip_s", [12 * HOUR_S, 16 * HOUR_S, 30 * DAY_S])
def test_a_slip_of_the_clock_that_is_corrected_costs_no_bolus_of_the_next_day(slip_s: int) -> None:
    bench = delivering(hourly(), MONDAY_UTC_S + 1_800)
    bench.run_for(60)
    move_clock(bench, slip_s)
    bench.run_for(60)
    move_clock(bench, -slip_s)
    before = begun(bench)
    bench.run_for(DAY_S)
    assert (before, begun(bench)) == (0, 24)


@pytest.mark.requirement("bolus-clock")
def test_an_offset_of_the_wrong_sign_for_a_minute_costs_no_bolus_of_the_next_day() -> None:
    bench = delivering(hourly(), MONDAY_UTC_S + 16 * HOUR_S + 1_800, -480)
    bench.run_for(60)
    move_clock(bench, 0, 480)
    bench.run_for(60)
    move_clock(bench, 0, -480)
    before = begun(bench)
    bench.run_for(DAY_S)
    assert (before, begun(bench)) == (0, 24)


@pytest.mark.requirement("bolus-once-a-minute")
@pytest.mark.parametrize("back_s", [DAY_S - 10, DAY_S - 1, DAY_S, 400 * DAY_S])
def test_a_clock_set_back_by_a_day_withholds_what_it_has_lived_through_and_nothing_else(back_s: int) -> None:
    bench = delivering(hourly(), MONDAY_UTC_S + 40 * HOUR_S + 60)
    bench.run_for(60)
    move_clock(bench, -back_s)
    bench.run_for(23 * HOUR_S + 1_800)
    assert begun(bench) == 23


@pytest.mark.requirement("bolus-clock")
def test_three_boluses_that_summer_time_skips_are_given_one_after_the_other() -> None:
    bench = delivering(scheduled(*((minute, TEN_UL_IN_5_MIN, 5) for minute in (70, 80, 100))))
    bench.run_for(HOUR_S)
    move_clock(bench, 0, 60)
    bench.run_for(2 * HOUR_S)
    assert begun(bench) == 3
    assert bench.passed_over() == []
    move_clock(bench, 0, 0)
    bench.run_for(3 * HOUR_S)
    assert begun(bench) == 3


@pytest.mark.requirement("bolus-clock-told", "made-up-leaves-room")
def test_of_skipped_boluses_what_does_not_fit_is_passed_over_with_its_number() -> None:
    program = continuous(48_000)
    program.most_nl_per_bolus = 100_000
    program.periodic_bolus = PeriodicBolus(0, 10, 288_000, 5)
    within_limits(program)
    program.most_nl_per_hour += 1_000_000
    program.most_nl_per_day += 1_000_000
    bench = delivering(program, MONDAY_UTC_S + 60)
    bench.give_bolus(KIND_CLINICIAN, 288_000, HOUR_S)
    bench.run_for(60)
    move_clock(bench, HOUR_S)
    bench.run_for(60)
    assert bench.passed_over() == [(2, MONDAY_MINUTE + 50, "too many at once")]


@pytest.mark.requirement("bolus-clock-far", "bolus-clock-told")
def test_what_a_clock_set_weeks_ahead_jumps_over_is_one_event_with_its_number() -> None:
    bench = delivering(hourly(), MONDAY_UTC_S + 1_800)
    move_clock(bench, 28 * DAY_S)
    bench.run_for(60)
    assert bench.passed_over() == [(28 * 24, MONDAY_MINUTE + 60, "the clock was set past them")]
