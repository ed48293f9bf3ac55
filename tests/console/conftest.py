"""A model pump behind a port, the session of a console at it, and the whole console with Chromium in front of it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from host.practice_pump import PracticePumpProcess, hear_ctrl_c, practice_pump
from thecal.client import Pump
from thecal.console.session import Attached, ConsoleChanges, PumpSession
from thecal.errors import PortError
from thecal.ports import open_port
from thecal.prescription import load_prescription
from thecal_hil.rigs.model_pty import model_pty
from thecal_sim.model import ModelPump

EXAMPLES = Path(__file__).parents[2] / "examples"
FLEX = EXAMPLES / "paediatric_flex.toml"
WAIT_S = 30.0
"""Where two processors are shared with other tests."""


class Bench:
    """A pump, and what a console's session has learned of it. is_there: whether its port can be opened."""

    def __init__(self, path: str, model: ModelPump, call: Callable[[Callable[[Any], Any]], Any]) -> None:
        self.path, self.model, self._call = path, model, call
        self.is_there = True
        self.others = 0
        self.opened: list[Any] = []
        self.changes_seen = 0

    def do(self, action: Callable[[ModelPump], Any]) -> Any:
        """Do something to the pump while its time stands still."""
        return self._call(lambda _: action(self.model))

    def attach(self, changes: ConsoleChanges) -> Attached:
        if not self.is_there:
            raise PortError("no Thecal board is attached")
        port = open_port(self.path)
        self.opened.append(port)
        try:
            pump = Pump(port, clock=time.monotonic, changes=changes)
        except BaseException:
            port.close()
            raise
        return Attached(pump, self.path, True, 1 + self.others)

    def unplug(self) -> None:
        """Unplug the port, as when a cable is pulled."""
        self.is_there = False
        self.opened[-1].close()

    def plug_in(self) -> None:
        self.is_there = True

    def session(self, *, may_change: bool = True) -> PumpSession:
        def changed() -> None:
            self.changes_seen += 1

        return PumpSession(self.attach, changed, may_change=may_change, poll_s=0.02)


def until(is_so: Callable[[], Any], what: str = "what was waited for") -> Any:
    end_s = time.monotonic() + WAIT_S
    while time.monotonic() < end_s:
        found = is_so()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError(f"{what} did not come about")


@pytest.fixture
def bench() -> Iterator[Bench]:
    """Provide a pump that was just switched on."""
    model = ModelPump()
    with model_pty(model) as pty:
        yield Bench(pty.path, model, pty.call)


@pytest.fixture
def delivering(bench: Bench) -> Bench:
    """Provide a pump that delivers a child's day from 20 mL."""
    program = load_prescription(FLEX).program
    pump = bench.attach(ConsoleChanges(may_change=True)).pump
    now = time.time()
    pump.set_time(int(now), 0)
    pump.program(program)
    pump.refill(20_000_000)
    pump.start(program.digest())
    until(lambda: pump.interrogate().is_delivering)
    pump.close()
    return bench


@contextlib.contextmanager
def opened(session: PumpSession) -> Iterator[PumpSession]:
    session.open()
    try:
        until(lambda: session.seen is not None and session.seen.is_log_whole, "a first look")
        yield session
    finally:
        session.close()


class ConsoleProcess:
    """``thecal console`` as somebody has it in a terminal of their own."""

    def __init__(self, environment: dict[str, str], *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "thecal.cli", "console", "--no-browser", "--json", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            preexec_fn=hear_ctrl_c,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.process.communicate()[1]
        self.address: str = json.loads(line)["address"]

    def page(self, name: str) -> str:
        return f"{self.address.rsplit('/', 1)[0]}/{name}"

    def end(self, number: int = signal.SIGINT) -> tuple[int, str]:
        """End it by a signal; its exit code, and what it said."""
        self.process.send_signal(number)
        _, said = self.process.communicate(timeout=60)
        return self.process.returncode, said


@contextlib.contextmanager
def console_at(environment: dict[str, str], *arguments: str) -> Iterator[ConsoleProcess]:
    console = ConsoleProcess(environment, *arguments)
    try:
        yield console
    finally:
        if console.process.poll() is None:
            console.process.kill()
        console.process.communicate(timeout=60)


@contextlib.contextmanager
def practised(folder: Path, *arguments: str) -> Iterator[PracticePumpProcess]:
    """Yield a practice pump of its own, with a key store that is empty."""
    with practice_pump(folder, *arguments) as pump:
        pump.environment["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
        pump.environment.pop("THECAL_CONTACTS", None)
        yield pump


def environment_of(state: Path) -> dict[str, str]:
    return os.environ | {"XDG_STATE_HOME": str(state)}
