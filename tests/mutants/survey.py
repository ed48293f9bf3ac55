"""The tests that can notice each mutant: those that run the changed line, less those in which the changed expression
always came to the value of the real one.

The functions of all modules with the same tests are observed in one run of those tests (``differing``). What is found
is kept in the cache of the machine, under a digest of the sources, the tests and the mutants.
"""

import ast
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mutants.differing import Observed, observed
from mutants.fields import dotted, source_of
from mutants.mutant import Mutant, Name
from mutants.reach import Reach, lines_of_statement
from mutants.results import cache_folder, keep, named, read_kept
from mutants.trial import observe

Tests = dict[Name, frozenset[str]]
"""By mutant."""


@dataclass(frozen=True)
class Surveyed:
    """reaching: the tests that run the statement a mutant changes. noticing: those of them that may notice it."""

    reaching: Tests
    noticing: Tests


def survey(
    mutants: Mapping[str, Sequence[Mutant]], reach: Reach, digests: Mapping[str, str]
) -> dict[str, Surveyed]:
    """Return, by module, what each of its mutants may be noticed by. digests: by module, of all that its results rest
    on."""
    found: dict[str, Surveyed] = {}
    missing: dict[str, Observed] = {}
    for module, of_module in mutants.items():
        reaching = _reaching(module, of_module, reach)
        found[module] = Surveyed(reaching, dict(reaching))
        known = read_kept(_kept(module, of_module, digests[module]))
        if known is None:
            source = source_of(module).read_text(encoding="utf-8")
            missing[module] = observed(source, of_module)
        else:
            _narrow(found[module].noticing, of_module, known)
    if missing:
        _observe(mutants, missing, digests, found)
    return found


def _reaching(module: str, mutants: Sequence[Mutant], reach: Reach) -> Tests:
    file = named(source_of(module))
    tree = ast.parse(source_of(module).read_text(encoding="utf-8"))
    return {
        mutant.name: frozenset(reach.tests_of(file, lines_of_statement(tree, mutant.line_number)))
        for mutant in mutants
    }


def _observe(
    mutants: Mapping[str, Sequence[Mutant]],
    missing: Mapping[str, Observed],
    digests: Mapping[str, str],
    found: Mapping[str, Surveyed],
) -> None:
    tests = {
        dotted(module): frozenset(
            test for number in one.observable for test in found[module].reaching[mutants[module][number].name]
        )
        for module, one in missing.items()
    }
    files = sorted({test.split("::")[0] for of_module in tests.values() for test in of_module})
    by_name = {dotted(module): one for module, one in missing.items()}
    seen = observe(by_name, tests, files) if files else {name: {} for name in by_name}
    for module, one in missing.items():
        numbers = {test: number for number, test in enumerate(sorted(tests[dotted(module)]))}
        differing = {
            str(number): sorted(numbers[test] for test in seen[dotted(module)].get(number, ()))
            for number in sorted(one.observable)
        }
        known = {"tests": list(numbers), "differing": differing}
        keep(_kept(module, mutants[module], digests[module]), known)
        _narrow(found[module].noticing, mutants[module], known)


def _narrow(noticing: Tests, mutants: Sequence[Mutant], known: Mapping[str, Any]) -> None:
    tests = known["tests"]
    for number, differing in known["differing"].items():
        noticing[mutants[int(number)].name] &= frozenset(tests[one] for one in differing)


def _kept(module: str, mutants: Sequence[Mutant], digest: str) -> Path:
    names = json.dumps([asdict(mutant.name) for mutant in mutants])
    whole = hashlib.sha256(f"{digest} {names}".encode()).hexdigest()
    return cache_folder() / "differing" / f"{module.replace('/', '-')}-{whole[:24]}.json"
