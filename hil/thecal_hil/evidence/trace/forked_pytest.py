"""Runs pytest on a copy of the project in a fork of this process, in which what takes long to import is there already.

Promises: every module of this project is imported anew, from the copy; nothing changes in this process; a run that
takes longer than it may is ended, with no verdict. Starting pytest afresh for each mutant would take most of the time.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

_OURS = ("thecal", "thecal_fw", "thecal_hil", "thecal_probe", "thecal_sim")
_IN_ADVANCE = (
    "pytest",
    "_pytest.junitxml",
    "hypothesis.strategies",
    "numpy",
    "rich.console",
    "serial",
    "typer",
)
_LOOK_EVERY_S = 0.02


@dataclass(frozen=True)
class Run:
    """The end of a run of pytest. code: its exit code; None if it took too long. said: what it wrote."""

    code: int | None
    said: str


def run_pytest(arguments: Sequence[str], folder: Path, roots: Sequence[str], most_s: float) -> Run:
    """Run pytest in a folder whose packages lie below these roots, for at most so many seconds."""
    for name in _IN_ADVANCE:
        import_module(name)
    with tempfile.TemporaryFile() as output:
        sys.stdout.flush()
        sys.stderr.flush()
        child = os.fork()
        if not child:
            _be_pytest(arguments, folder, [str(folder / root) for root in roots], output.fileno())
        code = _await(child, most_s)
        output.seek(0)
        return Run(code, output.read().decode(errors="replace"))


def _await(child: int, most_s: float) -> int | None:
    ends_s = time.monotonic() + most_s
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > ends_s:
            # With whatever it has started.
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return None
        time.sleep(_LOOK_EVERY_S)


def _be_pytest(arguments: Sequence[str], folder: Path, roots: list[str], output: int) -> None:
    code = 70
    try:
        os.setpgid(0, 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.chdir(folder)
        os.environ["PYTHONPATH"] = os.pathsep.join(roots)
        for name in [name for name in sys.modules if name.split(".")[0] in _OURS]:
            del sys.modules[name]
        sys.path[:0] = roots
        code = int(import_module("pytest").main(list(arguments)))
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)
