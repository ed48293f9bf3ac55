"""Turns a journal into another one, undamaged: one that a later firmware has written, of a layout nobody here knows; or
that of a pump which has run for longer, or has delivered more.
"""

from __future__ import annotations

import binascii
import struct
from collections.abc import Callable

from thecal_fw.core.flash_map import STATE_BYTES
from thecal_fw.store.layout import Layout
from thecal_fw.store.state import CRC_OFFSET, LAYOUT_VERSION, MAGIC, offset_of, us_and_high


def state_sectors() -> range:
    """Return the sectors that hold records of the state."""
    layout = Layout()
    return range(layout.state_a, layout.state_b + layout.state_sectors)


def made_foreign(sector: bytes) -> bytes:
    """Return a sector of the state's rings with each record in it of a later layout."""

    def change(changed: bytearray, begin: int) -> None:
        changed[begin + 1] = LAYOUT_VERSION + 1

    return _with_each_record(sector, change)


def made_older(sector: bytes, days: int) -> bytes:
    """Return a sector of the state's rings with each record in it counting so many more days of running."""
    place = offset_of("lifetime_s")

    def change(changed: bytearray, begin: int) -> None:
        (lifetime_s,) = struct.unpack_from("<I", changed, begin + place)
        struct.pack_into("<I", changed, begin + place, lifetime_s + days * 86_400)

    return _with_each_record(sector, change)


def made_fuller(sector: bytes, steps: int) -> bytes:
    """Return a sector of the state's rings with each record in it counting so many more microsteps, all of them
    before the reservoir was filled."""
    lows = [offset_of(name) for name in ("counted_steps", "granted_steps", "filled_at_steps")]
    high = offset_of("utc_us_and_counted_high")

    def change(changed: bytearray, begin: int) -> None:
        counts = [struct.unpack_from("<I", changed, begin + low)[0] + steps for low in lows]
        for low, count in zip(lows, counts, strict=True):
            struct.pack_into("<I", changed, begin + low, count & 0xFFFFFFFF)
        (was_high,) = struct.unpack_from("<I", changed, begin + high)
        struct.pack_into("<I", changed, begin + high, was_high + us_and_high(0, counts[0]))

    return _with_each_record(sector, change)


def _with_each_record(sector: bytes, change: Callable[[bytearray, int], None]) -> bytes:
    changed = bytearray(sector)
    for begin in range(0, len(sector), STATE_BYTES):
        if changed[begin] == MAGIC:
            change(changed, begin)
            record = changed[begin : begin + CRC_OFFSET]
            struct.pack_into("<I", changed, begin + CRC_OFFSET, binascii.crc32(record))
    return bytes(changed)
