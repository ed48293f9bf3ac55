"""A terminal without a window, and somebody who reads its screen as a person would: all the time."""

from __future__ import annotations

import os
import pty
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

_LONGEST_S = 60.0


class Screen:
    """A terminal's screen: everything that has come to it. Each look begins where the last one ended."""

    def __init__(self, stream: TextIO, descriptor: int) -> None:
        self._stream, self._descriptor = stream, descriptor
        self._seen, self._looked_at = "", 0
        self._more = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def until(self, pattern: str) -> str:
        """Return all there is, as soon as the pattern is in it."""
        with self._more:
            if not self._more.wait_for(
                lambda: re.search(pattern, self._seen[self._looked_at :]), timeout=_LONGEST_S
            ):
                raise AssertionError(f"{pattern!r} is not in {self._seen[self._looked_at :]!r}")
            seen, self._looked_at = self._seen[self._looked_at :], len(self._seen)
            return seen

    def all(self) -> str:
        """Return everything that was written by now: it comes in order."""
        self._stream.write("\0")
        self._stream.flush()
        return self.until("\0").replace("\0", "")

    def _read(self) -> None:
        # Reading fails once the other end is closed.
        while True:
            try:
                data = os.read(self._descriptor, 65_536)
            except OSError:
                return
            with self._more:
                self._seen += data.decode()
                self._more.notify_all()

    def close(self) -> None:
        self._reader.join(_LONGEST_S)
        os.close(self._descriptor)


@contextmanager
def terminal() -> Iterator[tuple[TextIO, Screen]]:
    """Yield the stream of a program in the terminal, and its screen."""
    master, slave = pty.openpty()
    with os.fdopen(slave, "w") as stream:
        screen = Screen(stream, master)
        yield stream, screen
    screen.close()
