"""A sample of what ``make doses`` plays: anything asked of a pump in any order, held against the reference."""

from __future__ import annotations

from therapy.part import drawn
from therapy.started import Fresh

SAMPLE = 20


def test_whatever_is_asked_in_any_order_is_given_and_told_as_the_reference_has_it() -> None:
    failures = [
        (failure, one.as_toml())
        for one in drawn(0, SAMPLE, "model")
        if (failure := Fresh("model").failure_of(one))
    ]
    assert not failures, failures[0]


def test_the_same_seed_draws_the_same_sequences() -> None:
    assert drawn(3, 4, "model") == drawn(3, 4, "model")
    assert drawn(3, 4, "model") != drawn(4, 4, "model")
