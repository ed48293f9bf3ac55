"""What the meter counted, in flash: every four minutes of running time a page of the last 24 of them, with the
microsteps of all lives by its end. So each minute is in six pages, and where none of those is whole, the difference of
two counts tells what came in between.

The number of a page is that of its last minute, in fours: where it lies follows from the running time, and nothing has
to be searched for after a reset.
"""

import binascii
import struct

from thecal_fw.store.ring import NOT_NEEDED, Ring

PAGE_MINUTES = 4
"""From one page to the next."""
MINUTES = 24
"""In a page."""
_PAGE_BYTES = 64
_CRC_OFFSET = _PAGE_BYTES - 4
_COUNTS_OFFSET = 12
_HEADER = "<IIHH"


class MeterPages:
    """steps, held, counts: of the page that was read last."""

    def __init__(self, flash, layout, sectors: int):
        self._ring = Ring(flash, layout.meter, sectors, _PAGE_BYTES)
        self._page = bytearray(_PAGE_BYTES)
        self._checked = memoryview(self._page)[:_CRC_OFFSET]
        self._newest = -1
        self._is_settled = False
        self.steps = self.held = 0

    def read(self, number: int) -> bool:
        """Read a page; whether it is there and whole. ``count`` has its minutes then."""
        self._ring.read(number, self._page)
        found, self.steps, self.held, _ = struct.unpack_from(_HEADER, self._page, 0)
        if found != number or struct.unpack_from("<I", self._page, _CRC_OFFSET)[0] != self._crc():
            return False
        if self._newest < 0:
            self._newest = number
            self._ring.found(number)
        return True

    def count(self, index: int) -> int:
        """Microsteps of a minute of the page that was read, the oldest one first."""
        return struct.unpack_from("<H", self._page, _COUNTS_OFFSET + 2 * index)[0]

    def write(self, number: int, steps: int, held: int, meter) -> bool:
        """Write the page that ends with a running minute of this number in fours; True once it reads back right."""
        self._settle()
        struct.pack_into(_HEADER, self._page, 0, number, steps, held, 0)
        first = number * PAGE_MINUTES - MINUTES
        for index in range(MINUTES):
            minute = first + index
            struct.pack_into(
                "<H",
                self._page,
                _COUNTS_OFFSET + 2 * index,
                meter.steps_of(minute) if minute >= 0 else 0,
            )
        struct.pack_into("<I", self._page, _CRC_OFFSET, self._crc())
        return self._ring.put(number, self._page)

    def _settle(self) -> None:
        """Before the first write of this life: step over what an earlier life may have left half-written."""
        if not self._is_settled:
            self._is_settled = True
            if self._newest >= 0:
                self._ring.settle(self._newest + 1)

    def is_ready(self, number: int) -> bool:
        return self._ring.is_ready(number)

    def needs_erase(self, number: int) -> bool:
        """Whether a sector is to be erased before the page of a number, or soon after."""
        return self._ring.erase_need(number) != NOT_NEEDED

    def erase(self, number: int) -> None:
        self._settle()
        self._ring.erase(number)

    def _crc(self) -> int:
        return binascii.crc32(self._checked) & 0xFFFFFFFF
