"""A life or a sequence of faults as a short file: what is to be run again, and nothing of what came of it.

Promises: a case that is read is the one that was written; `shrunk` leaves steps out for as long as what is wrong stays
wrong, and always returns a case that is.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from thecal_hil.campaigns.changes.steps import Step
from thecal_hil.evidence.measurements import write_json

LIFE, FAULTS = "life", "faults"


class CaseError(Exception):
    """A file is no case; the message says why."""


@dataclass(frozen=True)
class Case:
    """kind: a life of the emulated board, or faults on the model. board: of a life, as ``Silicon.read`` takes it."""

    kind: str
    board: str
    seed: str
    steps: tuple[Step, ...]

    def write(self, path: Path) -> None:
        write_json(path, asdict(self))


def read_case(path: Path) -> Case:
    """Return the case in a file; raise CaseError if there is none."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        case = Case(**{**said, "steps": tuple(Step(**step) for step in said["steps"])})
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise CaseError(f"{path} is no case: {error}") from error
    if case.kind not in (LIFE, FAULTS):
        raise CaseError(f"{path} is no case: there is no kind {case.kind!r}")
    return case


def shrunk(case: Case, is_wrong: Callable[[Case], bool], most_runs: int = 200) -> Case:
    """Return the case with every step left out that is not needed for it to be wrong; after so many runs, as far as
    that got.

    ValueError if it is not wrong to begin with.
    """
    if not is_wrong(case):
        raise ValueError("nothing is wrong with the case")
    runs, size = 1, max(1, len(case.steps) // 2)
    while runs < most_runs:
        at, was = 0, case
        while at < len(case.steps) and runs < most_runs:
            fewer = replace(case, steps=case.steps[:at] + case.steps[at + size :])
            runs += 1
            if is_wrong(fewer):
                case = fewer
            else:
                at += size
        if size == 1 and case == was:
            break
        size = max(1, size // 2)
    return case
