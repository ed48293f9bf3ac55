"""A ring of sectors with slots of one size, each slot used once for each erase of its sector.

Where a slot lies follows from its sequence number alone: *group* sequence // slots-in-a-sector, in sector group %
sectors, slot sequence % slots-in-a-sector. Three rules make what is written here sound, whatever power cuts came
before:

- A group is written only when its sector was erased to the end: by ``erase`` since the power came, or earlier,
  which a valid slot of that very group proves. That a sector reads as erased proves nothing.
- Slots are used in rising order. The first write of this life overwrites with zeros whatever an earlier life may
  have left half-written behind the newest valid slot (``settle``), one blank slot included, since a slot that was
  hardly begun may read as blank. So a slot that is written has never been touched.
- The first slot of a sector is not left blank when a later one is used. So a sector with a blank first slot is empty.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from thecal_fw.core.octets import Octets, Writable
    from thecal_fw.store.flash_chip import FlashChip

    NumberIn = Callable[[Octets], int]

ERASE_TRIES = 2
"""Times a sector is erased before it counts as failed, for this time round."""

_NUMBER_BYTES = 4
_PIECE_BYTES = 512
_PIECE = bytearray(_PIECE_BYTES)
_BLANK_PIECE = b"\xff" * _PIECE_BYTES

_UNREADABLE_SECTORS = 3
"""So many sectors in a row without a valid slot end the search for a newer group."""

NOT_NEEDED = 0
WANTED = 1
NEEDED = 2


class Ring:
    """Slots of one size in a row of sectors, a power of two in each.

    failures: writes and erases since power-on that did not verify.
    slot: what was last read.
    """

    def __init__(
        self, flash: "FlashChip", first_sector: int, sectors: int, slot_bytes: int, number_offset: int = 0
    ) -> None:
        """number_offset: where in a slot its sequence number lies, four bytes with the lowest first."""
        self.slots = flash.SECTOR_BYTES // slot_bytes
        self.sectors = sectors
        self.failures = 0
        self._flash = flash
        self._first_sector = first_sector
        self._slot_bytes = slot_bytes
        self._blank = b"\xff" * slot_bytes
        self._zeros = bytes(slot_bytes)
        self.slot = bytearray(slot_bytes)
        self._number_offset = number_offset
        self._number = bytearray(_NUMBER_BYTES)
        # Groups up to this one are erased; what is behind the group now written does not matter.
        self._erased_group = -1
        # The last two groups whose sector did not let itself be erased: the one now written, and the next.
        self._failed_groups = [-1, -1]
        self._tries = 0
        self._begun_group = -1

    def group_of(self, sequence: int) -> int:
        return sequence // self.slots

    def read(self, sequence: int, buffer: "Writable") -> None:
        """Read the slot of a sequence number, be it of that number or not."""
        self.read_slot(sequence // self.slots % self.sectors, sequence % self.slots, buffer)

    def read_slot(self, sector: int, slot: int, buffer: "Writable") -> None:
        self._flash.read_into(self._first_sector + sector, slot * self._slot_bytes, buffer)

    def is_blank(self, sector: int, slot: int) -> bool:
        self.read_slot(sector, slot, self.slot)
        return self.slot == self._blank

    def is_blank_from(self, sector: int, slot: int) -> bool:
        """Return True if a sector is blank from a slot on, read in large pieces."""
        while slot * self._slot_bytes % _PIECE_BYTES:
            if not self.is_blank(sector, slot):
                return False
            slot += 1
        for offset in range(slot * self._slot_bytes, self.slots * self._slot_bytes, _PIECE_BYTES):
            self._flash.read_into(self._first_sector + sector, offset, _PIECE)
            if _PIECE != _BLANK_PIECE:
                return False
        return True

    def newest(self, number_in: "NumberIn") -> int:
        """Search for the newest valid slot; return its sequence number, or -1. It is in ``slot`` then.

        ``number_in`` returns the sequence number in a slot, and -1 if that is not valid. Of each sector only the number
        in its first slot is read; the newest of these that proves valid is where the search begins. Only where there
        is no valid slot yet are all sectors read, as in the first start on flash that held something else before.
        """
        limit = -1
        while True:
            group = self._newest_group(number_in, limit)
            if group < 0:
                return -1
            sequence = self._last_in(group, number_in)
            if sequence >= 0:
                return sequence
            # What was valid a moment ago is not any more: it was never completed. Look further back.
            limit = group

    def _newest_group(self, number_in: "NumberIn", limit: int) -> int:
        """Return the newest group below a limit, if that is 0 or more, that has a valid slot; -1 if there is none."""
        claimed = []
        for sector in range(self.sectors):
            group = self._claimed_group(sector)
            if group >= 0 and (limit < 0 or group < limit):
                claimed.append(group)
        claimed.sort()
        newest = -1
        while claimed and newest < 0:
            group = claimed.pop()
            self.read(group * self.slots, self.slot)
            if (
                number_in(self.slot) == group * self.slots
                or self._group_in(group % self.sectors, number_in) == group
            ):
                newest = group
        # A group whose first slot was spoiled or has rotted claims nothing, nor does the first one of a ring that
        # counts from 1. Groups follow one another, save for sectors that can't be erased.
        unreadable = 0
        group = newest + 1
        while (
            unreadable < _UNREADABLE_SECTORS
            and group - newest < self.sectors
            and (limit < 0 or group < limit)
        ):
            if self._group_in(group % self.sectors, number_in) == group:
                newest, unreadable = group, 0
            else:
                unreadable += 1
            group += 1
        if newest >= 0:
            return newest
        for sector in range(self.sectors):
            group = self._group_in(sector, number_in)
            if group > newest and (limit < 0 or group < limit):
                newest = group
        return newest

    def _claimed_group(self, sector: int) -> int:
        """Return the group that the number in the first slot of a sector claims, -1 if it is none of that sector's."""
        number = self._number
        self._flash.read_into(self._first_sector + sector, self._number_offset, number)
        if number[0] & (self.slots - 1):
            return -1
        group = int.from_bytes(number, "little") // self.slots
        return group if group % self.sectors == sector else -1

    def _group_in(self, sector: int, number_in: "NumberIn") -> int:
        """Return the group of the first valid slot of a sector, -1 if there is none.

        Only a slot whose number ends as one of its place does is looked at closely: of anything else than slots, few
        pass, and each look takes as long as a dozen of these."""
        slots, slot_bytes = self.slots, self._slot_bytes
        in_piece = _PIECE_BYTES // slot_bytes
        low_bits = slots - 1
        for first in range(0, slots, in_piece):
            self._flash.read_into(self._first_sector + sector, first * slot_bytes, _PIECE)
            if first == 0 and _PIECE[:slot_bytes] == self._blank:
                return -1
            at = self._number_offset
            for slot in range(first, first + in_piece):
                if _PIECE[at] & low_bits == slot:
                    self.read_slot(sector, slot, self.slot)
                    sequence = number_in(self.slot)
                    if (
                        sequence % slots == slot
                        and sequence // slots % self.sectors == sector
                        and sequence >= 0
                    ):
                        return sequence // slots
                at += slot_bytes
        return -1

    def _last_in(self, group: int, number_in: "NumberIn") -> int:
        """Return the number of the last valid slot of a group, which is in ``slot`` then; -1 if there is none."""
        sector = group % self.sectors
        in_piece = _PIECE_BYTES // self._slot_bytes
        for first in range(self.slots - in_piece, -1, -in_piece):
            self._flash.read_into(self._first_sector + sector, first * self._slot_bytes, _PIECE)
            if _PIECE == _BLANK_PIECE:
                continue
            for slot in range(first + in_piece - 1, first - 1, -1):
                self.read_slot(sector, slot, self.slot)
                sequence = group * self.slots + slot
                if self.slot != self._blank and number_in(self.slot) == sequence:
                    return sequence
        return -1

    def found(self, sequence: int) -> None:
        """Note, on opening, that this valid slot is the newest, so that its group was erased."""
        self._erased_group = self._begun_group = sequence // self.slots

    def settle(self, sequence: int) -> int:
        """Make sure of the slots behind the newest valid one; the first sequence number that is free.

        ``sequence`` follows the newest valid slot, and is returned when its group is not erased yet.
        """
        slots = self.slots
        if sequence % slots == 0 or not self.is_ready(sequence):
            return sequence
        end = sequence - sequence % slots + slots
        free = sequence
        for other in range(sequence, end):
            self.read(other, self.slot)
            if self.slot != self._blank:
                free = other + 1
        # The one that reads blank may have been begun as well.
        free = min(free + 1, end)
        for other in range(sequence, free):
            self._spoil(other)
        return free

    def is_spoiled(self, sequence: int) -> bool:
        """Return True if a slot was overwritten on purpose."""
        self.read(sequence, self.slot)
        return self.slot == self._zeros

    def _spoil(self, sequence: int) -> None:
        """Overwrite a slot so that it can never read as anything."""
        if not self.is_spoiled(sequence):
            self._program(sequence, self._zeros)

    def _program(self, sequence: int, data: "Octets") -> None:
        slots, page_bytes = self.slots, self._flash.PAGE_BYTES
        sector = self._first_sector + sequence // slots % self.sectors
        offset = sequence % slots * self._slot_bytes
        if len(data) <= page_bytes:
            self._flash.program(sector, offset, data)
            return
        # A cut between two pages leaves a slot whose checksum is wrong, like one within a page.
        pages = memoryview(data)
        for begin in range(0, len(data), page_bytes):
            self._flash.program(sector, offset + begin, pages[begin : begin + page_bytes])

    def is_ready(self, sequence: int) -> bool:
        """Return True if the slot of a sequence number lies in a sector that was erased for it."""
        group = sequence // self.slots
        return group <= self._erased_group and group != self._failed_groups[group % 2]

    def has_failed(self, sequence: int) -> bool:
        """Return True if the sector of a sequence number does not let itself be erased, this time round."""
        group = sequence // self.slots
        return group == self._failed_groups[group % 2]

    def put(self, sequence: int, data: "Octets") -> bool:
        """Write a slot of a sector that is ready; True once it reads back right."""
        if not self.is_ready(sequence):
            return False
        group = sequence // self.slots
        if group != self._begun_group:
            self._begun_group = group
            if sequence % self.slots:
                self._spoil(group * self.slots)
        self.read(sequence, self.slot)
        if self.slot != self._blank:
            self.failures += 1
            return False
        self._program(sequence, data)
        if self.holds(sequence, data):
            return True
        self.failures += 1
        return False

    def holds(self, sequence: int, data: "Octets") -> bool:
        """Return True if the slot of a sequence number reads as the data."""
        self.read(sequence, self.slot)
        return self.slot == data

    def erase_need(self, sequence: int) -> int:
        """Return how much an erase is needed when this sequence number is the next to be written."""
        group = sequence // self.slots
        if group > self._erased_group:
            return NEEDED
        if group == self._erased_group and sequence % self.slots >= self.slots // 2:
            return WANTED
        return NOT_NEEDED

    def erase(self, sequence: int) -> bool:
        """Erase the sector that ``erase_need`` asks for; whether it is erased now."""
        group = max(sequence // self.slots, self._erased_group + 1)
        sector = group % self.sectors
        self._flash.erase(self._first_sector + sector)
        self._tries += 1
        if not self._is_erased(sector):
            self.failures += 1
            if self._tries < ERASE_TRIES:
                return False
            self._failed_groups[group % 2] = group
        self._tries = 0
        self._erased_group = group
        return group != self._failed_groups[group % 2]

    def _is_erased(self, sector: int) -> bool:
        return self.is_blank_from(sector, 0)
