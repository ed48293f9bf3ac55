"""The ``thecal`` command in this process at a model pump whose port, key store and clock are the campaign's.

Promises: the command is the one that people run, signals and exit codes included; whatever it waits for passes in the
pump's own time; what became of the pump is read from the board itself and not over the link.
"""

from __future__ import annotations

import contextlib
import io
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

from thecal.cli import run
from thecal.client import Pump
from thecal.errors import KeyStoreError
from thecal.prescription import load_prescription
from thecal_fw.core import events
from thecal_sim.model import ModelPump

PORT = "the pump's port"
NS_PER_S = 1_000_000_000
EXAMPLES = Path("examples")
BEGIN_UTC_S = int(datetime(2026, 3, 6, 12, tzinfo=UTC).timestamp())

TOLD_BY = {
    events.EVENT_PROGRAM_COMMITTED: "the new program was committed",
    events.EVENT_STARTED: "delivery was started",
    events.EVENT_STOPPED: "delivery was stopped",
    events.EVENT_REFILLED: "the refill was recorded",
    events.EVENT_TIME_SET: "the pump's clock was set",
    events.EVENT_ALARM_ACKNOWLEDGED: "alarms were acknowledged",
    events.EVENT_BOLUS_BEGUN: "the bolus was given",
    events.EVENT_RENEWED: "the new part was recorded",
    events.EVENT_PAIRED: "the pump was given the new key",
    events.EVENT_BOOTLOADER: "the pump was sent to its boot loader",
}
"""Of each event that a change leaves in the board's log: what a command says of that change."""


class MemoryKeys:
    """A key store in memory."""

    def __init__(self) -> None:
        self.entries: dict[str, str] = {}

    def get_password(self, _service: str, name: str) -> str | None:
        return self.entries.get(name)

    def set_password(self, _service: str, name: str, text: str) -> None:
        self.entries[name] = text

    def delete_password(self, _service: str, name: str) -> None:
        self.entries.pop(name, None)


@dataclass
class Ended:
    """The end of a command. changed: what the board's log says was carried out meanwhile."""

    exit_code: int
    said: str
    changed: Counter[str] = field(default_factory=Counter)
    traceback: str = ""


class Terminal(io.StringIO):
    """The terminal that a command writes to. fails: asked before each write, for the error that it meets."""

    def __init__(self, fails: Callable[[], OSError | None] = lambda: None) -> None:
        super().__init__()
        self._fails = fails

    def write(self, text: str, /) -> int:
        error = self._fails()
        if error is not None:
            raise error
        return super().write(text)


class Stage:
    """A pump with a program that delivers, and the computer that commands are run at. keys: what is kept there."""

    def __init__(self, *, is_keyed: bool = False) -> None:
        self.model = ModelPump(serial_number=b"STAGE")
        self.keys = MemoryKeys()
        self._prepare()
        if is_keyed:
            self.model.board.button.held = True
            assert self.run(["pair", "--role", "clinician"]).exit_code == 0
            self.model.board.button.held = False

    def _prepare(self) -> None:
        pump = Pump(self.model.serial, host_nonce=1)
        program = load_prescription(EXAMPLES / "flex_with_boluses.toml").program
        pump.set_time(BEGIN_UTC_S, 0)
        pump.refill(18_000_000)
        pump.program(program)
        pump.start(program.digest())
        self.model.run_for(10 * NS_PER_S)

    def run(
        self,
        arguments: list[str],
        port: Callable[[], Any] | None = None,
        out: Terminal | None = None,
        err: Terminal | None = None,
    ) -> Ended:
        """Run a command. port: what opens the port, in place of the model's own."""
        before = self.logged()
        out, err = out or Terminal(), err or Terminal()
        ended = Ended(-1, "")
        with self._in_place(port), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                ended.exit_code = run(arguments)
            except BaseException:
                import traceback

                ended.traceback = traceback.format_exc()
        # A bolus begins on the next whole second.
        self.model.run_for(3 * NS_PER_S)
        ended.said = out.getvalue() + err.getvalue()
        ended.changed = self.logged() - before
        return ended

    def logged(self) -> Counter[str]:
        """Return what the board has logged, by the words for it. Nothing else than the log itself is asked."""
        if self.model.left_for is not None:
            return Counter()
        log = self.model.controller.keeper.events
        found: Counter[str] = Counter()
        for sequence in range(log.oldest(), self.model.controller.reports.log.latest + 1):
            event = log.get(sequence)
            if event is not None and event[events.AT_CODE] in TOLD_BY:
                found[TOLD_BY[event[events.AT_CODE]]] += 1
        return found

    @contextlib.contextmanager
    def _in_place(self, port: Callable[[], Any] | None) -> Iterator[None]:
        model = self.model

        def sleep(seconds: float) -> None:
            model.run_for(max(1, round(seconds * NS_PER_S)))

        def now_s() -> float:
            return model.now_ns / NS_PER_S

        def opened(_device: str) -> Any:
            if port is not None:
                return port()
            if not model.serial.is_open:
                model.serial.open()
            return model.serial

        def of_the_store(_what: str, do: Callable[[Any], Any]) -> Any:
            try:
                return do(self.keys)
            except OSError as error:
                raise KeyStoreError(str(error)) from error

        with (
            mock.patch("time.sleep", sleep),
            mock.patch("time.monotonic", now_s),
            mock.patch("thecal.ports.open_port", opened),
            mock.patch("thecal.ports.only_board", return_value=PORT),
            mock.patch("thecal.keys._of_the_store", of_the_store),
            mock.patch("sys.stdin", io.StringIO()),
        ):
            yield


def raise_signal(number: int) -> None:
    """Have a signal come now, to the handler that it has; one that would end this process is an error of the
    stage. Raise RuntimeError for that."""
    handler = signal.getsignal(number)
    if not callable(handler):
        raise RuntimeError(f"nobody listens to {signal.Signals(number).name}")
    handler(number, sys._getframe())
