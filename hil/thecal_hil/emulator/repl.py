"""Runs Python on a board at the MicroPython prompt (raw REPL), over any serial port.

Promise: `run` returns what the code printed, or raises with the traceback the board sent; `start` returns at once.
"""

from __future__ import annotations

from typing import Final, Protocol

_INTERRUPT: Final = b"\r\x03"
_RAW_MODE: Final = b"\x01"
_END: Final = b"\x04"
_PROMPT: Final = b"raw REPL; CTRL-B to exit\r\n>"
_SETTLE_S: Final = 2.0


class BoardError(Exception):
    """The code raised on the board, or there is no prompt."""


class BoardSilentError(BoardError):
    """The board does not answer, or not to the end."""


class PromptPort(Protocol):
    """The contract of a port: pyserial has it, and so has the emulated one."""

    @property
    def timeout(self) -> float | None: ...
    @timeout.setter
    def timeout(self, seconds: float | None, /) -> None: ...
    def read_until(self, expected: bytes = ..., /) -> bytes: ...
    def write(self, data: bytes, /) -> int | None: ...


class RawRepl:
    def __init__(self, port: PromptPort) -> None:
        """Raise BoardSilentError if no prompt comes."""
        self._port = port
        port.timeout = _SETTLE_S
        port.write(_INTERRUPT + _RAW_MODE)
        answer = port.read_until(_PROMPT)
        if not answer.endswith(_PROMPT):
            raise BoardSilentError(f"no MicroPython prompt, but {answer!r}")

    def soft_reset(self) -> None:
        """Start Python anew. A raw prompt runs no program at its start. Raise BoardSilentError if no prompt
        comes."""
        self._port.timeout = _SETTLE_S
        self._port.write(_END)
        answer = self._port.read_until(_PROMPT)
        if not answer.endswith(_PROMPT):
            raise BoardSilentError(f"no prompt after a soft reset, but {answer!r}")

    def start(self, code: str) -> None:
        self._port.write(code.encode() + _END)

    def run(self, code: str, timeout_s: float = 10.0) -> str:
        self.start(code)
        return self.finish(timeout_s)

    def finish(self, timeout_s: float = 10.0) -> str:
        """Wait for started code to end. Raise BoardSilentError if it does not in time, BoardError with what it
        says if it fails."""
        self._port.timeout = timeout_s
        answer = self._port.read_until(_END + b">")
        if not answer.endswith(_END + b">"):
            raise BoardSilentError(f"the code did not end within {timeout_s} s; so far: {answer!r}")
        printed, error = answer[: -len(_END) - 1].removeprefix(b"OK").split(_END)
        if error:
            raise BoardError(error.decode())
        return printed.decode()
