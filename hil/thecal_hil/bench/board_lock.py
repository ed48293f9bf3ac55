"""One run at a time on a board: a lock that ends with the process that holds it, however that ends.

Promises: two programs of this machine never have the same board, whoever runs them and whichever way they name it; the
one that comes second gets to know who has it.

The lock's file says who holds it: the number of the process and, where several processes belong to one run, the run's
name. For the moment between taking a lock and writing that down it is empty, or names a process that has died with the
lock and is taken for nobody.
"""

from __future__ import annotations

import fcntl
import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final

from thecal.ports import candidates

LOCKS: Final = Path(tempfile.gettempdir())
_LONGEST_HOLDER_BYTES: Final = 200


class BoardBusyError(Exception):
    """Another program has the board. ``run``: the run it belongs to; None as long as that is not known."""

    def __init__(self, message: str, board: str = "", run: str | None = None) -> None:
        super().__init__(message)
        self.board = board
        self.run = run


def board_at(port: str) -> str:
    """Return the name to lock the board at a port by: its serial number if the system knows one, else the device."""
    device = os.path.realpath(port)
    for candidate in candidates():
        if candidate.serial_number and os.path.realpath(candidate.device) == device:
            return candidate.serial_number
    return device


def lock_path(board: str, folder: Path) -> Path:
    return folder / f"thecal-board-{re.sub(r'[^A-Za-z0-9]+', '-', board).strip('-')}.lock"


def open_lock(board: str, folder: Path) -> int:
    """Return the lock's file, not locked yet; raise BoardBusyError where another user keeps it to themselves."""
    path = lock_path(board, folder)
    try:
        # Without O_CREAT first: in a folder of everybody's, systems refuse to "create" what is another user's.
        return os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except PermissionError as error:
        raise BoardBusyError(
            f"board {board}: its lock {path} is another user's and closed to this one; have them, or root, make it"
            f" everybody's with `chmod 666 {path}`",
            board,
        ) from error
    # Other users must be able to lock it too, whatever the mask; it is never removed, or two could hold it.
    with suppress(OSError):
        os.fchmod(file, 0o666)
    return file


def holder_line(run: str) -> str:
    """Return what this process writes into the file of a lock it holds."""
    return f"{os.getpid()} {run}".strip() + "\n"


def _is_alive(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True


class BoardLock:
    """Held from its making until ``release``. ``board``: serial number or device."""

    def __init__(self, board: str, folder: Path = LOCKS, *, run: str = "") -> None:
        """Raise BoardBusyError if another has it. ``run``: what several processes of one run have in common."""
        self.board = board
        self._file = open_lock(board, folder)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(self._file, _LONGEST_HOLDER_BYTES, 0).decode("ascii", "replace").strip()
            os.close(self._file)
            process, _, its_run = holder.partition(" ")
            if not _is_alive(process):
                process = ""
            raise BoardBusyError(
                f"board {board}: in use by process {process or 'unknown'} ({lock_path(board, folder)})",
                board,
                its_run if process else None,
            ) from error
        os.truncate(self._file, 0)
        os.pwrite(self._file, holder_line(run).encode(), 0)

    @classmethod
    def adopted(cls, board: str, file: int) -> BoardLock:
        """Return a lock that the open file holds already, and says so."""
        lock = cls.__new__(cls)
        lock.board, lock._file = board, file
        return lock

    def release(self) -> None:
        """Let others have the board; harmless when repeated."""
        if self._file >= 0:
            # Whoever takes it next has not written yet, and must not be taken for this process.
            os.truncate(self._file, 0)
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> BoardLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
