"""The control of the console: one window at a time may act, the others see.

A window is known by a name that its browser keeps over a reload. The first one that comes has control; another one gets
it only by asking, or when the one that has it has been gone for a while.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from enum import StrEnum

from thecal.errors import ThecalError

GONE_AFTER_S = 10.0
"""A reload, or a short break of the connection, is over sooner."""


class Hold(StrEnum):
    """The control as a window sees it."""

    HERE = "here"
    ELSEWHERE = "elsewhere"
    NOBODY = "nobody"


class NoControlError(ThecalError):
    """Another window has control."""

    def __init__(self) -> None:
        super().__init__("another window of this console has control: nothing was done. Take control first")


class Control:
    """now_s: seconds from anywhere."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._lock = threading.Lock()
        self._holder = ""
        self._open: dict[str, int] = {}
        self._left_s = 0.0

    def arrives(self, window: str) -> None:
        """Note that a window is open, once more for each time it is connected."""
        with self._lock:
            self._open[window] = self._open.get(window, 0) + 1
            if not self._holder or self._has_gone():
                self._holder = window

    def leaves(self, window: str) -> None:
        with self._lock:
            self._open[window] = max(0, self._open.get(window, 0) - 1)
            if not self._open[window]:
                del self._open[window]
                if window == self._holder:
                    self._left_s = self._now_s()

    def take(self, window: str) -> None:
        with self._lock:
            self._holder = window

    def hold(self, window: str) -> Hold:
        with self._lock:
            if window == self._holder:
                return Hold.HERE
            return Hold.NOBODY if not self._holder or self._has_gone() else Hold.ELSEWHERE

    def need(self, window: str) -> None:
        """Raise NoControlError unless this window has control, or nobody has and it takes it by acting."""
        hold = self.hold(window)
        if hold is Hold.ELSEWHERE:
            raise NoControlError
        if hold is Hold.NOBODY:
            self.take(window)

    def _has_gone(self) -> bool:
        return self._holder not in self._open and self._now_s() - self._left_s > GONE_AFTER_S
