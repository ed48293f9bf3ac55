"""Programs along the pump's clock: exact minutes, midnight, weekends, offsets, no time at all."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.strategies import flex_programs
from thecal_fw.core.bolus import KIND_PATIENT, KIND_TEMPORARY, Bolus
from thecal_fw.core.instant import TICKS_PER_MINUTE, TICKS_PER_SECOND, second_of_ticks
from thecal_fw.core.modes import MODE_CONTINUOUS, MODE_FLEX
from thecal_fw.core.program import Program, decode
from thecal_fw.core.schedule import mean_rate, rate_at
from thecal_fw.core.timeline import NO_BOLUSES, ChangingTimeline, Timeline
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
    timeline = Timeline(program, clock)
    rate_nl_per_day, end = timeline.segment_at(tick)
    assert end > tick
    for at in (tick, (tick + end) // 2, end - 1):
        weekday, minute = weekday_and_minute(clock.local_second(at))
        assert rate_at(program, weekday, minute) == rate_nl_per_day
    assert clock.local_second(end) % 60 == 0
    assert clock.local_second(end - 1) % 60 == 59


@pytest.mark.requirement("time-unknown")
def test_without_wall_time_the_mean_rate_is_delivered():
    program = Program(MODE_FLEX, patterns=[[(0, 100_000), (720, 300_000)]])
    timeline = Timeline(program, WallClock())
    assert timeline.segment_at(0)[0] == mean_rate(program) == 200_000


def test_a_change_holds_from_its_tick_and_not_before():
    slow = Timeline(Program(MODE_FLEX, patterns=[[(0, 100_000)]]), WallClock())
    fast = Timeline(Program(MODE_FLEX, patterns=[[(0, 200_000)]]), WallClock())
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
    timeline = Timeline(Program(MODE_FLEX, patterns=[[(0, 100_000)]]), WallClock())
    assert timeline.segment_at(5) == (100_000, 5 + 3_600 * TICKS_PER_SECOND)


def test_a_clock_that_is_told_nothing_has_no_time_and_no_offset():
    clock = WallClock()
    assert (clock.source, clock.utc_ticks_at_boot, clock.offset_minutes) == (TIME_UNKNOWN, 0, 0)


@pytest.mark.parametrize(("offset_minutes", "off_s", "day"), [
    (0, -1, 19_999), (0, 0, 20_000), (0, 86_399, 20_000), (60, -3_600, 20_000), (-60, 3_599, 19_999),
])  # fmt: skip
def test_a_local_day_begins_at_local_midnight(offset_minutes, off_s, day):
    clock = clock_set_to(20_000 * 86_400, 0, offset_minutes, 1_000_000, 0)
    assert clock.local_day((1_000_000 + off_s) * TICKS_PER_SECOND) == day


@pytest.mark.parametrize("offset_minutes", [-840, 0, 840])
def test_without_any_time_there_is_no_day(offset_minutes):
    assert WallClock(TIME_UNKNOWN, 0, offset_minutes).local_day(10**12) == 0


def test_the_sources_of_time_have_their_names():
    sources = (TIME_UNKNOWN, TIME_SET, TIME_CARRIED_OVER, TIME_RESTORED)
    names = ["unknown", "set", "carried over a reset", "restored"]
    assert [TIME_SOURCE_NAMES[source] for source in sources] == names


def test_local_time_is_at_most_14_hours_from_utc():
    assert MOST_OFFSET_MINUTES == 840


def test_under_a_time_the_schedule_may_not_follow_seconds_begin_with_those_since_boot():
    clock = WallClock(TIME_RESTORED, 50_000)
    assert clock.next_whole_second(100_001) == 200_000


# Boluses, bridges and changes ------------------------------------------------------------------------------------


def a_day_with_a_bolus_at_eight() -> Program:
    return Program(MODE_FLEX, patterns=[[(0, 100_000)]], boluses=[[(480, 2_880_000, 5)]])


def monday(program: Program, **more) -> Timeline:
    """Return a timeline under a clock by which tick 0 is a Monday's midnight."""
    return Timeline(program, clock_set_to(1_767_571_200, 0, 0, 0, 0), **more)


EIGHT = 480 * TICKS_PER_MINUTE


