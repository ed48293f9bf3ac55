"""A verification scenario as it is written down: what is prescribed, what is done when, what is measured.

Promises: plain values, read and checked; nothing here knows a rig. Instants of a course are nanoseconds after the
scenario's zero, which is a whole second of the pump's clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

from thecal.errors import BadInputError, first_of
from thecal_hil.course.therapy import Therapy, prescribed_by
from thecal_hil.evidence.measurements import Measurement
from thecal_hil.scenario.params import Given


class ScenarioError(Exception):
    """A scenario file can't be used; ``problems`` has a line for each fault, beginning with the file's name."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = first_of(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True)
class Prescribed:
    """A prescription under the name the scenario gives it. ``fields``: as in a prescription file."""

    name: str
    fields: dict[str, Any] = field(repr=False)

    def therapy(self) -> Therapy:
        """Return what it asks for; raise BadInputError if the host refuses it."""
        return prescribed_by(self.fields, self.name)

    def faults(self) -> list[str]:
        try:
            self.therapy()
        except BadInputError as error:
            return error.problems
        return []


@dataclass(frozen=True)
class PlantWanted:
    """delivers_percent: what a revolution of the head moves, of what it was calibrated to. wears: its tube does."""

    delivers_percent: Fraction
    wears: bool


@dataclass(frozen=True)
class Setup:
    """The set-up before the zero. clock_local: what the pump's clock shows at the zero; None: nobody sets it.

    fill_nl: None: nobody fills the reservoir. plant: None: the shaft turns nothing.
    """

    prescription: str | None
    clock_local: datetime | None
    utc_offset_min: int
    fill_nl: int | None
    plant: PlantWanted | None = None


@dataclass(frozen=True)
class Step:
    """One entry of the course. refused_with: what the refusal has to say, if the pump or the host is to refuse."""

    at_ns: int
    do: str
    given: Given
    refused_with: str | None


@dataclass(frozen=True)
class Check:
    """One declared measurement and how it is taken."""

    measure: str
    given: Given
    measurement: Measurement


@dataclass(frozen=True)
class Quarantine:
    """A failure that is known and excused for a while. until: the last day of that."""

    since: date
    until: date
    reason: str

    def excuses(self, today: date) -> bool:
        return self.since <= today <= self.until

    def told(self) -> str:
        return f"in quarantine since {self.since} until {self.until}: {self.reason}"


@dataclass(frozen=True)
class Scenario:
    """One file, or one case of it. needs: names of capabilities and faults. expects: what the gate is to find at the
    end.

    ideal_until_ns: how far the prescription alone says when each pulse is due; None: to the end.
    is_long: belongs to a campaign and not to every run of the tests.
    alarms: raised in the course besides those that checks speak of.
    case: which values its file's parameters have, empty without any; seed: what $seed stands for in it.
    """

    name: str
    path: Path
    title: str
    purpose: str
    requirements: tuple[str, ...]
    needs: frozenset[str]
    expects: tuple[str, ...]
    prescriptions: dict[str, Prescribed]
    setup: Setup
    course: tuple[Step, ...]
    checks: tuple[Check, ...]
    duration_ns: int
    ideal_until_ns: int | None
    is_long: bool
    alarms: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    quarantine: Quarantine | None = None
    case: str = ""
    seed: int | None = None

    def all_requirements(self) -> tuple[str, ...]:
        """Return the scenario's own requirements and those of its checks, each once."""
        of_checks = [one for check in self.checks for one in check.measurement.requirements]
        return tuple(dict.fromkeys((*self.requirements, *of_checks)))
