"""The schedule gives the programmed rate at every minute, across midnight and the week's end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.strategies import flex_programs
from thecal_fw.core.limits import MINIMUM_RATE_NL_PER_DAY
from thecal_fw.core.modes import MODE_CONTINUOUS, MODE_FLEX, MODE_MINIMUM_RATE, MODE_NAMES, MODE_STOPPED
from thecal_fw.core.program import MINUTES_PER_DAY, Bridge, PeriodicBolus, Program
from thecal_fw.core.schedule import (
    boluses_between,
    count_boluses,
    follows_the_clock,
    highest_rate,
    longest_bolus_minutes,
    lowest_basal_rate,
    mean_rate,
    minutes_to_next_step,
    next_bolus,
    rate_at,
)
from thecal_fw.core.week import most_nl_in_any_day, most_nl_in_any_hour, week_of

MINUTES_PER_WEEK = 7 * MINUTES_PER_DAY
weekdays = st.integers(0, 6)
minutes = st.integers(0, MINUTES_PER_DAY - 1)


def rate_each_minute(program: Program) -> list[int]:
    """Return the whole week written out minute by minute, straight from the steps."""
    week: list[int] = []
    for weekday in range(7):
        day = [0] * MINUTES_PER_DAY
        for start_minute, rate_nl_per_day in program.patterns[program.weekdays[weekday]]:
            day[start_minute:] = [rate_nl_per_day] * (MINUTES_PER_DAY - start_minute)
        week += day
    return week


@given(flex_programs(), weekdays, minutes)
def test_the_rate_of_any_minute_of_the_week_is_that_of_the_step_it_lies_in(program, weekday, minute):
    assert rate_at(program, weekday, minute) == rate_each_minute(program)[weekday * 1440 + minute]


@given(flex_programs(), weekdays, minutes)
def test_nothing_changes_before_the_next_step_begins(program, weekday, minute):
    ahead = minutes_to_next_step(program, weekday, minute)
    assert 0 < ahead <= MINUTES_PER_DAY - minute
    rates = {rate_at(program, weekday, minute + passed) for passed in range(ahead)}
    assert len(rates) == 1


@pytest.mark.requirement("mean-rate-dose")
@given(flex_programs())
def test_the_mean_rate_gives_the_same_volume_in_a_week_less_at_most_a_nanolitre_a_day(program):
    volume = sum(rate_each_minute(program))
    assert 0 <= volume - mean_rate(program) * MINUTES_PER_WEEK < MINUTES_PER_WEEK


@pytest.mark.requirement("limit-in-any-hour")
@given(flex_programs())
def test_the_largest_hour_and_day_are_found_in_any_window_even_across_the_weeks_end(program):
    week = rate_each_minute(program)
    for window_minutes, found_nl in (
        (60, most_nl_in_any_hour(program)),
        (MINUTES_PER_DAY, most_nl_in_any_day(program)),
    ):
        twice = week + week
        volume = sum(twice[:window_minutes])
        largest = volume
        for minute in range(MINUTES_PER_WEEK - 1):
            volume += twice[minute + window_minutes] - twice[minute]
            largest = max(largest, volume)
        assert found_nl == -(-largest // MINUTES_PER_DAY)


def test_a_step_begins_on_its_minute_and_not_a_minute_sooner():
    program = Program(MODE_FLEX, patterns=[[(0, 100_000), (390, 400_000)]])
    assert rate_at(program, 0, 389) == 100_000
    assert rate_at(program, 0, 390) == 400_000


@pytest.mark.requirement("weekday-patterns")
def test_a_weekend_pattern_begins_at_saturdays_midnight():
    program = Program(MODE_FLEX, patterns=[[(0, 100_000)], [(0, 200_000)]], weekdays=(0, 0, 0, 0, 0, 1, 1))
    assert minutes_to_next_step(program, 4, 1439) == 1
    assert rate_at(program, 4, 1439) == 100_000
    assert rate_at(program, 5, 0) == 200_000


@pytest.mark.requirement("minimum-rate-mode")
def test_modes_without_steps_have_one_rate_all_week():
    assert rate_at(Program(MODE_CONTINUOUS, rate_nl_per_day=423_800), 3, 700) == 423_800
    assert rate_at(Program(MODE_MINIMUM_RATE), 3, 700) == MINIMUM_RATE_NL_PER_DAY
    assert mean_rate(Program(MODE_MINIMUM_RATE)) == MINIMUM_RATE_NL_PER_DAY
    assert highest_rate(Program(MODE_MINIMUM_RATE)) == MINIMUM_RATE_NL_PER_DAY
    assert lowest_basal_rate(Program(MODE_MINIMUM_RATE)) == MINIMUM_RATE_NL_PER_DAY


@pytest.mark.requirement("stopped-delivers-nothing")
def test_a_stopped_program_and_a_mode_that_is_none_deliver_nothing():
    for mode in (MODE_STOPPED, len(MODE_NAMES)):
        program = Program(mode, rate_nl_per_day=70_000, patterns=[[(0, 100_000), (60, 200_000)]])
        assert rate_at(program, 0, 0) == 0
        assert mean_rate(program) == 0
        assert most_nl_in_any_hour(program) == 0
        assert minutes_to_next_step(program, 0, 0) == MINUTES_PER_DAY
        program.boluses = [[(480, 2_880_000, 5)]]
        assert boluses_between(program, 0, MINUTES_PER_DAY) == []
        assert follows_the_clock(program) is False
        assert lowest_basal_rate(program) == 0


def test_nothing_is_due_before_the_first_step_of_a_day():
    assert rate_at(Program(MODE_FLEX, patterns=[[(30, 100_000)]]), 0, 29) == 0


def test_a_flex_program_of_no_rate_gives_no_volume():
    assert most_nl_in_any_hour(Program(MODE_FLEX, patterns=[[(0, 0)]])) == 0


@pytest.mark.requirement("limit-in-any-hour")
def test_the_largest_hour_may_begin_with_the_last_step_of_the_week():
    # 100, 200 and 300 nL a minute
    monday, other, sunday = [(0, 288_000)], [(0, 144_000)], [(0, 144_000), (1_430, 432_000)]
    program = Program(MODE_FLEX, patterns=[monday, other, sunday], weekdays=(0, 1, 1, 1, 1, 1, 2))
    assert most_nl_in_any_hour(program) == 10 * 300 + 50 * 200


def test_the_highest_rate_is_found_in_any_step_of_any_pattern():
    program = Program(MODE_FLEX, patterns=[[(0, 100_000)], [(0, 200_000), (60, 300_000), (90, 50_000)]])
    assert highest_rate(program) == 300_000
    assert highest_rate(Program(MODE_CONTINUOUS, rate_nl_per_day=423_800)) == 423_800


# What a program gives by the clock -------------------------------------------------------------------------------


def test_boluses_between_two_minutes_are_those_that_begin_from_the_first_up_to_the_second():
    flex = Program(MODE_FLEX, patterns=[[(0, 100_000)]], boluses=[[(480, 2_880_000, 5)]])
    periodic = Program(
        MODE_CONTINUOUS, rate_nl_per_day=1, periodic_bolus=PeriodicBolus(480, 1_440, 2_880_000, 5)
    )
    day = 20_000 * MINUTES_PER_DAY
    for program in (flex, periodic):
        for first, until, count in (
            (479, 480, 0),
            (480, 481, 1),
            (480, 480, 0),
            (481, 1_000, 0),
            (0, 1_440, 1),
            (0, 479, 0),
        ):
            found = boluses_between(program, day + first, day + until)
            assert found == [(day + 480, 2_880_000, 5)] * count


def test_the_first_of_january_1970_was_a_thursday():
    boluses = [[], [(480, 2_880_000, 5)]]
    only_on_thursdays = Program(
        MODE_FLEX, patterns=[[(0, 100_000)]] * 2, weekdays=(0, 0, 0, 1, 0, 0, 0), boluses=boluses
    )
    assert boluses_between(only_on_thursdays, 0, 8 * MINUTES_PER_DAY) == [
        (480, 2_880_000, 5),
        (480 + 7 * MINUTES_PER_DAY, 2_880_000, 5),
    ]


def test_a_program_follows_the_clock_if_it_has_steps_or_periodic_boluses():
    assert follows_the_clock(Program(MODE_FLEX, patterns=[[(0, 100_000)]])) is True
    steady = Program(MODE_CONTINUOUS, rate_nl_per_day=100_000)
    assert follows_the_clock(steady) is False
    assert longest_bolus_minutes(steady) == 0
    steady.periodic_bolus = PeriodicBolus(0, 60, 2_880_000, 5)
    assert follows_the_clock(steady) is True
    assert longest_bolus_minutes(steady) == 5
    assert follows_the_clock(Program(MODE_STOPPED)) is False


def test_the_lowest_and_the_highest_rate_a_program_names():
    flex = Program(MODE_FLEX, patterns=[[(0, 300_000), (60, 100_000)], [(0, 200_000)]])
    assert lowest_basal_rate(flex) == 100_000
    assert lowest_basal_rate(Program(MODE_CONTINUOUS, rate_nl_per_day=77)) == 77
    assert lowest_basal_rate(Program(MODE_STOPPED)) == 0
    assert highest_rate(flex) == 300_000
    flex.bridge = Bridge(60, 299_999)
    assert highest_rate(flex) == 300_000
    flex.bridge = Bridge(60, 300_001)
    assert highest_rate(flex) == 300_001


def test_the_week_of_a_program_with_boluses_is_written_out_turn_by_turn():
    # One bolus runs past the midnight that ends the week, and so was under way when it began.
    sunday = Program(
        MODE_FLEX,
        patterns=[[(0, 1_000)]] * 2,
        weekdays=(0, 0, 0, 0, 0, 0, 1),
        boluses=[[], [(1_430, 50, 20)]],
    )
    week = week_of(sunday)
    by_minute = dict(zip(week.minutes[: week.turns], week.rates, strict=False))
    assert by_minute[0] == 1_050
    assert by_minute[10] == 1_000
    assert by_minute[7 * MINUTES_PER_DAY - 10] == 1_050
    assert week.total == 7 * MINUTES_PER_DAY * 1_000 + 20 * 50
    minutes = list(week.minutes[: week.turns + 1])
    assert minutes[-1] == 7 * MINUTES_PER_DAY
    assert minutes == sorted(set(minutes))


def test_boluses_of_patterns_and_periodic_ones_are_found_together():
    both = Program(
        MODE_FLEX,
        patterns=[[(0, 100_000)]],
        boluses=[[(480, 2_880_000, 5)]],
        periodic_bolus=PeriodicBolus(60, 720, 1_440_000, 2),
    )
    starts = [60, 480, 780]
    for first, start in zip([0, 61, 481], starts, strict=True):
        found = next_bolus(both, first, 10 * MINUTES_PER_DAY)
        assert found is not None
        assert found[0] == start
    assert sorted(start for start, _, _ in boluses_between(both, 0, MINUTES_PER_DAY)) == starts
    assert count_boluses(both, 0, 9 * MINUTES_PER_DAY) == 27
