"""The collector's heap of a running MicroPython, read and put under pressure from outside, in the board's memory.

Promises: reading changes nothing on the board. What is taken from the free memory stays taken for as long as the piece
before it does, and no collection gives it back. The tables are found by what they must look like, a description of an
area whose parts lie behind each other and are of the sizes that follow from one another, so any image can be read,
also one whose addresses nobody knows. ``HeapError`` where nothing or more than one place looks like that.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Protocol

_SRAM_START: Final = 0x2000_0000
_SRAM_BYTES: Final = 0x4_2000
BLOCK_BYTES: Final = 16
_BLOCKS_PER_BYTE: Final = 4
_FREE, _HEAD, _TAIL, _MARKED = range(4)
# Of the memory's state: the area (allocation table and its length, finaliser table, pool's start and end, an index at
# which to look for a free block, and the last block in use, up to which it is swept), whether a stack overflowed, the
# collector's stack of 64 halfwords, whether it runs by itself; then what was allocated since it last ran, and at how
# much of that it runs.
_AREA: Final = struct.Struct("<5I")
_LAST_USED: Final = 6 * 4
_ALLOCATED: Final = 8 * 4 + 64 * 2 + 4
_NEVER: Final = 0xFFFF_FFFF
_MOST_ASKED: Final = 20
"""Requests in a row without a collection: several times as many as the program serves between two."""
_SHORT_BLOCKS: Final = 64
"""Free pieces of less than a kilobyte lie between the others on any heap that has been in use."""


class HeapError(RuntimeError):
    """The heap's tables were not found."""


class Memory(Protocol):
    """A board whose memory can be read and written from outside."""

    def read_sram(self, address: int, size: int, /) -> bytes: ...
    def write_sram(self, address: int, data: bytes, /) -> None: ...


@dataclass(frozen=True)
class Piece:
    """So many blocks in a row, free or one allocation. address: of the first of them."""

    address: int
    blocks: int
    is_free: bool

    @property
    def size(self) -> int:
        """Return the size in bytes."""
        return self.blocks * BLOCK_BYTES


