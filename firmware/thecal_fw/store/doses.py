"""The record of doses in flash: two rings behind the keys, one the mirror of the other, written one after the other.

``put`` returns True once one copy reads back right. On opening the newest whole record of either ring is the state of
all doses. The regions lie behind everything that older firmware wrote, so its journal stays as it is.
"""

from thecal_fw.core.counts import MOST_NUMBER
from thecal_fw.core.dose_record import RECORD_BYTES, SEQUENCE_OFFSET, complete, sequence_in
from thecal_fw.store.ring import NEEDED, NOT_NEEDED, Ring

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.store.flash_chip import FlashChip
    from thecal_fw.store.layout import Layout

_WRITE_TRIES = 4
_ERASES_IN_A_WRITE = 4


class DoseStore:
    """record: the newest record, as it was found or is to be written. was_found: whether ``open`` found one.
    latest: its number in flash; -1 if there is none."""

    def __init__(self, flash: "FlashChip", layout: "Layout") -> None:
        self._rings = (
            Ring(flash, layout.doses_a, layout.dose_sectors, RECORD_BYTES, SEQUENCE_OFFSET),
            Ring(flash, layout.doses_b, layout.dose_sectors, RECORD_BYTES, SEQUENCE_OFFSET),
        )
        self.record = bytearray(RECORD_BYTES)
        self.was_found = False
        self._newest = [-1, -1]
        self.latest = -1
        self._next = 0
        self._is_settled = False

    def open(self, near: int = -1) -> None:
        """Find the newest record. Reads only. near: number of one that was the newest a little while ago, if known:
        looking through all sectors takes a tenth of a second."""
        if near >= 0:
            self._look_from(near)
        if self.latest < 0:
            for index, ring in enumerate(self._rings):
                newest = self._newest[index] = ring.newest(sequence_in)
                if newest > self.latest:
                    self.latest = newest
                    self.record[:] = ring.slot
        for ring, newest in zip(self._rings, self._newest):
            if newest >= 0:
                ring.found(newest)
        self.was_found = self.latest >= 0
        self._next = self.latest + 1

    def _look_from(self, sequence: int) -> None:
        """Read the records of a number and of those right after it, as long as there are any."""
        while True:
            is_there = False
            for index, ring in enumerate(self._rings):
                ring.read(sequence, ring.slot)
                if sequence_in(ring.slot) == sequence:
                    is_there = True
                    self._newest[index] = self.latest = sequence
                    self.record[:] = ring.slot
            if not is_there:
                return
            sequence += 1

    def put(self) -> bool:
        """Write what is in ``record``, with its sequence put in; True once it is durable."""
        self._settle()
        erases_left = _ERASES_IN_A_WRITE
        first, second = self._rings
        for _ in range(_WRITE_TRIES):
            sequence = self._next
            if sequence > MOST_NUMBER:
                # Flash is worn out long before: there is no number for another record.
                return False
            while not (first.is_ready(sequence) or second.is_ready(sequence)) and erases_left:
                erases_left -= 1
                if not first.has_failed(sequence):
                    first.erase(sequence)
                elif not second.has_failed(sequence):
                    second.erase(sequence)
                else:
                    # Neither sector can be erased: go round it.
                    sequence += first.slots - sequence % first.slots
            if sequence > MOST_NUMBER:
                return False
            self._next = sequence + 1
            complete(self.record, sequence)
            in_first = first.put(sequence, self.record)
            if second.put(sequence, self.record) or in_first:
                self.latest = sequence
                return True
        return False

    def _settle(self) -> None:
        """Step over what an earlier life may have left half-written, before the first write of this life."""
        if self._is_settled:
            return
        self._is_settled = True
        following = self._next
        for ring, newest in zip(self._rings, self._newest):
            if newest >= 0 and ring.group_of(newest + 1) == ring.group_of(self._next):
                following = max(following, ring.settle(newest + 1))
        self._next = following

    def needs_erase(self) -> bool:
        """Return True if a sector should be erased ahead of need. Before a write of this life only what that write
        needs: the record found may be one that reads right today and not tomorrow."""
        needs = [ring.erase_need(self._next) for ring in self._rings]
        return NEEDED in needs or (self._is_settled and max(needs) != NOT_NEEDED)

    def erase_one(self) -> None:
        """Erase the sector that is needed most."""
        self._settle()
        first, second = self._rings
        ring = first if first.erase_need(self._next) >= second.erase_need(self._next) else second
        ring.erase(self._next)
