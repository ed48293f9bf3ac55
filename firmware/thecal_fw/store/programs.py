"""Two places for a program, each with two copies: the program in force is never touched while another is written.

Which place is in force is said by the state, so a program takes effect with the state that names it. A program is
known by length and SHA-256, which are part of the state too; the small header here only serves to check a copy
without the state. A program is written and read page by page: nothing here takes memory for all of it.
"""

import binascii
import hashlib
import struct

from thecal_fw.core.flash_map import COPIES, PAIRS
from thecal_fw.store.state import NO_PAIR

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.core.octets import Octets, Writable
    from thecal_fw.store.flash_chip import FlashChip

_HEADER_FORMAT = "<HHI"
_HEADER_BYTES = 8
_MAGIC = 0x5054
ERASE_TRIES = 2


class Programs:
    """The two places of a program.

    in_force: the pair that the state names, ``NO_PAIR`` for none; the other one may be written.
    good_copies: how many copies of the program last read were right.
    failures: writes and erases since power-on that did not verify.
    """

    def __init__(self, flash: "FlashChip", first_sector: int) -> None:
        self.in_force = NO_PAIR
        self.good_copies = 0
        self.failures = 0
        self._flash = flash
        self._first_sector = first_sector
        # For each sector how often an erase of it failed, -1 once it is erased.
        self._tries = [0] * (PAIRS * COPIES)
        self._page = bytearray(flash.PAGE_BYTES)
        self._blank = b"\xff" * flash.PAGE_BYTES

    def most_bytes(self) -> int:
        """Return the longest program that fits."""
        return self._flash.SECTOR_BYTES - _HEADER_BYTES

    def other_pair(self) -> int:
        """Return the pair that may be written."""
        return 1 if self.in_force == 0 else 0

    def _sector(self, pair: int, copy: int) -> int:
        return pair * COPIES + copy

    def note_in_force(self, pair: int) -> None:
        """Note that a state has been written that names a pair."""
        self.in_force = pair

    def found(self, in_force: int, other_pair_erased: bool) -> None:
        """Take over what the state says of the pairs, on opening."""
        self.in_force = in_force
        if other_pair_erased:
            for copy in range(COPIES):
                self._tries[self._sector(self.other_pair(), copy)] = -1

    def is_ready(self) -> bool:
        """Return True if the other pair is erased, so that a program can be put there."""
        first = self._sector(self.other_pair(), 0)
        return self._tries[first] < 0 and self._tries[first + 1] < 0

    def needs_erase(self) -> bool:
        """Return True if an erase would get nearer to that. A sector that failed is not tried for ever."""
        first = self._sector(self.other_pair(), 0)
        return 0 <= self._tries[first] < ERASE_TRIES or 0 <= self._tries[first + 1] < ERASE_TRIES

    def erase(self) -> None:
        """Erase one sector of the other pair."""
        pair = self.other_pair()
        for copy in range(COPIES):
            sector = self._sector(pair, copy)
            if 0 <= self._tries[sector] < ERASE_TRIES:
                self._flash.erase(self._first_sector + sector)
                if self._is_erased(sector):
                    self._tries[sector] = -1
                else:
                    self._tries[sector] += 1
                    self.failures += 1
                return

    def _is_erased(self, sector: int) -> bool:
        for offset in range(0, self._flash.SECTOR_BYTES, self._flash.PAGE_BYTES):
            self._flash.read_into(self._first_sector + sector, offset, self._page)
            if self._page != self._blank:
                return False
        return True

    def put(self, encoded: "Octets") -> "int | None":
        """Write a program to the other pair, both copies. The pair once they read back right, else None.

        encoded: its bytes, as anything that can be cut into pieces."""
        if not self.is_ready() or len(encoded) > self.most_bytes():
            return None
        pair = self.other_pair()
        header = struct.pack(_HEADER_FORMAT, _MAGIC, len(encoded), _crc32(encoded))
        is_whole = True
        for copy in range(COPIES):
            # What was erased once may have decayed since.
            is_whole = self._is_erased(self._sector(pair, copy)) and is_whole
            self._tries[self._sector(pair, copy)] = 0
        if not is_whole:
            self.failures += 1
            return None
        for copy in range(COPIES):
            is_whole = self._write(self._sector(pair, copy), header, encoded) and is_whole
        return pair if is_whole else None

    def _write(self, sector: int, header: bytes, encoded: "Octets") -> bool:
        page_bytes = self._flash.PAGE_BYTES
        begin, page = 0, header
        for offset in range(0, _HEADER_BYTES + len(encoded), page_bytes):
            end = offset + page_bytes - _HEADER_BYTES
            page += bytes(encoded[begin:end])
            self._flash.program(self._first_sector + sector, offset, page)
            self._flash.read_into(self._first_sector + sector, offset, self._page)
            if self._page[: len(page)] != page:
                self.failures += 1
                return False
            begin, page = end, b""
        return True

    def read(self, pair: int, length: int, digest: bytes, buffer: "Writable") -> bool:
        """Put the program of a pair into a buffer, checked against length and SHA-256; False if no copy of it is right
        or it is longer than the buffer."""
        self.good_copies = 0
        if pair >= PAIRS or length > min(len(buffer), self.most_bytes()):
            return False
        good = -1
        for copy in range(COPIES):
            if self._digest_of(self._sector(pair, copy), length) == digest:
                self.good_copies += 1
                good = copy
        if good < 0:
            return False
        sector = self._first_sector + self._sector(pair, good)
        self._flash.read_into(sector, _HEADER_BYTES, memoryview(buffer)[:length])
        return True

    def _digest_of(self, sector: int, length: int) -> bytes:
        digest = hashlib.sha256()
        view = memoryview(self._page)
        for offset in range(0, length, len(view)):
            piece = view[: min(len(view), length - offset)]
            self._flash.read_into(self._first_sector + sector, _HEADER_BYTES + offset, piece)
            digest.update(piece)
        return digest.digest()

    def is_copy_good(self, copy: int) -> bool:
        """Return True if a copy of the program in force reads right, and if there is no program."""
        return self.in_force >= PAIRS or self._is_whole(self._sector(self.in_force, copy))

    def holds_any(self) -> bool:
        """Return True if any place has a whole copy of a program, in force or not."""
        return any([self._is_whole(sector) for sector in range(PAIRS * COPIES)])

    def _is_whole(self, place: int) -> bool:
        sector = self._first_sector + place
        self._flash.read_into(sector, 0, self._page)
        magic, length, crc32 = struct.unpack_from(_HEADER_FORMAT, self._page, 0)
        if magic != _MAGIC or length > self.most_bytes():
            return False
        page_bytes = self._flash.PAGE_BYTES
        view = memoryview(self._page)
        found, begin, end = 0, _HEADER_BYTES, _HEADER_BYTES + length
        for offset in range(0, end, page_bytes):
            if offset:
                self._flash.read_into(sector, offset, self._page)
            found = binascii.crc32(view[begin : min(page_bytes, end - offset)], found)
            begin = 0
        return found & 0xFFFFFFFF == crc32


def _crc32(data: "Octets") -> int:
    return binascii.crc32(data) & 0xFFFFFFFF
