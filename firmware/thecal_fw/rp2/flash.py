"""Flash for the journal and the keys: the first sectors of the part that the board's definition sets aside for storage.

Promise: an operation touches nothing but its own page or sector; neither reading nor programming takes from the heap.
While one lasts interrupts are off and nothing but PIO, DMA and timers goes on. Times after the data sheet of the Pico's
chip (W25Q16JV): a sector erase takes 45 ms as a rule and 400 ms at most, a page program 0.4 ms and 3 ms.
"""

import rp2
from micropython import const

_SECTOR_BYTES = const(4096)
_PAGE_BYTES = const(256)
_SECTORS = const(202)
"""The journal's and, behind them, two for the keys, two rings of 32 for the doses, and eight for the meter."""
_ERASE_COMMAND = const(6)
"""Of MicroPython's block devices."""


class Flash:
    """See ``thecal_fw.ports``."""

    SECTOR_BYTES = _SECTOR_BYTES
    PAGE_BYTES = _PAGE_BYTES
    LONGEST_ERASE_US = 400_000
    LONGEST_PROGRAM_US = 3_000

    def __init__(self):
        self.sectors = _SECTORS
        self._device = rp2.Flash()
        self._blank = b"\xff" * _PAGE_BYTES
        self._page = bytearray(self._blank)

    def read_into(self, sector: int, offset: int, buffer) -> None:
        self._device.readblocks(sector, buffer, offset)

    def program(self, sector: int, offset: int, data) -> None:
        begin = offset % _PAGE_BYTES
        if begin + len(data) > _PAGE_BYTES or sector >= _SECTORS:
            raise ValueError
        # What is programmed as all ones stays as it is.
        page = self._page
        page[:] = self._blank
        page[begin : begin + len(data)] = data
        self._device.writeblocks(sector, page, offset - begin)

    def erase(self, sector: int) -> None:
        if sector >= _SECTORS:
            raise ValueError
        self._device.ioctl(_ERASE_COMMAND, sector)
