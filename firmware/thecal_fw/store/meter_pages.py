"""The meter's counts in flash: every four minutes of running time a page of the last 48 of them, with the microsteps
of all lives by its end. So each minute is in twelve pages, and where none of those is whole, the difference of two
counts shows what came in between.

The number of a page is that of the minute after its last one, in fours: where it lies follows from the running time,
and nothing has to be searched for after a reset.
"""

import binascii
import struct

from thecal_fw.core.flash_map import METER_BYTES
from thecal_fw.store.ring import Ring

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.core.meter import Meter
    from thecal_fw.store.flash_chip import FlashChip

PAGE_MINUTES = 4
"""From one page to the next."""
MINUTES = 48
"""In a page."""
_CRC_OFFSET = METER_BYTES - 4
_HEADER = "<IIHH"
_LOW_BITS = 0xFFFFFFFF
_COUNTS_OFFSET = struct.calcsize(_HEADER)


class MeterPages:
    """ring: where they lie. steps, held: of the page that was read last; ``page`` has its minutes, the oldest first."""

    def __init__(self, flash: "FlashChip", first_sector: int, sectors: int) -> None:
        self.ring = Ring(flash, first_sector, sectors, METER_BYTES)
        self.steps = self.held = 0
        self._page = bytearray(METER_BYTES)
        self.page = memoryview(self._page)[_COUNTS_OFFSET:_CRC_OFFSET]
        self._checked = memoryview(self._page)[:_CRC_OFFSET]
        self._newest = -1

    def read(self, number: int, later_steps: int) -> bool:
        """Read a page; whether it is there and whole. later_steps: microsteps of all lives some time after it, from
        which those by its end follow: it has their low bits."""
        self.ring.read(number, self._page)
        found, low_steps, self.held, _ = struct.unpack_from(_HEADER, self._page)
        if found != number or struct.unpack_from("<I", self._page, _CRC_OFFSET)[0] != self._crc():
            return False
        since = (later_steps - low_steps) & _LOW_BITS
        self.steps = later_steps - since if since <= _LOW_BITS >> 1 else later_steps - since + _LOW_BITS + 1
        if self._newest < 0:
            self._newest = number
            self.ring.found(number)
        return True

    def write(self, number: int, steps: int, held: int, meter: "Meter") -> bool:
        """Write the page of a number; True once it reads back right."""
        if self._newest >= 0:
            # Before the first write of this life: step over what an earlier life may have left half-written.
            self.ring.settle(self._newest + 1)
            self._newest = -1
        meter.copy(number * PAGE_MINUTES - MINUTES, self.page)
        struct.pack_into(_HEADER, self._page, 0, number, steps & _LOW_BITS, held, 0)
        struct.pack_into("<I", self._page, _CRC_OFFSET, self._crc())
        return self.ring.put(number, self._page)

    def _crc(self) -> int:
        return binascii.crc32(self._checked) & 0xFFFFFFFF
