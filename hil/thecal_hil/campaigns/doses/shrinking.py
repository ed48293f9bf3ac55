"""Makes a sequence that fails as short as it can be while it fails in the same way."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from thecal_hil.campaigns.doses.sequence import Sequence, Step

Failure = tuple[int, str]
"""Step at which it fails, and how."""


def shape_of(difference: str) -> str:
    """Return how something fails, figures and names of states left out."""
    return re.sub(r"[\d.,()\[\]' ]+|True|False|None", " ", difference)


def shrunk(
    sequence: Sequence, failure_of: Callable[[Sequence], Failure | None], most_trials: int
) -> Sequence:
    """Return the shortest found in so many trials that fails with a difference of the same shape.

    ValueError if the sequence doesn't fail.
    """
    failure = failure_of(sequence)
    if failure is None:
        raise ValueError("the sequence does not fail")
    shape, trials = shape_of(failure[1]), 0

    def still_fails(steps: tuple[Step, ...]) -> Sequence | None:
        nonlocal trials
        trials += 1
        candidate = replace(sequence, steps=steps)
        found = failure_of(candidate) if trials <= most_trials else None
        if found is None or shape_of(found[1]) != shape:
            return None
        return replace(candidate, steps=steps[: found[0]])

    sequence = replace(sequence, steps=sequence.steps[: failure[0]])
    size = max(1, len(sequence.steps) // 2)
    while size:
        at = 0
        while at < len(sequence.steps):
            shorter = still_fails(sequence.steps[:at] + sequence.steps[at + size :])
            if shorter is None:
                at += size
            else:
                sequence = shorter
        size //= 2
    return sequence
