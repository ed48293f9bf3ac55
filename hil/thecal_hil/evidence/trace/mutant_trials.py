"""The command ``thecal-hil trace-mutants``: each named mutant against its requirement's own
tests.

What became of a mutant is kept in ``build/evidence/trace-mutants.json`` under a digest of the changed file and of the
tests that are to notice, and holds until one of them changes; stopped, the command resumes.

Exit codes: 0 each mutant is noticed, 1 one survives or is out of place, 2 a file can't be read.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from thecal_hil.evidence.measurements import is_as_written, write_summary
from thecal_hil.evidence.trace.catalogue import CatalogueError
from thecal_hil.evidence.trace.matrix import Matrix
from thecal_hil.evidence.trace.mutants import LEAST_NAMED, Mutant
from thecal_hil.evidence.trace.project import matrix_of_project
from thecal_hil.evidence.trace.trial import Copy, tests_of
from thecal_hil.groundwork.progress import Count, shown, time_text

RESULTS = Path("build/evidence/trace-mutants.json")
COPIES = Path("build/trace-mutants")
USUAL_S, USUAL_ON_THE_BOARD_S = 6.0, 90.0
"""For a mutant that was never tried: most are noticed by the first test that runs, once there is an image for it."""
FAILS_UNCHANGED = "its test fails without the mistake too"


@dataclass(frozen=True)
class Planned:
    """A mutant, the tests that are to notice it, and the digest of all that its result rests on."""

    mutant: Mutant
    tests: tuple[str, ...]
    digest: str


@dataclass(frozen=True)
class Result:
    """The outcome of a mutant. noticed_by: the test; why_not: what happened instead."""

    name: str
    digest: str
    noticed_by: str
    why_not: str
    seconds: float


def plan(matrix: Matrix, root: Path, chosen: Sequence[str]) -> list[Planned]:
    """Return every mutant of the requirements chosen, all if none is named. Raise SystemExit for a name that has no
    mutant."""
    named = {one.requirement.id for one in matrix.traced if one.mutants}
    if unknown := sorted(set(chosen) - named):
        raise SystemExit(f"no mutant is named for {', '.join(unknown)}")
    planned = []
    for one in matrix.traced:
        for mutant in one.mutants if not chosen or one.requirement.id in chosen else ():
            tests = tuple(tests_of(one.tests, mutant.board))
            files = sorted({mutant.file, *(evidence.test.split("::")[0] for evidence in one.tests)})
            planned.append(Planned(mutant, tests, _digest(mutant, tests, files, root)))
    return planned


def _digest(mutant: Mutant, tests: Sequence[str], files: Sequence[str], root: Path) -> str:
    whole = hashlib.sha256(json.dumps([asdict(mutant), list(tests)]).encode())
    for name in files:
        whole.update(name.encode() + b"\0" + hashlib.sha256((root / name).read_bytes()).digest())
    return whole.hexdigest()


def read_results(path: Path) -> dict[str, Result]:
    """Return the results by the mutant's name; none where the file is missing or is not what was written."""
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if not is_as_written(path.stem, content):
            print(f"{path}: is not what was written; every mutant is tried anew", file=sys.stderr)
            return {}
        return {one["name"]: Result(**one) for one in content["result_list"]}
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return {}


def write_results(path: Path, planned: Sequence[Planned], results: Mapping[str, Result]) -> None:
    """Write the results of the mutants there are; those of others are dropped."""
    kept = [results[one.mutant.name] for one in planned if one.mutant.name in results]
    holding = [results[one.mutant.name] for one in planned if holds(one, results)]
    write_summary(
        path,
        {
            "mutants": len(planned),
            "tried": len(holding),
            "noticed": sum(bool(one.noticed_by) for one in holding),
            "result_list": [asdict(one) for one in kept],
        },
    )


def holds(planned: Planned, results: Mapping[str, Result]) -> bool:
    """Return True if a mutant was tried and nothing that its result rests on has changed since."""
    result = results.get(planned.mutant.name)
    return result is not None and result.digest == planned.digest


