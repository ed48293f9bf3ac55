"""The requirements file: what the pump must do, which published number that answers, and what is left out.

It has four tables. ``[[source]]`` lists the published numbers, row by row, that have to be answered;
``[[requirement]]`` is what the pump must do, in one sentence that a test can refute; ``[[not_applicable]]`` says why a
number can't apply to a pump on a bench, and ``[[pending]]`` what the pump does not do yet.

Promise: whatever is wrong with the file's form is an error that names the entry.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from thecal_hil.evidence.trace.tables import Tables

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LONGEST_TEXT = 300


class CatalogueError(Exception):
    """The requirements file can't be read."""


@dataclass(frozen=True)
class Source:
    """A row of published numbers. section: the table it stands in; topic: what the row is about."""

    section: str
    topic: str
    numbers: tuple[str, ...]


@dataclass(frozen=True)
class Requirement:
    """What the pump must do. why: the value chosen where the sources differ, or why it is asked for without any.

    safety: somebody may come to harm where it is broken, so it has a mutant that its own tests must notice.
    """

    id: str
    text: str
    answers: tuple[str, ...]
    why: str
    safety: bool = False


@dataclass(frozen=True)
class Reservation:
    """Numbers that no requirement answers, or not in full, and the reason."""

    what: str
    answers: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Catalogue:
    """Everything the requirements file says."""

    sources: tuple[Source, ...]
    requirements: tuple[Requirement, ...]
    not_applicable: tuple[Reservation, ...]
    pending: tuple[Reservation, ...]


def read_catalogue(path: Path) -> Catalogue:
    """Read the requirements file; raises ``CatalogueError`` with all that is wrong with its form."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CatalogueError(f"{path}: {error}") from error
    faults: list[str] = []
    tables = Tables(content, faults)
    catalogue = Catalogue(
        sources=tuple(
            Source(row["section"], row["topic"], row["numbers"])
            for row in tables.rows("source", {"section": str, "topic": str, "numbers": list})
        ),
        requirements=tuple(
            Requirement(row["id"], row["text"], row["answers"], row.get("why", ""), row.get("safety", False))
            for row in tables.rows(
                "requirement", {"id": str, "text": str, "answers": list}, {"why": str, "safety": bool}
            )
        ),
        not_applicable=tuple(_exceptions(tables, "not_applicable")),
        pending=tuple(_exceptions(tables, "pending")),
    )
    faults += [f"there is no table {name!r}" for name in content if name not in tables.known]
    for requirement in catalogue.requirements:
        faults += _form_faults(requirement)
    if faults:
        raise CatalogueError("\n".join(f"{path}: {fault}" for fault in faults))
    return catalogue


def _exceptions(tables: Tables, name: str) -> list[Reservation]:
    rows = tables.rows(name, {"what": str, "answers": list, "reason": str})
    return [Reservation(row["what"], row["answers"], row["reason"]) for row in rows]


def _form_faults(requirement: Requirement) -> list[str]:
    """Faults that make a requirement unfit to be tested or traced, whatever it says."""
    name, text = requirement.id, requirement.text
    faults = []
    if not _ID.fullmatch(name):
        faults.append(f"requirement {name!r}: an id is small letters, digits and single hyphens")
    if not text.endswith(".") or len(text) > _LONGEST_TEXT or "\n" in text:
        faults.append(
            f"requirement {name!r}: the text is one line of at most {_LONGEST_TEXT} characters ending in a full stop"
        )
    if not requirement.answers and not requirement.why:
        faults.append(f"requirement {name!r}: it answers no source, so it has to say why it is there")
    return faults
