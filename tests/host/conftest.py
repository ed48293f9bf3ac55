"""A model pump behind a pseudo-terminal, and the ``thecal`` command run at it as a person runs it."""

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from thecal.cli import run
from thecal_hil.emulator.pty import EmulatedPty
from thecal_hil.rigs.model_pty import model_pty
from thecal_sim.model import ModelPump

EXAMPLES = Path(__file__).parents[2] / "examples"


class Bench:
    """The pump, its port, and the command; ``in_own_process`` runs the command just as a shell would."""

    def __init__(self, model: ModelPump, pty: EmulatedPty) -> None:
        self.model = model
        self.port = pty.path
        self.in_own_process = False
        self._pty = pty

    def do(self, action: Callable[[ModelPump], Any]) -> Any:
        """Do something to the pump while its time stands still."""
        return self._pty.call(lambda _: action(self.model))

    def thecal(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        if self.in_own_process:
            return thecal(*arguments, port=self.port)
        return _thecal_in_this_process(arguments, self.port)

    def ok(self, *arguments: str) -> str:
        """Return the standard output of a command that has to succeed, and to say nothing but its result."""
        done = self.thecal(*arguments)
        assert (done.returncode, done.stderr) == (0, ""), f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def json(self, *arguments: str) -> Any:
        return json.loads(self.ok(*arguments, "--json"))

    def refused(self, exit_code: int, *arguments: str) -> str:
        """Return the message of a command that has to fail in a certain way, with nothing on standard output."""
        done = self.thecal(*arguments)
        assert (done.returncode, done.stdout) == (exit_code, ""), f"{arguments}: {done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr
        return done.stderr


def thecal(*arguments: str, port: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, its port given by the environment."""
    environment = {name: value for name, value in os.environ.items() if name != "THECAL_PORT"}
    if port is not None:
        environment["THECAL_PORT"] = port
    command = [sys.executable, "-m", "thecal.cli", *arguments]
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
        check=False,
    )


def _thecal_in_this_process(arguments: tuple[str, ...], port: str) -> subprocess.CompletedProcess[str]:
    """Return the same without starting Python anew, which takes longer than most commands."""
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.dict(os.environ, THECAL_PORT=port),
        mock.patch("sys.stdin", io.StringIO()),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        exit_code = run(list(arguments))
    return subprocess.CompletedProcess(arguments, exit_code, out.getvalue(), err.getvalue())


@pytest.fixture
def bench() -> Iterator[Bench]:
    """Provide a pump that was just switched on."""
    model = ModelPump()
    with model_pty(model) as pty:
        yield Bench(model, pty)
