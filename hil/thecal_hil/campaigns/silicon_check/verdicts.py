"""The verdicts on what was believed and what was measured, and whether they agree.

Promise: a figure that is too uncertain to decide is not measured, and never agrees.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    AGREES = "agrees"
    DIFFERS = "differs"
    NOT_MEASURED = "not measured"


class NotMeasuredError(Exception):
    """The board or this computer can't measure something; the message says why."""


@dataclass(frozen=True)
class Assumption:
    """One thing that is believed of the chip.

    row: its rows in docs/silicon.md. assumed: a figure in `unit`, or a word. least, most: figures that still agree; a
    word agrees with itself only.
    """

    key: str
    row: str
    title: str
    assumed: float | str
    unit: str = ""
    least: float = 0.0
    most: float = 0.0


@dataclass(frozen=True)
class Reading:
    """A measured figure or word. uncertainty: the figure may be off by so much, in its own unit."""

    value: float | str
    uncertainty: float = 0.0
    remark: str = ""


Readings = Iterator[tuple[str, Reading | NotMeasuredError]]
"""What was measured, each with the key of its assumption. The error may be raised as well, when nothing more comes."""


@dataclass(frozen=True)
class Finding:
    assumption: Assumption
    reading: Reading | None
    verdict: Verdict
    why: str = ""
    """Why it was not measured, or what else there is to say."""


def judge(assumption: Assumption, reading: Reading | NotMeasuredError) -> Finding:
    """Hold a measured value against what was believed."""
    if isinstance(reading, NotMeasuredError):
        return not_measured(assumption, str(reading))
    if isinstance(assumption.assumed, str) or isinstance(reading.value, str):
        agrees = reading.value == assumption.assumed
        return Finding(assumption, reading, Verdict.AGREES if agrees else Verdict.DIFFERS, reading.remark)
    if assumption.least <= reading.value <= assumption.most:
        decided, verdict = reading.uncertainty <= (assumption.most - assumption.least) / 2, Verdict.AGREES
    else:
        off_by = max(assumption.least - reading.value, reading.value - assumption.most)
        decided, verdict = reading.uncertainty < off_by, Verdict.DIFFERS
    if decided:
        return Finding(assumption, reading, verdict, reading.remark)
    why = (
        f"{reading.value:.6g} is uncertain by {reading.uncertainty:.2g} {assumption.unit}, too much to decide"
    )
    return Finding(
        assumption, None, Verdict.NOT_MEASURED, f"{why}. {reading.remark}" if reading.remark else why
    )


def not_measured(assumption: Assumption, why: str) -> Finding:
    return Finding(assumption, None, Verdict.NOT_MEASURED, why)
