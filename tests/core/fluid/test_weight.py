"""The weight reports flow that nobody commanded, and of days on which too much or too little came."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thecal_fw.core.fluid import thresholds
from thecal_fw.core.fluid.weight_watch import (
    TREND_ALARM,
    TREND_EVEN,
    TREND_FOUND,
    ExpectedMass,
    FreeFlowWatch,
    TrendWatch,
)

MG = 1_000


@given(st.lists(st.integers(0, 20_000), max_size=200))
def test_what_is_expected_is_the_mass_of_all_microsteps_but_for_the_last_ug(parts):
    expected = ExpectedMass(50_000, 3_200)
    total = sum(expected.of(part) for part in parts)
    exact = sum(parts) * 50_000 / 3_200 * 0.997
    assert exact - 2 < total <= exact + 1e-6


@given(st.lists(st.integers(-11 * MG, 11 * MG), max_size=300), st.integers(-10_000_000, 10_000_000))
def test_readings_that_only_scatter_are_no_flow(noise, at):
    watch = FreeFlowWatch()
    assert not any(watch.take(at + off) for off in noise)


@pytest.mark.parametrize("phase", range(8))
@pytest.mark.parametrize(("mg_a_reading", "within"), [(7.8, 5), (23.4, 2), (100.0, 1), (2_500.0, 2)])
def test_a_siphon_is_found_in_any_place_of_a_block(phase, mg_a_reading, within):
    watch = FreeFlowWatch()
    assert not any(watch.take(0) for _ in range(24 + phase))
    found = [watch.take(round(number * mg_a_reading * MG)) for number in range(1, within + 1)]
    assert found[-1]
    assert not any(watch.take(0) for watch in [FreeFlowWatch()] for _ in range(3))


def test_a_vessel_that_is_knocked_or_emptied_is_no_flow():
    watch = FreeFlowWatch()
    course = [0] * 30 + [5_000 * MG] * 30 + [-15_000 * MG] * 30
    assert not any(watch.take(off) for off in course)


def trend(ug_a_block: float, blocks: int) -> tuple[list[int], TrendWatch]:
    watch = TrendWatch()
    findings = [watch.take(0) for _ in range(200)]
    assert set(findings) == {TREND_EVEN}
    return [watch.take(round(number * ug_a_block)) for number in range(1, blocks + 1)], watch


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("percent", "within_days", "finding"), [(15, 3, TREND_ALARM), (10, 7, TREND_ALARM), (5, 21, TREND_FOUND)]
)
def test_a_lasting_error_without_any_drift_is_found_in_time_with_its_sign(
    percent, within_days, finding, sign
):
    findings, watch = trend(sign * 424 * 0.997 * percent * 10 / 8, within_days * 8)
    assert finding in findings
    assert watch.off_ug * sign > 0


def test_an_error_that_is_told_of_stays_told_while_its_window_shows_it():
    findings, watch = trend(424 * 0.997 * 150 / 8, 60)
    first = findings.index(TREND_ALARM)
    assert set(findings[first:]) == {TREND_ALARM}
    assert watch.blocks == thresholds.TREND_WINDOWS[0][0]


def test_after_a_refill_the_days_before_count_no_more():
    watch = TrendWatch()
    for _ in range(100):
        watch.take(0)
    watch.begin()
    assert {watch.take(5_000 * MG) for _ in range(170)} == {TREND_EVEN}
