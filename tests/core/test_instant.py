"""Units of time, and the limits of the small integers it travels in."""

from thecal_fw.core.instant import NEVER_S, TICKS_PER_DAY, TICKS_PER_MINUTE
from thecal_fw.core.reservoir import NEVER_STEP


def test_a_minute_is_six_million_ticks_and_a_day_1440_minutes():
    assert TICKS_PER_MINUTE == 6_000_000
    assert TICKS_PER_DAY == 1_440 * TICKS_PER_MINUTE


def test_what_never_comes_is_the_largest_small_integer():
    assert NEVER_S == NEVER_STEP == 2**30 - 1
