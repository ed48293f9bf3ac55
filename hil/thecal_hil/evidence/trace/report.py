"""The matrix for people and for machines: a table on the terminal, Markdown and JSON in the evidence.

Promise: all of them hold the whole matrix, the faults and what is pending, so that none looks better than it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from rich.table import Table

from thecal_hil.evidence.trace.catalogue import Reservation
from thecal_hil.evidence.trace.matrix import Answered, Matrix, Traced


def counts(matrix: Matrix) -> dict[str, int]:
    """Return the figures of the last line."""
    return {
        "requirements": len(matrix.traced),
        "safety_bearing": sum(one.requirement.safety for one in matrix.traced),
        "mutants": sum(len(one.mutants) for one in matrix.traced),
        "tests": matrix.tests,
        "source_numbers": len(matrix.answered),
        "answered_by_requirements": sum(bool(one.requirements) for one in matrix.answered),
        "only_pending": sum(one.only_pending for one in matrix.answered),
        "left_out_of_make_test": sum(one.left_out_of_make_test for one in matrix.traced),
        "pending": len(matrix.catalogue.pending),
        "not_applicable": len(matrix.catalogue.not_applicable),
        "faults": len(matrix.faults),
    }


def last_line(matrix: Matrix) -> str:
    """Return the verdict and its figures."""
    figures = counts(matrix)
    return (
        f"trace: {'FAIL' if matrix.faults else 'PASS'} {figures['requirements']} requirements "
        f"({figures['left_out_of_make_test']} tested outside make test only), {figures['tests']} tests, "
        f"{figures['safety_bearing']} bearing on safety, {figures['mutants']} mutants named; "
        f"of {figures['source_numbers']} published numbers {figures['answered_by_requirements']} answered by "
        f"requirements, {figures['only_pending']} only pending; {figures['pending']} pending, "
        f"{figures['not_applicable']} not applicable, {figures['faults']} faults"
    )


def as_json(matrix: Matrix) -> dict[str, Any]:
    """Return the matrix as the evidence holds it."""
    return {
        "passed": not matrix.faults,
        **counts(matrix),
        "fault_list": list(matrix.faults),
        "requirement_list": [
            {
                "id": one.requirement.id,
                "text": one.requirement.text,
                "answers": list(one.requirement.answers),
                "why": one.requirement.why,
                "safety": one.requirement.safety,
                "mutants": [{"mistake": mutant.mistake, "file": mutant.file} for mutant in one.mutants],
                "tests": [
                    {"test": evidence.test, "in_make_test": evidence.in_make_test} for evidence in one.tests
                ],
            }
            for one in matrix.traced
        ],
        "source_list": [
            {
                "section": one.source.section,
                "topic": one.source.topic,
                "number": one.number,
                "requirements": list(one.requirements),
                "pending": list(one.pending),
                "not_applicable": list(one.not_applicable),
            }
            for one in matrix.answered
        ],
        "pending_list": [_exception(one) for one in matrix.catalogue.pending],
        "not_applicable_list": [_exception(one) for one in matrix.catalogue.not_applicable],
    }


def as_markdown(matrix: Matrix) -> str:
    """Return the matrix as a document."""
    return "\n".join(_markdown_lines(matrix)) + "\n"


def as_table(matrix: Matrix) -> Table:
    """Return the matrix for the terminal: one line a requirement, with the first of its tests."""
    table = Table("requirement", "answers", "tests", "the first of them")
    table.columns[2].justify = "right"
    for one in matrix.traced:
        first = one.tests[0].test.removeprefix("tests/") if one.tests else "none"
        table.add_row(one.requirement.id, ", ".join(one.requirement.answers), str(len(one.tests)), first)
    return table


def _exception(one: Reservation) -> dict[str, Any]:
    return {"what": one.what, "answers": list(one.answers), "reason": one.reason}


def _markdown_lines(matrix: Matrix) -> Iterator[str]:
    yield "# Requirements and the tests behind them"
    yield ""
    yield "Tests in *italics* have a make target of their own and are not part of `make test`."
    if matrix.faults:
        yield from ("", "## Faults", "")
        yield from (f"- {fault}" for fault in matrix.faults)
    yield from ("", "## Requirements", "")
    yield from _rows(
        ("id", "requirement", "answers", "why", "tests", "mutants"), map(_requirement_row, matrix.traced)
    )
    yield from ("", "## Published numbers", "")
    yield from _rows(
        ("section", "topic", "number", "requirements", "pending", "not applicable"),
        map(_source_row, matrix.answered),
    )
    for title, entries in (
        ("Pending", matrix.catalogue.pending),
        ("Not applicable", matrix.catalogue.not_applicable),
    ):
        yield from ("", f"## {title}", "")
        yield from _rows(
            ("what", "answers", "reason"), ((one.what, ", ".join(one.answers), one.reason) for one in entries)
        )


def _requirement_row(one: Traced) -> tuple[str, ...]:
    requirement = one.requirement
    tests = "<br>".join(
        f"`{evidence.test}`" if evidence.in_make_test else f"*`{evidence.test}`*" for evidence in one.tests
    )
    mutants = "<br>".join(mutant.mistake for mutant in one.mutants)
    return requirement.id, requirement.text, ", ".join(requirement.answers), requirement.why, tests, mutants


def _source_row(one: Answered) -> tuple[str, ...]:
    return (
        one.source.section,
        one.source.topic,
        one.number,
        ", ".join(one.requirements),
        "; ".join(one.pending),
        "; ".join(one.not_applicable),
    )


def _rows(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield "|" + " --- |" * len(head)
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |"
