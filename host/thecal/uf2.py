"""Checks on a UF2 image: whole, of one family, and for this chip."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from thecal.errors import BadInputError

RP2040_FAMILY = 0xE48BFF56
_BLOCK_BYTES = 512
_FLASH_BYTES = 16 * 2**20
"""The most that an RP2040 can address."""
_PAGE_BYTES = 256
LARGEST_BYTES = _FLASH_BYTES // _PAGE_BYTES * _BLOCK_BYTES
"""Of a file that fills all of it, a page a block."""
_HEADER = "<IIIIIIII"
_MAGIC = (0x0A324655, 0x9E5D5157)
_END_MAGIC = 0x0AB16F30
_HAS_FAMILY = 0x2000
_HEADER_BYTES = struct.calcsize(_HEADER)
_MOST_DATA_BYTES = 476


def check_uf2(name: str, image: bytes) -> int:
    """Return the number of blocks of an RP2040 image; raise BadInputError saying what is wrong with it."""
    if not image or len(image) % _BLOCK_BYTES:
        raise BadInputError(
            [f"{name} is not a whole UF2 file: {len(image)} bytes are no multiple of {_BLOCK_BYTES}"]
        )
    blocks = len(image) // _BLOCK_BYTES
    for number in range(blocks):
        block = image[number * _BLOCK_BYTES : (number + 1) * _BLOCK_BYTES]
        magic_0, magic_1, flags, _, _, index, count, family = struct.unpack_from(_HEADER, block)
        end_magic = struct.unpack_from("<I", block, _BLOCK_BYTES - 4)[0]
        if (magic_0, magic_1, end_magic) != (*_MAGIC, _END_MAGIC):
            raise BadInputError([f"{name} is not a UF2 file: block {number} has no UF2 marks"])
        if not flags & _HAS_FAMILY or family != RP2040_FAMILY:
            raise BadInputError(
                [
                    f"{name} is for another chip: block {number} has family 0x{family:08x}, RP2040 is 0xe48bff56"
                ]
            )
        if (index, count) != (number, blocks):
            raise BadInputError(
                [f"{name} is incomplete: block {number} says it is {index} of {count}, the file has {blocks}"]
            )
    return blocks


def blocks_of(image: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the address and data of every block of an image that has been checked."""
    for begin in range(0, len(image), _BLOCK_BYTES):
        _, _, _, address, size, _, _, _ = struct.unpack_from(_HEADER, image, begin)
        data = image[begin + _HEADER_BYTES : begin + _HEADER_BYTES + min(size, _MOST_DATA_BYTES)]
        yield address, data
