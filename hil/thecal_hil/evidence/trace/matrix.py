"""The matrix: published number, requirement, test; and every link of it that is missing.

Promises: a requirement without a test, a test with an id that no requirement has, an id given twice, a published number
that nothing answers, and an answer to a number that is not listed are each a fault of their own, with a name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from thecal_hil.evidence.trace.catalogue import Catalogue, Requirement, Source
from thecal_hil.evidence.trace.marks import Evidence, Marks
from thecal_hil.evidence.trace.mutants import Mutant


@dataclass(frozen=True)
class Traced:
    """A requirement with the tests that are evidence for it, and the mutants that these have to notice."""

    requirement: Requirement
    tests: tuple[Evidence, ...]
    mutants: tuple[Mutant, ...] = ()

    @property
    def left_out_of_make_test(self) -> bool:
        return bool(self.tests) and not any(evidence.in_make_test for evidence in self.tests)


@dataclass(frozen=True)
class Answered:
    """A published number and what was made of it: ids of requirements, and exceptions by what they are about."""

    source: Source
    number: str
    requirements: tuple[str, ...]
    pending: tuple[str, ...]
    not_applicable: tuple[str, ...]

    @property
    def by_anything(self) -> bool:
        return bool(self.requirements or self.pending or self.not_applicable)

    @property
    def only_pending(self) -> bool:
        return bool(self.pending) and not (self.requirements or self.not_applicable)


@dataclass(frozen=True)
class Matrix:
    """Both halves of the chain, and what is wrong with it."""

    catalogue: Catalogue
    traced: tuple[Traced, ...]
    answered: tuple[Answered, ...]
    faults: tuple[str, ...]

    @property
    def tests(self) -> int:
        """Return how many tests are evidence for a requirement."""
        return len({evidence.test for traced in self.traced for evidence in traced.tests})


def matrix_of(
    catalogue: Catalogue,
    marks: Marks,
    mutants: Sequence[Mutant] = (),
    mutant_faults: Sequence[str] = (),
) -> Matrix:
    """Put requirements file, marks and mutants together."""
    traced = tuple(
        Traced(
            requirement,
            tuple(evidence for evidence in marks.evidence if evidence.requirement == requirement.id),
            tuple(mutant for mutant in mutants if mutant.requirement == requirement.id),
        )
        for requirement in catalogue.requirements
    )
    answered = tuple(
        _answered(catalogue, source, number) for source in catalogue.sources for number in source.numbers
    )
    faults = [
        *marks.faults,
        *_repeated("requirement", [requirement.id for requirement in catalogue.requirements]),
        *_repeated("source number", [number for source in catalogue.sources for number in source.numbers]),
        *(f"requirement {one.requirement.id}: no test is evidence for it" for one in traced if not one.tests),
        *_unknown_ids(catalogue, marks),
        *(
            f"source {one.number} ({one.source.section}, {one.source.topic}): nothing answers it"
            for one in answered
            if not one.by_anything
        ),
        *_unknown_numbers(catalogue),
        *mutant_faults,
    ]
    return Matrix(catalogue, traced, answered, tuple(faults))


def _answered(catalogue: Catalogue, source: Source, number: str) -> Answered:
    return Answered(
        source,
        number,
        tuple(one.id for one in catalogue.requirements if number in one.answers),
        tuple(one.what for one in catalogue.pending if number in one.answers),
        tuple(one.what for one in catalogue.not_applicable if number in one.answers),
    )


def _repeated(kind: str, names: list[str]) -> list[str]:
    return [f"{kind} {name}: given {count} times" for name, count in Counter(names).items() if count > 1]


def _unknown_ids(catalogue: Catalogue, marks: Marks) -> list[str]:
    known = {requirement.id for requirement in catalogue.requirements}
    return [
        f"{evidence.test}: there is no requirement {evidence.requirement}"
        for evidence in marks.evidence
        if evidence.requirement not in known
    ]


def _unknown_numbers(catalogue: Catalogue) -> list[str]:
    known = {number for source in catalogue.sources for number in source.numbers}
    entries = [(f"requirement {one.id}", one.answers) for one in catalogue.requirements]
    entries += [(f"not applicable, {one.what}", one.answers) for one in catalogue.not_applicable]
    entries += [(f"pending, {one.what}", one.answers) for one in catalogue.pending]
    return [
        f"{name}: answers {number}, which is not among the sources"
        for name, answers in entries
        for number in answers
        if number not in known
    ]
