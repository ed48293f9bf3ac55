"""Start-up, boluses and their tolerance interval, occlusion, dose at the tip, and volume from pulses and from mass."""

from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from thecal_sim.metrics.boluses import bolus_accuracy
from thecal_sim.metrics.start_up import settled_after_s, start_up_curve
from thecal_sim.metrics.tip import tip_dose
from thecal_sim.metrics.tolerance import tolerance_factor, tolerance_interval
from thecal_sim.metrics.volume import (
    at_constant_rate,
    even_instants,
    from_both,
    from_mass,
    from_pulses,
    volume_per_step,
)

NL_PER_STEP = 15.625
S = 1_000_000_000
HOUR_NS = 3_600 * S


@given(st.lists(st.integers(0, 10**15), max_size=200).map(sorted), st.integers(1, 300))
def test_the_volume_of_pulses_is_what_counting_them_one_by_one_gives(times: list[int], samples: int) -> None:
    at_ns = even_instants(0, 3_600.0, samples)
    volume_nl = from_pulses(np.array(times, np.int64), NL_PER_STEP, at_ns)
    for instant, volume in zip(at_ns.tolist(), volume_nl.tolist(), strict=True):
        assert volume == NL_PER_STEP * sum(0 < time <= instant for time in times)


def test_instants_of_months_are_exact_to_the_nanosecond() -> None:
    at_ns = even_instants(7, 0.1, 180 * 864_000)
    assert int(at_ns[-1]) == 7 + 180 * 86_400 * S


def test_a_gram_is_as_much_volume_as_its_density_says_and_what_evaporates_counts() -> None:
    assert from_mass(np.array([5.0, 5.998]))[-1] == pytest.approx(1e6)
    assert from_mass(np.array([5.0, 5.997, 6.994]), loss_g=0.001)[-1] == pytest.approx(2e6)


@given(st.floats(0.5, 2.0))
def test_pulses_give_the_course_and_the_balance_the_amount(truth: float) -> None:
    course_nl = from_pulses(np.arange(1, 500, dtype=np.int64) * S, NL_PER_STEP, even_instants(0, 60.0, 8))
    weighed_nl = course_nl[-1] * truth * np.array([0.0, 0.3, 0.1, 0.2, 0.4, 0.6, 0.7, 0.9, 1.0])
    both_nl = from_both(course_nl, weighed_nl)
    assert volume_per_step(course_nl, weighed_nl) == pytest.approx(truth)
    assert both_nl[-1] == pytest.approx(weighed_nl[-1])
    assert both_nl[3] / both_nl[-1] == pytest.approx(course_nl[3] / course_nl[-1])


def test_without_a_pulse_nothing_is_said_about_how_much_each_delivers() -> None:
    with pytest.raises(ValueError, match="no pulse"):
        volume_per_step(np.zeros(3), np.array([0.0, 1.0, 2.0]))


def test_the_start_up_curve_is_the_flow_of_each_interval_and_tells_when_it_has_settled() -> None:
    flows = np.array([0.0, 200.0, 600.0, 404.0, 396.0, 400.0])
    volume_nl = np.concatenate([[0.0], np.cumsum(flows / 2_880)])
    curve = start_up_curve(volume_nl, 30.0)
    assert curve.flow_nl_per_day == pytest.approx(flows)
    assert curve.t_s.tolist() == [30, 60, 90, 120, 150, 180]
    assert settled_after_s(curve, 400.0, 5.0) == 90.0
    assert settled_after_s(curve, 400.0, 0.5) == 150.0
    assert settled_after_s(curve, 400.0, 200.0) == 0.0
    assert settled_after_s(curve, 500.0, 5.0) == float("inf")


# --- boluses


def test_the_factor_makes_as_many_intervals_right_as_the_confidence_says() -> None:
    """By trial: of many samples of five, nine in ten give an interval that holds nine tenths of the distribution."""
    samples = np.random.default_rng(3).normal(size=(40_000, 5))
    half = tolerance_factor(5) * samples.std(axis=1, ddof=1)
    mean = samples.mean(axis=1)
    normal = NormalDist()
    held = [
        normal.cdf(centre + width) - normal.cdf(centre - width) >= 0.9
        for centre, width in zip(mean.tolist(), half.tolist(), strict=True)
    ]
    assert np.mean(held) == pytest.approx(0.9, abs=0.006)


def test_the_factor_falls_with_the_number_of_boluses_towards_that_of_the_distribution() -> None:
    factors = [tolerance_factor(count) for count in (2, 3, 5, 10, 25, 100, 1_000, 100_000)]
    assert factors == sorted(factors, reverse=True)
    assert factors[-1] == pytest.approx(NormalDist().inv_cdf(0.95), abs=0.01)


@given(arrays(np.float64, st.integers(2, 40), elements=st.floats(-50, 50)), st.floats(-20, 20))
def test_the_interval_moves_with_the_values_and_lies_around_their_mean(values: np.ndarray, by: float) -> None:
    interval, moved = tolerance_interval(values), tolerance_interval(values + by)
    assert (interval.least + interval.most) / 2 == pytest.approx(values.mean(), abs=1e-9)
    assert moved.least == pytest.approx(interval.least + by, abs=1e-6)
    assert moved.most == pytest.approx(interval.most + by, abs=1e-6)


