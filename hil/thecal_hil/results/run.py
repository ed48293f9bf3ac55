"""A run as the store keeps it: who ran what, when, on what, and each figure against its limits.

Promises: plain values that JSON holds; what is written and read again is equal; a figure that was never taken has no
value, and none is made up for it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

FORMAT: Final = 1
PASSED, FAILED, ERROR, SKIPPED, FLAKY = "passed", "failed", "error", "skipped", "flaky"
STATES: Final = (PASSED, FAILED, ERROR, SKIPPED, FLAKY)
KINDS: Final = ("scenarios", "tests", "campaign", "evidence", "calibration")


class RunFormatError(Exception):
    """The content read is no run of a format that is known here; the message says what is wrong."""


@dataclass(frozen=True)
class Figure:
    """One figure of one subject. least, most: None where that side has no limit. value: None if it was never taken."""

    subject: str
    key: str
    title: str
    unit: str
    least: float | None
    most: float | None
    value: float | None

    @property
    def identity(self) -> tuple[str, str]:
        """Return what it is compared by: limits and titles may change from one commit to the next."""
        return self.subject, self.key


@dataclass(frozen=True)
class Subject:
    """A scenario on a rig, a test, a campaign: what a run has tried, and how it ended.

    seed: of what was drawn for it; None if nothing was. edges: the digest of its edges, empty without any. begins_ns:
    where its course begins in them. again: the command that does it once more. unit: serial number of the pump that
    it was measured on; empty where none of hardware was.
    """

    name: str
    state: str
    seconds: float = 0.0
    seed: int | None = None
    edges: str = ""
    begins_ns: int = 0
    message: str = ""
    again: str = ""
    unit: str = ""


@dataclass(frozen=True)
class Run:
    """One finished command.

    began: UTC, as 2026-12-03T08:00:00.000Z. facts: what it was run on, by the names that ``facts`` has (``checkout``,
    ``changed``, ``images``, ``description``, ``calibration``, ``rigs``, ``bench``, ``machine``, ``versions``,
    ``hardware``).
    """

    id: str
    kind: str
    began: str
    seconds: float
    command: str
    exit_code: int
    facts: Mapping[str, Any] = field(default_factory=dict)
    subjects: tuple[Subject, ...] = ()
    figures: tuple[Figure, ...] = ()

    def fact(self, name: str) -> str:
        """Return a fact as text; empty if it is not known. Of a list its parts, separated by blanks."""
        value = self.facts.get(name, "")
        return " ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value or "")


def as_document(run: Run) -> dict[str, Any]:
    """Return the run as plain values, figures and subjects as rows, since there are many."""
    places = {subject.name: place for place, subject in enumerate(run.subjects)}
    return {
        "format": FORMAT,
        "id": run.id,
        "kind": run.kind,
        "began": run.began,
        "seconds": run.seconds,
        "command": run.command,
        "exit_code": run.exit_code,
        "facts": dict(run.facts),
        "subjects": [[one.name, one.state, one.seconds, *subject_rest(one)] for one in run.subjects],
        "figures": [
            [places[one.subject], one.key, one.title, one.unit, one.least, one.most, _plain(one.value)]
            for one in run.figures
        ],
    }


def subject_rest(one: Subject) -> list[Any]:
    """Return what a subject has beside name, state and seconds, in the order of its fields."""
    return [one.seed, one.edges, one.begins_ns, one.message, one.again, one.unit]


def from_document(content: Any) -> Run:
    """Raise RunFormatError where it is no run."""
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        found = content.get("format") if isinstance(content, dict) else type(content).__name__
        raise RunFormatError(f"is of format {found!r}, and {FORMAT} is what is known here")
    try:
        subjects = tuple(_subject(row) for row in content["subjects"])
        figures = tuple(_figure(subjects, row) for row in content["figures"])
        return Run(
            *(content["id"], content["kind"], content["began"], content["seconds"]),
            *(content["command"], content["exit_code"], content["facts"], subjects, figures),
        )
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise RunFormatError(f"is no run: {type(error).__name__} {error}") from error


def _subject(row: Sequence[Any]) -> Subject:
    name, state, seconds, seed, edges, begins_ns, message, again, unit = row
    return Subject(name, state, seconds, seed, edges, begins_ns, message, again, unit)


def _figure(subjects: Sequence[Subject], row: Sequence[Any]) -> Figure:
    place, key, title, unit, least, most, value = row
    return Figure(subjects[place].name, key, title, unit, least, most, value)


def _plain(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value
