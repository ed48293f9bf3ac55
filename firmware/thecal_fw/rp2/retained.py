"""Memory that outlives a watchdog reset: the count of the sense counter, when the watchdog was last fed, a note and
the journal's last record.

It is the low end of the processor's stack, where Python does not come: even a visit with a long schedule leaves more
than 1 kB in between (tests/hil/test_stack_depth.py). Neither the boot ROM nor MicroPython's start-up writes there.
Every part but the count, which the program checks against its journal, carries a checksum, so a power cut or a stack
that came this deep leaves nothing that is believed.

Layout in words: count as the sense counter's machine has it (negative), the 64-bit timer at the last feed (low,
high), one spare, then the note and the record, two copies of each: its number, its words, checksum. A reset while one
is written leaves the other.
"""

import binascii
import struct

import machine
import uctypes
from micropython import const

from thecal_fw.core.carried import NOTE_BYTES
from thecal_fw.core.flash_map import STATE_BYTES
from thecal_fw.rp2 import chip

ADDRESS = const(chip.STACK)
COUNT_WORD = const(0)
FED_LOW_WORD = const(1)
FED_HIGH_WORD = const(2)
COUNT_ADDRESS = const(ADDRESS + COUNT_WORD * chip.WORD_BYTES)
_COPIES = const(2)
_NUMBER_AND_CHECKSUM = const(8)
_NOTE_OFFSET = const(16)
_RECORD_OFFSET = const(_NOTE_OFFSET + _COPIES * (NOTE_BYTES + _NUMBER_AND_CHECKSUM))
RETAINED_BYTES = const(_RECORD_OFFSET + _COPIES * (STATE_BYTES + _NUMBER_AND_CHECKSUM))
BITE_US = const(8_300_000)
"""From the last feed to the reset by the watchdog."""
_COUNT_BITS = const(30)
_NUMBERS = const(1 << 29)


def clear_count() -> None:
    machine.mem32[COUNT_ADDRESS] = 0


class _Kept:
    """Bytes of one length, kept twice over. number: how often they were written; 0 if nothing whole was found. Its 29
    bits last for decades; after them it begins anew at 2, so each copy still follows the other."""

    def __init__(self, memory, offset: int, length: int):
        self._memory = memory
        self._offset = offset
        self._length = length
        self.number = 0
        begins = [offset + copy * (length + _NUMBER_AND_CHECKSUM) for copy in range(_COPIES)]
        self._checked = tuple([memoryview(memory)[begin : begin + length + 4] for begin in begins])

    def read(self) -> bytes:
        """Return the newer whole copy, zeros if there is none."""
        found = bytes(self._length)
        for copy in range(_COPIES):
            begin = self._offset + copy * (self._length + _NUMBER_AND_CHECKSUM)
            whole = bytes(self._memory[begin : begin + self._length + 4])
            (number,) = struct.unpack_from("<I", whole, 0)
            (checksum,) = struct.unpack_from("<I", self._memory, begin + self._length + 4)
            if number and self._is_newer(number) and binascii.crc32(whole) & 0xFFFFFFFF == checksum:
                self.number = number
                found = whole[4:]
        return found

    def _is_newer(self, number: int) -> bool:
        return not self.number or 0 < (number - self.number) & _NUMBERS - 1 < _NUMBERS // 2

    def write(self, data) -> None:
        if len(data) != self._length:
            raise ValueError
        number = self.number = (self.number + 1) % _NUMBERS or 2
        memory, copy = self._memory, number % _COPIES
        # In place: a copy that a reset cuts short has the checksum of what stood there before.
        begin = self._offset + copy * (self._length + _NUMBER_AND_CHECKSUM)
        end = begin + 4 + self._length
        struct.pack_into("<I", memory, begin, number)
        memory[begin + 4 : end] = data
        struct.pack_into("<I", memory, end, binascii.crc32(self._checked[copy]) & 0xFFFFFFFF)


class Retained:
    """See ``thecal_fw.ports``."""

    def __init__(self, was_bitten: bool):
        self._memory = uctypes.bytearray_at(ADDRESS, RETAINED_BYTES)
        self._note = _Kept(self._memory, _NOTE_OFFSET, NOTE_BYTES)
        self._record = _Kept(self._memory, _RECORD_OFFSET, STATE_BYTES)
        self.was_kept = False
        self.counted = 0
        self.reset_s = 0
        self.reset_us = 0
        self.note = bytes(NOTE_BYTES)
        self.record = bytes(STATE_BYTES)
        if was_bitten:
            self._read()
        if not self.was_kept:
            self.void()

    def void(self) -> None:
        """Leave nothing to be believed: the board leaves the pump's program on purpose, for an unknown time."""
        self._memory[:] = bytes(RETAINED_BYTES)

    def _read(self):
        self.note = self._note.read()
        self.record = self._record.read()
        self.was_kept = self._note.number > 0
        negative, fed_low, fed_high = struct.unpack_from("<III", self._memory, 0)
        self.counted = -negative & ((1 << _COUNT_BITS) - 1)
        reset_us = (fed_high << 32) + fed_low + BITE_US
        self.reset_s, self.reset_us = divmod(reset_us, 1_000_000)

    def keep(self, note) -> None:
        self._note.write(note)

    def keep_record(self, record) -> None:
        self._record.write(record)
