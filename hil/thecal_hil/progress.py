"""A line that says how far a long piece of work is and how long it will still take.

Promises: work that ends within five seconds writes nothing. After that, one line at a terminal is drawn again twice a
second and wiped at the end; elsewhere, as in a log, a plain line comes every minute. All of it goes to the standard
error stream, whose loss does not disturb the work, and none of it into a result. The work is only looked at, from a
thread of its own, so it takes the same course with and without the line.
"""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Protocol, TextIO

QUIET_S = 5.0
REDRAW_S = 0.5
PLAIN_EVERY_S = 60.0
_LOOK_EVERY_S = 0.25
_LEAST_SHARE = 1e-6
"""Done since the beginning: less of the whole allows no estimate."""


class Work(Protocol):
    """What can be looked at while it is done."""

    def share(self) -> float:
        """How much of the whole is done, 0 to 1."""
        ...

    def words(self) -> str:
        """How far it is, in words; empty if the share says everything."""
        ...


class Count:
    """Work in pieces of about the same size. Any thread may add what it has done."""

    def __init__(self, total: int, unit: str, done: int = 0) -> None:
        self.total, self.unit, self.done = total, unit, done
        self._lock = threading.Lock()

    def add(self, pieces: int = 1) -> None:
        with self._lock:
            self.done += pieces

    def share(self) -> float:
        return min(1.0, self.done / self.total) if self.total else 1.0

    def words(self) -> str:
        return f"{self.done:,} of {self.total:,} {self.unit}"


class Share:
    """Work whose share a function tells: by virtual time, for one."""

    def __init__(self, look: Callable[[], float]) -> None:
        self._look = look

    def share(self) -> float:
        return min(1.0, max(0.0, self._look()))

    def words(self) -> str:
        return ""


class ProgressLine:
    """The line of one piece of work. ``look`` at it as often as you like: it writes when it is time to."""

    def __init__(
        self, what: str, work: Work, stream: TextIO, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._what, self._work, self._stream, self._now_s = what, work, stream, now_s
        self._is_terminal = stream.isatty()
        self._began_s, self._began_share = now_s(), work.share()
        self._next_s = self._began_s + (QUIET_S if self._is_terminal else PLAIN_EVERY_S)
        self._drawn = 0
        self._lock = threading.RLock()

    def look(self) -> None:
        """Write the line if it is due."""
        with self._lock:
            now_s = self._now_s()
            if now_s < self._next_s:
                return
            text = self._text(now_s - self._began_s)
            if self._is_terminal:
                self._next_s = now_s + REDRAW_S
                self._draw(text)
            else:
                self._next_s = now_s + PLAIN_EVERY_S
                self._write(text + "\n")

    @contextmanager
    def out_of_the_way(self) -> Iterator[None]:
        """Wipe the line while something else is written to the terminal."""
        with self._lock:
            self.wipe()
            yield

    def wipe(self) -> None:
        with self._lock:
            if self._drawn:
                self._write("\r" + " " * self._drawn + "\r")
                self._drawn = 0

    def _text(self, elapsed_s: float) -> str:
        share = self._work.share()
        parts = [self._work.words(), f"{int(100 * share)} %", _to_go(elapsed_s, self._began_share, share)]
        return f"{self._what}: " + ", ".join(part for part in parts if part)

    def _draw(self, text: str) -> None:
        # In the last column some terminals begin a new line.
        text = text[: shutil.get_terminal_size().columns - 1]
        self._write("\r" + text.ljust(self._drawn))
        self._drawn = len(text)

    def _write(self, text: str) -> None:
        # A terminal that is gone is no reason to end the work.
        with suppress(OSError, ValueError):
            self._stream.write(text)
            self._stream.flush()


@contextmanager
def shown(
    what: str,
    work: Work,
    stream: TextIO | None = None,
    now_s: Callable[[], float] = time.monotonic,
) -> Iterator[ProgressLine]:
    """Show the line of some work while it is done. stream: the standard error stream, if none is given."""
    line = ProgressLine(what, work, sys.stderr if stream is None else stream, now_s)
    try:
        with repeated(line.look):
            yield line
    finally:
        line.wipe()


@contextmanager
def repeated(look: Callable[[], None]) -> Iterator[None]:
    """Call a function four times a second from a thread until the end of the block."""
    is_over = threading.Event()

    def go() -> None:
        while not is_over.wait(_LOOK_EVERY_S):
            look()

    thread = threading.Thread(target=go, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def _to_go(elapsed_s: float, began_share: float, share: float) -> str:
    """At the pace since the beginning. What was done before then cost no time of this one."""
    done = share - began_share
    if done < _LEAST_SHARE:
        return "time to go not known yet"
    return f"{time_text(elapsed_s * (1 - share) / done)} to go"


def time_text(seconds: float) -> str:
    """A time as a person says it: to the second below an hour, to the minute above."""
    minutes, rest_s = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest_s} s" if minutes else f"{rest_s} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min"
