"""The MicroPython prompt of a pump, reached by the documented way, and a clean one behind a soft reset.

Promises: the motor driver stays disabled: the firmware has the line forced high when it leaves, and nothing here writes
to that pin. The watchdog, which nothing stops, is fed all along.
"""

from __future__ import annotations

import ast
from typing import Any, Final

from thecal.client import Pump
from thecal.errors import NoAnswerError
from thecal.link import SerialPort
from thecal_hil.emulator.repl import BoardError, BoardSilentError, RawRepl

from .verdicts import NotMeasuredError

_TRIES: Final = 10
_TIMEOUT_S: Final = 30.0
FEED: Final = """
import machine, time, gc
from array import array
import micropython
from machine import mem32
def _feed(_=None):
    mem32[0x40058004] = 0xFFFFFF
_feed()
_feeder = machine.Timer(period=2000, mode=machine.Timer.PERIODIC, callback=_feed)
"""
"""What every measurement begins with. The watchdog's longest time is 8.4 s."""


class Prompt:
    """A raw prompt on which Python runs, on the port that `leave` was given."""

    def __init__(self, port: Any, tries: int = _TRIES) -> None:
        """Raise NoAnswerError if the board is not, or does not come, there."""
        last: BoardError | None = None
        for _ in range(tries):
            # The pump answers first, and leaves a moment later.
            try:
                self._repl = RawRepl(port)
                return
            except BoardError as error:
                last = error
        raise NoAnswerError(f"the board did not come to its prompt: {last}")

    @classmethod
    def leave(cls, pump: Pump, port: SerialPort) -> Prompt:
        """Have a pump that stands leave to its prompt."""
        pump.prompt()
        return cls(port)

    def soft_reset(self) -> None:
        """Begin with an empty memory. The pump's program does not start: the prompt is a raw one."""
        self._repl.soft_reset()
        self.run(FEED)

    def run(self, code: str) -> str:
        """Return what the code prints. Raise NotMeasuredError with the board's own words if it fails there,
        NoAnswerError if the board goes silent."""
        try:
            return self._repl.run(code, _TIMEOUT_S).strip()
        except BoardSilentError as error:
            raise NoAnswerError(f"the board went silent at its prompt: {error}") from error
        except BoardError as error:
            last_line = str(error).strip().splitlines()[-1]
            raise NotMeasuredError(f"the board says: {last_line}") from error

    def start(self, code: str) -> None:
        """Run code that does not come back, or later."""
        self._repl.start(code)

    def ask(self, expression: str) -> Any:
        """Return the value of an expression, which is a literal."""
        return ast.literal_eval(self.run(f"print(repr({expression}))"))
