"""The scenarios of each promise, alarm and recall: the table ``coverage.toml``, read here and held to by a test; and
of each alarm those scenarios that measure when it is raised.

Promise: a row without a scenario says why none can show it, and where it is shown instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table as Drawn

from thecal.table import Table
from thecal.toml_file import read_toml
from thecal_fw.core.alarms import ALARM_NAMES
from thecal_hil.scenario.document import Scenario

COVERAGE = Path(__file__).with_name("coverage.toml")
ALARM_KIND = "alarm"
_WRITTEN_KINDS = ("promise", "lesson")
_RAISED = "alarm raised within"


@dataclass(frozen=True)
class Covered:
    """kind: promise, alarm or lesson. name: a promise's number, an alarm's name, a recall as docs/requirements.toml
    has it. text: what it is about. scenarios: names. otherwise: why there is no scenario."""

    kind: str
    name: str
    text: str
    scenarios: tuple[str, ...]
    otherwise: str


def coverage_of(library: Sequence[Scenario], path: Path = COVERAGE) -> list[Covered]:
    """Return every row, with the scenarios of this library; raise ValueError for one of the table that is not in
    form."""
    promises, lessons = _written(path)
    return [*promises, *(_of_alarm(name, library) for name in ALARM_NAMES), *lessons]


def _of_alarm(alarm: str, library: Sequence[Scenario]) -> Covered:
    found = [
        scenario.name
        for scenario in library
        for check in scenario.checks
        if check.measure == _RAISED and check.given["alarm"] == alarm and check.measurement.most is not None
    ]
    otherwise = "" if found else "no scenario measures when it is raised"
    return Covered(ALARM_KIND, alarm, "", tuple(dict.fromkeys(found)), otherwise)


def _written(path: Path) -> list[list[Covered]]:
    table = Table(read_toml(path))
    written = [[_row(kind, row) for row in table.entries(kind, ["name"])] for kind in _WRITTEN_KINDS]
    if problems := table.problems():
        raise ValueError("\n".join(f"{path.name}: {problem}" for problem in problems))
    return written


def _row(kind: str, row: Table) -> Covered:
    name = row.string("name", "what it is called")
    text = row.string("text", "what it is about") if row.has("text") else ""
    scenarios = row.words("scenarios")
    otherwise = row.string("otherwise", "why there is none") if row.has("otherwise") else ""
    if bool(scenarios) == bool(otherwise):
        row.complain(f"{row.name('scenarios')} or otherwise: give one of them")
    return Covered(kind, name, text, scenarios, otherwise)


def coverage_table(rows: list[Covered]) -> Drawn:
    table = Drawn("", "what", "scenarios")
    for row in rows:
        what = f"{row.name}: {row.text}" if row.text else row.name
        table.add_row(row.kind, what, ", ".join(row.scenarios) or f"none: {row.otherwise}")
    return table
