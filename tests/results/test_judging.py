"""A figure is worse once it has lost more of its margin than it may, and more than it scatters."""

import random

import pytest

from results.made_runs import figure
from thecal_hil.results.judging import Tolerance, bases, changes, judged
from thecal_hil.results.run import Figure


def base_of(*values: float, least: float | None = None, most: float | None = 1.0):
    runs = [[Figure("a[model]", "worst_edge", "worst edge", "ticks", least, most, value)] for value in values]
    return bases(runs)["a[model]", "worst_edge"]


@pytest.mark.parametrize(
    ("value", "worse"), [(0.5, False), (0.549, False), (0.551, True), (0.2, False), (1.2, True)]
)
def test_a_tenth_of_the_margin_may_be_lost(value: float, worse: bool) -> None:
    assert judged(base_of(0.5), figure(value)).worse is worse


def test_what_was_lost_is_told_as_a_share_of_the_margin() -> None:
    change = judged(base_of(0.5), figure(0.62))
    assert change.lost == pytest.approx(0.24)
    assert change.worse
    assert not change.beyond_limit


def test_on_each_side_the_margin_to_that_side_counts() -> None:
    base = base_of(99.0, least=0.0, most=100.0)
    falls = Figure("a[model]", "worst_edge", "", "", 0.0, 100.0, 95.0)
    rises = Figure("a[model]", "worst_edge", "", "", 0.0, 100.0, 99.5)
    assert not judged(base, falls).worse
    assert judged(base, rises).lost == pytest.approx(0.5)


def test_a_figure_without_limits_can_not_get_worse() -> None:
    change = judged(base_of(3.0, most=None), figure(9.0, most=None))
    assert change.moved
    assert not change.worse


def test_a_figure_that_was_not_taken_is_worse() -> None:
    assert judged(base_of(0.5), figure(None)).worse


def test_a_figure_that_was_beyond_its_limit_before_is_not_new() -> None:
    assert not judged(base_of(1.5), figure(1.6)).worse


def test_what_a_figure_scatters_by_anyway_is_not_reported() -> None:
    base = base_of(*(0.5 + 0.01 * (place % 3) for place in range(10)))
    assert not judged(base, figure(0.57)).worse
    assert judged(base, figure(0.75)).worse


def test_ten_thousand_runs_that_scatter_evenly_give_no_report() -> None:
    draw = random.Random(20261203)
    for _ in range(1_000):
        base = base_of(*(draw.gauss(0.5, 0.05) for _ in range(10)), most=1.0)
        for _ in range(10):
            value = draw.gauss(0.5, 0.05)
            assert value > 1.0 or not judged(base, figure(value)).worse


def test_the_last_tolerance_that_fits_decides() -> None:
    tolerances = [Tolerance("*:worst_*", 0.5, "all"), Tolerance("a[[]model]:worst_edge", 0.3, "this one")]
    assert judged(base_of(0.5), figure(0.62), tolerances).allowed == pytest.approx(0.3)
    other = figure(0.6, subject="b[model]")
    assert judged(base_of(0.5), other, tolerances).allowed == pytest.approx(0.5)


def test_what_lost_most_comes_first() -> None:
    keys = ("little", "none", "much", "beyond")
    base = bases([[figure(0.5, key=key) for key in keys]])
    after = dict(zip(keys, (0.52, 0.5, 0.9, 1.1), strict=True))
    found = changes(base, [figure(value, key=key) for key, value in after.items()])
    assert [one.figure.key for one in found] == ["beyond", "much", "little", "none"]