def try_all(
    planned: Sequence[Planned], root: Path, results: dict[str, Result], everything: Sequence[Planned]
) -> None:
    """Try these mutants, keeping each result at once, and see that what noticed them passes without them."""
    count = Count(len(planned), "mutants")
    # Each run has a copy of its own, so that several may continue side by side.
    with TemporaryDirectory(dir=_made(root / COPIES)) as folder, shown("trace-mutants", count):
        copy = Copy(root, Path(folder) / "copy")
        for one in planned:
            result = _try(copy, one, results.get(one.mutant.name))
            results[one.mutant.name] = result
            write_results(root / RESULTS, everything, {**read_results(root / RESULTS), result.name: result})
            fate = f"noticed  {result.name}: {result.noticed_by}"
            print(fate if result.noticed_by else f"SURVIVED {result.name}: {result.why_not}", flush=True)
            count.add()


def _try(copy: Copy, planned: Planned, last: Result | None) -> Result:
    began_s = time.monotonic()
    mutant = planned.mutant
    verdict = copy.try_mutant(mutant, _in_order(planned.tests, last))
    noticed_by, why_not = verdict.noticed_by, verdict.why_not
    if noticed_by and not copy.passes_unchanged(noticed_by, mutant.board):
        noticed_by, why_not = "", f"{FAILS_UNCHANGED}: {noticed_by}"
    return Result(mutant.name, planned.digest, noticed_by, why_not, round(time.monotonic() - began_s, 1))


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _in_order(tests: Sequence[str], last: Result | None) -> list[str]:
    """Return the tests with what noticed a mutant last time first: it notices it again, as a rule."""
    return sorted(tests, key=lambda test: last is None or not last.noticed_by.startswith(test))


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="make trace-mutants", description=__doc__)
    parser.add_argument("requirement", nargs="*", help="ids whose mutants are tried (default: all)")
    parser.add_argument("--again", action="store_true", help="also what still holds")
    parser.add_argument("--survivors", action="store_true", help="also what survived and has not changed")
    parser.add_argument("--root", type=Path, default=Path(), help="the project (default: the current folder)")
    parser.add_argument(
        "--least",
        type=int,
        default=LEAST_NAMED,
        help="safety-bearing requirements that have to name a mutant",
    )
    arguments = parser.parse_args(argv)
    root: Path = arguments.root.resolve()
    try:
        matrix = matrix_of_project(root, arguments.least)
    except (CatalogueError, SyntaxError, UnicodeDecodeError) as error:
        print(f"trace-mutants: {error}", file=sys.stderr)
        return 2
    if matrix.faults:
        print("\n".join(f"fault: {fault}" for fault in matrix.faults), file=sys.stderr)
        return 1
    everything = plan(matrix, root, [])
    chosen = plan(matrix, root, arguments.requirement)
    results = read_results(root / RESULTS)
    to_try = [
        one
        for one in chosen
        if arguments.again
        or not holds(one, results)
        or (arguments.survivors and not results[one.mutant.name].noticed_by)
    ]
    print(_cost(chosen, to_try, results), flush=True)
    if to_try:
        try_all(to_try, root, results, everything)
    survivors = [one.mutant.name for one in chosen if not results[one.mutant.name].noticed_by]
    for name in survivors:
        print(f"survived: {name}")
    print(
        f"trace-mutants: {'FAIL' if survivors else 'PASS'} {len(chosen)} mutants, "
        f"{len(chosen) - len(survivors)} noticed by their requirement's own tests, {len(survivors)} survived"
    )
    return 1 if survivors else 0


def _cost(chosen: Sequence[Planned], to_try: Sequence[Planned], results: Mapping[str, Result]) -> str:
    known_s = {one.name: one.seconds for one in results.values()}
    seconds = sum(
        known_s.get(one.mutant.name, USUAL_ON_THE_BOARD_S if one.mutant.board else USUAL_S) for one in to_try
    )
    return (
        f"trace-mutants: {len(to_try)} of {len(chosen)} mutants to try, about {time_text(seconds)}; "
        f"{len(chosen) - len(to_try)} known"
    )
