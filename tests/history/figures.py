"""The figures that the check has measured, each figure against what it is to reach, and kept until the sources
change."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Final

from history.copied_tree import ROOT

FOLDER: Final = ROOT / "build/history-check"
_SCENARIOS_RUN_ON: Final = ("firmware", "host", "sim", "hil", "pumps", "examples")
_DECIDE: Final = ("hil/thecal_hil/results", "tests/history", "tests/results/made_runs.py")


@dataclass(frozen=True)
class Row:
    """A figure. least, most: None where that side is not bounded."""

    name: str
    figure: float
    unit: str
    least: float | None = None
    most: float | None = None

    @property
    def falls_short(self) -> bool:
        return (self.least is not None and self.figure < self.least) or (
            self.most is not None and self.figure > self.most
        )

    def line(self) -> str:
        bound = (
            f">= {self.least:g}"
            if self.least is not None
            else f"<= {self.most:g}"
            if self.most is not None
            else ""
        )
        figure = f"{self.name:58} {self.figure:10.6g} {self.unit:8} {bound:>9}"
        return f"{figure} FAIL" if self.falls_short else figure.rstrip()


@cache
def sources_digest(*, everything: bool) -> str:
    """Return a digest of sources. everything: also what the scenarios run on, and not the store and this check
    alone."""
    digest = hashlib.sha256()
    for part in (*_DECIDE, *(_SCENARIOS_RUN_ON if everything else ())):
        at = ROOT / part
        for path in sorted(at.rglob("*")) if at.is_dir() else [at]:
            if path.suffix in (".py", ".toml"):
                digest.update(path.read_bytes())
    return digest.hexdigest()


def kept(part: str, *, everything: bool) -> list[Row] | None:
    """Return the rows of a part that was measured with the same sources."""
    path = FOLDER / f"{part}.json"
    if not path.is_file():
        return None
    content = json.loads(path.read_text(encoding="utf-8"))
    return (
        [Row(**row) for row in content["rows"]]
        if content["sources"] == sources_digest(everything=everything)
        else None
    )


def keep(part: str, rows: Sequence[Row], *, everything: bool) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    content = {"sources": sources_digest(everything=everything), "rows": [asdict(row) for row in rows]}
    (FOLDER / f"{part}.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


@dataclass(frozen=True)
class Cost:
    """The cost of a process: processor time, time on the wall, and the most memory that it held."""

    processor_s: float
    wall_s: float
    memory_mb: float
    exit_code: int


def cost_of(arguments: Sequence[str], results: Path) -> Cost:
    """Run this Python with some arguments and a store of results."""
    environment = {**os.environ, "THECAL_RESULTS": str(results)}
    began = time.perf_counter()
    # Told what to do with its output by file actions: it is a process of its own from the beginning, whose memory
    # nothing of ours is counted in.
    null = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    child = os.posix_spawn(sys.executable, [sys.executable, *arguments], environment, file_actions=null)
    _, status, used = os.wait4(child, 0)
    wall = time.perf_counter() - began
    code = os.waitstatus_to_exitcode(status)
    return Cost(used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 1_000, code)
