"""The event log in flash: one event a slot of 32 bytes, in a ring of sectors.

Sequence numbers begin at 1, rise, and are never given twice; one that could not be written, or that a power cut
spoiled, is missing. Each event stands in one place only: events are the pump's diary, its state does not need them.
"""

import binascii
import struct

from thecal_fw.core.events import AT_CODE, EVENT_FIELDS, EVENT_FORMAT
from thecal_fw.core.flash_map import EVENT_BYTES
from thecal_fw.store.ring import Ring

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.core.octets import Octets
    from thecal_fw.store.flash_chip import FlashChip
    from thecal_fw.store.layout import Layout

_CRC_OFFSET = EVENT_BYTES - 4
_CODE_OFFSET = struct.calcsize("<" + "".join([form for _, form in EVENT_FIELDS[:AT_CODE]]))
_WRITE_TRIES = 3
_ERASES_IN_A_WRITE = 2


class StoredEvents:
    """The events in flash. latest: the last sequence number that was given, 0 if none was.
    newest: the newest that ``open`` found, 0 if it found none."""

    def __init__(self, flash: "FlashChip", layout: "Layout") -> None:
        self.ring = Ring(flash, layout.events, layout.event_sectors, EVENT_BYTES)
        self.latest = 0
        self.newest = 0
        self._newest = -1
        self._is_settled = False
        self._slot = bytearray(EVENT_BYTES)
        self._checked = memoryview(self._slot)[:_CRC_OFFSET]
        self._read_slot = bytearray(EVENT_BYTES)
        self._read_event = memoryview(self._read_slot)[:_CRC_OFFSET]

    def skip(self, latest: int) -> None:
        """Leave out the numbers up to this one."""
        self.latest = max(self.latest, latest)

    def open(self, least_latest: int) -> None:
        """Find the newest event; at least the number given, 0 or more, was reached before. Reads only."""
        self._newest = self.ring.newest(_number_in)
        if self._newest >= 0:
            self.ring.found(self._newest)
            self.newest = self._newest
        self.latest = max(self._newest, least_latest)

    def append(
        self,
        boot_s: int,
        boot_us: int,
        utc_s: int,
        time_source: int,
        code: int,
        boots: int,
        first: int,
        second: int,
    ) -> bool:
        """Write an event under the next number; True once it reads back right."""
        self._settle()
        erases_left = _ERASES_IN_A_WRITE
        for _ in range(_WRITE_TRIES):
            sequence = self.latest + 1
            while not self.ring.is_ready(sequence) and erases_left:
                erases_left -= 1
                if not self.ring.has_failed(sequence):
                    self.ring.erase(sequence)
            if self.ring.has_failed(sequence):
                # The numbers whose sector cannot be erased are left out.
                sequence += self.ring.slots - sequence % self.ring.slots
            self.latest = sequence
            struct.pack_into(
                EVENT_FORMAT,
                self._slot,
                0,
                sequence,
                boot_s,
                boot_us,
                utc_s,
                time_source,
                code,
                boots & 0xFFFF,
                first,
                second,
            )
            struct.pack_into("<I", self._slot, _CRC_OFFSET, binascii.crc32(self._checked) & 0xFFFFFFFF)
            if self.ring.put(sequence, self._slot):
                return True
        return False

    def _settle(self) -> None:
        """Step over what an earlier life may have left half-written, before the first operation of this life."""
        if self._is_settled:
            return
        self._is_settled = True
        following = self._newest + 1
        if self._newest >= 0 and self.ring.group_of(following) == self.ring.group_of(self.latest + 1):
            self.latest = max(self.latest, self.ring.settle(following) - 1)

    def erase_need(self) -> int:
        return self.ring.erase_need(self.latest + 1)

    def erase(self) -> None:
        self._settle()
        self.ring.erase(self.latest + 1)

    def get(self, sequence: int) -> "tuple[int, ...] | None":
        """Return the values of an event, as ``EVENT_FIELDS`` has them; None if it is missing or no longer kept."""
        found = bytearray()
        self.copy(sequence, sequence, 1, found)
        return struct.unpack(EVENT_FORMAT, found) if found else None

    def copy(self, sequence: int, last: int, enough_bytes: int, found: bytearray) -> int:
        """Add events to a bytearray as ``EVENT_FORMAT`` packs them, up to the last one named, until there are enough.

        The number to continue from. What is missing or no longer kept is passed over.
        """
        read, slot, event = self.ring.read, self._read_slot, self._read_event
        sequence = max(sequence, self.oldest())
        last = min(last, self.latest)
        while sequence <= last and len(found) < enough_bytes:
            read(sequence, slot)
            if _number_in(slot) == sequence:
                found.extend(event)
            sequence += 1
        return sequence

    def holds(self, codes: "tuple[int, ...]") -> bool:
        """Return True if an event of one of these codes is still in flash."""
        for sequence in range(self.newest, self.oldest() - 1, -1):
            self.ring.read(sequence, self._read_slot)
            # The code is looked at first: a CRC for each of 7,000 events would take seconds.
            if self._read_slot[_CODE_OFFSET] in codes and _number_in(self._read_slot) == sequence:
                return True
        return False

    def is_left_out(self, sequence: int) -> bool:
        """Return True if a number was stepped over, so that no event of it was ever complete."""
        return self.oldest() <= sequence <= self.latest and self.ring.is_spoiled(sequence)

    def oldest(self) -> int:
        """Return the sequence of the oldest event that is kept for certain: the next sector may be erased already."""
        group = self.ring.group_of(self.latest) - (self.ring.sectors - 2)
        return max(1, group * self.ring.slots)


def _number_in(slot: "Octets") -> int:
    """Return the sequence number of an undamaged event, -1 of anything else."""
    if (
        struct.unpack_from("<I", slot, _CRC_OFFSET)[0]
        != binascii.crc32(memoryview(slot)[:_CRC_OFFSET]) & 0xFFFFFFFF
    ):
        return -1
    return struct.unpack_from("<I", slot, 0)[0]
