"""The way from steps with a beginning and an end to a day that is covered once, without gap or overlap.

A pattern describes one day from midnight to midnight. A step that runs past midnight, 22:00 to 06:30, covers the
late evening and the early morning of that same day; it is split there.
"""

from __future__ import annotations

from dataclasses import dataclass

from thecal_fw.core.program import MINUTES_PER_DAY


@dataclass(frozen=True)
class Step:
    """A rate from one minute of the day to another; ``end_minute`` may lie before ``begin_minute``."""

    begin_minute: int
    end_minute: int
    rate_nl_per_day: int


def steps_of_day(steps: list[Step]) -> tuple[list[tuple[int, int]], list[str]]:
    """Return (start minute, rate) in order for the whole day, and what is wrong: gaps and overlaps, each named."""
    spans: list[tuple[int, int, int]] = []
    for step in steps:
        if step.begin_minute < step.end_minute:
            spans.append((step.begin_minute, step.end_minute, step.rate_nl_per_day))
        else:
            spans.append((step.begin_minute, MINUTES_PER_DAY, step.rate_nl_per_day))
            if step.end_minute:
                spans.append((0, step.end_minute, step.rate_nl_per_day))
    spans.sort()
    problems: list[str] = []
    covered = 0
    for begin, end, _ in spans:
        if begin > covered:
            problems.append(
                f"nothing is prescribed from {clock(covered)} to {clock(begin)}; add a step for it"
            )
        elif begin < covered:
            overlap_end = min(covered, end)
            problems.append(
                f"two steps overlap from {clock(begin)} to {clock(overlap_end)}; shorten one of them"
            )
        covered = max(covered, end)
    if covered < MINUTES_PER_DAY:
        problems.append(f"nothing is prescribed from {clock(covered)} to 24:00; add a step for it")
    return _merged([(begin, rate) for begin, _, rate in spans]), problems


def _merged(day: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the steps without those that change nothing."""
    merged: list[tuple[int, int]] = []
    for begin, rate in day:
        if not merged or merged[-1][1] != rate:
            merged.append((begin, rate))
    return merged


def clock(minute: int) -> str:
    """Return a minute of the day as people write it."""
    return f"{minute // 60:02d}:{minute % 60:02d}"
