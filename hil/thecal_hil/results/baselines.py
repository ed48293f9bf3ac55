"""Baselines: runs under a name that later ones are held against, with what each figure may lose.

A baseline is a TOML file in the store's folder, so that a person can read it and set its tolerances. Promises: it is
read strictly; a run that it names and that the store does not have is reported.

    runs = ["20261203-080000-0a1b2c3d4e", "20261203-081500-5f6a7b8c9d"]

    [[tolerance]]
    figures = "*[[]pico]:alarm_raised_within*"    # of SUBJECT:KEY; * stands for anything, [[] for a bracket
    share = 0.25                                   # of the margin
    reason = "the board asks every 100 ms"
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

from thecal.errors import BadInputError
from thecal.table import Table
from thecal.toml_file import read_toml
from thecal_hil.results.judging import Tolerance
from thecal_hil.results.parts import write_whole

_FOLDER: Final = "baselines"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9.-]*")


@dataclass(frozen=True)
class Baseline:
    name: str
    runs: tuple[str, ...]
    tolerances: tuple[Tolerance, ...] = ()


def baseline_path(folder: Path, name: str) -> Path:
    """Return where a baseline lies; raise BadInputError for what is no name of one."""
    if not _NAME.fullmatch(name):
        raise BadInputError([f"baseline {name!r}: its name is to be small letters, digits, dots and hyphens"])
    return folder / _FOLDER / f"{name}.toml"


def read_baseline(folder: Path, name: str) -> Baseline:
    """Raise BadInputError with all that is wrong."""
    path = baseline_path(folder, name)
    if not path.is_file():
        known = ", ".join(sorted(one.stem for one in path.parent.glob("*.toml"))) or "none"
        raise BadInputError([f"there is no baseline {name} in {folder}; there is: {known}"])
    table = Table(read_toml(path))
    runs = table.words("runs")
    tolerances = tuple(_tolerances(table)) if table.has("tolerance") else ()
    if problems := table.problems():
        raise BadInputError([f"{path}: {problem}" for problem in problems])
    return Baseline(name, runs, tolerances)


def _tolerances(table: Table) -> list[Tolerance]:
    found = []
    for entry in table.entries("tolerance"):
        figures = entry.sentence("figures", "a pattern over SUBJECT:KEY")
        share = entry.number("share", Fraction(0), Fraction(1))
        reason = entry.sentence("reason", "why it may lose that much")
        found.append(Tolerance(figures or "", float(share or 0), reason or ""))
    return found


def write_baseline(
    folder: Path, name: str, runs: Sequence[str], tolerances: Sequence[Tolerance] = ()
) -> Path:
    """Set a baseline; one of the same name is replaced."""
    lines = ["runs = [", *(f'  "{run}",' for run in runs), "]"]
    for one in tolerances:
        lines += [
            "",
            "[[tolerance]]",
            f'figures = "{one.figures}"',
            f"share = {one.share}",
            f'reason = "{one.reason}"',
        ]
    return write_whole(baseline_path(folder, name), ("\n".join(lines) + "\n").encode())