def test_boluses_are_judged_one_by_one() -> None:
    found = bolus_accuracy(np.array([98.0, 100.0, 116.0, 84.9]), np.full(4, 100.0))
    assert found.errors_percent == pytest.approx([-2, 0, 16, -15.1])
    assert found.interval_percent is not None
    assert found.interval_percent.least < -15.1 < 16 < found.interval_percent.most


def test_one_bolus_has_an_error_and_no_interval() -> None:
    assert bolus_accuracy(np.array([99.0]), np.array([100.0])).interval_percent is None
    with pytest.raises(ValueError, match="two are needed"):
        tolerance_interval(np.array([1.0]))
    with pytest.raises(ValueError, match="none of nothing"):
        bolus_accuracy(np.array([1.0]), np.array([0.0]))


# --- tip


def test_the_dose_at_the_tip_is_held_against_what_was_prescribed() -> None:
    t_ns = np.arange(0, 101, dtype=np.int64) * 60 * S
    pumped_nl = at_constant_rate(14_400.0, 60.0, 100)
    at_tip_nl = np.maximum(0.0, pumped_nl - 250.0)
    dose = tip_dose(t_ns, at_tip_nl * 0.5, 0, 50 * 60 * S, 250.0)
    assert dose.given_ng == pytest.approx(125.0)
    assert dose.error_percent == pytest.approx(-50.0)
    with pytest.raises(ValueError, match="no dose"):
        tip_dose(t_ns, at_tip_nl, 0, S, 0.0)


def test_a_stretch_that_nobody_has_seen_gives_no_figure() -> None:
    t_ns = np.array([0, HOUR_NS], np.int64)
    out_nl = np.array([0.0, 1_000.0])
    for begin_ns, end_ns in ((HOUR_NS, 2 * HOUR_NS), (-S, HOUR_NS), (HOUR_NS, 0)):
        with pytest.raises(ValueError, match="not within what was recorded"):
            tip_dose(t_ns, out_nl, begin_ns, end_ns, 250.0)


def test_a_flow_that_is_not_a_number_has_not_settled() -> None:
    curve = start_up_curve(np.array([0.0, 1.0, np.nan, 3.0]), 86_400.0)
    assert settled_after_s(curve, 1.0, 5.0) == float("inf")
    with pytest.raises(ValueError, match="no interval"):
        settled_after_s(start_up_curve(np.array([0.0]), 1.0), 1.0, 5.0)


def test_the_bound_within_which_a_flow_has_settled_belongs_to_it() -> None:
    """105 % of 400 is worked out as a little more than 5 % off."""
    flows = np.array([800.0, 420.0, 420.0, 420.0])
    curve = start_up_curve(np.concatenate([[0.0], np.cumsum(flows / 288)]), 300.0)
    assert settled_after_s(curve, 400.0, 5.0) == 300.0
    assert settled_after_s(curve, 400.0, 4.999) == float("inf")
    for percent in range(1, 100):
        bound = np.array([400.0 * (1 + percent / 100), 400.0 * (1 - percent / 100)])
        curve = start_up_curve(np.concatenate([[0.0], np.cumsum(bound)]), 86_400.0)
        assert settled_after_s(curve, 400.0, float(percent)) == 0.0


def test_a_flow_is_judged_against_a_rate_and_over_an_interval() -> None:
    curve = start_up_curve(np.array([0.0, 1.0]), 60.0)
    with pytest.raises(ValueError, match="rate_nl_per_day"):
        settled_after_s(curve, 0.0, 5.0)
    with pytest.raises(ValueError, match="sample_s"):
        start_up_curve(np.array([0.0, 1.0]), 0.0)


def test_a_balance_that_was_zeroed_half_way_is_noticed_and_one_that_flickers_is_believed() -> None:
    grams = np.arange(10) * 0.01
    zeroed = np.where(np.arange(10) < 5, grams, grams - 0.05)
    with pytest.raises(ValueError, match=r"0\.04 g and then 0 g at reading 5: the balance was zeroed"):
        from_mass(zeroed)
    flicker = grams / 1_000 + np.resize([0.0, 0.0005], 10)
    assert from_mass(flicker, 1.0)[-1] == pytest.approx((flicker[-1] - flicker[0]) * 1e6)


def test_instants_out_of_order_are_named() -> None:
    rising, mixed = np.array([1, 2, 3], np.int64) * S, np.array([1, 3, 2], np.int64) * S
    with pytest.raises(ValueError, match="step_times_ns: instant 2 is earlier"):
        from_pulses(mixed, NL_PER_STEP, rising)
    with pytest.raises(ValueError, match="at_ns: instant 2 is earlier"):
        from_pulses(rising, NL_PER_STEP, mixed)
    with pytest.raises(ValueError, match="t_ns: instant 2 is earlier"):
        tip_dose(mixed, np.arange(3.0), S, 2 * S, 250.0)


def test_a_bolus_that_was_not_measured_has_no_accuracy() -> None:
    with pytest.raises(ValueError, match="delivered_nl"):
        bolus_accuracy(np.array([np.nan, 1.0]), np.ones(2))
    with pytest.raises(ValueError, match="prescribed_nl"):
        bolus_accuracy(np.ones(2), np.array([np.nan, 1.0]))
