"""Programs along the pump's clock: exact minutes, midnight, weekends, offsets, no time at all."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.strategies import flex_programs
from thecal_fw.core.instant import TICKS_PER_SECOND, second_of_ticks
from thecal_fw.core.program import MODE_FLEX, Program
from thecal_fw.core.schedule import mean_rate, rate_at
from thecal_fw.core.timeline import ChangingTimeline, Timeline
from thecal_fw.core.wall_clock import (
    MOST_OFFSET_MINUTES,
    TIME_CARRIED_OVER,
    TIME_RESTORED,
    TIME_SET,
    TIME_SOURCE_NAMES,
    TIME_UNKNOWN,
    WallClock,
    clock_set_to,
    weekday_and_minute,
)

MINIMUM_RATE = 6_000
offsets_minutes = st.integers(-14 * 60, 14 * 60)
instants = st.datetimes(datetime(2024, 1, 1), datetime(2060, 1, 1)).map(lambda t: t.replace(tzinfo=UTC))


@pytest.mark.requirement("local-time")
@given(instants, st.integers(0, 10**8), st.integers(0, 999_999), offsets_minutes)
def test_local_time_agrees_with_the_calendar(utc, boot_s, boot_us, offset_minutes):
    utc_s = int(utc.timestamp())
    clock = clock_set_to(utc_s, 0, offset_minutes, boot_s, boot_us)
    tick = boot_s * TICKS_PER_SECOND + boot_us // 10
    local = utc + timedelta(minutes=offset_minutes)
    weekday, minute = weekday_and_minute(clock.local_second(tick))
    assert (weekday, minute) == (local.weekday(), 60 * local.hour + local.minute)


@pytest.mark.requirement("exact-minute")
@given(flex_programs(), instants, st.integers(0, 10**12), offsets_minutes)
def test_a_rate_holds_exactly_until_the_minute_of_the_next_step(program, utc, tick, offset_minutes):
    clock = clock_set_to(int(utc.timestamp()), 0, offset_minutes, tick // TICKS_PER_SECOND, 0)
    timeline = Timeline(program, clock, MINIMUM_RATE)
    rate_nl_per_day, end = timeline.segment_at(tick)
    assert end > tick
    for at in (tick, (tick + end) // 2, end - 1):
        weekday, minute = weekday_and_minute(clock.local_second(at))
        assert rate_at(program, weekday, minute, MINIMUM_RATE) == rate_nl_per_day
    assert clock.local_second(end) % 60 == 0
    assert clock.local_second(end - 1) % 60 == 59


@pytest.mark.requirement("time-unknown")
def test_without_wall_time_the_mean_rate_is_delivered():
    program = Program(MODE_FLEX, patterns=[[(0, 100_000), (720, 300_000)]])
    timeline = Timeline(program, WallClock(), MINIMUM_RATE)
    assert timeline.segment_at(0)[0] == mean_rate(program, MINIMUM_RATE) == 200_000


def test_a_change_holds_from_its_tick_and_not_before():
    slow = Timeline(Program(MODE_FLEX, patterns=[[(0, 100_000)]]), WallClock(), MINIMUM_RATE)
    fast = Timeline(Program(MODE_FLEX, patterns=[[(0, 200_000)]]), WallClock(), MINIMUM_RATE)
    changing = ChangingTimeline(slow, 5_000, fast)
    assert changing.segment_at(4_999) == (100_000, 5_000)
    assert changing.segment_at(5_000)[0] == 200_000
    assert changing.segment_at(5_001)[0] == 200_000


@given(st.integers(0, 10**12), st.integers(0, 999_999))
def test_a_change_waits_for_a_whole_second_of_the_pumps_clock(tick, utc_us):
    clock = clock_set_to(1_790_000_000, utc_us, 0, 1_000, 0)
    found = clock.next_whole_second(tick)
    assert tick <= found < tick + TICKS_PER_SECOND
    assert clock.utc_ticks(found) % TICKS_PER_SECOND == 0


def test_an_unknown_time_is_reported_as_no_time_at_all():
    assert WallClock().utc_ticks(123_456) == 0
    assert WallClock().next_whole_second(100_001) == 200_000


@pytest.mark.requirement("local-time")
def test_the_clock_goes_on_past_the_year_2038():
    clock = clock_set_to(4_000_000_000, 5, 0, 7, 0)
    ticks = clock.utc_ticks(7 * TICKS_PER_SECOND)
    assert second_of_ticks(ticks) == 4_000_000_000


def test_without_wall_time_a_segment_ends_after_an_hour():
    timeline = Timeline(Program(MODE_FLEX, patterns=[[(0, 100_000)]]), WallClock(), MINIMUM_RATE)
    assert timeline.segment_at(5) == (100_000, 5 + 3_600 * TICKS_PER_SECOND)


def test_a_clock_that_is_told_nothing_has_no_time_and_no_offset():
    clock = WallClock()
    assert (clock.source, clock.utc_ticks_at_boot, clock.offset_minutes) == (TIME_UNKNOWN, 0, 0)


def test_the_sources_of_time_have_their_names():
    sources = (TIME_UNKNOWN, TIME_SET, TIME_CARRIED_OVER, TIME_RESTORED)
    names = ["unknown", "set", "carried over a reset", "restored"]
    assert [TIME_SOURCE_NAMES[source] for source in sources] == names


def test_local_time_is_at_most_14_hours_from_utc():
    assert MOST_OFFSET_MINUTES == 840


def test_under_a_time_the_schedule_may_not_follow_seconds_begin_with_those_since_boot():
    clock = WallClock(TIME_RESTORED, 50_000)
    assert clock.next_whole_second(100_001) == 200_000
