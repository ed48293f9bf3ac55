"""Every pulse is put on the tick nearest its ideal instant, at any rate, for as long as it runs."""

from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.strategies import calibrations, rates_nl_per_day
from thecal_fw.core.calibration import BENCH_CALIBRATION, Calibration
from thecal_fw.core.instant import TICKS_PER_DAY, TICKS_PER_MINUTE
from thecal_fw.core.metering import (
    MOST_ONE_WORD_WEIGHT,
    MOST_WEIGHT_PER_RATE,
    Metering,
    weight_per_rate,
)

SMALL_INTEGER = 1 << 30
HIGHEST_RATE_NL_PER_DAY = (1 << 28) - 1
"""Of all pumps: a rate has 28 bits."""
GEARS = (Fraction(1), Fraction(25_792, 405), Fraction(57, 11), Fraction(3_969, 289))


def geared(gear: Fraction, full_steps: int, microsteps: int, nl_per_turn: int) -> Calibration:
    """Return the calibration of a head behind a gear, over as many turns as have a whole number of microsteps."""
    return Calibration(1, gear.denominator * nl_per_turn, gear.numerator * full_steps * microsteps)


geared_calibrations = st.builds(
    geared,
    st.sampled_from(GEARS),
    st.sampled_from((32, 48, 200, 400)),
    st.sampled_from((1, 8, 16, 32, 64, 128, 256)),
    st.integers(1_000, 1_000_000),
)


