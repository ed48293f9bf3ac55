"""Measurements that are declared before they are taken, and the report they end in.

Promises: a measurement has its name, unit and limits before anybody knows its value; one that is never taken
fails, and so does one that is not a number; taking one that was not declared, or one twice, is an error in the
program and not a result.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from thecal.whole_file import write_whole
from thecal_hil.evidence import recorded
from thecal_hil.groundwork.checkout import checkout
from thecal_hil.results.run import Figure

_SEAL = "seal"


@dataclass(frozen=True)
class Measurement:
    """A measurement to be made, and which values will do. A limit of None is no limit.

    One without any limit is only reported; it still has to be taken.
    """

    key: str
    title: str
    unit: str
    least: float | None = None
    most: float | None = None
    reach: float | None = None
    """What a good result would be, for the reader; it decides nothing."""
    requirements: tuple[str, ...] = ()
    """Ids of docs/requirements.toml that the figure is evidence for."""

    @property
    def informative(self) -> bool:
        return self.least is None and self.most is None

    def limit_text(self) -> str:
        if self.informative:
            return "-" if self.reach is None else f"(reach {self.reach:g})"
        if self.least is not None and self.least == self.most:
            return f"= {self.least:g}"
        parts = []
        if self.least is not None:
            parts.append(f">= {self.least:g}")
        if self.most is not None:
            parts.append(f"<= {self.most:g}")
        return ", ".join(parts)


@dataclass
class Outcome:
    """A measurement together with what was found."""

    measurement: Measurement
    value: float | None = None

    @property
    def taken(self) -> bool:
        return self.value is not None

    @property
    def passed(self) -> bool:
        if self.value is None or math.isnan(self.value):
            return False
        least, most = self.measurement.least, self.measurement.most
        return (least is None or self.value >= least) and (most is None or self.value <= most)

    def verdict(self) -> str:
        if not self.taken:
            return "never taken"
        if not self.passed:
            return "FAIL"
        return "noted" if self.measurement.informative else "pass"


class Evidence:
    """The declared measurements of one run, in the order of their declaration."""

    def __init__(self, declared: tuple[Measurement, ...]) -> None:
        """Raise ValueError if two measurements have one key."""
        self._outcomes = {measurement.key: Outcome(measurement) for measurement in declared}
        if len(self._outcomes) != len(declared):
            raise ValueError("two measurements are declared under one key")

    def __iter__(self) -> Iterator[Outcome]:
        return iter(self._outcomes.values())

    def take(self, key: str, value: float) -> None:
        """Take a measurement; raise KeyError if it was never declared, ValueError if it was taken before."""
        outcome = self._outcomes.get(key)
        if outcome is None:
            raise KeyError(f"measurement {key} was never declared")
        if outcome.taken:
            raise ValueError(f"measurement {key} was taken twice")
        outcome.value = value

    def value(self, key: str) -> float | None:
        return self._outcomes[key].value

    @property
    def passed(self) -> bool:
        return all(outcome.passed for outcome in self)

    def failures(self) -> list[str]:
        return [
            f"{outcome.measurement.title}: {_shown(outcome)}, limit {outcome.measurement.limit_text()}"
            for outcome in self
            if not outcome.passed
        ]

    def figures(self, subject: str) -> list[Figure]:
        """Return the figures as the store of results keeps them."""
        return [
            Figure(
                *(subject, key, outcome.measurement.title, outcome.measurement.unit),
                *(outcome.measurement.least, outcome.measurement.most, outcome.value),
            )
            for key, outcome in self._outcomes.items()
        ]

    def values(self) -> dict[str, float | None]:
        return {key: outcome.value for key, outcome in self._outcomes.items()}

    def limits(self) -> dict[str, dict[str, Any]]:
        return {
            key: {
                "title": outcome.measurement.title,
                "unit": outcome.measurement.unit,
                "least": outcome.measurement.least,
                "most": outcome.measurement.most,
                "verdict": outcome.verdict(),
            }
            for key, outcome in self._outcomes.items()
        }


def figure_text(value: float | None) -> str:
    """Return a figure as a person reads it: whole numbers grouped, others to six places at most."""
    if value is None:
        return "-"
    if float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:,.6f}".rstrip("0").rstrip(".") if abs(value) < 1_000 else f"{value:,.1f}"


def _shown(outcome: Outcome) -> str:
    if not outcome.taken:
        return "never taken"
    return f"{figure_text(outcome.value)} {outcome.measurement.unit}".strip()


def write_summary(path: Path, content: Mapping[str, Any]) -> None:
    """Write what a campaign found, with the commit of the tools that found it, and sealed; the store of results gets
    its figures too, where the command is recorded."""
    if (recording := recorded.current()) is not None:
        recording.note_summary(path.stem, content)
    write_json(path, with_seal(path.stem, {**content, "checkout": checkout()}))


def with_seal(name: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """Return a summary with its seal, by which a reader knows that it is what was written, and under which name."""
    return {**content, _SEAL: _seal_of(name, content)}


def is_as_written(name: str, summary: Mapping[str, Any]) -> bool:
    """Return True if a summary that was read has the seal of its content and its name."""
    content = {key: value for key, value in summary.items() if key != _SEAL}
    return summary.get(_SEAL) == _seal_of(name, content)


def has_seal(summary: Mapping[str, Any]) -> bool:
    return _SEAL in summary


def _seal_of(name: str, content: Mapping[str, Any]) -> str:
    # As JSON has it: names that are no text, and lists that can't be changed, come back as others.
    plain = json.loads(json.dumps(content))
    return hashlib.sha256(json.dumps([name, plain], sort_keys=True).encode()).hexdigest()


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a report so that a reader sees the old one or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(content, indent=2, allow_nan=False) + "\n")
