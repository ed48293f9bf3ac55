"""The line along which a dose is judged has what was given and what is to come, and finds the fullest window."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thecal_fw.core.bolus import KIND_CLINICIAN, KIND_TEMPORARY, Bolus
from thecal_fw.core.given_rates import GivenRates
from thecal_fw.core.instant import TICKS_PER_DAY, TICKS_PER_MINUTE, TICKS_PER_SECOND
from thecal_fw.core.modes import MODE_CONTINUOUS, MODE_FLEX
from thecal_fw.core.program import Program
from thecal_fw.core.rate_line import MOST_TURNS, RateLine
from thecal_fw.core.timeline import NO_BOLUSES, Timeline
from thecal_fw.core.wall_clock import TIME_SET, WallClock

MONDAY = WallClock(TIME_SET, 1_772_409_600 * TICKS_PER_SECOND)


def laid(line: RateLine) -> list[tuple[int, int]]:
    """End and rate of each piece."""
    return [(line.end_of(index), line.rates[index]) for index in range(line.count)]


def minute_line(first: int, rates: list[int]) -> RateLine:
    """Return rates by the minute from one on, 1,440 times so much, so that a minute gives a whole number of
    nanolitres."""
    line = RateLine()
    line.begin(first * TICKS_PER_MINUTE)
    for at, rate in enumerate(rates):
        line.add((first + at + 1) * TICKS_PER_MINUTE, 1_440 * rate)
    return line


@pytest.mark.requirement("bolus-after-discontinuity")
@given(
    st.lists(st.integers(0, 50), min_size=1, max_size=12),
    st.lists(st.integers(0, 50), min_size=1, max_size=12),
    st.integers(1, 6),
    st.integers(1, 8),
)
def test_the_fullest_window_that_a_dose_reaches_into_is_found(past, coming, length, window):
    """Against every window that ends on a minute: rates turn on minutes only. One that ends a moment after the begin
    holds what one does that ends with it."""
    begin = len(past)
    minutes = [0] * 24 + past + coming + [coming[-1]] * 24
    fullest = max(
        sum(minutes[24 + end - window : 24 + end]) for end in range(begin, begin + length + window + 1)
    )
    line = minute_line(-24, minutes)

    def is_over(limit_nl: int) -> bool:
        return line.is_overfull(
            begin * TICKS_PER_MINUTE,
            (begin + length) * TICKS_PER_MINUTE,
            window * TICKS_PER_MINUTE,
            limit_nl,
        )

    assert not is_over(fullest)
    assert fullest == 0 or is_over(fullest - 1)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=60), st.integers(0, 60), st.integers(1, 20))
def test_the_highest_rate_between_two_ticks_is_that_of_any_piece_that_reaches_into_it(rates, first, count):
    line = minute_line(0, rates)
    begin, end = first * TICKS_PER_MINUTE + 1, (first + count) * TICKS_PER_MINUTE
    inside = rates[first : first + count]
    # Before and behind the line the first and the last rate hold.
    assert line.highest(begin, end) == 1_440 * max(inside or [rates[-1]])


def test_what_was_given_is_laid_from_the_first_tick_on_and_up_to_where_it_is_known():
    rates, line = GivenRates(), RateLine()
    rates.turn(100, 5)
    rates.turn(200, 7)
    rates.until = 260
    line.begin(50)
    line.add_given(rates)
    assert laid(line) == [(100, 0), (200, 5), (260, 7)]
    line.begin(150)
    line.add_given(rates)
    assert laid(line) == [(200, 5), (260, 7)]
    line.begin(300)
    line.add_given(rates)
    assert laid(line) == []
    assert line.end == 300


@pytest.mark.requirement("meter-never-needless")
def test_what_is_to_come_is_the_basal_rate_of_the_day_and_what_is_granted():
    steps = [(0, 100_000), (60, 200_000), (600, 300_000)]
    flex = Program(MODE_FLEX, patterns=[steps], weekdays=(0,) * 7, boluses=[[]])
    begin = 30 * TICKS_PER_MINUTE
    bolus = Bolus(KIND_CLINICIAN, begin + 5, 10, 1_000_000)
    temporary = Bolus(KIND_TEMPORARY, begin + 10, 20, 48_000)
    line = RateLine()
    line.begin(begin)
    line.add_plan(Timeline(flex, MONDAY), [bolus, temporary], begin + TICKS_PER_DAY)
    assert laid(line) == [
        (begin + 5, 100_000),
        (begin + 10, 1_100_000),
        (begin + 15, 1_048_000),
        (begin + 30, 48_000),
        (60 * TICKS_PER_MINUTE, 100_000),
        (600 * TICKS_PER_MINUTE, 200_000),
        (TICKS_PER_DAY, 300_000),
        (begin + TICKS_PER_DAY, 100_000),
    ]


steps_of_a_day = st.lists(
    st.tuples(st.integers(1, 47), st.integers(1, 9)), max_size=8, unique_by=lambda step: step[0]
)


@given(
    st.lists(steps_of_a_day, min_size=1, max_size=3),
    st.integers(0, 7 * 1_440 * 60),
    st.integers(1, 30 * 3_600),
    st.booleans(),
    st.booleans(),
)
def test_a_line_has_the_rates_that_its_timeline_has(days, second, length_s, is_flex, is_known):
    patterns = [[(0, 5), *sorted((30 * half, rate) for half, rate in day)] for day in days]
    weekdays = tuple(day % len(days) for day in range(7))
    program = Program(MODE_CONTINUOUS, rate_nl_per_day=12_345)
    if is_flex:
        program = Program(MODE_FLEX, patterns=patterns, weekdays=weekdays, boluses=[[] for _ in days])
    timeline = Timeline(program, MONDAY if is_known else WallClock(), NO_BOLUSES)
    begin = second * TICKS_PER_SECOND + 7
    end = begin + length_s * TICKS_PER_SECOND
    fast, slow = RateLine(), RateLine()
    for line in (fast, slow):
        line.begin(begin)
    fast.add_plan(timeline, [], end)
    slow.add_timeline(timeline, end)
    assert laid(fast) == laid(slow)
    assert fast.end == end


def test_a_line_with_more_turns_than_it_has_room_for_has_the_highest_rate_of_the_rest():
    rates = [1 + at % 2 for at in range(MOST_TURNS + 5)]
    line = minute_line(0, [*rates, 9, 1])
    assert line.count == MOST_TURNS
    assert laid(line)[-2:] == [
        ((MOST_TURNS - 1) * TICKS_PER_MINUTE, 1_440),
        ((MOST_TURNS + 7) * TICKS_PER_MINUTE, 9 * 1_440),
    ]
