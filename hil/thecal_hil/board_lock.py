"""One run at a time on a board: a lock that ends with the process that holds it, however that ends.

Promise: two programs of this machine never have the same board, whoever runs them; the one that comes second is told
who has it.
"""

from __future__ import annotations

import fcntl
import os
import re
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Final

LOCKS: Final = Path(tempfile.gettempdir())


class BoardBusyError(Exception):
    """Another program has the board."""


class BoardLock:
    """Held from its making until ``release``. ``board``: serial number or port."""

    def __init__(self, board: str, folder: Path = LOCKS) -> None:
        path = folder / f"thecal-board-{re.sub(r'[^A-Za-z0-9]+', '-', board).strip('-')}.lock"
        # Other users must be able to lock it too, whatever the mask; it is never removed, or two could hold it.
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(self._file, 80, 0).decode("ascii", "replace").strip()
            os.close(self._file)
            raise BoardBusyError(
                f"board {board}: in use by process {holder or 'unknown'} ({path})"
            ) from error
        os.truncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let others have the board; harmless when repeated."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> BoardLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
