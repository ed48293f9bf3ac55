"""Turns a journal into one that a later firmware has written: undamaged, and of a layout nobody here knows."""

from __future__ import annotations

import binascii
import struct

from thecal_fw.store.layout import STATE_BYTES, Layout
from thecal_fw.store.state import CRC_OFFSET, LAYOUT_VERSION, MAGIC


def state_sectors() -> range:
    """The sectors that hold records of the state."""
    layout = Layout()
    return range(layout.state_a, layout.state_b + layout.state_sectors)


def made_foreign(sector: bytes) -> bytes:
    """A sector of the state's rings with each record in it of a later layout."""
    changed = bytearray(sector)
    for begin in range(0, len(sector), STATE_BYTES):
        if changed[begin] == MAGIC:
            changed[begin + 1] = LAYOUT_VERSION + 1
            record = changed[begin : begin + CRC_OFFSET]
            struct.pack_into("<I", changed, begin + CRC_OFFSET, binascii.crc32(record))
    return bytes(changed)
