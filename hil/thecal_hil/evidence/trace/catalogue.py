"""The requirements file: what the pump must do, which published number that answers, and what is left out.

It has four tables. ``[[source]]`` lists the published numbers, row by row, that have to be answered;
``[[requirement]]`` is what the pump must do, in one sentence that a test can refute; ``[[not_applicable]]`` says why a
number can't apply to a pump on a bench, and ``[[pending]]`` what the pump does not do yet.

Promise: whatever is wrong with the file's form is an error that names the entry.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from thecal.errors import BadInputError
from thecal.table import Table
from thecal.toml_file import read_toml

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
    """A requirement on the pump. why: the value chosen where the sources differ, or why it is asked for without any.

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
    table = table_in(path)
    catalogue = Catalogue(
        sources=tuple(
            Source(
                row.string("section", "the table it stands in"),
                row.string("topic", "what it is about"),
                row.strings("numbers", "texts"),
            )
            for row in rows(table, "source")
        ),
        requirements=tuple(
            Requirement(
                row.string("id", "an id"),
                row.string("text", "what the pump must do"),
                row.strings("answers", "texts", may_be_empty=True),
                row.string("why", "why it is asked for") if row.has("why") else "",
                row.flag("safety"),
            )
            for row in rows(table, "requirement")
        ),
        not_applicable=tuple(_reservation(row) for row in rows(table, "not_applicable")),
        pending=tuple(_reservation(row, may_answer_none=True) for row in rows(table, "pending")),
    )
    for requirement in catalogue.requirements if not table.found() else ():
        for fault in _form_faults(requirement):
            table.complain(fault)
    must_be_right(path, table)
    return catalogue


def table_in(path: Path) -> Table:
    """Return the table of a file of requirements or of mutants; raise ``CatalogueError`` if it can't be read."""
    try:
        return Table(read_toml(path))
    except BadInputError as error:
        raise CatalogueError(str(error)) from error


def rows(table: Table, name: str) -> list[Table]:
    """Return the rows of [[name]], none if there are none; messages name each by what it is called or about."""
    return table.entries(name, ("id", "topic", "what", "mistake")) if table.has(name) else []


def must_be_right(path: Path, table: Table) -> None:
    """Raise CatalogueError with everything that is wrong in a table."""
    if problems := table.problems():
        raise CatalogueError("\n".join(f"{path}: {problem}" for problem in problems))


def _reservation(row: Table, *, may_answer_none: bool = False) -> Reservation:
    return Reservation(
        row.string("what", "what is left out"),
        row.strings("answers", "texts", may_be_empty=may_answer_none),
        row.string("reason", "why"),
    )


def _form_faults(requirement: Requirement) -> list[str]:
    """Return faults that make a requirement unfit to be tested or traced, whatever it says."""
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