def begun_at(rate_nl_per_day: int, calibration: Calibration, phase: int = 0) -> Metering:
    """Return metering of so long a segment that it has 300 pulses."""
    metering = Metering(calibration)
    each = ideal_ticks_per_step(rate_nl_per_day, calibration)
    assume(each < SMALL_INTEGER)
    metering.begin(rate_nl_per_day, phase, -(-300 * each // 1))
    return metering


def steady_values_of(metering: Metering) -> tuple[int, ...]:
    """Return all that the next pulse is worked out from, and what it comes to on the way."""
    return (
        metering.gathered + metering.remainder + 1,
        metering._low_gathered + metering._low_remainder,
        metering.double_weight,
        metering._low_weight,
        metering.ticks_each + 1,
    )


def ideal_ticks_per_step(rate_nl_per_day: int, calibration: Calibration) -> Fraction:
    steps_per_day = Fraction(rate_nl_per_day * calibration.microsteps_per_rev, calibration.nl_per_rev)
    return TICKS_PER_DAY / steps_per_day


def pulse_ticks(metering: Metering, most: int) -> list[int]:
    """Return ticks from the segment's start of its first pulses."""
    ticks, total = [], 0
    for _ in range(min(most, metering.pulses_left)):
        total += metering.next_ticks()
        ticks.append(total)
    return ticks


@pytest.mark.requirement("half-a-tick")
@given(rates_nl_per_day, calibrations)
def test_no_pulse_is_more_than_half_a_tick_from_its_ideal_instant(rate_nl_per_day, calibration):
    metering = Metering(calibration)
    metering.begin(rate_nl_per_day, 0, TICKS_PER_DAY)
    each = ideal_ticks_per_step(rate_nl_per_day, calibration)
    for number, tick in enumerate(pulse_ticks(metering, 300), start=1):
        assert abs(tick - number * each) <= Fraction(1, 2)


@pytest.mark.requirement("half-a-tick")
@given(rates_nl_per_day, geared_calibrations)
def test_the_last_pulse_of_a_geared_pump_s_segment_is_where_it_is_told_to_be(rate_nl_per_day, calibration):
    metering = begun_at(rate_nl_per_day, calibration)
    told = metering.last_pulse_ticks()
    assert told == pulse_ticks(metering, metering.pulses_left)[-1]


@pytest.mark.requirement("half-a-tick")
@given(rates_nl_per_day, calibrations)
def test_the_last_pulse_of_a_day_is_as_exact_as_the_first(rate_nl_per_day, calibration):
    metering = Metering(calibration)
    metering.begin(rate_nl_per_day, 0, TICKS_PER_DAY)
    each = ideal_ticks_per_step(rate_nl_per_day, calibration)
    assert metering.pulses_left == TICKS_PER_DAY // each
    assert abs(metering.last_pulse_ticks() - metering.pulses_left * each) <= Fraction(1, 2)


@pytest.mark.requirement("no-drift")
@given(
    st.lists(st.tuples(rates_nl_per_day, st.integers(1, 40 * TICKS_PER_MINUTE)), min_size=1, max_size=30),
    calibrations,
)
def test_any_sequence_of_rates_delivers_the_prescribed_volume_with_no_drift(segments, calibration):
    metering = Metering(calibration)
    phase, pulses, ideal_steps = 0, 0, Fraction(0)
    for rate_nl_per_day, length_ticks in segments:
        metering.begin(rate_nl_per_day, phase, length_ticks)
        pulses += metering.pulses_left
        phase = metering.phase_after
        ideal_steps += length_ticks / ideal_ticks_per_step(rate_nl_per_day, calibration)
        assert pulses == ideal_steps // 1
        assert Fraction(phase, metering.step_weight) == ideal_steps - pulses


@given(rates_nl_per_day, st.integers(0, 10**9), calibrations)
def test_a_phase_that_is_owed_brings_the_first_pulse_forward_by_exactly_that(
    rate_nl_per_day, share, calibration
):
    metering = Metering(calibration)
    phase = metering.step_weight * share // (10**9 + 1)
    metering.begin(rate_nl_per_day, phase, TICKS_PER_DAY)
    each = ideal_ticks_per_step(rate_nl_per_day, calibration)
    ideal = each * (1 - Fraction(phase, metering.step_weight))
    assert abs(metering.next_ticks() - ideal) <= Fraction(1, 2)


@given(st.integers(1, 5), rates_nl_per_day)
def test_pulses_given_early_are_held_back_after_a_restart(steps_ahead, rate_nl_per_day):
    metering = Metering(BENCH_CALIBRATION)
    metering.begin(rate_nl_per_day, -steps_ahead * metering.step_weight, TICKS_PER_DAY)
    each = ideal_ticks_per_step(rate_nl_per_day, BENCH_CALIBRATION)
    assert abs(metering.next_ticks() - (1 + steps_ahead) * each) <= Fraction(1, 2)


@given(rates_nl_per_day, st.integers(1, 20))
def test_a_segment_too_short_for_what_was_given_early_has_no_pulse_and_forgets_nothing(
    rate_nl_per_day, steps_ahead
):
    metering = Metering(BENCH_CALIBRATION)
    owed_before = -steps_ahead * metering.step_weight
    metering.begin(rate_nl_per_day, owed_before, 10)
    assert metering.pulses_left == 0
    assert metering.phase_after == owed_before + 10 * metering.weight(rate_nl_per_day)
    assert metering.last_pulse_ticks() == 0


@pytest.mark.requirement("small-integers")
@given(st.sampled_from((48_000, 24_000_000, 423_800)))
def test_steady_metering_stays_within_small_integers_of_the_board(rate_nl_per_day):
    metering = Metering(BENCH_CALIBRATION)
    metering.begin(rate_nl_per_day, 0, TICKS_PER_DAY)
    metering.next_ticks()
    for _ in range(100):
        metering.next_ticks()
        assert all(0 <= value < SMALL_INTEGER for value in steady_values_of(metering))


@pytest.mark.requirement("small-integers")
@given(st.integers(1, HIGHEST_RATE_NL_PER_DAY), geared_calibrations)
def test_metering_by_any_gear_stays_within_small_integers_of_the_board(rate_nl_per_day, calibration):
    metering = begun_at(rate_nl_per_day, calibration)
    for _ in range(100):
        metering.next_ticks()
        assert all(0 <= value < SMALL_INTEGER for value in steady_values_of(metering))


@pytest.mark.requirement("half-a-tick")
@given(st.integers(1, HIGHEST_RATE_NL_PER_DAY), geared_calibrations, st.integers(0, 10**9))
def test_by_any_gear_no_pulse_is_more_than_half_a_tick_from_its_ideal_instant(
    rate_nl_per_day, calibration, share
):
    phase = Metering(calibration).step_weight * share // 10**9
    metering = begun_at(rate_nl_per_day, calibration, phase)
    each = ideal_ticks_per_step(rate_nl_per_day, calibration)
    owed = each * Fraction(phase, metering.step_weight)
    for number, tick in enumerate(pulse_ticks(metering, 300), start=1):
        # Of two ticks that are equally near it is the later one.
        assert tick == (number * each - owed + Fraction(1, 2)) // 1


def test_some_gears_need_two_words_where_the_bench_pump_needs_one():
    geared = Calibration(2, 405 * 50_000, 32 * 8 * 25_792)
    assert weight_per_rate(geared) * 700_000 > MOST_ONE_WORD_WEIGHT
    assert weight_per_rate(BENCH_CALIBRATION) * HIGHEST_RATE_NL_PER_DAY <= MOST_ONE_WORD_WEIGHT


def test_two_words_hold_four_of_the_largest_weights():
    assert 4 * MOST_WEIGHT_PER_RATE * HIGHEST_RATE_NL_PER_DAY < 1 << 58


@pytest.mark.requirement("steady-flow")
def test_the_slowest_rate_waits_225_seconds_from_step_to_step():
    metering = Metering(BENCH_CALIBRATION)
    metering.begin(6_000, 0, TICKS_PER_DAY)
    assert pulse_ticks(metering, 3) == [22_500_000, 45_000_000, 67_500_000]


def test_four_of_the_largest_weights_of_one_word_are_the_most_that_fit_a_small_integer():
    assert 4 * MOST_ONE_WORD_WEIGHT < SMALL_INTEGER <= 4 * (MOST_ONE_WORD_WEIGHT + 1)


def test_each_pulse_leaves_one_less_in_its_segment():
    metering = Metering(BENCH_CALIBRATION)
    metering.begin(24_000_000, 0, 5 * 5_625)
    left = []
    while metering.pulses_left > 0 and len(left) < 10:
        metering.next_ticks()
        left.append(metering.pulses_left)
    assert left == [4, 3, 2, 1, 0]


def test_metering_that_has_not_begun_has_no_pulse():
    metering = Metering(BENCH_CALIBRATION)
    assert (metering.pulses_left, metering.phase_after, metering.last_pulse_ticks()) == (0, 0, 0)


def test_pulses_half_way_between_two_ticks_are_put_on_the_later_one_each_time():
    metering = Metering(BENCH_CALIBRATION)
    metering.begin(128_000, 0, 3_164_063)
    # 1 054 687.5 ticks from step to step
    assert pulse_ticks(metering, 3) == [1_054_688, 2_109_375, 3_164_063]
    assert metering.last_pulse_ticks() == 3_164_063


@pytest.mark.requirement("half-a-tick")
def test_a_calibration_that_does_not_divide_a_day_is_metered_as_exactly():
    calibration = Calibration(1, 50_000, 7)
    metering = Metering(calibration)
    metering.begin(423_800, 0, TICKS_PER_DAY)
    assert metering.weight(423_800) == 423_800 * 7
    assert metering.pulses_left == 423_800 * 7 // 50_000
    assert abs(metering.next_ticks() - ideal_ticks_per_step(423_800, calibration)) <= Fraction(1, 2)
