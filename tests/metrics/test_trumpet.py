"""The trumpet curve and the errors of hours, held against their formulas and against what must hold of any pump."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from metrics import naive
from thecal_sim.metrics.hours import hour_errors
from thecal_sim.metrics.trumpet import AMBULATORY, STANDARD, trumpet, whole_cycles
from thecal_sim.metrics.volume import at_constant_rate, even_instants, from_pulses

RATE_NL_PER_DAY = 424_000.0
NL_PER_STEP = 15.625
SAMPLE_S = 30.0
WINDOWS_S = (60.0, *STANDARD.windows_s)

flows = arrays(np.float64, st.integers(62, 400), elements=st.floats(0, 1e4))


def volume_of(steps_nl: np.ndarray) -> np.ndarray:
    return np.concatenate([[0.0], np.cumsum(steps_nl)])


def due_nl(volume_nl: np.ndarray, rate_nl_per_day: float = RATE_NL_PER_DAY) -> np.ndarray:
    return at_constant_rate(rate_nl_per_day, SAMPLE_S, len(volume_nl) - 1)


@pytest.mark.parametrize("windows", [STANDARD, AMBULATORY], ids=lambda windows: windows.name)
@given(rate=st.floats(1_000, 24_000_000))
def test_a_constant_flow_has_no_error_in_any_window(windows, rate: float) -> None:
    volume_nl = at_constant_rate(rate, windows.sample_s, round(windows.analyse_s / windows.sample_s))
    curve = trumpet(volume_nl, volume_nl.copy(), windows.sample_s, windows.windows_s)
    for errors in (curve.most_percent, curve.least_percent, curve.overall_percent):
        assert np.abs(errors).max() < 1e-9


@given(flows)
def test_the_curve_agrees_with_the_formulas_worked_out_one_by_one(steps_nl: np.ndarray) -> None:
    volume_nl = volume_of(steps_nl)
    curve = trumpet(volume_nl, due_nl(volume_nl), SAMPLE_S, WINDOWS_S)
    most, least, overall = naive.trumpet(volume_nl.tolist(), RATE_NL_PER_DAY, SAMPLE_S, WINDOWS_S)
    scale = 1e-9 * (1.0 + 100.0 * float(volume_nl[-1]) / (RATE_NL_PER_DAY / 86_400 * SAMPLE_S))
    assert curve.most_percent == pytest.approx(most, abs=scale, rel=1e-9)
    assert curve.least_percent == pytest.approx(least, abs=scale, rel=1e-9)
    assert curve.overall_percent == pytest.approx(overall, abs=scale, rel=1e-9)


def test_a_real_days_curve_agrees_with_the_formulas_to_a_billionth() -> None:
    chance = np.random.default_rng(11)
    volume_nl = volume_of(chance.normal(147.0, 12.0, 2_880))
    curve = trumpet(volume_nl, due_nl(volume_nl), SAMPLE_S, WINDOWS_S)
    most, least, overall = naive.trumpet(volume_nl.tolist(), RATE_NL_PER_DAY, SAMPLE_S, WINDOWS_S)
    assert np.abs(curve.most_percent - most).max() < 1e-9
    assert np.abs(curve.least_percent - least).max() < 1e-9
    assert abs(curve.overall_percent - overall) < 1e-9


@given(flows, st.floats(0.01, 100))
def test_the_curve_is_the_same_in_any_unit_of_volume(steps_nl: np.ndarray, factor: float) -> None:
    volume_nl = volume_of(steps_nl)
    curve = trumpet(volume_nl, due_nl(volume_nl), SAMPLE_S, WINDOWS_S)
    scaled = trumpet(volume_nl * factor, due_nl(volume_nl) * factor, SAMPLE_S, WINDOWS_S)
    assert scaled.most_percent == pytest.approx(curve.most_percent, rel=1e-6, abs=1e-6)
    assert scaled.least_percent == pytest.approx(curve.least_percent, rel=1e-6, abs=1e-6)


@given(flows)
def test_one_window_over_the_whole_stretch_is_the_overall_error(steps_nl: np.ndarray) -> None:
    volume_nl = volume_of(steps_nl)
    curve = trumpet(volume_nl, due_nl(volume_nl), SAMPLE_S, [SAMPLE_S * len(steps_nl)])
    assert curve.counts.tolist() == [1]
    assert curve.most_percent[0] == curve.least_percent[0] == curve.overall_percent


@given(flows)
def test_the_overall_error_lies_between_the_extremes_of_windows_that_tile_the_stretch(steps_nl) -> None:
    steps_nl = steps_nl[: len(steps_nl) // 2 * 2]
    volume_nl = volume_of(steps_nl)
    curve = trumpet(volume_nl, due_nl(volume_nl), SAMPLE_S, [60.0])
    assert curve.least_percent[0] - 1e-6 <= curve.overall_percent <= curve.most_percent[0] + 1e-6


def test_an_hour_holds_as_many_windows_as_published() -> None:
    """(T - P) / S + 1 for an hour of half minutes, lengths 1 to 31 min."""
    volume_nl = at_constant_rate(RATE_NL_PER_DAY, SAMPLE_S, 120)
    curve = trumpet(volume_nl, volume_nl.copy(), SAMPLE_S, WINDOWS_S)
    assert curve.counts.tolist() == [119, 117, 111, 99, 83, 59]


def test_the_overall_error_is_not_the_middle_of_the_widest_windows_extremes() -> None:
    """A mistake seen in published code: no window of half an hour sees two bursts an hour apart, the total does."""
    steps_nl = np.full(120, 147.0)
    steps_nl[[0, -1]] += 5_000.0
    volume_nl = volume_of(steps_nl)
    curve = trumpet(volume_nl, due_nl(volume_nl), SAMPLE_S, STANDARD.windows_s)
    total_percent = 100.0 * (volume_nl[-1] / due_nl(volume_nl)[-1] - 1.0)
    assert curve.overall_percent == pytest.approx(total_percent)
    assert abs(curve.overall_percent - (curve.most_percent[-1] + curve.least_percent[-1]) / 2) > 5


def test_a_day_with_many_rates_is_judged_against_each_of_them() -> None:
    rates = np.repeat([100_000.0, 900_000.0, 300_000.0], 960)
    volume_nl = volume_of(rates / 86_400 * SAMPLE_S)
    curve = trumpet(volume_nl * 1.02, volume_nl, SAMPLE_S, STANDARD.windows_s)
    assert curve.most_percent == pytest.approx(2.0)
    assert curve.least_percent == pytest.approx(2.0)


@given(st.integers(3, 400))
def test_windows_of_whole_cycles_show_no_error_of_a_perfect_pump_that_steps(steps_per_window: int) -> None:
    """In any other window the strokes alone make one."""
    interval_ns = 3_184_071_000
    cycle_s = interval_ns / 1e9
    (window_s,) = whole_cycles([steps_per_window * cycle_s * 1.1], cycle_s)
    step_times_ns = np.arange(1, 4_000, dtype=np.int64) * interval_ns
    rate = NL_PER_STEP * 86_400 / cycle_s
    samples = 2 * round(window_s / cycle_s)
    volume_nl = from_pulses(step_times_ns, NL_PER_STEP, even_instants(interval_ns // 2, cycle_s, samples))
    curve = trumpet(volume_nl, at_constant_rate(rate, cycle_s, samples), cycle_s, [window_s])
    assert np.abs([curve.most_percent, curve.least_percent]).max() < 1e-6


def test_windows_of_half_a_cycle_more_do_show_one() -> None:
    step_times_ns = np.arange(1, 1_000, dtype=np.int64) * 3_000_000_000
    at_ns = even_instants(100, 1.5, 600)
    volume_nl = from_pulses(step_times_ns, NL_PER_STEP, at_ns)
    due = at_constant_rate(NL_PER_STEP * 28_800, 1.5, 600)
    curve = trumpet(volume_nl, due, 1.5, [4.5])
    assert curve.most_percent[0] == pytest.approx(100 / 3)
    assert curve.least_percent[0] == pytest.approx(-100 / 3)


def test_whole_cycles_gives_each_length_once_and_never_none() -> None:
    assert whole_cycles([1.0, 9.0, 31.0, 29.0], 10.0) == (10.0, 30.0)


@pytest.mark.parametrize(
    ("windows_s", "told"),
    [([45.0], "no whole number of samples"), ([7_200.0], "longer than the stretch"), ([], "no window")],
)
def test_windows_that_do_not_fit_are_named(windows_s: list[float], told: str) -> None:
    volume_nl = at_constant_rate(RATE_NL_PER_DAY, SAMPLE_S, 120)
    with pytest.raises(ValueError, match=told):
        trumpet(volume_nl, volume_nl.copy(), SAMPLE_S, windows_s)


def test_a_window_in_which_nothing_is_prescribed_has_no_error_and_says_so() -> None:
    due = np.array([0.0, 1.0, 1.0, 2.0])
    with pytest.raises(ValueError, match="nothing is prescribed"):
        trumpet(due, due, SAMPLE_S, [SAMPLE_S])


@given(flows)
def test_hours_are_the_windows_that_do_not_overlap(steps_nl: np.ndarray) -> None:
    volume_nl = volume_of(np.tile(steps_nl, 3)[:360])
    if len(volume_nl) < 361:
        volume_nl = np.pad(volume_nl, (0, 361 - len(volume_nl)), mode="edge")
    found = hour_errors(volume_nl, due_nl(volume_nl), SAMPLE_S)
    hours_nl = np.diff(volume_nl[::120])
    assert found.errors_percent == pytest.approx(100 * (hours_nl / (RATE_NL_PER_DAY / 24) - 1))
    assert found.quantiles_percent[0] <= found.quantiles_percent[2] <= found.quantiles_percent[-1]
    worst = float(np.abs(found.errors_percent).max())
    assert found.share_within(worst) == 1.0


@pytest.mark.parametrize(("sample_s", "samples", "told"), [(7.0, 1_000, "no whole"), (30.0, 119, "shorter")])
def test_a_stretch_without_a_whole_hour_is_refused(sample_s: float, samples: int, told: str) -> None:
    volume_nl = at_constant_rate(RATE_NL_PER_DAY, sample_s, samples)
    with pytest.raises(ValueError, match=told):
        hour_errors(volume_nl, volume_nl, sample_s)


@pytest.mark.parametrize("sample_s", [0.0, -30.0, float("nan"), float("inf")])
def test_samples_without_an_interval_between_them_are_refused(sample_s: float) -> None:
    volume_nl = at_constant_rate(RATE_NL_PER_DAY, 30.0, 200)
    with pytest.raises(ValueError, match="sample_s"):
        trumpet(volume_nl, volume_nl, sample_s, [60.0])
    with pytest.raises(ValueError, match="sample_s"):
        hour_errors(volume_nl, volume_nl, sample_s)


@pytest.mark.parametrize("gap", [float("nan"), float("inf")])
@pytest.mark.parametrize("place", [0, 60, 200])
def test_a_gap_is_named_and_gives_no_figure(gap: float, place: int) -> None:
    volume_nl = at_constant_rate(RATE_NL_PER_DAY, 30.0, 200)
    holed_nl = volume_nl.copy()
    holed_nl[place] = gap
    with pytest.raises(ValueError, match=f"volume_nl: sample {place} is no number"):
        trumpet(holed_nl, volume_nl, 30.0, [60.0])
    with pytest.raises(ValueError, match=f"prescribed_nl: sample {place} is no number"):
        trumpet(volume_nl, holed_nl, 30.0, [60.0])
    with pytest.raises(ValueError, match=f"volume_nl: sample {place} is no number"):
        hour_errors(holed_nl, volume_nl, 30.0)
    with pytest.raises(ValueError, match=f"prescribed_nl: sample {place} is no number"):
        hour_errors(volume_nl, holed_nl, 30.0)


def test_an_hour_that_is_off_by_just_the_bound_is_within_it() -> None:
    due = at_constant_rate(RATE_NL_PER_DAY, 60.0, 600)
    assert hour_errors(due * 1.1, due, 60.0).share_within(10.0) == 1.0
    assert hour_errors(due * 1.1, due, 60.0).share_within(9.999) == 0.0
