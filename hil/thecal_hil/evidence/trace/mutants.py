"""The mutants of safety-bearing requirements: mistakes that a requirement's own tests have to notice.

``docs/requirement_mutants.toml`` names them. A mutant is a replacement of a short text in one source file; it is
written from the words of the requirement and from the firmware, before its tests are read, so that it asks whether the
tests show what the requirement says. ``trial`` runs them.

Promises: a safety-bearing requirement without a mutant, a mutant whose text does not stand exactly once in its file,
one that changes no source of the product or its oracles, and two that are the same are each a fault with a name.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from thecal_hil.evidence.trace.catalogue import Catalogue, must_be_right, rows, table_in

LEAST_NAMED = 80
"""Safety-bearing requirements that name a mutant: fewer would leave most of the catalogue unshown."""
SOURCES = ("firmware/thecal_fw/", "host/thecal/", "sim/thecal_sim/", "hil/thecal_hil/")


@dataclass(frozen=True)
class Mutant:
    """A mistake. was: text that stands once in the file; becomes: what is put in its place.

    board: the mistake only shows on the emulated board, for which the image is built with it.
    """

    requirement: str
    mistake: str
    file: str
    was: str
    becomes: str
    board: bool = False

    @property
    def name(self) -> str:
        return f"{self.requirement}: {self.mistake}"

    def applied_to(self, text: str) -> str:
        """Return the file's text with the mistake in it; raise ValueError where its place is not there exactly once."""
        if (count := text.count(self.was)) != 1:
            raise ValueError(f"its text stands {count} times in {self.file}")
        return text.replace(self.was, self.becomes)


def read_mutants(path: Path) -> tuple[Mutant, ...]:
    """Read the file of mutants, none if there is no such file; raises ``CatalogueError`` with all that is wrong."""
    if not path.is_file():
        return ()
    table = table_in(path)
    mutants = tuple(
        Mutant(
            row.string("requirement", "a requirement's id"),
            row.string("mistake", "what is wrong then"),
            row.string("file", "a file of the sources"),
            row.string("was", "text that stands once in the file"),
            row.string("becomes", "what is put in its place", may_be_empty=True),
            row.flag("board"),
        )
        for row in rows(table, "mutant")
    )
    must_be_right(path, table)
    return mutants


def mutant_faults(
    catalogue: Catalogue, mutants: tuple[Mutant, ...], root: Path, least_named: int = LEAST_NAMED
) -> list[str]:
    """Return what is wrong between requirements, mutants and sources."""
    named = {mutant.requirement for mutant in mutants}
    safety = [one.id for one in catalogue.requirements if one.safety]
    faults = [
        f"requirement {name}: bears on safety and names no mutant" for name in safety if name not in named
    ]
    count = len(named.intersection(safety))
    if count < least_named:
        faults.append(f"{count} safety-bearing requirements name a mutant, fewer than {least_named}")
    known = {one.id for one in catalogue.requirements}
    for mutant in mutants:
        if mutant.requirement not in known:
            faults.append(f"mutant {mutant.name}: there is no requirement {mutant.requirement}")
        faults += [f"mutant {mutant.name}: {fault}" for fault in _place_faults(mutant, root)]
    changes = Counter((mutant.file, mutant.was, mutant.becomes) for mutant in mutants)
    faults += [
        f"mutant of {file}: {was!r} is changed alike by {n}" for (file, was, _), n in changes.items() if n > 1
    ]
    return faults


def _place_faults(mutant: Mutant, root: Path) -> list[str]:
    if not mutant.file.startswith(SOURCES):
        return [f"{mutant.file} is none of the sources in {', '.join(SOURCES)}"]
    if mutant.was == mutant.becomes:
        return ["changes nothing"]
    try:
        mutant.applied_to((root / mutant.file).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return [f"there is no file {mutant.file}"]
    except ValueError as error:
        return [str(error)]
    return []
