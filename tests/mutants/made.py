"""The mutants of a module, made once and kept in the cache of the machine, since each takes a parse of the whole.

They hold for one source, one set of operators and one version of what makes them.
"""

import hashlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mutants.fields import source_of
from mutants.mutant import Mutant, Name, mutants_of
from mutants.operators import chosen_operators
from mutants.results import cache_folder, digest_of, keep, read_kept

_MAKERS = [Path(__file__).with_name(f"{name}.py") for name in ("mutant", "operators", "made")]


def all_mutants(module: str, folder: Path | None = None) -> list[Mutant]:
    """Return every distinct mutant of a module, in a fixed order. folder: where they are kept."""
    path, source = source_of(module), source_of(module).read_text(encoding="utf-8")
    whole = hashlib.sha256(f"{digest_of([path, *_MAKERS])} {module}".encode()).hexdigest()
    kept = (folder or cache_folder() / "made") / f"{module.replace('/', '-')}-{whole[:24]}.json"
    found = read_kept(kept)
    if found is None:
        found = [_told(source, mutant) for mutant in mutants_of(path, module, chosen_operators())]
        keep(kept, found)
    return [
        Mutant(Name(**name), operator, line, source[:begin] + becomes + source[len(source) - end :])
        for name, operator, line, begin, becomes, end in found
    ]


def _told(source: str, mutant: Mutant) -> tuple[dict[str, Any], str, int, int, str, int]:
    """Return a mutant with its source stored as what differs: how much is equal from both ends, and what is between."""
    begin = _equal(source, mutant.source)
    end = _equal(source[begin:][::-1], mutant.source[begin:][::-1])
    becomes = mutant.source[begin : len(mutant.source) - end]
    return asdict(mutant.name), mutant.operator, mutant.line_number, begin, becomes, end


def _equal(one: str, other: str) -> int:
    """Return how many characters are equal from the beginning."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((number for number, (a, b) in pairs if a != b), min(len(one), len(other)))
