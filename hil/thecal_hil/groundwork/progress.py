"""A line that says how far a long piece of work is and how long it will still take.

Promises: work that ends within five seconds writes nothing. After that, one line at a terminal is drawn again twice a
second and wiped at the end; elsewhere, as in a log, a plain line comes every minute. All of it goes to the standard
error stream, whose loss does not disturb the work, and none of it into a result. The work is only looked at, from a
thread of its own, so it takes the same course with and without the line.
"""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Protocol, TextIO

QUIET_S = 5.0
REDRAW_S = 0.5
PLAIN_EVERY_S = 60.0
_LOOK_EVERY_S = 0.25

_writing = threading.RLock()
# No copy of this process is made in the midst of a line: the stream's own lock would stay locked in the copy.
os.register_at_fork(
    before=_writing.acquire, after_in_parent=_writing.release, after_in_child=_writing.release
)

_LEAST_SHARE = 1e-3
"""Of the whole: less allows no estimate."""
_LEAST_PACE_S = 30.0
_SAMPLE_EVERY_S = 1.0


class Pace:
    """The pace of work: over the later half of its time, and half a minute at least.

    A slow beginning, such as a boot, counts for less and less that way.
    """

    def __init__(self, began_s: float, share: float) -> None:
        self._began_s = began_s
        self._samples = deque([(began_s, share)])

    def note(self, now_s: float, share: float) -> None:
        if now_s - self._samples[-1][0] >= _SAMPLE_EVERY_S:
            self._samples.append((now_s, share))
        since_s = now_s - max(_LEAST_PACE_S, (now_s - self._began_s) / 2)
        while len(self._samples) > 1 and self._samples[1][0] <= since_s:
            self._samples.popleft()

    def to_go_s(self, now_s: float, share: float) -> float | None:
        """Return the seconds until all is done; None as long as they can't be known."""
        from_s, from_share = self._samples[0]
        done = share - from_share
        return None if done < _LEAST_SHARE else (now_s - from_s) * (1 - share) / done


class Work(Protocol):
    """Work that can be looked at while it is done."""

    def share(self) -> float:
        """Return how much of the whole is done, 0 to 1."""
        ...

    def words(self) -> str:
        """Return how far it is, in words; empty if the share says everything."""
        ...


class Count:
    """Work in pieces of about the same size. Any thread may add what it has done."""

    def __init__(self, total: int, unit: str, done: int = 0) -> None:
        self.total, self.unit, self.done = total, unit, done
        self._lock = threading.Lock()

    def add(self, pieces: int = 1) -> None:
        with self._lock:
            self.done += pieces

    def set(self, done: int) -> None:
        """Set the count, for work that one thread does."""
        self.done = done

    def share(self) -> float:
        return min(1.0, self.done / self.total) if self.total else 1.0

    def words(self) -> str:
        return f"{self.done:,} of {self.total:,} {self.unit}"


class Share:
    """Work whose share a function gives: by virtual time, for one."""

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
        began_s = now_s()
        self._pace = Pace(began_s, work.share())
        self._next_s = began_s + (QUIET_S if self._is_terminal else PLAIN_EVERY_S)
        self._drawn = 0

    def look(self) -> None:
        """Write the line if it is due."""
        with _writing:
            now_s, share = self._now_s(), self._work.share()
            self._pace.note(now_s, share)
            if now_s < self._next_s:
                return
            text = self._text(now_s, share)
            if self._is_terminal:
                self._next_s = now_s + REDRAW_S
                self._draw(text)
            else:
                self._next_s = now_s + PLAIN_EVERY_S
                self._write(text + "\n")

    @contextmanager
    def out_of_the_way(self) -> Iterator[None]:
        """Wipe the line while something else is written to the terminal."""
        with _writing:
            self.wipe()
            yield

    def wipe(self) -> None:
        with _writing:
            if self._drawn:
                self._write("\r" + " " * self._drawn + "\r")
                self._drawn = 0

    def _text(self, now_s: float, share: float) -> str:
        parts = [self._work.words(), f"{int(100 * share)} %", _to_go(self._pace.to_go_s(now_s, share), share)]
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


def _to_go(seconds: float | None, share: float) -> str:
    if share >= 1:
        return "finishing"
    return "time to go not known yet" if seconds is None else f"{time_text(seconds)} to go"


def time_text(seconds: float) -> str:
    """Return a time as a person says it: to the second below an hour, to the minute above."""
    minutes, rest_s = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest_s} s" if minutes else f"{rest_s} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min"
