"""The instants at which a board does what can't wait: its step generator changes queues, a block of pulses ends, its
flash works.

Promises: watching changes nothing on the board and no instant of it. ``ahead`` finds what would happen next in a copy
of the process, so the board itself is left where it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final

from thecal_hil.emulator import EmulatedPico
from thecal_hil.groundwork.copies import in_a_copy
from thecal_sim.units import NS_PER_MS

_PIO0: Final = 0x5020_0000
_CTRL: Final = 0
_ENABLED: Final = 0b11
_SET: Final = 2
_CLOCKS_RESTARTED: Final = 0b11 << 8
_RESTARTED: Final = 0b11 << 4
_DMA: Final = 0x5000_0000
_DMA_STRIDE: Final = 0x40
_DMA_CTRL: Final = 0x10
_BUSY: Final = 1 << 24
_CHANNELS: Final = 12
_LOOK_EVERY_NS: Final = 20 * NS_PER_MS


class Event(StrEnum):
    """An event that a request can be placed around."""

    SPLICE = "splice"
    """A queue takes over, which it does at its anchor."""
    BLOCK_END = "block end"
    WRITE = "journal write"
    ERASE = "erase"


class _WatchedPio:
    """The step generator's registers, with an ear on its control register."""

    def __init__(self, block: Any, board: EmulatedPico, watched: Watched) -> None:
        self._block = block
        self._board = board
        self._watched = watched

    def __getattr__(self, name: str) -> Any:
        return getattr(self._block, name)

    def write_uint32(self, offset: int, value: int) -> None:
        self._note(offset, value, 0)
        self._block.write_uint32(offset, value)

    def write_uint32_atomic(self, offset: int, value: int, kind: int) -> None:
        self._note(offset, value, kind)
        self._block.write_uint32_atomic(offset, value, kind)

    def _note(self, offset: int, value: int, kind: int) -> None:
        if offset != _CTRL:
            return
        watched, now_ns = self._watched, self._board.now_ns
        if kind == 0 and value & _CLOCKS_RESTARTED and value & _ENABLED:
            watched.instants[Event.SPLICE].append(now_ns)
            if watched.prepared_ns is not None:
                watched.margins_ns.append(now_ns - watched.prepared_ns)
            watched.prepared_ns = None
        elif kind == _SET and value & _RESTARTED:
            watched.prepared_ns = now_ns


class Watched:
    """instants: of everything so far, by what it was. margins_ns: of each splice, how long before it the queue that
    took over had been set up."""

    def __init__(self, board: EmulatedPico) -> None:
        self.instants: dict[Event, list[int]] = {event: [] for event in Event}
        self.margins_ns: list[int] = []
        self.prepared_ns: int | None = None
        self._board = board
        table = board.chip.peripherals
        base = next(base for base, block in table.items() if block is board.chip.pio[0])
        table[base] = _WatchedPio(table[base], board, self)
        board.flash_timing.on_operation = self._note_operation

    def _note_operation(self, _number: int, is_erase: bool) -> None:
        self.instants[Event.ERASE if is_erase else Event.WRITE].append(self._board.now_ns)

    def ahead(self, event: Event, from_ns: int, within_ns: int) -> int | None:
        """Return the first instant of an event at or after another, if nobody asks anything of the pump; None if none
        comes within a time from now."""
        return in_a_copy(lambda: self._run_ahead(event, from_ns, within_ns))

    def _run_ahead(self, event: Event, from_ns: int, within_ns: int) -> int | None:
        board, instants = self._board, self.instants[event]
        end_ns, busy = board.now_ns + within_ns, self._busy_channels()
        while True:
            if instants and instants[-1] >= from_ns:
                return next(t_ns for t_ns in instants if t_ns >= from_ns)
            if board.now_ns >= end_ns:
                return None
            board.run_for(_LOOK_EVERY_NS)
            was_busy, busy = busy, self._busy_channels()
            if busy != was_busy:
                self.instants[Event.BLOCK_END].append(board.now_ns)

    def _busy_channels(self) -> int:
        read = self._board.bus.read_uint32
        return sum(
            1 << channel
            for channel in range(_CHANNELS)
            if read(_DMA + _DMA_STRIDE * channel + _DMA_CTRL) & _BUSY
        )


def is_near(instants: Sequence[int], begin_ns: int, end_ns: int, within_ns: int) -> bool:
    """Return True if any of the instants lies so close to what lasted from one instant to another."""
    return any(begin_ns - within_ns <= instant <= end_ns + within_ns for instant in reversed(instants[-200:]))
