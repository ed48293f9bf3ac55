"""Runs a requirement's own tests on a copy of the project with one mistake in it.

The tests are those that carry the requirement's id, the quickest folders first; the first failure ends the trial. On
the emulated board, where the image has to be built with the mistake, only what names the board is tried.

Promises: the project itself is never changed; a mistake counts as noticed only by a test that fails and that passes on
the copy without it; a trial that hangs, or whose tests can't be collected, is no notice. Hypothesis draws the same
examples each time, so a trial ends alike when it is run again.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from thecal_hil.evidence.trace.forked_pytest import run_pytest
from thecal_hil.evidence.trace.marks import Evidence
from thecal_hil.evidence.trace.mutants import Mutant

ROOTS = ("firmware", "firmware/board", "firmware/probe", "host", "sim", "hil", "tests")
LEFT_OUT = (".git", ".venv", "build", "__pycache__", ".hypothesis", ".pytest_cache", ".ruff_cache")
ON_THE_BOARD = ("tests/changes/", "tests/firmware/", "tests/hil/", "tests/instruments/", "tests/micropython/")
"""Folders whose tests need an image: they take minutes and show nothing of a mistake that the model shows."""
ON_THE_MODEL = ("tests/hil/test_gate.py", "tests/hil/test_scenario_")
"""Of these folders, files that need no image."""
BUILD_THEIR_OWN = "tests/firmware/"
"""Tests of the board's own modules at a prompt: they build an image for that, and do not need the pump's."""
QUICKEST_FIRST = (
    "tests/core/",
    "tests/link/",
    "tests/store/",
    "tests/host/",
    "tests/sim/",
    "tests/controller/",
)
LIBRARY = "tests/scenarios/test_library.py::test_a_scenario_of_the_library_holds"
MOST_S, MOST_ON_THE_BOARD_S = 300.0, 1_200.0
"""Of a trial on a machine that others use as well; one that takes longer has hung."""
_ARGUMENTS = (
    "-x",
    "-q",
    "--tb=no",
    "-rf",
    "--hypothesis-profile=mutants",
    "-pno:cacheprovider",
    "-pno:xdist",
)
_ALL_PASSED = "all its tests pass"
_FAILED = re.compile(r"^FAILED (.+?)(?: - .*)?$", re.MULTILINE)


@dataclass(frozen=True)
class Verdict:
    """The verdict of a trial. noticed_by: the test that failed; without one, why nothing noticed the mistake."""

    noticed_by: str
    why_not: str = ""


def tests_of(evidence: Iterable[Evidence], board: bool) -> list[str]:
    """Return the tests that are to notice, as pytest names them, in the order in which they are tried."""
    rig = "pico" if board else "model"
    found = []
    for one in evidence:
        is_of_board = one.test.startswith(ON_THE_BOARD) and not one.test.startswith(ON_THE_MODEL)
        left_out = one.test.startswith((*QUICKEST_FIRST, *ON_THE_MODEL)) if board else is_of_board
        if not one.in_make_test or left_out:
            continue
        is_scenario = one.test.endswith(".toml")
        found.append(f"{LIBRARY}[{rig}-{Path(one.test).stem}]" if is_scenario else one.test)
    return sorted(found, key=_place)


def _place(test: str) -> int:
    places = [number for number, folder in enumerate(QUICKEST_FIRST) if test.startswith(folder)]
    return places[0] if places else len(QUICKEST_FIRST) + test.startswith(LIBRARY)


class Copy:
    """A copy of the project's sources, in which one mistake at a time is made and taken back."""

    def __init__(self, root: Path, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(root, folder, ignore=shutil.ignore_patterns(*LEFT_OUT), symlinks=True)
        self._folder = folder
        self._passing: dict[tuple[str, bool], bool] = {}

    def try_mutant(self, mutant: Mutant, tests: Sequence[str]) -> Verdict:
        """Run these tests with the mistake."""
        if not tests:
            return Verdict("", "no test of the requirement is run for it")
        with self._with(mutant):
            if not mutant.board:
                return self._run(tests, False)
            at_the_prompt = [test for test in tests if test.startswith(BUILD_THEIR_OWN)]
            others = [test for test in tests if not test.startswith(BUILD_THEIR_OWN)]
            verdict = self._run(at_the_prompt, True) if at_the_prompt else Verdict("", _ALL_PASSED)
            if verdict.noticed_by or not others:
                return verdict
            if built := self._build():
                return Verdict("", f"the image can't be built: {built}")
            return self._run(others, True)

    def passes_unchanged(self, test: str, board: bool) -> bool:
        """Return True if a test passes without any mistake, so that its failure shows something."""
        if (test, board) not in self._passing:
            is_built = not board or test.startswith(BUILD_THEIR_OWN) or not self._build()
            self._passing[test, board] = is_built and self._run([test], board) == Verdict("", _ALL_PASSED)
        return self._passing[test, board]

    @contextmanager
    def _with(self, mutant: Mutant) -> Iterator[None]:
        path = self._folder / mutant.file
        text, before = path.read_text(encoding="utf-8"), path.stat()
        try:
            path.write_text(mutant.applied_to(text), encoding="utf-8")
            # Python knows compiled files by second and size of their source: an earlier second belongs to no other.
            os.utime(path, (before.st_atime, before.st_mtime - 10_000))
            yield
        finally:
            path.write_text(text, encoding="utf-8")
            os.utime(path, (before.st_atime, before.st_mtime))

    def _build(self) -> str:
        """Build the image of the copy; why it can't be, or nothing."""
        command = [sys.executable, "firmware/board/build.py", "uf2"]
        built = subprocess.run(command, cwd=self._folder, capture_output=True, text=True, check=False)
        return "" if built.returncode == 0 else built.stderr.strip()[-200:] or "the build failed"

    def _run(self, tests: Sequence[str], board: bool) -> Verdict:
        rig = "pico" if board else "model"
        most_s = MOST_ON_THE_BOARD_S if board else MOST_S
        run = run_pytest(
            [*_ARGUMENTS, f"--rig={rig}", "--thecal-idle-rigs", *tests], self._folder, ROOTS, most_s
        )
        if run.code is None:
            return Verdict("", f"no end within {most_s:.0f} s")
        if failed := _FAILED.findall(run.said):
            return Verdict(failed[0])
        if run.code == 0:
            return Verdict("", _ALL_PASSED)
        last = (run.said.strip().splitlines() or ["nothing said"])[-1]
        return Verdict("", f"pytest ended with {run.code}: {last}")
