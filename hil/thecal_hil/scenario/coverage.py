"""Which promise, alarm and recall has which scenario: one table, ``coverage.toml``, read here and held to by a test.

Promise: a row without a scenario says why none can show it, and where it is shown instead.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

COVERAGE = Path(__file__).with_name("coverage.toml")
KINDS = ("promise", "alarm", "lesson")


@dataclass(frozen=True)
class Covered:
    """kind: promise, alarm or lesson. name: a promise's number, an alarm's name, a recall as docs/requirements.toml
    has it. text: what it is about. scenarios: names. otherwise: why there is no scenario."""

    kind: str
    name: str
    text: str
    scenarios: tuple[str, ...]
    otherwise: str


def read_coverage(path: Path = COVERAGE) -> list[Covered]:
    """The whole table; raises ValueError for a row that is not in form."""
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    unknown = sorted(set(content) - set(KINDS))
    if unknown:
        raise ValueError(f"{path.name}: {', '.join(unknown)} is unknown; known: {', '.join(KINDS)}")
    return [_row(path, kind, row) for kind in KINDS for row in content.get(kind, [])]


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
