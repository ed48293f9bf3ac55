"""A practice pump as somebody has it in a terminal of their own, and commands that find it by themselves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

WAIT_S = 180
"""Nothing waits so long but where two processors are shared with other tests."""


def hear_ctrl_c() -> None:
    """Have a new process hear SIGINT. A shell has it ignored in what it runs in the background, tests too."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class PracticePumpProcess:
    """state: folder in which it is written down. said: what it said of itself first, as JSON."""

    def __init__(self, state: Path, *arguments: str) -> None:
        self.environment = {name: value for name, value in os.environ.items() if name != "THECAL_PORT"}
        self.environment |= {"XDG_STATE_HOME": str(state), "COLUMNS": "100", "NO_COLOR": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "thecal.cli", "demo", "--json", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment,
            preexec_fn=hear_ctrl_c,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.process.communicate()[1]
        self.said: dict[str, Any] = json.loads(line)

    def heard(self) -> str:
        """Return the next line that it says."""
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def type(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def thecal(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command that is not given any port."""
        return subprocess.run(
            [sys.executable, "-m", "thecal.cli", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=self.environment,
            timeout=WAIT_S,
            check=False,
        )

    def ok(self, *arguments: str) -> str:
        done = self.thecal(*arguments)
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def json(self, *arguments: str) -> Any:
        return json.loads(self.ok(*arguments, "--json"))

    def end(self, number: int = signal.SIGTERM) -> int:
        """End it by a signal; its exit code."""
        self.process.send_signal(number)
        self.process.communicate(timeout=WAIT_S)
        return self.process.returncode


@contextmanager
def practice_pump(state: Path, *arguments: str) -> Iterator[PracticePumpProcess]:
    pump = PracticePumpProcess(state, *arguments)
    try:
        yield pump
    finally:
        if pump.process.poll() is None:
            pump.process.kill()
        pump.process.communicate(timeout=WAIT_S)
