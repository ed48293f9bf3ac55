"""The t distribution against its table, the fit against another one, the excess against its definition."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest
from scipy import stats

from thecal.calibration.least_squares import Line, SameColumnsError, fit, weighted
from thecal.calibration.student import quantile, two_sided_p


@pytest.mark.parametrize(
    ("dof", "t"),
    [
        (1, 12.7062),
        (2, 4.30265),
        (3, 3.18245),
        (5, 2.57058),
        (10, 2.22814),
        (30, 2.04227),
        (120, 1.97993),
        (inf, 1.95996),
    ],
)
def test_the_quantiles_are_those_of_the_table(dof: float, t: float) -> None:
    assert quantile(0.05, dof) == pytest.approx(t, abs=6e-6, rel=5e-6)


@pytest.mark.parametrize("dof", [1.0, 2.5, 14.0, 200.0])
@pytest.mark.parametrize("t", [0.0, 0.3, 2.0, 9.0])
def test_the_probabilities_are_those_of_another_implementation(dof: float, t: float) -> None:
    assert two_sided_p(t, dof) == pytest.approx(2 * stats.t.sf(t, dof), abs=1e-11)
    assert two_sided_p(-t, dof) == two_sided_p(t, dof)


@pytest.mark.parametrize("part", [0.0, 1.0, -0.1])
def test_what_is_no_probability_has_no_quantile(part: float) -> None:
    with pytest.raises(ValueError, match="no probability"):
        quantile(part, 5.0)


def drawn(seed: int, excess: float, count: int = 20) -> list[Line]:
    chance = np.random.default_rng(seed)
    lines = []
    for at in range(count):
        floor, share = float(chance.uniform(0.5, 4.0)), float(chance.uniform(0.0, 3.0)) if at % 4 else 0.0
        columns = (1.0, 1e-6 * float(chance.uniform(-1, 1)), 1e5 * float(chance.uniform(0, 1)))
        y = (
            7.0
            + 3e6 * columns[1]
            - 2e-5 * columns[2]
            + (floor + excess * share) ** 0.5 * chance.standard_normal()
        )
        lines.append(Line(float(y), columns, floor, share))
    return lines


@pytest.mark.parametrize("seed", range(5))
def test_a_fit_with_weights_that_are_given_is_that_of_another_implementation(seed: int) -> None:
    lines = drawn(seed, 2.0)
    found = weighted(lines, 2.0)
    root = np.array([(one.floor + 2.0 * one.share) ** -0.5 for one in lines])
    sizes = np.array([1.0, 1e-6, 1e5])
    matrix = np.array([one.columns for one in lines]) * root[:, None] / sizes
    scaled, *_ = np.linalg.lstsq(matrix, np.array([one.y for one in lines]) * root, rcond=None)
    expected = scaled / sizes
    assert found.parameters == pytest.approx(expected.tolist(), rel=1e-8)
    inverse = np.linalg.inv(matrix.T @ matrix) / np.outer(sizes, sizes)
    assert np.ravel(found.covariance).tolist() == pytest.approx(np.ravel(inverse).tolist(), rel=1e-6)
    value, variance = found.predicted(lines[0].columns)
    assert value == pytest.approx(float(np.dot(lines[0].columns, expected)), rel=1e-8)
    assert variance == pytest.approx(
        float(np.array(lines[0].columns) @ inverse @ np.array(lines[0].columns)), rel=1e-6
    )


@pytest.mark.parametrize("seed", range(5))
def test_the_excess_makes_the_squares_as_many_as_the_degrees_of_freedom(seed: int) -> None:
    found = fit(drawn(seed, 5.0))
    assert found.excess > 0
    assert found.squares == pytest.approx(found.dof, rel=1e-6)


def test_where_the_floor_explains_all_there_is_no_excess() -> None:
    quiet = [Line(one.y, one.columns, 100.0 * one.floor, one.share) for one in drawn(1, 0.0)]
    found = fit(quiet)
    assert found.excess == 0.0
    assert found.squares < found.dof


def test_columns_that_say_the_same_and_too_few_lines_are_refused() -> None:
    lines = [Line(float(at), (1.0, 2.0), 1.0, 0.0) for at in range(5)]
    with pytest.raises(SameColumnsError):
        fit(lines)
    with pytest.raises(ValueError, match="2 for 2 parameters"):
        fit(lines[:2])