def test_a_bridge_holds_up_to_its_tick_and_the_program_from_there_on():
    bridge = (300_000, 7_000)
    timeline = Timeline(Program(MODE_FLEX, patterns=[[(0, 100_000)]]), WallClock(), bridge=bridge)
    assert [timeline.segment_at(tick)[0] for tick in (0, 6_999, 7_000, 7_001)] == [
        300_000,
        300_000,
        100_000,
        100_000,
    ]
    assert timeline.segment_at(6_999) == bridge
    assert timeline.may_have_boluses()


def test_a_temporary_rate_takes_the_place_of_the_basal_one_and_boluses_come_on_top():
    extra = (Bolus(KIND_TEMPORARY, 1_000, 1_000, 50_000), Bolus(KIND_PATIENT, 1_500, 1_000, 7_000))
    timeline = Timeline(Program(MODE_FLEX, patterns=[[(0, 100_000)]]), WallClock(), extra=extra)
    assert [timeline.segment_at(tick) for tick in (0, 1_000, 1_500, 2_000)] == [
        (100_000, 1_000),
        (50_000, 1_500),
        (57_000, 2_000),
        (107_000, 2_500),
    ]
    assert timeline.may_have_boluses()


def test_a_bolus_by_the_clock_is_given_on_its_minute_for_its_minutes():
    timeline = monday(a_day_with_a_bolus_at_eight())
    assert timeline.segment_at(EIGHT - 1) == (100_000, EIGHT)
    assert timeline.segment_at(EIGHT) == (2_980_000, EIGHT + 5 * TICKS_PER_MINUTE)
    assert timeline.segment_at(EIGHT + 5 * TICKS_PER_MINUTE)[0] == 100_000
    assert timeline.segment_at(0)[1] == EIGHT


def test_whether_a_bolus_may_come_is_known_beforehand():
    program = a_day_with_a_bolus_at_eight()
    short = Program(MODE_FLEX, patterns=[[(0, 100_000)]], boluses=[[(480, 2_880_000, 1)]])
    plain = Program(MODE_FLEX, patterns=[[(0, 100_000)]])
    assert monday(program).may_have_boluses() is True
    assert monday(short).may_have_boluses() is True
    assert monday(program, bolus_minute=NO_BOLUSES).may_have_boluses() is False
    assert monday(plain).may_have_boluses() is False
    assert Timeline(program, WallClock()).may_have_boluses() is False
    assert NO_BOLUSES == 0xFFFFFFFF


def test_a_timeline_that_is_told_nothing_more_begins_boluses_in_1970_and_has_no_other_and_no_bridge():
    timeline = Timeline(a_day_with_a_bolus_at_eight(), WallClock())
    assert (timeline.bolus_minute, list(timeline.extra), timeline.bridge) == (0, [], None)


@pytest.mark.requirement("bolus-time-unknown")
def test_under_a_time_the_schedule_may_not_follow_no_bolus_begins():
    restored = WallClock(TIME_RESTORED, 1_767_571_200 * TICKS_PER_SECOND)
    timeline = Timeline(a_day_with_a_bolus_at_eight(), restored)
    assert timeline.boluses_near(EIGHT - 3_600 * TICKS_PER_SECOND, EIGHT + 3_600 * TICKS_PER_SECOND) == []


def test_while_a_program_changes_boluses_and_bridge_are_those_of_the_one_that_holds():
    plain = monday(Program(MODE_FLEX, patterns=[[(0, 100_000)]]))
    dosing = monday(a_day_with_a_bolus_at_eight(), bridge=(1, 2))
    for before, after in ((plain, dosing), (dosing, plain)):
        changing = ChangingTimeline(before, 5_000, after)
        assert changing.bridge == after.bridge
        assert changing.may_have_boluses() is True
        for tick, holds in ((4_999, before), (5_000, after), (5_001, after)):
            found = changing.boluses_near(tick, EIGHT + 1)
            assert len(found) == len(holds.boluses_near(tick, EIGHT + 1)) == (holds is dosing)
    assert ChangingTimeline(plain, 5_000, plain).may_have_boluses() is False


