"""Runs that were never run, for tests and figures of the store: a hundred subjects with fifteen figures each, say."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from thecal_hil.results.place import instant
from thecal_hil.results.run import PASSED, Figure, Run, Subject

_FIRST = datetime(2026, 1, 1, tzinfo=UTC)


def figure(
    value: float | None, *, key: str = "worst_edge", subject: str = "a[model]", most: float | None = 1.0
) -> Figure:
    return Figure(subject, key, key.replace("_", " "), "ticks", None, most, value)


def made_run(
    number: int,
    figures: Sequence[Figure] = (),
    *,
    states: Mapping[str, str] | None = None,
    checkout: str = "0123456789",
    kind: str = "scenarios",
    exit_code: int = 0,
) -> Run:
    """Return a run by its number, ten minutes after the one before."""
    subjects = states if states is not None else dict.fromkeys((one.subject for one in figures), PASSED)
    began = instant(_FIRST + timedelta(minutes=10 * number))
    return Run(
        *(f"made-{number:08}", kind, began, 1.5, "thecal-hil run --all", exit_code),
        {"checkout": checkout, "changed": "", "images": ["e3b0"], "machine": "here"},
        tuple(Subject(name, state, 0.25) for name, state in subjects.items()),
        tuple(figures),
    )


def large_run(number: int, subjects: int = 100, each: int = 15) -> Run:
    """Return a run of as many figures as a whole library has."""
    draw = random.Random(number)
    return made_run(
        number,
        [
            figure(0.5 + draw.random() / 1_000, subject=f"scenario-{one}[model]", key=f"figure_{place}")
            for one in range(subjects)
            for place in range(each)
        ],
        checkout=f"{number:010x}",
    )
