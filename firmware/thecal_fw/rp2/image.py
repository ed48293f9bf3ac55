"""The image in flash, held against the checksum that its build put behind it.

Promise: a byte of the image that has changed is found. A stock image has no trailer; then there is nothing to hold it
against, which is not a failure.
"""

import binascii
import struct

import uctypes
from micropython import const

_FLASH = const(0x1000_0000)
_TRAILER = const(0x1009_FF00)
_MAGIC = b"THECAL01"
_TRAILER_BYTES = const(16)
_PIECE_BYTES = const(16_384)


def is_whole() -> bool:
    """Whether the image is as it was built."""
    trailer = bytes(uctypes.bytearray_at(_TRAILER, _TRAILER_BYTES))
    if trailer[: len(_MAGIC)] != _MAGIC:
        return True
    length, expected = struct.unpack("<II", trailer[len(_MAGIC) :])
    checksum = 0
    for offset in range(0, length, _PIECE_BYTES):
        piece = uctypes.bytearray_at(_FLASH + offset, min(_PIECE_BYTES, length - offset))
        checksum = binascii.crc32(piece, checksum)
    return checksum & 0xFFFFFFFF == expected
