"""Signals that end a command: Ctrl-C, a terminal that closes, a system that shuts down.

Promises: a request that changes the pump is not left half-way by the first of them: its answer is waited for, as long
as any answer is, and then nothing further is asked. A second one breaks off at once. What was done by then, and what is
not known, is in the record of changes that the guard is.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from thecal.changes import Changes

_NAMES = {
    "SIGINT": "Ctrl-C",
    "SIGTERM": "a request to end (SIGTERM)",
    "SIGHUP": "its terminal, which closed (SIGHUP)",
}
EXIT_OF_A_SIGNAL = 128
"""Exit codes of what a signal ended are this and its number, as shells have it."""


class Interruption(BaseException):
    """A signal ended what was under way. No Exception: nothing that handles faults of pumps handles this."""

    def __init__(self, number: int) -> None:
        super().__init__(f"interrupted by {_NAMES[signal.Signals(number).name]}")
        self.number = number

    @property
    def exit_code(self) -> int:
        return EXIT_OF_A_SIGNAL + self.number


class Guard(Changes):
    """The record of a run that signals may end. waiting: one that came while a change was under way."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: Interruption | None = None

    def tell(self, number: int, _frame: FrameType | None = None) -> None:
        """Note that a signal has come."""
        interruption = Interruption(number)
        if self.in_flight and self.waiting is None:
            self.waiting = interruption
            return
        self.waiting = None
        raise interruption

    def may_go_on(self) -> None:
        if self.waiting is not None:
            waiting, self.waiting = self.waiting, None
            raise waiting


@contextmanager
def guarded() -> Iterator[Guard]:
    """Have signals go to a guard. A signal that was ignored before stays so: see nohup."""
    guard = Guard()
    if threading.current_thread() is not threading.main_thread():
        yield guard
        return
    numbers = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    for number, handler in before.items():
        if handler not in (signal.SIG_IGN, None):
            signal.signal(number, guard.tell)
    try:
        yield guard
    finally:
        for number, handler in before.items():
            if handler is not None:
                signal.signal(number, handler)