def test_boluses_are_looked_for_up_to_the_minute_that_a_tick_lies_in():
    timeline = monday(a_day_with_a_bolus_at_eight())
    assert len(timeline.boluses_near(0, EIGHT)) == 1
    assert timeline.boluses_near(0, EIGHT - 1) == []


A_TICK = 1_767_571_200 * TICKS_PER_SECOND
"""Monday, 5 January 2026, 00:00 UTC, on a clock whose boot was in 1970."""
HORIZON_TICKS = 2 * 24 * 60 * TICKS_PER_MINUTE


@st.composite
def similar_timelines(draw) -> Timeline:
    """Return one of few, so that two drawn ones are often the same from some tick on."""
    day = [(0, 100_000), (draw(st.sampled_from([480, 720])), draw(st.sampled_from([100_000, 200_000])))]
    boluses = draw(st.sampled_from([[], [(480, 500_000, 30)], [(600, 500_000, 30)]]))
    program = Program(MODE_FLEX, patterns=[day], boluses=[boluses])
    if draw(st.booleans()):
        program = Program(MODE_CONTINUOUS, rate_nl_per_day=draw(st.sampled_from([100_000, 200_000])))
    shift_minutes = draw(st.sampled_from([0, 0, 60]))
    offset_minutes = draw(st.sampled_from([shift_minutes, 0]))
    source = draw(st.sampled_from([TIME_SET, TIME_SET, TIME_UNKNOWN]))
    clock = WallClock(source, -shift_minutes * TICKS_PER_MINUTE, offset_minutes)
    minute = A_TICK // TICKS_PER_MINUTE + draw(st.sampled_from([0, 490, 700, 1_440]))
    start = A_TICK + draw(st.sampled_from([470, 500])) * TICKS_PER_MINUTE
    kind = draw(st.sampled_from([KIND_TEMPORARY, KIND_PATIENT]))
    extra = draw(st.sampled_from([(), (Bolus(kind, start, 30 * TICKS_PER_MINUTE, 300_000),)]))
    bridge = draw(st.sampled_from([None, None, (50_000, A_TICK + 495 * TICKS_PER_MINUTE)]))
    return Timeline(program, clock, draw(st.sampled_from([minute, NO_BOLUSES])), extra, bridge)


def rates_from(timeline: Timeline, tick: int) -> list[tuple[int, int]]:
    """Return each rate of two days and the tick it begins at, found segment by segment."""
    found: list[tuple[int, int]] = []
    end = tick + HORIZON_TICKS
    while tick < end:
        rate, until = timeline.segment_at(tick)
        if not found or found[-1][1] != rate:
            found.append((tick, rate))
        tick = until
    return found


@pytest.mark.requirement("change-without-effect")
@given(similar_timelines(), similar_timelines(), st.sampled_from([0, 475, 485, 496, 505, 600, 610, 1_000]))
def test_timelines_said_to_give_the_same_from_a_tick_on_do(one, other, minute):
    tick = A_TICK + minute * TICKS_PER_MINUTE
    if one.gives_the_same_from(tick, other):
        assert rates_from(one, tick) == rates_from(other, tick)
        assert other.gives_the_same_from(tick, one)


@pytest.mark.requirement("change-without-effect")
@given(similar_timelines(), st.integers(0, 2_000))
def test_a_timeline_gives_the_same_as_itself_from_any_tick_on(timeline, minute):
    same = Timeline(
        decode(timeline.program.encode()),
        timeline.wall_clock,
        timeline.bolus_minute,
        timeline.extra,
        timeline.bridge,
    )
    assert timeline.gives_the_same_from(A_TICK + minute * TICKS_PER_MINUTE, same)


@pytest.mark.requirement("change-without-effect")
def test_what_is_over_makes_no_difference_and_what_is_to_come_does():
    program = a_day_with_a_bolus_at_eight()
    bolus_minute = A_TICK // TICKS_PER_MINUTE + 8 * 60
    given, not_given = monday(program, bolus_minute=0), monday(program, bolus_minute=bolus_minute + 1)
    assert not given.gives_the_same_from(EIGHT - TICKS_PER_MINUTE, not_given)
    assert not given.gives_the_same_from(EIGHT + TICKS_PER_MINUTE, not_given)
    assert given.gives_the_same_from(EIGHT + 5 * TICKS_PER_MINUTE, not_given)
