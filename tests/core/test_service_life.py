"""What tubing and pump may still serve: never told later than it is, whatever the course of delivery."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.pump_bench import continuous
from thecal_fw.core.program import PatientBolus
from thecal_fw.core.refill_dates import NEVER_MINUTES, Course
from thecal_fw.core.service_life import PART_PUMP, PART_TUBING, ServiceLife, ServiceLimits

DAY_S = 86_400
NL_PER_REV = 50_000
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
    minutes = life.minutes_to_tubing(age_s, revolutions, NL_PER_REV, course(nl_per_day, most_per_day))
    # All of a day's boluses, 10 microlitres each, may come at the beginning of each day.
    left_nl = max(0, life.limits.tubing_revolutions - revolutions) * NL_PER_REV
    used_nl = nl_per_day * minutes / 1_440 + 10_000 * most_per_day * -(-minutes // 1_440)
    assert used_nl <= left_nl
    assert minutes * 60 <= max(0, life.limits.tubing_days * DAY_S - age_s)


@pytest.mark.requirement("service-estimates")
@given(ages, turns, st.integers(0, 100_000), st.integers(0, 1_000), st.integers(48_000, 20_000_000))
def test_more_age_more_turns_and_a_higher_rate_never_put_a_date_off(
    age_s: int, revolutions: int, more_s: int, more_turns: int, nl_per_day: int
) -> None:
    life = ServiceLife()
    here = life.minutes_to_tubing(age_s, revolutions, NL_PER_REV, course(nl_per_day))
    assert life.minutes_to_tubing(age_s + more_s, revolutions, NL_PER_REV, course(nl_per_day)) <= here
    assert life.minutes_to_tubing(age_s, revolutions + more_turns, NL_PER_REV, course(nl_per_day)) <= here
    assert life.minutes_to_tubing(age_s, revolutions, NL_PER_REV, course(nl_per_day + 1_000_000)) <= here
    assert here <= life.minutes_to_tubing(age_s, revolutions, NL_PER_REV, None)
    assert life.minutes_to_end(age_s + more_s) <= life.minutes_to_end(age_s)


@pytest.mark.requirement("service-estimates")
@given(ages, turns)
def test_an_alarm_and_its_date_agree(age_s: int, revolutions: int) -> None:
    life = ServiceLife()
    if life.is_tubing_due(age_s, revolutions):
        assert life.minutes_to_tubing(age_s, revolutions, NL_PER_REV, None) == 0
    assert life.is_over(age_s) <= (life.minutes_to_end(age_s) == 0)
    assert life.is_replacement_due(age_s) <= (life.minutes_to_replacement(age_s) == 0)
    assert life.is_over(age_s) <= life.is_replacement_due(age_s)


@pytest.mark.requirement("service-life")
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


def test_no_date_is_beyond_what_a_message_holds() -> None:
    life = ServiceLife(ServiceLimits(service_days=10_000_000))
    assert life.minutes_to_end(0) == NEVER_MINUTES
