"""Waiting for whichever of several boards is free first.

Promises: nothing is polled; whoever waits sleeps in the system's own lock, so a board that is let go, or whose holder
has died, is taken at once and by one only. Boards that belong to another run are not waited for: that run may take
hours, and its process is named instead.

A process can sleep in one lock only. So a small process sleeps in each, on a file that it shares with this one: what it
has locked stays locked when it ends, for as long as this one keeps the file open.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Final, cast

from thecal_hil.bench.board_lock import LOCKS, BoardBusyError, BoardLock, holder_line, open_lock

_SLEEPER: Final = """
import fcntl, os, sys
file = int(sys.argv[1])
fcntl.flock(file, fcntl.LOCK_EX)
os.truncate(file, 0)
os.pwrite(file, sys.argv[2].encode(), 0)
"""


def lock_first_free(boards: Sequence[str], run: str, folder: Path = LOCKS) -> BoardLock:
    """Return a lock of the first board that is free, in their order; if none is, of the first that this run lets go.

    Raises BoardBusyError, naming the processes, if other runs have all of them.
    """
    busy: list[BoardBusyError] = []
    for board in boards:
        try:
            return BoardLock(board, folder, run=run)
        except BoardBusyError as error:
            busy.append(error)
    # A holder that has not said yet who it is will be waited for: it may be one of this run.
    ours = [error.board for error in busy if error.run in (run, None)]
    if not ours:
        raise BoardBusyError("; ".join(map(str, busy)))
    return wait_for_any(ours, run, folder)


def wait_for_any(boards: Sequence[str], run: str, folder: Path = LOCKS) -> BoardLock:
    """Return a lock of the first board that is let go, whoever has it now."""
    with ExitStack() as undo:
        sleepers: list[_Sleeper] = []
        for board in boards:
            sleepers.append(_Sleeper(board, run, folder))
            undo.callback(sleepers[-1].give_up)
        ended, _, _ = select.select([sleeper.output for sleeper in sleepers], [], [])
        first = next(sleeper for sleeper in sleepers if sleeper.output in ended)
        return first.lock()


class _Sleeper:
    """A process that ends once it has the lock of one board."""

    def __init__(self, board: str, run: str, folder: Path) -> None:
        self._board = board
        self._file = open_lock(board, folder)
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _SLEEPER, str(self._file), holder_line(run)],
            pass_fds=[self._file],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )
        self.output = cast(IO[bytes], self._process.stdout)
        """Closed when the process ends; nothing ever comes."""

    def lock(self) -> BoardLock:
        """Return the lock, which is this process's own from now on."""
        if self._process.wait():
            raise OSError(f"board {self._board}: waiting for its lock failed")
        file, self._file = self._file, -1
        return BoardLock.adopted(self._board, file)

    def give_up(self) -> None:
        """End the process; if it has the lock all the same, let it go."""
        self._process.kill()
        self._process.wait()
        self.output.close()
        if self._file >= 0 and self._process.returncode == 0:
            self.lock().release()
        elif self._file >= 0:
            os.close(self._file)
            self._file = -1
