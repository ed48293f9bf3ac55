"""The comparison of step timings: how far a train of pulses is from one pulse each interval."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thecal_hil.campaigns.comparison.step_errors import step_errors

INTERVAL_NS = 100_000_000


def train(offsets_us: list[int], begin_ns: int = 7) -> np.ndarray:
    due_ns = begin_ns + INTERVAL_NS * np.arange(len(offsets_us))
    return (due_ns + np.array(offsets_us) * 1_000).astype(np.int64)


@given(st.integers(1, 500), st.integers(0, 10**15))
def test_a_perfect_train_has_no_error_whenever_it_begins(steps: int, begin_ns: int) -> None:
    rises_ns = train([0] * steps, begin_ns)
    found = step_errors(rises_ns, INTERVAL_NS, int(rises_ns[-1]))
    assert (found.steps, found.missing, found.worst_us, found.last_us) == (steps, 0, 0.0, 0.0)


@given(st.lists(st.integers(-40_000, 40_000), min_size=2, max_size=60))
def test_the_worst_error_is_that_of_the_edge_farthest_from_its_instant(later_us: list[int]) -> None:
    rises_ns = train([0, *later_us])
    found = step_errors(rises_ns, INTERVAL_NS, int(rises_ns[-1]))
    assert found.worst_us == max(map(abs, later_us))
    assert found.last_us == later_us[-1]


def test_a_rate_that_is_off_shows_as_an_error_that_grows() -> None:
    rises_ns = train([3 * step for step in range(100)])
    found = step_errors(rises_ns, INTERVAL_NS, int(rises_ns[-1]))
    assert found.last_us == found.worst_us == 297
    assert found.median_us == pytest.approx(148.5)


def test_pulses_that_did_not_come_are_counted() -> None:
    rises_ns = train([0] * 10)
    assert step_errors(rises_ns[:7], INTERVAL_NS, int(rises_ns[-1])).missing == 3


def test_a_board_that_never_steps_is_no_train() -> None:
    with pytest.raises(ValueError, match="no pulse"):
        step_errors(np.array([], np.int64), INTERVAL_NS, 10)
