"""Standard output that can't be written, distinguished from a port that fails: both are errors of the system's.

Promise: on a full device a command says that its output is lost, and not that the pump was not reached. A reader that
has gone, as in ``thecal log | head``, and standard output that was closed beforehand are distinguished from that too.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

from thecal.errors import ThecalError


class OutputError(ThecalError):
    """Standard output takes nothing."""


class OutputGoneError(ThecalError):
    """The reader of standard output has gone."""


class _Output:
    """Standard output, but for how it fails."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        return _tried(lambda: self._stream.write(text))

    def flush(self) -> None:
        _tried(self._stream.flush)


def _tried(write: Callable[[], Any]) -> Any:
    try:
        return write()
    except OSError as error:
        if error.errno == errno.EPIPE:
            raise OutputGoneError("nobody reads the output any more") from error
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise OutputError(f"the output could not be written: {reason}") from error


@contextmanager
def output_told_apart() -> Iterator[None]:
    """Have standard output fail with OutputError for as long as the context is entered."""
    before = sys.stdout
    if before is None:
        # Closed by whoever called: there is nothing to be distinguished, and nothing is shown.
        yield
        return
    ours = cast(TextIO, _Output(before))
    sys.stdout = ours
    try:
        yield
    finally:
        # The library may have put one of its own in place, for the end of the process.
        if sys.stdout is ours:
            sys.stdout = before
