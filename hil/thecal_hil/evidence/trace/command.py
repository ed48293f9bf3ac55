"""The command ``thecal-hil trace``: print the matrix of requirements and tests, write it, judge it.

Exit codes: 0 the chain is whole, 1 a link of it is missing, 2 the requirements file or a test can't be read.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from thecal.whole_file import write_whole
from thecal_hil.evidence.measurements import write_summary
from thecal_hil.evidence.trace.catalogue import CatalogueError
from thecal_hil.evidence.trace.matrix import Matrix
from thecal_hil.evidence.trace.mutants import LEAST_NAMED
from thecal_hil.evidence.trace.project import matrix_of_project
from thecal_hil.evidence.trace.report import as_json, as_markdown, as_table, last_line

_EVIDENCE = Path("build/evidence")


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="thecal-hil trace", description=__doc__)
    parser.add_argument("--root", type=Path, default=Path(), help="the project (default: the current folder)")
    parser.add_argument(
        "--least",
        type=int,
        default=LEAST_NAMED,
        help="safety-bearing requirements that have to name a mutant",
    )
    arguments = parser.parse_args(argv)
    root: Path = arguments.root
    try:
        matrix = matrix_of_project(root, arguments.least)
    except (CatalogueError, SyntaxError, UnicodeDecodeError) as error:
        print(f"trace: {error}", file=sys.stderr)
        return 2
    write_summary(root / _EVIDENCE / "trace.json", as_json(matrix))
    write_whole(root / _EVIDENCE / "trace.md", as_markdown(matrix))
    _show(matrix)
    return 1 if matrix.faults else 0


def _show(matrix: Matrix) -> None:
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(as_table(matrix))
    for title, entries in (
        ("pending", matrix.catalogue.pending),
        ("not applicable", matrix.catalogue.not_applicable),
    ):
        for one in entries:
            numbers = f" ({', '.join(one.answers)})" if one.answers else ""
            print(f"{title}: {one.what}{numbers}: {one.reason}")
    for fault in matrix.faults:
        print(f"fault: {fault}")
    print(last_line(matrix))
    print(f"matrix in {_EVIDENCE / 'trace.md'} and {_EVIDENCE / 'trace.json'}")
