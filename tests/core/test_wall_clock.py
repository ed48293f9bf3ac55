"""The way from time since boot to local minutes and days, to the tick."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thecal_fw.core.instant import TICKS_PER_SECOND
from thecal_fw.core.wall_clock import TIME_RESTORED, TIME_UNKNOWN, WallClock, clock_set_to

MIDNIGHT_UTC_S = 1_772_668_800
"""5 March 2026."""
MINUTE = MIDNIGHT_UTC_S // 60
HALF_PAST_FIVE = 330


@pytest.mark.parametrize(
    ("tick", "minutes_later"),
    [
        (0, 0),
        (1, 1),
        (60 * TICKS_PER_SECOND - 1, 1),
        (60 * TICKS_PER_SECOND, 1),
        (60 * TICKS_PER_SECOND + 1, 2),
        (-1, 0),
        (-60 * TICKS_PER_SECOND, -1),
    ],
)
@pytest.mark.parametrize("offset_minutes", [0, 1, -480, HALF_PAST_FIVE])
def test_the_first_local_minute_is_the_one_that_begins_then_or_the_next(
    tick: int, minutes_later: int, offset_minutes: int
):
    wall = clock_set_to(MIDNIGHT_UTC_S, 0, offset_minutes, 0, 0)
    assert wall.first_local_minute(tick) == MINUTE + offset_minutes + minutes_later


@given(st.integers(0, 2**40), st.integers(-840, 840), st.integers(0, 10**6))
def test_no_minute_begins_between_a_tick_and_the_first_local_minute_after_it(tick, offset_minutes, boot_s):
    wall = clock_set_to(MIDNIGHT_UTC_S, 0, offset_minutes, boot_s, 0)
    begins = wall.boot_ticks_of_local_second(60 * wall.first_local_minute(tick))
    assert 0 <= begins - tick < 60 * TICKS_PER_SECOND


@pytest.mark.parametrize(("second", "days_later"), [(0, 0), (86_399, 0), (86_400, 1), (-1, -1)])
def test_a_local_day_begins_at_local_midnight(second: int, days_later: int):
    wall = clock_set_to(MIDNIGHT_UTC_S - 3_600, 0, 60, 0, 0)
    assert wall.local_day(second * TICKS_PER_SECOND) == MIDNIGHT_UTC_S // 86_400 + days_later


def test_a_clock_without_a_time_knows_no_day_and_a_restored_one_does():
    assert WallClock(TIME_UNKNOWN, MIDNIGHT_UTC_S * TICKS_PER_SECOND, 60).local_day(0) == 0
    assert (
        WallClock(TIME_RESTORED, MIDNIGHT_UTC_S * TICKS_PER_SECOND, 60).local_day(0)
        == MIDNIGHT_UTC_S // 86_400
    )
