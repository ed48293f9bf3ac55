"""The choice of boards that a test gets of a bench: free ones, of those that have what it needs.

Promises: a test that no board fits gets to know what each of them lacks; one that takes two boards gets them both or
waits for both, and no two tests ever wait for each other; a board that is taken is locked until it is let go.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from thecal_hil.bench.bench import Bench, BenchError
from thecal_hil.bench.board_lock import BoardLock
from thecal_hil.bench.board_queue import lock_first_free, wait_for_any
from thecal_hil.bench.board_rig import BoardRig
from thecal_hil.contract.image import FirmwareImage
from thecal_hil.contract.rig import RigUnavailableError


class NoBoardFitsError(RigUnavailableError):
    """No board of the bench has what is needed, or too few have."""


@dataclass(frozen=True)
class Taken:
    """A board that is locked for this process, and not opened yet."""

    board: Bench
    lock: BoardLock

    def open_rig(self, image: FirmwareImage) -> BoardRig:
        """Return the board as a rig, which lets the board go when it is closed."""
        return self.board.open_rig(image, self.lock)

    def let_go(self) -> None:
        self.lock.release()


def take(boards: Sequence[Bench], needs: frozenset[str], run: str, count: int = 1) -> list[Taken]:
    """Return ``count`` boards that have all of ``needs``: capabilities, faults and instruments.

    ``run``: what the processes of one run have in common; they wait for each other's boards. Raises NoBoardFitsError
    if the bench has too few such boards, BenchError if too few of them are attached, BoardBusyError if other runs
    have them.
    """
    there = _attached(_fitting(boards, needs, count), count)
    with ExitStack() as undo:
        if count > 1:
            # Whoever holds a board and waits for another would wait for ever for one that does the same: so only one
            # does at a time, and begins with none.
            undo.enter_context(wait_for_any([f"{boards[0].pump} and others"], run))
        taken: list[Taken] = []
        for _ in range(count):
            lock = _or_none_at_all(taken, lambda: lock_first_free(_names_of(there), run))
            board = next(one for one in there if one.pump.lock_name() == lock.board)
            there.remove(board)
            taken.append(Taken(board, lock))
        return taken


def _names_of(boards: Sequence[Bench]) -> list[str]:
    return [board.pump.lock_name() for board in boards]


def _or_none_at_all(taken: Sequence[Taken], lock: Callable[[], BoardLock]) -> BoardLock:
    try:
        return lock()
    except BaseException:
        for one in taken:
            one.let_go()
        raise


def _fitting(boards: Sequence[Bench], needs: frozenset[str], count: int) -> list[Bench]:
    lacking = {board.name: sorted(needs - board.offers) for board in boards}
    fitting = [board for board in boards if not lacking[board.name]]
    if len(fitting) >= count:
        return fitting
    said = [f"{name} has no {', '.join(what)}" for name, what in lacking.items() if what]
    if fitting or not said:
        had = ", ".join(board.name for board in fitting) or "none"
        said.insert(0, f"{count} boards are needed at once; those that fit: {had}")
    raise NoBoardFitsError("; ".join(said))


def _attached(boards: Sequence[Bench], count: int) -> list[Bench]:
    there: list[Bench] = []
    missing: list[str] = []
    for board in boards:
        try:
            board.pump.device()
        except BenchError as error:
            missing.append(f"{board.name}: {error}")
        else:
            there.append(board)
    if len(there) < count:
        raise BenchError("; ".join(missing))
    return there