class Heap:
    """The heap of one board, from now until it is reset."""

    def __init__(self, board: Memory) -> None:
        self._board = board
        self._state = _only_area(board.read_sram(_SRAM_START, _SRAM_BYTES)) + _SRAM_START
        area = _AREA.unpack(board.read_sram(self._state, _AREA.size))
        self._table, self._table_bytes, _, self._pool, _ = area

    @property
    def size(self) -> int:
        """Return bytes of all of the heap's blocks."""
        return self._table_bytes * _BLOCKS_PER_BYTE * BLOCK_BYTES

    def collect_next(self) -> None:
        """Have the collector run before the next thing that is allocated."""
        self._board.write_sram(self._state + _ALLOCATED, struct.pack("<I", _NEVER))

    def leave_only_what_stays(self, ask: Callable[[], object]) -> None:
        """Ask the program for something, again and again, until it has twice collected on its own once that was done:
        what lies on the heap then is in use. Right after a collection in the middle of a request its garbage follows,
        and the first of a life may leave what the start still holds."""
        collected = 0
        for _ in range(_MOST_ASKED):
            before = self._free_bytes()
            ask()
            collected += self._free_bytes() > before
            if collected == 2:
                return

    def collect_every(self, size: int | None) -> None:
        """Have the collector run by itself whenever so many bytes were allocated; None for never."""
        blocks = _NEVER if size is None else size // BLOCK_BYTES
        self._board.write_sram(self._state + _ALLOCATED + 4, struct.pack("<I", blocks))

    def fill(self, leave_bytes: int) -> int:
        """Take all long free pieces but so many bytes at the end of the longest; the bytes taken.

        Nothing is taken where no piece is as long as what is to be left: the heap is fuller than that already, and what
        is left would be less than was asked for. Each piece is added to the allocation that lies before it, so it lasts
        as long as that does. Short pieces stay free, as they do on a heap that has been in use. To be done right after
        a collection, or garbage holds them: see ``leave_only_what_stays``.
        """
        pieces = list(self.pieces())
        free = [(before, piece) for before, piece in pairwise(pieces) if piece.is_free and not before.is_free]
        longest = max((piece for _, piece in free), key=lambda piece: piece.blocks, default=None)
        if longest is None or longest.size < leave_bytes:
            return 0
        table = bytearray(self._board.read_sram(self._table, self._table_bytes))
        (last_used,) = struct.unpack("<I", self._board.read_sram(self._state + _LAST_USED, 4))
        taken = 0
        for _, piece in free:
            blocks = piece.blocks - (leave_bytes // BLOCK_BYTES if piece == longest else 0)
            if blocks < _SHORT_BLOCKS:
                continue
            first = (piece.address - self._pool) // BLOCK_BYTES
            for block in range(first, first + blocks):
                table[block // _BLOCKS_PER_BYTE] |= _TAIL << 2 * (block % _BLOCKS_PER_BYTE)
            # Stale pointers in it would keep garbage from being collected.
            self._board.write_sram(piece.address, bytes(blocks * BLOCK_BYTES))
            taken += blocks * BLOCK_BYTES
            last_used = max(last_used, first + blocks - 1)
        self._board.write_sram(self._table, bytes(table))
        # What lies behind the last block in use is not swept: it would stay taken with nothing before it.
        self._board.write_sram(self._state + _LAST_USED, struct.pack("<I", last_used))
        return taken

    def pieces(self) -> Iterator[Piece]:
        """Yield all of the heap, in the order of its addresses. A tail whose head is gone counts as taken: nothing
        can be allocated there."""
        first, kind_of_first = 0, None
        for block, kind in enumerate(self._kinds()):
            begins = kind in (_HEAD, _MARKED) or (kind == _FREE) != (kind_of_first == _FREE)
            if not begins:
                continue
            if kind_of_first is not None:
                yield self._piece(first, block, kind_of_first == _FREE)
            first, kind_of_first = block, kind
        yield self._piece(first, self._table_bytes * _BLOCKS_PER_BYTE, kind_of_first == _FREE)

    def _piece(self, first: int, end: int, is_free: bool) -> Piece:
        return Piece(self._pool + first * BLOCK_BYTES, end - first, is_free)

    def _kinds(self) -> Iterator[int]:
        for byte in self._board.read_sram(self._table, self._table_bytes):
            for shift in (0, 2, 4, 6):
                yield byte >> shift & 3

    def _free_bytes(self) -> int:
        return sum(piece.size for piece in self.pieces() if piece.is_free)

    def largest_free_bytes(self) -> int:
        """Return the longest row of free blocks. What waits to be collected counts as taken."""
        return max((piece.size for piece in self.pieces() if piece.is_free), default=0)

    def allocations(self, least_bytes: int) -> set[Piece]:
        """Return everything allocated that takes so much or more, garbage among it."""
        return {piece for piece in self.pieces() if not piece.is_free and piece.size >= least_bytes}


def _only_area(sram: bytes) -> int:
    """Return the offset of the one area's description."""
    found = [offset for offset in range(0, len(sram) - 256, 4) if _is_area(sram, offset)]
    if len(found) != 1:
        raise HeapError(f"{len(found)} places look like the description of a heap")
    return found[0]


def _is_area(sram: bytes, offset: int) -> bool:
    table, table_bytes, finalisers, pool, end = _AREA.unpack_from(sram, offset)
    if not _SRAM_START <= table < pool < end <= _SRAM_START + len(sram):
        return False
    # One byte parts the tables; the second has a bit for each block.
    return (
        finalisers == table + table_bytes + 1
        and pool >= finalisers + table_bytes // 2
        and end - pool == table_bytes * _BLOCKS_PER_BYTE * BLOCK_BYTES
        and struct.unpack_from("<I", sram, offset + _ALLOCATED + 4)[0] == _NEVER
    )
