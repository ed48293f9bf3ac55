"""Random words that mean something to a program: numbers at the edges, addresses of all there is, and of nothing.

Promise: the same generator gives the same words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

SRAM_CODE: Final = 0x2000_2000
CODE_HALFWORDS: Final = 2_048
DATA: Final = 0x2000_4000
DATA_BYTES: Final = 0x4000
END_OF_SRAM: Final = 0x2004_2000

_EDGES: Final = np.array(
    [0, 1, 2, 3, 31, 32, 33, 64, 127, 128, 255, 256, 0x8000, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0x8000_0001,
     0xFFFF_FFFF, 0xFFFF_FFFE, 0x100, 0x1000, 0x1F00],
    np.uint32,
)  # fmt: skip
_PERIPHERALS: Final = np.array(
    [
        *(0x4005_4000 + offset for offset in (0x08, 0x0C, 0x24, 0x28)),  # the timer's counters
        0x4005_800C,  # the watchdog's scratch registers
        0x4000_0000,  # SYSINFO
        0x4006_C000,  # TBMAN
        *(0x5010_0800, 0x5010_0900),  # buffers of the USB controller
        0x1800_0000,  # flash interface
        0x1400_0000,  # flash cache
    ],
    np.uint32,
)
_AHB: Final = 0x5030_0000
_PPB: Final = np.array(
    [
        0xE000_E000 + offset
        for offset in (0x100, 0x180, 0x200, 0x280, 0x400, 0x410, 0xD00, 0xD04, 0xD1C, 0xD20)
    ],
    np.uint32,
)
_SIO: Final = np.array(
    [
        0xD000_0000 + offset
        for offset in (0x60, 0x64, 0x68, 0x6C, 0x70, 0x74, 0x78, 0x100, 0x140, 0x17C, 0, 0x10, 0x5C)
    ],
    np.uint32,
)
_NOWHERE: Final = np.array(
    [0x2004_2000, 0x3000_0000, 0x6000_0000, 0x0000_4000, 0x5020_8000, 0xE010_0000, 0xF000_0000], np.uint32
)
_FLASH_MIRRORS: Final = (0x1000_0000, 0x1100_0000, 0x1200_0000, 0x1300_0000)
EXC_RETURNS: Final = np.array([0xFFFF_FFF1, 0xFFFF_FFF9, 0xFFFF_FFFD, 0xF000_0009], np.uint32)


@dataclass(frozen=True)
class Words:
    """random: where all of it comes from. code_at: where the program lies that addresses of code point into."""

    random: np.random.Generator
    code_at: int

    def code_addresses(self, count: int) -> np.ndarray:
        """Return addresses of instructions, odd as they are to be in a register."""
        offsets = self.random.integers(0, CODE_HALFWORDS, count, dtype=np.uint32) * 2
        odd = np.where(self.random.random(count) < 0.95, 1, 0).astype(np.uint32)
        return np.uint32(self.code_at) + offsets + odd

    def addresses(self, count: int) -> np.ndarray:
        """Return addresses of data mostly, of everything else there is, and of nothing."""
        random = self.random
        words = np.uint32(DATA) + random.integers(0, DATA_BYTES - 512, count, dtype=np.uint32)
        words &= np.where(random.random(count) < 0.85, np.uint32(0xFFFF_FFFC), np.uint32(0xFFFF_FFFF))
        kind, begins = random.integers(0, 100, count), 60
        for below, choice in (
            (66, np.uint32(END_OF_SRAM) - random.integers(1, 12, count, dtype=np.uint32) * np.uint32(4)),
            (72, self._flash_addresses(count)),
            (76, random.integers(0, 0x3E00, count, dtype=np.uint32) & np.uint32(0xFFFF_FFFC)),
            (84, random.choice(_SIO, count)),
            (88, random.choice(_PPB, count)),
            (92, random.choice(_PERIPHERALS, count)),
            (93, np.full(count, _AHB, np.uint32)),
            (96, random.choice(_NOWHERE, count)),
            (100, self.code_addresses(count) & np.uint32(0xFFFF_FFFC)),
        ):
            words = np.where((kind >= begins) & (kind < below), choice, words)
            begins = below
        return words.astype(np.uint32)

    def _flash_addresses(self, count: int) -> np.ndarray:
        begins = self.random.choice(np.array(_FLASH_MIRRORS, np.uint32), count)
        return begins + self.random.integers(0, 0x10_0000, count, dtype=np.uint32) * np.uint32(4)

    def numbers(self, count: int) -> np.ndarray:
        """Return any numbers, small ones, and those at which something changes."""
        random = self.random
        wide = random.integers(0, 1 << 32, count, dtype=np.uint32)
        small = random.integers(0, 64, count, dtype=np.uint32)
        kind = random.random(count)
        return np.where(kind < 0.4, wide, np.where(kind < 0.6, small, random.choice(_EDGES, count)))
