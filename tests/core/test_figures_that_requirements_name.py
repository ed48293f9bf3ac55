"""Times that requirements name, written out here: a test that takes them from the firmware would follow any change."""

import pytest

from core.test_press import looks_at
from thecal_fw.core.service_life import ServiceLife

MS, SECOND_US = 1_000, 1_000_000
DAY_S = 86_400
SEVEN_YEARS_DAYS, NOTICE_DAYS = 2_555, 90
YEAR_DAYS, TUBING_REVOLUTIONS = 365, 200_000


def presses_of(held_us: int) -> list[int]:
    return looks_at([5 * SECOND_US, 5 * SECOND_US + held_us], 200 * SECOND_US)[1]


@pytest.mark.requirement("button-short")
@pytest.mark.parametrize("held_ms", [1, 5, 10, 20, 31, 40, 49])
def test_a_push_of_less_than_50_ms_is_no_press(held_ms: int):
    assert presses_of(held_ms * MS) == []


@pytest.mark.requirement("button-press")
@pytest.mark.parametrize("held_ms", [150, 500, 1_000, 2_000])
def test_a_push_of_up_to_two_seconds_is_one_press(held_ms: int):
    assert len(presses_of(held_ms * MS)) == 1


@pytest.mark.requirement("button-long")
@pytest.mark.parametrize("held_ms", [2_200, 5_000, 20_000, 59_000])
def test_a_push_of_more_than_two_seconds_is_no_press(held_ms: int):
    assert presses_of(held_ms * MS) == []


@pytest.mark.requirement("button-held")
@pytest.mark.parametrize(("held_s", "is_faulty"), [(58, False), (62, True)])
def test_a_button_is_faulty_once_it_has_been_held_for_a_minute(held_s: int, is_faulty: bool):
    press, _ = looks_at([5 * SECOND_US], (5 + held_s) * SECOND_US)
    assert press.is_faulty is is_faulty


@pytest.mark.requirement("replacement-due", "end-of-service")
def test_a_pump_serves_seven_years_and_says_so_90_days_before():
    life = ServiceLife()
    notice_s, end_s = (SEVEN_YEARS_DAYS - NOTICE_DAYS) * DAY_S, SEVEN_YEARS_DAYS * DAY_S
    assert [life.is_replacement_due(notice_s + off) for off in (-1, 0)] == [False, True]
    assert [life.is_over(end_s + off) for off in (-1, 0)] == [False, True]


@pytest.mark.requirement("tubing-due")
def test_tubing_serves_a_year_or_200_000_revolutions():
    life = ServiceLife()
    assert [life.is_tubing_due(YEAR_DAYS * DAY_S + off, 0) for off in (-1, 0)] == [False, True]
    assert [life.is_tubing_due(0, TUBING_REVOLUTIONS + off) for off in (-1, 0)] == [False, True]
