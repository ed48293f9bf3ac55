"""Flash for the journal and the keys on a stock image, whose storage is one file system: a file for each sector.

Promise: what the file system has taken outlasts a power cut, since it is safe over power cuts itself. It is slower and
wears the chip faster than raw flash: every program rewrites a whole sector. It is for trying the pump out.
"""

import gc
import os

from thecal_fw.core import flash_map

_FOLDER = "journal"
_OPENED_PER_COLLECTION = 6
"""Each file that was opened leaves 1.3 kB of garbage, more in all than any request does. Collected while it is little,
it does not reach into the longest free piece."""


class FileFlash:
    """See ``thecal_fw.ports``. A sector without a file is erased."""

    SECTOR_BYTES = flash_map.SECTOR_BYTES
    PAGE_BYTES = flash_map.PAGE_BYTES
    LONGEST_ERASE_US = 1_000_000
    LONGEST_PROGRAM_US = 1_000_000

    def __init__(self):
        self.sectors = flash_map.SECTORS
        self._files = 0
        self._blank = b"\xff" * flash_map.PAGE_BYTES
        if _FOLDER not in os.listdir():
            os.mkdir(_FOLDER)
        self._written = set([int(name) for name in os.listdir(_FOLDER)])

    def read_into(self, sector: int, offset: int, buffer) -> None:
        if sector in self._written:
            with self._opened(sector, "rb") as file:
                file.seek(offset)
                file.readinto(buffer)
        else:
            for begin in range(0, len(buffer), flash_map.PAGE_BYTES):
                count = min(flash_map.PAGE_BYTES, len(buffer) - begin)
                buffer[begin : begin + count] = self._blank[:count]

    def program(self, sector: int, offset: int, data) -> None:
        if sector not in self._written:
            with self._opened(sector, "wb") as file:
                for _ in range(flash_map.SECTOR_BYTES // flash_map.PAGE_BYTES):
                    file.write(self._blank)
            self._written.add(sector)
        with self._opened(sector, "r+b") as file:
            file.seek(offset)
            content = bytearray(file.read(len(data)))
            for place in range(len(data)):
                content[place] &= data[place]
            file.seek(offset)
            file.write(content)

    def erase(self, sector: int) -> None:
        if sector in self._written:
            self._written.discard(sector)
            os.remove(self._path(sector))

    def _opened(self, sector, mode):
        self._files += 1
        if self._files >= _OPENED_PER_COLLECTION:
            self._files = 0
            gc.collect()
        return open(self._path(sector), mode)

    def _path(self, sector):
        return "%s/%d" % (_FOLDER, sector)
