"""No date lies after the event at its worst, and every date moves the way it should with what it depends on."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from core.strategies import bolus_programs
from core.test_boluses import a_program, rate_each_minute
from thecal_fw.core.bolus import volume_nl
from thecal_fw.core.program import MINUTES_PER_DAY, MODE_FLEX, MODE_STOPPED, PatientBolus, Program
from thecal_fw.core.refill_dates import (
    NEVER_MINUTES,
    Course,
    alarm_protects,
    least_residual_nl,
    minutes_until,
)

MINIMUM_RATE = 6_000
MINUTES_PER_WEEK = 7 * MINUTES_PER_DAY
week_minutes = st.integers(0, MINUTES_PER_WEEK - 1)
volumes_nl = st.integers(0, 40_000_000)


def worst_minutes(program: Program, week_minute: int, nl: Fraction) -> Fraction:
    """When so much has been used if the patient asks for every bolus of a day at its beginning, worked out plainly.

    A periodic bolus need not be due now, so the true time is no earlier than this for any of its alignments here.
    """
    patient = program.patient_bolus
    per_day = Fraction(0)
    if patient is not None:
        per_day = Fraction(patient.most_per_day * patient.rate_nl_per_day * patient.minutes, MINUTES_PER_DAY)
    rates = rate_each_minute(program)
    week = Fraction(sum(rates), MINUTES_PER_DAY) + 7 * per_day
    weeks = int(nl // week) - 1 if week else 0
    left, minute = nl - max(0, weeks) * week, max(0, weeks) * MINUTES_PER_WEEK
    while True:
        if minute % MINUTES_PER_DAY == 0:
            left -= per_day
        if left <= 0:
            return Fraction(minute)
        rate = Fraction(rates[(week_minute + minute) % MINUTES_PER_WEEK], MINUTES_PER_DAY)
        if rate and left <= rate:
            return minute + left / rate
        left -= rate
        minute += 1


@settings(max_examples=40)
@given(
    bolus_programs, week_minutes, st.integers(0, 6_000_000), st.integers(0, 6_000_000), st.integers(0, 300)
)
def test_no_date_is_later_than_the_true_worst_case(program, week_minute, residual, threshold, permille):
    nl = Fraction(max(0, residual - threshold) * 1_000, 1_000 + permille)
    found = minutes_until(Course(program, MINIMUM_RATE, week_minute), residual, threshold, permille)
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
    found = Course(program, MINIMUM_RATE, week_minute).minutes_to_use(nl)
    assert found > worst_minutes(program, week_minute, max(Fraction(0), nl - rounding - 20)) - 2


@given(bolus_programs, week_minutes, volumes_nl, volumes_nl)
def test_more_in_the_reservoir_never_makes_a_date_earlier(program, week_minute, nl, more):
    course = Course(program, MINIMUM_RATE, week_minute)
    assert course.minutes_to_use(nl + more) >= course.minutes_to_use(nl)


@given(bolus_programs, week_minutes, volumes_nl, st.integers(0, 2_000_000), st.integers(0, 299))
def test_a_higher_threshold_and_a_worse_accuracy_never_make_a_date_later(
    program, week_minute, residual, threshold, permille
):
    course = Course(program, MINIMUM_RATE, week_minute)
    date = minutes_until(course, residual, threshold, permille)
    assert minutes_until(course, residual, threshold + 1_000, permille) <= date
    assert minutes_until(course, residual, threshold, permille + 1) <= date


@given(st.integers(48_000, 3_000_000), st.integers(1, 11), volumes_nl)
def test_a_higher_rate_and_another_allotted_bolus_never_make_a_date_later(rate, most_per_day, nl):
    def lasts(rate_nl_per_day: int, count: int) -> int:
        program = a_program(
            rate_nl_per_day=rate_nl_per_day, patient_bolus=PatientBolus(2_880_000, 5, 60, count)
        )
        return Course(program, MINIMUM_RATE, 0).minutes_to_use(nl)

    assert lasts(rate + 1_000, most_per_day) <= lasts(rate, most_per_day)
    assert lasts(rate, most_per_day + 1) <= lasts(rate, most_per_day)


def test_a_full_reservoir_at_a_steady_rate_lasts_as_long_as_division_says():
    course = Course(a_program(), MINIMUM_RATE, None)
    assert minutes_until(course, 20_000_000, 2_000_000, 0) == 18_000_000 * 1_440 // 424_000
    assert minutes_until(course, 2_000_000, 2_000_000, 0) == 0
    assert minutes_until(course, 1, 2_000_000, 0) == 0


def test_a_pump_that_gives_nothing_never_uses_anything_up():
    assert Course(Program(MODE_STOPPED), MINIMUM_RATE, None).minutes_to_use(1) == NEVER_MINUTES


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
