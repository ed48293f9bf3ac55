"""The given rates are known turn by turn, and over a reset."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thecal_fw.core.bolus import KIND_SCHEDULED, Bolus
from thecal_fw.core.dose_record import RECORD_BYTES, DoseRecord, complete, decode
from thecal_fw.core.given_rates import MOST_TURNS, GivenRates
from thecal_fw.core.instant import TICKS_PER_DAY, TICKS_PER_MINUTE, TICKS_PER_SECOND

HOUR = 60 * TICKS_PER_MINUTE


class Course:
    """Rates by the minute, the last one for ever."""

    def __init__(self, rates: list[int]):
        self.rates = rates

    def segment_at(self, tick: int):
        minute = min(tick // TICKS_PER_MINUTE, len(self.rates) - 1)
        is_last = minute == len(self.rates) - 1
        return self.rates[minute], 1 << 60 if is_last else (minute + 1) * TICKS_PER_MINUTE


def turns(rates: GivenRates) -> list[tuple[int, int]]:
    return [(rates.ticks[index], rates.rates[index]) for index in range(rates.count)]


def volume(rates: GivenRates, until: int) -> int:
    ends = [*turns(rates), (until, 0)]
    return sum(rate * (end - begin) for (begin, rate), (end, _) in pairwise(ends))


def test_what_a_timeline_gave_is_noted_up_to_the_tick_and_no_further():
    rates = GivenRates()
    rates.follow(Course([5, 5, 7, 9]), 2 * TICKS_PER_MINUTE + 1)
    assert turns(rates) == [(0, 5), (2 * TICKS_PER_MINUTE, 7)]


def test_a_stop_before_a_change_that_was_noted_ahead_takes_it_back():
    rates = GivenRates()
    rates.follow(Course([5, 7]), 90 * TICKS_PER_SECOND)
    rates.turn(30 * TICKS_PER_SECOND, 0)
    assert turns(rates) == [(0, 5), (30 * TICKS_PER_SECOND, 0)]


def test_nothing_older_than_24_hours_is_followed():
    rates = GivenRates()
    rates.follow(Course([5, 7]), 3 * TICKS_PER_DAY)
    assert turns(rates) == [(2 * TICKS_PER_DAY, 7)]


@given(st.lists(st.integers(0, 1_000), min_size=1, max_size=200))
def test_however_often_the_rate_turns_the_volume_is_kept_to_a_rounding_and_the_latest_turns_exactly(steps):
    rates, exact = GivenRates(), 0
    for at, rate in enumerate(steps):
        rates.turn(at * TICKS_PER_MINUTE, rate)
        exact += rate * TICKS_PER_MINUTE
    kept = volume(rates, len(steps) * TICKS_PER_MINUTE)
    assert exact <= kept <= exact + len(steps) ** 2 * TICKS_PER_MINUTE
    assert rates.count <= MOST_TURNS
    for at in range(max(0, len(steps) - MOST_TURNS // 2 + 1), len(steps)):
        assert (
            next(rate for tick, rate in reversed(turns(rates)) if tick <= at * TICKS_PER_MINUTE) == steps[at]
        )


def test_turns_that_no_window_reaches_back_to_are_forgotten_before_any_are_joined():
    rates = GivenRates()
    for at in range(MOST_TURNS):
        rates.turn(at * TICKS_PER_MINUTE, 1 + at % 2)
    rates.turn(TICKS_PER_DAY + TICKS_PER_MINUTE, 9)
    assert turns(rates)[:2] == [(TICKS_PER_MINUTE, 2), (2 * TICKS_PER_MINUTE, 1)]


def written(record: DoseRecord, base_s: int, given: GivenRates) -> bytearray:
    data = bytearray(RECORD_BYTES)
    record.encode_into(data, base_s, given)
    complete(data, 1)
    return data


@pytest.mark.parametrize("late_ticks", [0, 12_345])
def test_turns_outlive_a_reset_to_40_microseconds(late_ticks):
    record, given = DoseRecord(5_000), GivenRates()
    given.turn(100, 48_000)
    given.turn(1_234_567, 20_048_000)
    record.judged_until_s = 77_000
    again = GivenRates()
    told = decode(written(record, 4_000, given), 4_900, again, late_ticks)
    assert told is not None
    assert told.judged_until_s == 77_000
    shift = 900 * TICKS_PER_SECOND + late_ticks
    assert [rate for _, rate in turns(again)] == [48_000, 20_048_000]
    for (tick, _), (was, _) in zip(turns(again), turns(given), strict=True):
        assert 0 <= tick - (was - shift) < 4
    assert again.until == 100 * TICKS_PER_SECOND - late_ticks


def test_a_record_full_of_doses_still_has_the_volume_of_all_turns():
    record, given = DoseRecord(57_600, 17), GivenRates()
    for at in range(MOST_TURNS):
        given.turn(at * HOUR // 3, 1_000 * (1 + at % 3))
    before = volume(given, 16 * HOUR)
    record.remembered = [Bolus(KIND_SCHEDULED, at * HOUR, HOUR, 1_000_000, at + 1) for at in range(16)]
    record.lived = [(at, at + 1, at) for at in range(9)]
    again = GivenRates()
    told = decode(written(record, 0, given), 57_600, again)
    assert told is not None
    assert [bolus.number for bolus in told.remembered] == list(range(1, 17))
    assert len(told.lived) == 9
    assert again.count >= 2
    kept = volume(again, 0)
    assert before <= kept <= before + MOST_TURNS * TICKS_PER_DAY
