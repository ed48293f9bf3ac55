"""Drawings show what is in the data: no extreme gets lost, and curves are drawn only where they mean something."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from report.records import ran, weighed
from thecal.reports.svg import round_up, ticks
from thecal_hil.contract.pump_clock import TICK_NS
from thecal_hil.report.course_plot import draw_course
from thecal_hil.report.curves import seen_points, time_ticks, time_unit
from thecal_hil.report.flow import due_ns, start_up_of, trumpet_of
from thecal_hil.report.flow_plots import flow_drawings
from thecal_hil.report.small_plots import draw_edge_errors
from thecal_sim.units import NS_PER_S

PIXELS = st.floats(0, 800, allow_nan=False)


@given(st.lists(PIXELS, min_size=2, max_size=60, unique=True).map(sorted), st.data())
def test_a_thinned_curve_is_nowhere_off_by_a_fifth_of_a_pixel(
    across: list[float], data: st.DataObject
) -> None:
    up = data.draw(st.lists(PIXELS, min_size=len(across), max_size=len(across)))
    x, y = np.array(across), np.array(up)
    kept = seen_points(x, y)
    assert {0, len(x) - 1} <= set(kept.tolist())
    for begin, end in pairwise(kept):
        dx, dy = x[end] - x[begin], y[end] - y[begin]
        off = np.abs(dx * (y[begin:end] - y[begin]) - dy * (x[begin:end] - x[begin])) / np.hypot(dx, dy)
        assert off.max() <= 0.2


def test_a_straight_line_needs_two_points() -> None:
    x = np.arange(10_000.0)
    assert len(seen_points(x, 3 * x)) == 2


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_ticks_lie_within_the_axis_and_are_about_as_many_as_wanted(least: float, span: float) -> None:
    found = ticks(least, least + span)
    assert 1 <= len(found) <= 7
    slack = 1e-6 * span
    assert all(least - slack <= tick <= least + span + slack for tick in found)


@given(st.floats(1e-6, 1e9))
def test_the_end_of_an_axis_is_never_below_what_it_has_to_show(value: float) -> None:
    assert 0.99999 * value <= round_up(value) <= 2 * value


@pytest.mark.parametrize(
    ("span_s", "unit", "steps"),
    [(60, "s", 10), (3_600, "min", 10), (86_400, "h", 3), (14 * 86_400, "days", 2)],
)
def test_time_is_told_in_the_unit_of_a_clock(span_s: float, unit: str, steps: float) -> None:
    found = time_unit(span_s)
    assert found.name == unit
    at = time_ticks(found, 0.0, span_s / found.seconds)
    assert at[1] - at[0] == pytest.approx(steps)


def test_pulses_that_come_evenly_have_no_error_in_windows_of_whole_intervals() -> None:
    found = trumpet_of(ran("steady"))
    assert found is not None
    assert found.samples.windows.sample_s == 30, "ten intervals of three seconds"
    assert np.abs(found.curve.most_percent).max() < 1e-3
    assert np.abs(found.curve.least_percent).max() < 1e-3


def test_a_pulse_ten_seconds_late_shows_in_the_shortest_window_most() -> None:
    record = ran("steady")
    record.step_times_ns[400:] += 10 * NS_PER_S
    record.edge_errors_ticks = record.edge_errors_ticks.copy()
    record.edge_errors_ticks[400:] += 10 * NS_PER_S / TICK_NS
    found = trumpet_of(record)
    assert found is not None
    least = found.curve.least_percent
    assert least[0] == pytest.approx(-100 * 3 / 40, abs=3), (
        "three pulses of forty are missing from two minutes"
    )
    assert list(least) == sorted(least)


def test_where_pulses_were_lost_nobody_knows_when_each_was_due_and_no_trumpet_is_drawn() -> None:
    record = ran("steady")
    record.edge_errors_ticks = record.edge_errors_ticks[:-1]
    assert due_ns(record) is None
    assert trumpet_of(record) is None


@pytest.mark.parametrize("share", [0.8, 1.0, 1.145])
def test_what_a_head_moves_too_much_or_too_little_shows_by_mass_and_not_from_pulses(share: float) -> None:
    found = trumpet_of(weighed("steady", share=share))
    assert found is not None
    assert found.weighed is not None
    assert found.curve.overall_percent == pytest.approx(0, abs=1e-3)
    off_percent = pytest.approx(100 * (share - 1), abs=1e-3)
    assert found.weighed.overall_percent == off_percent, "what has evaporated is put back"
    assert found.weighed.left_tip_percent == off_percent
    assert found.weighed.by_both.overall_percent == off_percent


def test_a_shaken_balance_widens_the_trumpet_by_mass_and_leaves_the_one_from_both_narrow() -> None:
    record = weighed("steady")
    assert record.collected is not None
    record.collected.shown_g[5:-5] += np.random.default_rng(1).normal(
        0, 1e-4, len(record.collected.t_ns) - 10
    )
    found = trumpet_of(record)
    assert found is not None
    assert found.weighed is not None
    by_mass, by_both = found.weighed.by_mass, found.weighed.by_both
    assert by_mass.overall_percent == pytest.approx(by_both.overall_percent), "one total"
    assert by_mass.most_percent[0] - by_mass.least_percent[0] > 5
    assert by_both.most_percent[0] - by_both.least_percent[0] < 1e-3


def test_flow_by_mass_stands_beside_flow_from_pulses() -> None:
    found = start_up_of(weighed("steady", share=0.5))
    assert found is not None
    assert found.by_mass is not None
    assert found.by_mass.flow_nl_per_day == pytest.approx(found.by_pulses.flow_nl_per_day / 2)
    drawn = flow_drawings(weighed("steady"), "x")
    assert [svg.split("</title>")[0].split(", ")[-1] for svg, _ in drawn] == ["from pulses", "by mass"] * 2


def test_where_nothing_was_weighed_at_the_samples_nothing_is_drawn_by_mass() -> None:
    record = ran("steady")
    record.collected = weighed("steady").collected
    assert len(flow_drawings(record, "x")) == 4
    record.step_times_ns = record.step_times_ns + 1
    assert len(flow_drawings(record, "x")) == 2
    assert len(flow_drawings(ran("steady"), "x")) == 2


def test_one_edge_far_off_among_many_is_seen_in_the_histogram() -> None:
    record = ran("steady")
    before = draw_edge_errors(record, "x").count('class="bar"')
    record.edge_errors_ticks = record.edge_errors_ticks.copy()
    record.edge_errors_ticks[7] = 42.0
    after = draw_edge_errors(record, "x")
    assert after.count('class="bar"') == before + 1
    assert "off by 42.0000 ticks" in after


def test_an_alarm_that_is_still_active_is_drawn_to_the_end() -> None:
    drawn = draw_course(ran("steady"), "x")
    assert "alarm motor stalled from 600.000 s on" in drawn
    assert 'class="alarm critical"' in drawn


def test_a_record_of_nothing_draws_nothing() -> None:
    record = ran("steady")
    record.curves, record.alarms = (), ()
    assert draw_course(record, "x") == ""
