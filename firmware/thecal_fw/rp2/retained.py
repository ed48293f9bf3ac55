"""Memory that outlives a watchdog reset: the count of the sense counter, when the watchdog was last fed, and a note.

It is the low end of the processor's stack, where Python never comes: MicroPython's stack check ends it 256 bytes above,
and this takes the lowest 128. Neither the boot ROM nor MicroPython's start-up writes there. Every part but the count,
which the program checks against its journal, carries a checksum, so a power cut or a stack that came this deep leaves
nothing that is believed.

Layout in words: count as the sense counter's machine has it (negative), the 64-bit timer at the last feed (low,
high), then two copies of the note: its number, 12 words, checksum. A reset while one is written leaves the other.
"""

import binascii
import struct

import machine
import uctypes
from micropython import const

ADDRESS = const(0x2004_0000)
COUNT_ADDRESS = ADDRESS
_NOTES_OFFSET = const(16)
_NOTE_BYTES = const(48)
_COPY_BYTES = const(56)
_COPIES = const(2)
_BITE_US = const(8_300_000)
"""From the last feed to the reset, as in ``watchdog``."""
_COUNT_BITS = const(30)


def clear_count() -> None:
    machine.mem32[COUNT_ADDRESS] = 0


class Retained:
    """See ``thecal_fw.ports``."""

    def __init__(self):
        self._memory = uctypes.bytearray_at(ADDRESS, _NOTES_OFFSET + _COPIES * _COPY_BYTES)
        self.was_kept = False
        self.counted = 0
        self.reset_s = 0
        self.reset_us = 0
        self.note = bytes(_NOTE_BYTES)
        self._number = 0
        if machine.reset_cause() == machine.WDT_RESET:
            self._read()
        if not self.was_kept:
            self._memory[:] = bytes(len(self._memory))

    def _read(self):
        negative, fed_low, fed_high = struct.unpack_from("<III", self._memory, 0)
        for copy in range(_COPIES):
            offset = _NOTES_OFFSET + copy * _COPY_BYTES
            number, checksum = struct.unpack_from("<I48xI", self._memory, offset)
            whole = bytes(self._memory[offset : offset + _COPY_BYTES - 4])
            if number > self._number and binascii.crc32(whole) & 0xFFFFFFFF == checksum:
                self._number = number
                self.note = whole[4:]
                self.was_kept = True
        self.counted = -negative & ((1 << _COUNT_BITS) - 1)
        reset_us = (fed_high << 32) + fed_low + _BITE_US
        self.reset_s, self.reset_us = divmod(reset_us, 1_000_000)

    def keep(self, note) -> None:
        if len(note) != _NOTE_BYTES:
            raise ValueError
        self._number += 1
        record = struct.pack("<I", self._number) + bytes(note)
        record += struct.pack("<I", binascii.crc32(record) & 0xFFFFFFFF)
        offset = _NOTES_OFFSET + self._number % _COPIES * _COPY_BYTES
        self._memory[offset : offset + _COPY_BYTES] = record
