"""A heap that is put under pressure from outside is still one that MicroPython's collector can sweep."""

import struct

from thecal_hil.emulator.heap import BLOCK_BYTES, Heap

SRAM = 0x2000_0000
STATE, TABLE, TABLE_BYTES = 0x100, 0x400, 64
POOL = TABLE + TABLE_BYTES + 1 + TABLE_BYTES // 2 + 63 & ~63
BLOCKS = 4 * TABLE_BYTES
FREE, HEAD, TAIL = range(3)


class Memory:
    """A board's memory with an empty heap in it, whose last block in use is kept as MicroPython keeps it."""

    def __init__(self) -> None:
        self.sram = bytearray(0x4_2000)
        pool_end = POOL + BLOCKS * BLOCK_BYTES
        finalisers = TABLE + TABLE_BYTES + 1
        addresses = (SRAM + TABLE, TABLE_BYTES, SRAM + finalisers, SRAM + POOL, SRAM + pool_end)
        struct.pack_into("<5I", self.sram, STATE, *addresses)
        struct.pack_into("<I", self.sram, STATE + 8 * 4 + 64 * 2 + 4 + 4, 0xFFFF_FFFF)

    def read_sram(self, address: int, size: int) -> bytes:
        return bytes(self.sram[address - SRAM : address - SRAM + size])

    def write_sram(self, address: int, data: bytes) -> None:
        self.sram[address - SRAM : address - SRAM + len(data)] = data

    def allocate(self, first: int, blocks: int) -> None:
        self._set(first, HEAD)
        for block in range(first + 1, first + blocks):
            self._set(block, TAIL)
        self._last_used(max(self._last_used(), first + blocks - 1))

    def sweep(self, held: set[int]) -> None:
        """Free what does not begin at a block that is held, as far as the last block in use, as MicroPython does."""
        is_freeing, last_used = False, 0
        for block in range(self._last_used() + 1):
            kind = self._kind(block)
            if kind == HEAD:
                is_freeing = block not in held
            if kind != FREE and is_freeing:
                self._set(block, FREE)
            elif kind != FREE:
                last_used = block
        self._last_used(last_used)

    def _last_used(self, block: int | None = None) -> int:
        if block is not None:
            struct.pack_into("<I", self.sram, STATE + 6 * 4, block)
        return struct.unpack_from("<I", self.sram, STATE + 6 * 4)[0]

    def _kind(self, block: int) -> int:
        return self.sram[TABLE + block // 4] >> 2 * (block % 4) & 3

    def _set(self, block: int, kind: int) -> None:
        shift = 2 * (block % 4)
        self.sram[TABLE + block // 4] = self.sram[TABLE + block // 4] & ~(3 << shift) | kind << shift


def test_what_is_taken_lasts_as_long_as_what_lies_before_it_and_is_free_in_one_piece_afterwards():
    memory = Memory()
    memory.allocate(0, 3)
    memory.allocate(3, 2)
    heap = Heap(memory)
    whole = heap.largest_free_bytes()
    assert heap.fill(1_024) == whole - 1_024
    memory.sweep(held={0, 3})
    assert heap.largest_free_bytes() == 1_024
    memory.sweep(held={0})
    assert heap.largest_free_bytes() == whole + 2 * BLOCK_BYTES


def test_nothing_is_taken_where_no_piece_is_as_long_as_what_is_to_be_left():
    memory = Memory()
    memory.allocate(0, 3)
    memory.allocate(80, 2)
    heap = Heap(memory)
    before = list(heap.pieces())
    longest = heap.largest_free_bytes()
    assert heap.fill(longest + BLOCK_BYTES) == 0
    assert list(heap.pieces()) == before
    assert heap.fill(longest) == 77 * BLOCK_BYTES


def test_a_piece_between_others_is_taken_whole_and_only_the_longest_is_left_in_part():
    memory = Memory()
    memory.allocate(0, 3)
    memory.allocate(80, 2)
    heap = Heap(memory)
    heap.fill(1_024)
    assert [piece.size for piece in heap.pieces() if piece.is_free] == [1_024]
