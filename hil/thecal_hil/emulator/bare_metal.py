"""A UF2 of a few machine instructions, to try the emulated chip itself without any firmware.

Promise: the halfwords run from address 0x10000000 right after reset, with no boot stage before them.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Final

FLASH_START: Final = 0x1000_0000
SLEEP_FOREVER: Final = (0xBF30, 0xE7FD)
"""wfi; branch back to it"""
MASK_AND_COUNT_WAKES: Final = (0xB672, 0xBF30, 0x3001, 0xE7FC)
"""cpsid i; then for ever: wfi; adds r0, #1"""

_PAYLOAD_BYTES: Final = 256
_RP2040_FAMILY: Final = 0xE48BFF56


def write_uf2(path: Path, halfwords: Sequence[int]) -> Path:
    code = b"".join(struct.pack("<H", halfword) for halfword in halfwords)
    pages = [
        code[i : i + _PAYLOAD_BYTES].ljust(_PAYLOAD_BYTES, b"\xff")
        for i in range(0, len(code), _PAYLOAD_BYTES)
    ]
    with path.open("wb") as file:
        for number, page in enumerate(pages):
            address = FLASH_START + number * _PAYLOAD_BYTES
            header = (
                0x0A324655,
                0x9E5D5157,
                0x2000,
                address,
                _PAYLOAD_BYTES,
                number,
                len(pages),
                _RP2040_FAMILY,
            )
            file.write(struct.pack("<8I", *header) + page.ljust(476, b"\0") + struct.pack("<I", 0x0AB16F30))
    return path
