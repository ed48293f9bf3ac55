"""A closed line is distinguished from one that is open, from one that is broken, and from a sensor that is off."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thecal_fw.core.fluid import thresholds
from thecal_fw.core.fluid.line_watch import LINE_CLOSED, LINE_DOUBTED, LINE_OPEN, LINE_RISING, LineWatch
from thecal_fw.core.fluid.open_line import OpenLineWatch
from thecal_fw.core.fluid.pressure_scale import PressureScale
from thecal_fw.core.fluid.sampling import block_samples, pressure_period_ms


def closing(nl_per_kpa: int, nl_a_sample: int, back_pa: int = 1_200) -> tuple[int, int, int, list[int]]:
    """Return a line that closes: what it stores and stands under when that is found, the bound reported, and all
    findings."""
    watch, stored, findings = LineWatch(), max(0, 6_000 - back_pa) * nl_per_kpa // 1_000, []
    while not findings or findings[-1] in (LINE_OPEN, LINE_RISING):
        stored += nl_a_sample
        findings.append(watch.take(back_pa + stored * 1_000 // nl_per_kpa, nl_a_sample))
    return stored, back_pa + stored * 1_000 // nl_per_kpa, watch.stored_bound_nl, findings


@pytest.mark.parametrize("nl_per_kpa", [5, 10, 50, 90, 264, 528])
@pytest.mark.parametrize("nl_a_sample", [27, 278])
def test_a_closed_line_is_found_before_138_kpa_and_25_mcg_and_stores_no_more_than_is_told(
    nl_per_kpa, nl_a_sample
):
    stored, pa, bound, findings = closing(nl_per_kpa, nl_a_sample)
    assert findings[-1] == LINE_CLOSED
    assert stored <= 12_500
    assert pa <= 130_000 + 1_000 * nl_a_sample // nl_per_kpa
    assert stored <= bound
    passes_at_nl = min(12_500, 138 * nl_per_kpa)
    # What the pump has to take for granted of line and rollers makes it early, and never late.
    assert stored >= 0.55 * passes_at_nl - nl_a_sample


@given(st.lists(st.integers(-3_000, thresholds.OPEN_PA), max_size=300))
def test_a_line_at_the_pressure_of_a_body_is_open_whatever_is_moved(pressures):
    watch = LineWatch()
    assert all(watch.take(pa, 5_000) == LINE_OPEN for pa in pressures)
    assert watch.stored_bound_nl == 0


@given(st.lists(st.tuples(st.integers(-2_000, 60_000), st.integers(0, 2_000)), min_size=1, max_size=200))
def test_a_look_at_an_open_line_forgets_all_that_was_before(course):
    watch, fresh = LineWatch(), LineWatch()
    for pa, moved in course:
        watch.take(pa, moved)
    watch.take(1_500, 50)
    fresh.take(1_500, 50)
    assert [watch.take(30_000, 900) for _ in range(20)] == [fresh.take(30_000, 900) for _ in range(20)]


def test_a_strain_that_passes_is_no_closed_line():
    watch = LineWatch()
    for _ in range(50):
        assert watch.take(9_000, 100) == LINE_RISING
    assert watch.take(1_200, 100) == LINE_OPEN


@pytest.mark.parametrize("pa", [9_000, 40_000, 90_000, 140_000, 170_000])
def test_a_pressure_that_leaps_and_stays_is_the_sensor_and_not_the_line(pa):
    watch = LineWatch()
    watch.take(1_200, 27)
    findings = {watch.take(pa, 27) for _ in range(1_000)}
    assert LINE_DOUBTED in findings
    assert LINE_CLOSED not in findings


def broken(samples: int, before: list[int], after: list[int]) -> int | None:
    """Return how many samples after the break it is found."""
    watch = OpenLineWatch(samples)
    for pa in before:
        assert not watch.take(pa)
    for number, pa in enumerate(after, 1):
        if watch.take(pa):
            return number
    return None


@given(st.integers(0, 200), st.integers(2, 60))
def test_a_line_that_breaks_is_found_within_three_blocks(more, samples):
    noise = [(-100, 60, 0, 100)[place % 4] for place in range(2_000)]
    before = [1_200 + pa for pa in noise[: 7 * samples + more]]
    found = broken(samples, before, noise[: 4 * samples])
    assert found is not None
    assert found <= 3 * samples


def test_coughing_and_a_strain_that_ends_are_no_break():
    course = ([1_200] * 40 + [5_200] * 12 + [1_200] * 8 + [5_200] * 30) * 4
    assert broken(40, course, course) is None


def test_a_threshold_beyond_80_percent_of_the_span_is_refused():
    PressureScale(4_000, 52_000, 207_000, thresholds.CLOSED_PA, 57_000)
    with pytest.raises(ValueError, match="80 %"):
        PressureScale(4_000, 52_000, 103_000, thresholds.CLOSED_PA, 57_000)
    with pytest.raises(ValueError, match="twelve bits"):
        PressureScale(4_000, 52_000, 207_000, thresholds.CLOSED_PA, 70_000)


def test_a_sum_of_conversions_is_a_pressure():
    scale = PressureScale(4_000, 52_000, 207_000, thresholds.CLOSED_PA, 57_000)
    assert scale.pa(4_000) == 0
    assert scale.pa(28_000) == pytest.approx(103_500, abs=20)
    assert (scale.least, scale.most) == (1_425, 55_575)


@given(st.integers(6_000, 96_000_000), st.integers(3, 300))
def test_a_sample_is_due_fifty_times_on_the_way_to_a_threshold_and_never_under_a_second(rate, nl_per_kpa):
    period_ms = pressure_period_ms(rate, nl_per_kpa)
    assert 1_000 <= period_ms <= 60_000
    to_threshold_ms = min(12_000, 130 * nl_per_kpa) / rate * 86_400_000
    assert period_ms <= max(1_000, to_threshold_ms / 50 * 1.1)
    samples = block_samples(rate, period_ms)
    assert samples >= 2
    assert samples * period_ms <= max(15_000, 12_500 / rate * 86_400_000 * 1.02, 2 * period_ms)


def test_a_pump_that_stands_is_sampled_once_a_minute():
    assert pressure_period_ms(0, 10) == 60_000
    assert block_samples(0, 60_000) == 2
