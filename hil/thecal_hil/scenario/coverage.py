"""Which promise, alarm and recall has which scenario: the table ``coverage.toml``, read here and held to by a test; and
of each alarm those scenarios that measure when it is raised.

Promise: a row without a scenario says why none can show it, and where it is shown instead.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

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
    """Every row, with the scenarios of this library; raises ValueError for one of the table that is not in form."""
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
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    unknown = sorted(set(content) - set(_WRITTEN_KINDS))
    if unknown:
        raise ValueError(f"{path.name}: {', '.join(unknown)} is unknown; known: {', '.join(_WRITTEN_KINDS)}")
    return [[_row(path, kind, row) for row in content.get(kind, [])] for kind in _WRITTEN_KINDS]


def _row(path: Path, kind: str, row: dict[str, object]) -> Covered:
    scenarios, otherwise = row.get("scenarios", []), row.get("otherwise", "")
    unknown = sorted(set(row) - {"name", "text", "scenarios", "otherwise"})
    if (
        unknown
        or not isinstance(row.get("name"), str)
        or not isinstance(scenarios, list)
        or not isinstance(otherwise, str)
        or bool(scenarios) == bool(otherwise)
    ):
        raise ValueError(
            f"{path.name}: {kind} {row.get('name')!r} takes name, text, and scenarios or otherwise"
        )
    return Covered(
        kind, str(row["name"]), str(row.get("text", "")), tuple(str(one) for one in scenarios), otherwise
    )


def coverage_table(rows: list[Covered]) -> Table:
    table = Table("", "what", "scenarios")
    for row in rows:
        what = f"{row.name}: {row.text}" if row.text else row.name
        table.add_row(row.kind, what, ", ".join(row.scenarios) or f"none: {row.otherwise}")
    return table
