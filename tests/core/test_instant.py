"""Units of time, and the limits of the small integers it travels in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thecal_fw.core.instant import (
    NEVER_S,
    TICKS_PER_DAY,
    TICKS_PER_MINUTE,
    TICKS_PER_SECOND,
    is_before,
    microsecond_of_ticks,
    second_of_ticks,
    small,
    ticks_at,
)
from thecal_fw.core.reservoir import NEVER_STEP


def test_a_minute_is_six_million_ticks_and_a_day_1440_minutes():
    assert TICKS_PER_MINUTE == 6_000_000
    assert TICKS_PER_DAY == 1_440 * TICKS_PER_MINUTE


def test_what_never_comes_is_the_largest_small_integer():
    assert NEVER_S == NEVER_STEP == 2**30 - 1


@pytest.mark.parametrize("a_s", [4, 5, 6])
@pytest.mark.parametrize("a_us", [6, 7, 8])
def test_instants_are_in_order_by_second_and_within_a_second_by_microsecond(a_s: int, a_us: int):
    assert is_before(a_s, a_us, 5, 7) == ((a_s, a_us) < (5, 7))


@given(st.integers(0, NEVER_S * TICKS_PER_SECOND))
def test_a_tick_has_one_second_and_one_microsecond(tick: int):
    s, us = second_of_ticks(tick), microsecond_of_ticks(tick)
    assert 0 <= us < 1_000_000
    assert 1_000_000 * s + us == 10 * tick
    assert ticks_at(s, us) == tick


def test_microseconds_within_a_tick_belong_to_it():
    assert [ticks_at(3, us) for us in (0, 9, 10, 999_999)] == [300_000, 300_000, 300_001, 399_999]


@pytest.mark.parametrize("second", [NEVER_S - 1, NEVER_S, NEVER_S + 1, 4_000_000_000])
def test_seconds_are_whole_on_either_side_of_the_largest_small_integer(second: int):
    assert second_of_ticks(second * TICKS_PER_SECOND) == second
    assert second_of_ticks(second * TICKS_PER_SECOND + TICKS_PER_SECOND - 1) == second


def test_a_number_that_is_no_small_integer_is_refused_as_one():
    assert [small(value) for value in (-1, 0, NEVER_S)] == [-1, 0, NEVER_S]
    with pytest.raises(OverflowError):
        small(1 << 31)
