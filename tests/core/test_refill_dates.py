"""No date lies after the event at its worst, and every date moves the way it should with what it depends on."""

from fractions import Fraction
from math import gcd

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.strategies import bolus_programs, periodic_boluses
from core.test_boluses import a_flex_program, a_program, rate_each_minute
from thecal_fw.core.bolus import volume_nl
from thecal_fw.core.modes import MODE_FLEX, MODE_NAMES, MODE_STOPPED
from thecal_fw.core.program import MINUTES_PER_DAY, PatientBolus, PeriodicBolus, Program
from thecal_fw.core.refill_dates import (
    NEVER_MINUTES,
    Course,
    alarm_protects,
    least_residual_nl,
    minutes_until,
)
from thecal_fw.core.week import week_of

MINUTES_PER_WEEK = 7 * MINUTES_PER_DAY
week_minutes = st.integers(0, MINUTES_PER_WEEK - 1)
volumes_nl = st.integers(0, 40_000_000)


def weeks_until_it_repeats(program: Program, nl: Fraction) -> int:
    """Return weeks after which periodic boluses come at the same minutes of a week again, or that outlast a volume."""
    periodic = program.periodic_bolus
    if periodic is None:
        return 1
    outlasting = int(nl // (7 * program.rate_nl_per_day)) + 2
    return min(outlasting, periodic.interval_minutes // gcd(periodic.interval_minutes, MINUTES_PER_WEEK))


def worst_minutes(program: Program, week_minute: int, nl: Fraction) -> Fraction:
    """Return when so much has been used if the patient asks for every bolus of a day at its beginning, worked out
    plainly.

    A periodic bolus need not be due now, so the true time is no earlier than this for any of its alignments here.
    """
    patient = program.patient_bolus
    per_day = Fraction(0)
    if patient is not None:
        per_day = Fraction(patient.most_per_day * patient.rate_nl_per_day * patient.minutes, MINUTES_PER_DAY)
    weeks = weeks_until_it_repeats(program, nl)
    rates = rate_each_minute(program, weeks)
    each = Fraction(sum(rates), MINUTES_PER_DAY) + 7 * weeks * per_day
    rounds = max(0, int(nl // each) - 1) if each else 0
    left, minute = nl - rounds * each, rounds * len(rates)
    while True:
        if minute % MINUTES_PER_DAY == 0:
            left -= per_day
        if left <= 0:
            return Fraction(minute)
        rate = Fraction(rates[(week_minute + minute) % len(rates)], MINUTES_PER_DAY)
        if rate and left <= rate:
            return minute + left / rate
        left -= rate
        minute += 1


def minutes_of_a_week(program: Program, week_minute: int, nl: int) -> int:
    """Return whole minutes until so much has been used, minute by minute, with the boluses of the patient rounded up
    to nanolitres as the pump calculates with them."""
    patient = program.patient_bolus
    per_day = 0
    if patient is not None:
        per_day = patient.most_per_day * volume_nl(patient.rate_nl_per_day, patient.minutes) * MINUTES_PER_DAY
    rates = rate_each_minute(program)
    week = sum(rates) + 7 * per_day
    left, minute = nl * MINUTES_PER_DAY, 0
    while left > week:
        left, minute = left - week, minute + MINUTES_PER_WEEK
    while True:
        if minute % MINUTES_PER_DAY == 0:
            left -= per_day
        rate = rates[(week_minute + minute) % MINUTES_PER_WEEK]
        if left <= 0 or left < rate:
            return minute
        left, minute = left - rate, minute + 1


def a_busy_week() -> Program:
    """Return days of two kinds, with a bolus that begins with a step, and one that runs past midnight, also of
    Sunday."""
    program = a_flex_program(
        [[(720, 1_440_000, 60)], [(30, 2_880_000, 10), (1_400, 1_000_000, 50)]],
        weekdays=(0, 1, 0, 0, 1, 0, 1),
    )
    program.patterns = [[(0, 480_001), (720, 960_002)], [(0, 1_200_003), (600, 240_000), (1_200, 720_007)]]
    return program


@settings(max_examples=40)
@given(
    bolus_programs, week_minutes, st.integers(0, 6_000_000), st.integers(0, 6_000_000), st.integers(0, 300)
)
def test_no_date_is_later_than_the_true_worst_case(program, week_minute, residual, threshold, permille):
    nl = Fraction(max(0, residual - threshold) * 1_000, 1_000 + permille)
    found = minutes_until(Course(program, week_minute), residual, threshold, permille)
    assert found <= worst_minutes(program, week_minute, nl)


@settings(max_examples=40)
@given(
    bolus_programs.filter(lambda program: program.mode == MODE_FLEX), week_minutes, st.integers(0, 6_000_000)
)
def test_the_date_of_a_flex_program_is_exact_to_two_minutes(program, week_minute, nl):
    patient = program.patient_bolus
    rounding = 0
    if patient is not None:
        exact = Fraction(patient.rate_nl_per_day * patient.minutes, MINUTES_PER_DAY)
        rounding = 60 * patient.most_per_day * (volume_nl(patient.rate_nl_per_day, patient.minutes) - exact)
    found = Course(program, week_minute).minutes_to_use(nl)
    assert found > worst_minutes(program, week_minute, max(Fraction(0), nl - rounding - 20)) - 2


@given(bolus_programs, week_minutes, volumes_nl, volumes_nl)
def test_more_in_the_reservoir_never_makes_a_date_earlier(program, week_minute, nl, more):
    course = Course(program, week_minute)
    assert course.minutes_to_use(nl + more) >= course.minutes_to_use(nl)


@given(bolus_programs, week_minutes, volumes_nl, st.integers(0, 2_000_000), st.integers(0, 299))
def test_a_higher_threshold_and_a_worse_accuracy_never_make_a_date_later(
    program, week_minute, residual, threshold, permille
):
    course = Course(program, week_minute)
    date = minutes_until(course, residual, threshold, permille)
    assert minutes_until(course, residual, threshold + 1_000, permille) <= date
    assert minutes_until(course, residual, threshold, permille + 1) <= date


@given(st.integers(48_000, 3_000_000), st.integers(1, 11), volumes_nl)
def test_a_higher_rate_and_another_allotted_bolus_never_make_a_date_later(rate, most_per_day, nl):
    def lasts(rate_nl_per_day: int, count: int) -> int:
        program = a_program(
            rate_nl_per_day=rate_nl_per_day, patient_bolus=PatientBolus(2_880_000, 5, 60, count)
        )
        return Course(program, 0).minutes_to_use(nl)

    assert lasts(rate + 1_000, most_per_day) <= lasts(rate, most_per_day)
    assert lasts(rate, most_per_day + 1) <= lasts(rate, most_per_day)


def test_a_full_reservoir_at_a_steady_rate_lasts_as_long_as_division_says():
    course = Course(a_program(), None)
    assert minutes_until(course, 20_000_000, 2_000_000, 0) == 18_000_000 * 1_440 // 424_000
    assert minutes_until(course, 2_000_000, 2_000_000, 0) == 0
    assert minutes_until(course, 1, 2_000_000, 0) == 0


@pytest.mark.parametrize("mode", [MODE_STOPPED, len(MODE_NAMES)])
@pytest.mark.parametrize("week_minute", [None, 0])
def test_a_pump_that_gives_nothing_never_uses_anything_up(mode, week_minute):
    program = Program(mode, patterns=[[(0, 100_000)]])
    assert Course(program, week_minute).minutes_to_use(1) == NEVER_MINUTES


def test_at_the_published_accuracy_2_ml_do_not_protect_20_ml_and_2_54_ml_do():
    assert not alarm_protects(20_000_000, 2_000_000, 145)
    assert alarm_protects(20_000_000, 2_540_000, 145)
    assert alarm_protects(40_000_000, 5_070_000, 145)
    assert not alarm_protects(40_000_000, 5_060_000, 145)


def test_the_least_that_may_be_left_is_what_the_accuracy_leaves():
    assert least_residual_nl(20_000_000, 10_000_000, 145) == 20_000_000 - 11_450_000
    assert least_residual_nl(20_000_000, 1_000_000, 145) == 0
    assert least_residual_nl(20_000_000, 20_000_000, 145) == 20_000_000


def test_an_alarm_at_exactly_what_the_accuracy_takes_protects_and_one_a_nanolitre_lower_does_not():
    assert alarm_protects(1_000_000, 200_000, 250)
    assert not alarm_protects(1_000_000, 199_999, 250)


def test_never_is_the_greatest_number_of_seconds_in_32_bits_in_whole_minutes():
    assert NEVER_MINUTES == 71_582_788


@settings(max_examples=40)
@given(
    bolus_programs.filter(lambda program: program.mode == MODE_FLEX), week_minutes, st.integers(0, 60_000_000)
)
def test_the_date_of_a_flex_program_is_that_of_its_minutes_one_after_the_other(program, week_minute, nl):
    assert Course(program, week_minute).minutes_to_use(nl) == minutes_of_a_week(program, week_minute, nl)


@pytest.mark.parametrize("most_per_day", [0, 3])
@pytest.mark.parametrize("week_minute", [0, 1, 719, 720, 1_439, 1_440, 4_000, 9_950, 10_079])
def test_a_busy_week_is_reckoned_minute_by_minute_whenever_it_is_asked_about(week_minute, most_per_day):
    program = a_busy_week()
    if most_per_day:
        program.patient_bolus = PatientBolus(1_000_000, 7, 60, most_per_day)
    course = Course(program, week_minute)
    for nl in (1, 300, 499_000, 700_000, 1_300_000, 2_500_000, 3_600_000, 4_900_000, 16_000_000):
        assert course.minutes_to_use(nl) == minutes_of_a_week(program, week_minute, nl)


def test_a_week_that_is_worked_out_beforehand_gives_the_same_dates():
    program = a_busy_week()
    beforehand = Course(program, 5_000, week_of(program))
    for nl in (1_000_000, 5_000_000):
        assert beforehand.minutes_to_use(nl) == minutes_of_a_week(program, 5_000, nl)


def test_the_rate_of_every_minute_of_the_week_is_found_at_its_place():
    program = a_busy_week()
    week = week_of(program)
    assert [week.rates[week.index_at(minute)] for minute in range(MINUTES_PER_WEEK)] == rate_each_minute(
        program
    )


def test_a_week_of_one_rate_lasts_as_many_weeks_and_minutes_as_division_says():
    program = a_flex_program([[]])
    program.patterns = [[(0, 48_000)]]
    course = Course(program, 0)
    for nl in (48_000, 336_000, 20_000_000, 40_000_000):
        assert course.minutes_to_use(nl) == nl * MINUTES_PER_DAY // 48_000


@pytest.mark.parametrize(
    ("nl", "minutes"),
    [
        # 700 nL a minute, and 3 times 10 uL at the beginning of each day: 1.038 mL a day, 7.266 mL a week.
        (30_000, 0),
        (30_700, 1),
        (1_038_000, 1_440),
        (1_068_000, 1_440),
        (1_068_700, 1_441),
        (2 * 7_266_000, 2 * 10_080),
        (2 * 7_266_000 + 30_001, 2 * 10_080),
        (2 * 7_266_000 + 3 * 1_038_000 + 30_699, 2 * 10_080 + 3 * 1_440),
        (2 * 7_266_000 + 6 * 1_038_000 + 30_700, 2 * 10_080 + 6 * 1_440 + 1),
    ],
)
def test_the_boluses_of_each_day_are_used_at_its_beginning(nl, minutes):
    program = a_program(rate_nl_per_day=1_008_000, patient_bolus=PatientBolus(2_880_000, 5, 60, 3))
    assert Course(program, None).minutes_to_use(nl) == minutes


@given(st.integers(48_000, 3_000_000), volumes_nl)
def test_the_date_of_a_steady_rate_is_rounded_down_to_its_minute(rate, nl):
    course = Course(a_program(rate_nl_per_day=rate), None)
    assert course.minutes_to_use(nl) == nl * MINUTES_PER_DAY // rate


@pytest.mark.parametrize(
    ("nl", "rate", "minutes"),
    [
        # Seven minutes at this rate give all of it exactly, or a 1440th of a nanolitre more.
        (1_008, 207_360, 7),
        (1_005, 206_743, 6),
    ],
)
def test_what_a_minute_gives_to_the_last_has_been_used_at_its_end(nl, rate, minutes):
    assert Course(a_program(rate_nl_per_day=rate), None).minutes_to_use(nl) == minutes


@given(periodic_boluses, st.integers(48_000, 3_000_000), volumes_nl)
def test_a_periodic_bolus_may_come_at_once_and_from_then_on_comes_as_their_mean(periodic, rate, nl):
    program = a_program(rate_nl_per_day=rate, periodic_bolus=periodic)
    at_once = volume_nl(periodic.rate_nl_per_day, periodic.minutes)
    mean = -(-periodic.rate_nl_per_day * periodic.minutes // periodic.interval_minutes)
    minutes = Course(program, None).minutes_to_use(nl)
    assert minutes == max(0, nl - at_once) * MINUTES_PER_DAY // (rate + mean)


def test_what_one_periodic_bolus_takes_is_used_at_once():
    program = a_program(periodic_bolus=PeriodicBolus(0, 360, 2_880_000, 5))
    course = Course(program, None)
    assert [course.minutes_to_use(nl) for nl in (0, 1, 9_999, 10_000)] == [0, 0, 0, 0]


def test_without_the_time_of_day_a_flex_program_lasts_as_at_a_mean_that_is_a_nanolitre_a_day_too_high():
    program = a_busy_week()
    mean = sum(rate_each_minute(program)) // MINUTES_PER_WEEK
    course = Course(program, None)
    for nl in (100_000, 20_000_000, 4_000_000_000):
        assert course.minutes_to_use(nl) == nl * MINUTES_PER_DAY // (mean + 1)


def test_what_has_come_down_to_its_threshold_is_there_now_even_in_a_pump_that_gives_nothing():
    course = Course(Program(MODE_STOPPED), None)
    assert minutes_until(course, 2_000_000, 2_000_000, 0) == 0
    assert minutes_until(course, 1, 2_000_000, 0) == 0
