"""Flash for the journal and the keys: the first sectors of the part that the board's definition sets aside for storage.

Promise: an operation touches nothing but its own page or sector; neither reading nor programming takes from the heap.
While one lasts interrupts are off and nothing but PIO, DMA and timers continues.
"""

import rp2
from micropython import const

from thecal_fw.core import flash_map
from thecal_fw.rp2 import pins

_ERASE_COMMAND = const(6)
"""Of MicroPython's block devices."""


class Flash:
    """See ``thecal_fw.ports``."""

    SECTOR_BYTES = flash_map.SECTOR_BYTES
    PAGE_BYTES = flash_map.PAGE_BYTES
    LONGEST_ERASE_US = pins.LONGEST_FLASH_ERASE_US
    LONGEST_PROGRAM_US = pins.LONGEST_FLASH_PROGRAM_US

    def __init__(self):
        self.sectors = flash_map.SECTORS
        self._device = rp2.Flash()
        self._blank = b"\xff" * flash_map.PAGE_BYTES
        self._page = bytearray(self._blank)

    def read_into(self, sector: int, offset: int, buffer) -> None:
        self._device.readblocks(sector, buffer, offset)

    def program(self, sector: int, offset: int, data) -> None:
        """Program within the storage; raise ValueError beyond it."""
        begin = offset % flash_map.PAGE_BYTES
        if begin + len(data) > flash_map.PAGE_BYTES or sector >= flash_map.SECTORS:
            raise ValueError
        # What is programmed as all ones stays as it is.
        page = self._page
        page[:] = self._blank
        page[begin : begin + len(data)] = data
        self._device.writeblocks(sector, page, offset - begin)

    def erase(self, sector: int) -> None:
        """Erase a sector of the storage; raise ValueError beyond it."""
        if sector >= flash_map.SECTORS:
            raise ValueError
        self._device.ioctl(_ERASE_COMMAND, sector)
