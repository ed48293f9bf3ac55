"""The meter counts minute by minute on the safe side, and lets a dose begin exactly if every window has room for it."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thecal_fw.core.bolus import KIND_CLINICIAN, Bolus
from thecal_fw.core.calibration import BENCH_CALIBRATION
from thecal_fw.core.instant import TICKS_PER_DAY, TICKS_PER_MINUTE, TICKS_PER_SECOND
from thecal_fw.core.meter import FITS, SLOTS, Meter
from thecal_fw.core.modes import MODE_CONTINUOUS
from thecal_fw.core.program import Program
from thecal_fw.core.rate_line import RateLine

MOST_RATE = 96_000_000
NL_PER_STEP = Fraction(125, 8)
FULL_MINUTE = 4_267
"""Microsteps of a minute of the highest rate."""


def new_meter() -> Meter:
    return Meter(BENCH_CALIBRATION, MOST_RATE)


def program(hour_nl: int, day_nl: int, rate: int = 0) -> Program:
    return Program(MODE_CONTINUOUS, rate_nl_per_day=rate, most_nl_per_hour=hour_nl, most_nl_per_day=day_nl)


def line_of(rates: list[tuple[int, int]]) -> RateLine:
    """Return a line of a first tick, and then pairs of end and rate."""
    line = RateLine()
    line.begin(rates[0][0])
    for end, rate in rates[1:]:
        line.add(end, rate)
    return line


@pytest.mark.requirement("meter-counts")
def test_what_is_counted_is_in_the_hour_for_an_hour_and_in_the_day_for_a_day() -> None:
    meter = new_meter()
    meter.add(1_700)
    for minutes in range(1, SLOTS + 60):
        meter.next_minute()
        assert (meter.counted(60) == 1_700) == (minutes <= 60)
        assert (meter.counted(1_440) == 1_700) == (minutes <= 1_440)


@pytest.mark.requirement("meter-counts")
@given(st.lists(st.integers(0, FULL_MINUTE), min_size=1, max_size=200))
def test_nothing_is_lost_and_nothing_counts_earlier_than_it_came(minutes: list[int]) -> None:
    meter = new_meter()
    for steps in minutes:
        meter.add(steps)
        meter.next_minute()
    assert meter.counted(1_440) == sum(minutes)
    for window in (1, 5, 60):
        came = sum(minutes[-window:])
        assert came <= meter.counted(window) <= sum(minutes[-window - 1 :]) + meter.portion


@pytest.mark.requirement("meter-over-resets")
def test_what_came_nobody_knows_when_counts_as_late_as_it_can_have_come() -> None:
    meter = new_meter()
    for _ in range(100):
        meter.next_minute()
    meter.fill_back(80, 100, 3 * FULL_MINUTE)
    assert meter.counted(3) >= 3 * FULL_MINUTE - 1
    assert meter.counted(1) >= 2 * FULL_MINUTE - 2 * meter.portion
    meter = new_meter()
    meter.fill_back(0, 0, 3 * FULL_MINUTE)
    assert meter.counted(1_440) == 3 * FULL_MINUTE


@pytest.mark.requirement("meter-holds-a-bolus")
@pytest.mark.parametrize(("hour_nl", "day_nl", "window"), [(100_000, 10**9, 60), (10**9, 100_000, 1_440)])
def test_a_dose_fits_up_to_the_limit_and_a_minute_of_the_highest_rate(
    hour_nl: int, day_nl: int, window: int
) -> None:
    for given_nl, expected in ((166_600, FITS), (166_700, window)):
        meter = new_meter()
        # 1 mL a day for what is left of the limit besides: from now on a minute's worth of it at a time.
        rates = [(0, 0), (TICKS_PER_MINUTE // 2, given_nl * 2_880), (TICKS_PER_DAY + TICKS_PER_MINUTE, 0)]
        assert meter.too_full(program(hour_nl, day_nl), line_of(rates), 0, 0, 0) == expected


@pytest.mark.requirement("meter-holds-a-bolus")
@given(
    st.lists(st.integers(0, FULL_MINUTE), min_size=0, max_size=150),
    st.lists(st.tuples(st.integers(1, 40 * 60), st.integers(0, MOST_RATE)), min_size=1, max_size=5),
    st.integers(0, 59),
    st.integers(0, 20_000_000),
)
def test_the_fullest_window_decides_and_every_place_of_it_is_looked_at(
    past: list[int], future: list[tuple[int, int]], second: int, limit_nl: int
) -> None:
    meter = new_meter()
    for steps in past:
        meter.add(steps)
        meter.next_minute()
    tick, rates = second * TICKS_PER_SECOND, [(second * TICKS_PER_SECOND, 0)]
    for seconds, rate in future:
        tick += seconds * TICKS_PER_SECOND
        rates.append((tick, rate))
    rates.append((second * TICKS_PER_SECOND + TICKS_PER_DAY + TICKS_PER_MINUTE, 0))
    found = meter.too_full(program(limit_nl, 10**12), line_of(rates), rates[0][0], 0, rates[0][0])
    assert (found == 60) == _is_passed(meter, rates, limit_nl)


def _is_passed(meter: Meter, rates: list[tuple[int, int]], limit_nl: int) -> bool:
    """Return True if a limit is passed, each minute counted whole, one place of the window after the other."""
    for passed in range(61):
        counted = meter.counted(60 - passed) * NL_PER_STEP
        to_come = Fraction(0)
        begin = rates[0][0]
        for end, rate in rates[1:]:
            ticks = min(end, (passed + 1) * TICKS_PER_MINUTE) - begin
            to_come += Fraction(rate * max(0, ticks), TICKS_PER_DAY)
            begin = end
        if counted + to_come > limit_nl + meter.most_nl:
            return True
    return False


@pytest.mark.requirement("meter-never-needless")
@given(st.integers(1, 500_000), st.integers(0, 90), st.integers(1, 90))
def test_what_keeps_the_limits_exactly_is_not_held_back(dose_nl: int, minutes_ago: int, lasts: int) -> None:
    rate = dose_nl * 1_440 // lasts
    if rate > MOST_RATE:
        return
    meter, owed = new_meter(), Fraction(0)
    for _ in range(lasts):
        owed += Fraction(rate, 1_440) / NL_PER_STEP
        meter.add(int(owed))
        owed -= int(owed)
        meter.next_minute()
    for _ in range(minutes_ago):
        meter.next_minute()
    again = Bolus(KIND_CLINICIAN, 0, lasts * TICKS_PER_MINUTE, rate)
    # The most of both that any hour holds.
    apart = lasts + minutes_ago
    most = max(
        sum(rate / 1_440 * max(0, min(end, begin + lasts) - max(end - 60, begin)) for begin in (0, apart))
        for end in range(apart + 1, apart + lasts + 61)
    )
    line = line_of([(0, 0), (again.end_tick, rate), (TICKS_PER_DAY + again.end_tick, 0)])
    assert meter.too_full(program(int(most) + 300, 10**12), line, 0, 0, 0) == FITS


@pytest.mark.requirement("meter-holds-a-bolus")
def test_a_window_that_is_over_before_a_dose_begins_does_not_hold_it_back() -> None:
    meter = new_meter()
    meter.add(FULL_MINUTE)
    meter.add(0)
    limits = program(10_000, 10**9)
    later = 2 * 60 * TICKS_PER_MINUTE
    rates = [(0, 0), (later, 0), (later + TICKS_PER_MINUTE, 1_440_000), (TICKS_PER_DAY + TICKS_PER_MINUTE, 0)]
    assert meter.too_full(limits, line_of(rates), 0, 0, later) == FITS
    meter.add(FULL_MINUTE)
    assert meter.too_full(limits, line_of(rates), 0, 0, later) == FITS
    assert meter.too_full(limits, line_of(rates), 0, 0, 0) == 60
