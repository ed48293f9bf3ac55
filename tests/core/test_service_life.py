"""The rest of tubing's and pump's life: never reported later than it is, whatever the course of delivery."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.pump_bench import continuous
from thecal_fw.core.calibration import Calibration
from thecal_fw.core.program import PatientBolus
from thecal_fw.core.refill_dates import NEVER_MINUTES, Course
from thecal_fw.core.service_life import (
    BENCH_SERVICE_LIMITS,
    PART_PUMP,
    PART_TUBING,
    REVOLUTIONS_UNIT,
    ServiceLife,
    ServiceLimits,
)

DAY_S = 86_400
NL_PER_REV = 50_000
CALIBRATION = Calibration(1, NL_PER_REV, 3_200)
ages = st.integers(0, 3_000 * DAY_S)
turns = st.integers(0, 400_000)


def course(nl_per_day: int, most_per_day: int = 0) -> Course:
    program = continuous(nl_per_day)
    if most_per_day:
        program.patient_bolus = PatientBolus(2_880_000, 5, 15, most_per_day)
    return Course(program, 6_000, None)


@pytest.mark.requirement("service-estimates")
@given(ages, turns, st.integers(48_000, 24_000_000), st.integers(0, 6))
def test_the_tubing_is_not_told_to_last_longer_than_it_can_at_the_worst(
    age_s: int, revolutions: int, nl_per_day: int, most_per_day: int
) -> None:
    life = ServiceLife()
    minutes = life.minutes_to_tubing(age_s, revolutions, CALIBRATION, course(nl_per_day, most_per_day))
    # All of a day's boluses, 10 microlitres each, may come at the beginning of each day.
    left_nl = max(0, life.limits.tubing_revolutions - revolutions) * NL_PER_REV
    used_nl = nl_per_day * minutes / 1_440 + 10_000 * most_per_day * -(-minutes // 1_440)
    assert used_nl <= left_nl
    assert minutes * 60 <= max(0, life.limits.tubing_days * DAY_S - age_s)


@pytest.mark.requirement(
    "service-estimates-monotonic", "service-estimates-revolutions", "service-estimates-rate"
)
@given(ages, turns, st.integers(0, 100_000), st.integers(0, 1_000), st.integers(48_000, 20_000_000))
def test_more_age_more_turns_and_a_higher_rate_never_put_a_date_off(
    age_s: int, revolutions: int, more_s: int, more_turns: int, nl_per_day: int
) -> None:
    life = ServiceLife()
    here = life.minutes_to_tubing(age_s, revolutions, CALIBRATION, course(nl_per_day))
    assert life.minutes_to_tubing(age_s + more_s, revolutions, CALIBRATION, course(nl_per_day)) <= here
    assert life.minutes_to_tubing(age_s, revolutions + more_turns, CALIBRATION, course(nl_per_day)) <= here
    assert life.minutes_to_tubing(age_s, revolutions, CALIBRATION, course(nl_per_day + 1_000_000)) <= here
    assert here <= life.minutes_to_tubing(age_s, revolutions, CALIBRATION, None)
    assert life.minutes_to_end(age_s + more_s) <= life.minutes_to_end(age_s)


@pytest.mark.requirement("service-estimates", "replacement-estimates")
@given(ages, turns)
def test_an_alarm_and_its_date_agree(age_s: int, revolutions: int) -> None:
    life = ServiceLife()
    if life.is_tubing_due(age_s, revolutions):
        assert life.minutes_to_tubing(age_s, revolutions, CALIBRATION, None) == 0
    assert life.is_over(age_s) <= (life.minutes_to_end(age_s) == 0)
    assert life.is_replacement_due(age_s) <= (life.minutes_to_replacement(age_s) == 0)
    assert life.is_over(age_s) <= life.is_replacement_due(age_s)


@pytest.mark.requirement("tubing-due", "replacement-due", "end-of-service")
def test_each_limit_is_reached_on_its_second_and_on_its_revolution() -> None:
    life = ServiceLife(ServiceLimits(100, 10, 20, 500))
    assert [life.is_tubing_due(20 * DAY_S + off, 499) for off in (-1, 0)] == [False, True]
    assert [life.is_tubing_due(0, turns) for turns in (499, 500)] == [False, True]
    assert [life.is_replacement_due(90 * DAY_S + off) for off in (-1, 0)] == [False, True]
    assert [life.is_over(100 * DAY_S + off) for off in (-1, 0)] == [False, True]


@pytest.mark.requirement("service-life")
@given(ages, turns, ages, turns)
def test_a_new_part_serves_from_its_own_beginning_less_a_day_and_a_hundred_turns_at_most(
    age_s: int, revolutions: int, later_s: int, later: int
) -> None:
    life = ServiceLife()
    life.renew(PART_TUBING, age_s, revolutions)
    assert life.pump_day == 0
    assert later_s <= life.tubing_age_s(age_s + later_s) < later_s + DAY_S
    assert later <= life.tubing_revolutions(revolutions + later) < later + 100
    life.renew(PART_PUMP, age_s, revolutions)
    assert later_s <= life.pump_age_s(age_s + later_s) < later_s + DAY_S


@pytest.mark.requirement("tubing-due")
def test_a_limit_that_has_been_reached_stays_reached() -> None:
    life = ServiceLife(ServiceLimits(100, 10, 20, 500))
    assert life.is_tubing_due(21 * DAY_S, 0)
    assert life.is_tubing_due(0, 501)
    assert life.is_replacement_due(91 * DAY_S)
    assert life.is_over(101 * DAY_S)


@pytest.mark.requirement("service-estimates", "replacement-estimates")
def test_each_date_is_the_whole_minutes_up_to_its_limit_and_none_after_it() -> None:
    life = ServiceLife(ServiceLimits(100, 10, 20, 500))
    dates = (
        (life.minutes_to_end, 100),
        (life.minutes_to_replacement, 90),
        (lambda age_s: life.minutes_to_tubing(age_s, 0, CALIBRATION, None), 20),
    )
    for minutes_to, days in dates:
        assert minutes_to(0) == days * 1_440
        ages_s = [days * DAY_S + off_s for off_s in (-120, -119, -60, -59, 0, 1, 60)]
        assert [minutes_to(age_s) for age_s in ages_s] == [2, 1, 1, 0, 0, 0, 0]


@pytest.mark.requirement("service-estimates")
def test_the_tubing_lasts_until_its_last_revolution_begins_at_the_rate_of_the_program() -> None:
    life = ServiceLife(ServiceLimits(tubing_days=100, tubing_revolutions=500))
    # At a microlitre a minute a revolution takes 50 minutes.
    at_its_rate = course(1_440_000)
    found = [
        life.minutes_to_tubing(0, turns, CALIBRATION, at_its_rate) for turns in (0, 497, 498, 499, 500, 501)
    ]
    assert found == [499 * 50, 100, 50, 0, 0, 0]


@pytest.mark.requirement("service-estimates")
@pytest.mark.parametrize(
    ("on_top_nl", "minutes"), [(0, 150), (999, 149), (1_000, 149), (1_001, 148), (200_000, 0)]
)
def test_what_comes_on_top_of_the_program_wears_the_tubing_as_much_sooner(
    on_top_nl: int, minutes: int
) -> None:
    life = ServiceLife(ServiceLimits(tubing_days=100, tubing_revolutions=500))
    assert life.minutes_to_tubing(0, 496, CALIBRATION, course(1_440_000), on_top_nl) == minutes


@pytest.mark.requirement("service-estimates")
def test_with_nothing_on_top_the_last_revolution_lasts_to_the_nanolitre() -> None:
    life = ServiceLife(ServiceLimits(tubing_days=100, tubing_revolutions=500))
    minutes = [
        life.minutes_to_tubing(0, 498, Calibration(1, nl_per_rev, 3_200), course(1_440_000))
        for nl_per_rev in (999, 1_000)
    ]
    assert minutes == [0, 1]


@pytest.mark.requirement("service-estimates")
def test_without_a_course_the_tubing_lasts_by_age_until_its_revolutions_are_used_up() -> None:
    life = ServiceLife(ServiceLimits(tubing_days=100, tubing_revolutions=500))
    found = [life.minutes_to_tubing(0, turns, CALIBRATION, None) for turns in (0, 499, 500, 501)]
    assert found == [144_000, 144_000, 0, 0]


def test_a_pump_serves_for_seven_years_with_90_days_notice_and_its_tubing_for_one() -> None:
    limits = BENCH_SERVICE_LIMITS
    assert (limits.service_days, limits.notice_days) == (2_555, 90)
    assert (limits.tubing_days, limits.tubing_revolutions) == (365, 200_000)
    assert REVOLUTIONS_UNIT == 100


def test_no_date_is_beyond_what_a_message_holds() -> None:
    life = ServiceLife(ServiceLimits(service_days=10_000_000))
    assert life.minutes_to_end(0) == NEVER_MINUTES
