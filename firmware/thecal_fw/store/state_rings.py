"""The state in two rings of flash, one the mirror of the other: a record goes to ring A, is verified there, and
then goes to ring B. It is durable as soon as one copy reads back right.

On opening the newest valid record of either ring is the state. A cut may have left the mirror one write behind,
which is nothing to report; when a ring lacks what it once held, that is damage, which the other ring has repaired.

A record is *held* before it is written: given to whoever keeps it in memory that outlives a reset with the power on.
So a state that may not be written, or can't be, is lost with the power only.
"""

import struct

from thecal_fw.core.counts import MOST_NUMBER
from thecal_fw.core.flash_map import STATE_BYTES
from thecal_fw.core.journal_condition import BLANK, FOREIGN, GOOD, LOST, REPAIRED
from thecal_fw.store.decoding import DECODERS, decode
from thecal_fw.store.ring import NEEDED, NOT_NEEDED, WANTED, Ring
from thecal_fw.store.state import (
    CRC_OFFSET,
    GRANT_FORMAT,
    GRANT_OFFSET,
    LAYOUT_VERSION,
    NOT_MIRRORED,
    OTHER_PAIR_ERASED_OFFSET,
    SEQUENCE_OFFSET,
    SINCE_MIRRORED_OFFSET,
    State,
    complete,
    is_whole,
    sequence_of,
    us_and_high,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from thecal_fw.core.octets import Octets
    from thecal_fw.store.decoding import Decoders
    from thecal_fw.store.flash_chip import FlashChip
    from thecal_fw.store.layout import Layout

WRITE_TRIES = 4
ERASES_IN_A_WRITE = 4
"""Most erases of one write, and so many only when they fail; one if the flash is sound."""


class StateRings:
    """The newest state, and where the next record goes.

    condition: what opening found. state: the newest state, None if there is none that can be read.
    latest: sequence number of the newest record in flash, -1 if there is none.
    has_failed: whether the last write could not be made durable. has_erased: whether the last one that could had to
    erase first.
    """

    def __init__(
        self, flash: "FlashChip", layout: "Layout", keep: "Callable[[Octets], None] | None" = None
    ) -> None:
        self.a = Ring(flash, layout.state_a, layout.state_sectors, STATE_BYTES, SEQUENCE_OFFSET)
        self.b = Ring(flash, layout.state_b, layout.state_sectors, STATE_BYTES, SEQUENCE_OFFSET)
        self.condition = BLANK
        self.state: State | None = None
        self.latest = -1
        self.has_failed = False
        self.has_written = False
        self.has_erased = False
        self._in_a = self._in_b = False
        self._next = 0
        self._mirrored = -1
        self._newest_a = self._newest_b = -1
        self._is_settled = False
        self._record = bytearray(STATE_BYTES)
        self._checked = memoryview(self._record)[:CRC_OFFSET]
        self._keep = keep

    def open(self, decoders: "Decoders" = DECODERS, held: "Octets | None" = None) -> None:
        """Find the newest record, in flash or in what was held when the board was reset. Reads only."""
        self._open_flash(decoders)
        if held is not None and _number_in(held) >= max(self.latest, 0):
            state = decode(held, decoders)
            if state is not None:
                self.state = state
                state.encode_into(self._record)
                self._in_a = self._in_b = False

    def _open_flash(self, decoders: "Decoders") -> None:
        a = self._newest_a = self.a.newest(_number_in)
        if a >= 0:
            self._record[:] = self.a.slot
            self.a.found(a)
        b = self._newest_b = self.b.newest(_number_in)
        if b >= 0:
            self.b.found(b)
            if b > a:
                self._record[:] = self.b.slot
        self.latest = max(a, b)
        self._next = self.latest + 1
        if self.latest < 0:
            self.condition = BLANK if self._is_untouched() else LOST
            return
        self._in_a, self._in_b = a >= b, b >= a
        self.state = decode(self._record, decoders)
        if self.state is None:
            self.condition = FOREIGN
        else:
            self.condition = REPAIRED if self._is_damaged(a, b) else GOOD
            if self._record[1] != LAYOUT_VERSION:
                # What is written from now on is of this layout; the old record itself is not to be copied.
                self.state.encode_into(self._record)
                self._in_a = self._in_b = True

    def _is_damaged(self, a: int, b: int) -> bool:
        """Return True if a ring lacks a record that was once verified in it."""
        if a < b:
            return True
        since_mirrored = self._record[SINCE_MIRRORED_OFFSET]
        return since_mirrored != NOT_MIRRORED and b < a - since_mirrored

    def _is_untouched(self) -> bool:
        """Return True if nothing was ever completed: all blank, save for a very first record that was cut short."""
        for sector in range(self.a.sectors):
            if not self.b.is_blank_from(sector, 0) or not self.a.is_blank_from(sector, int(sector == 0)):
                return False
        return True

    def hold(self, state: State) -> None:
        """Take a state, to be written next."""
        state.encode_into(self._record)
        self.state = state
        self._hold_record()

    def _hold_record(self) -> None:
        # What is in flash is not this record, so it can't be held against it.
        self._in_a = self._in_b = False
        if self._keep is not None:
            complete(self._record, self._checked, min(self._next, MOST_NUMBER), NOT_MIRRORED)
            self._keep(self._record)

    def hold_grant(
        self,
        counted_steps: int,
        granted_steps: int,
        lifetime_s: int,
        utc_s: int,
        utc_us: int,
        latest_event: int,
    ) -> bool:
        """Take the last state once more, with only these changed. False if there is none."""
        state = self.state
        if state is None:
            return False
        state.counted_steps = counted_steps
        state.granted_steps = granted_steps
        state.lifetime_s = lifetime_s
        state.utc_s = utc_s
        state.utc_us = utc_us
        state.latest_event = latest_event
        struct.pack_into(
            GRANT_FORMAT,
            self._record,
            GRANT_OFFSET,
            latest_event,
            counted_steps & MOST_NUMBER,
            granted_steps & MOST_NUMBER,
            lifetime_s,
            utc_s,
            us_and_high(utc_us, counted_steps),
        )
        self._hold_record()
        return True

    def note_other_pair(self, is_erased: bool) -> None:
        """Have the next record say whether the pair not in force is erased."""
        self._record[OTHER_PAIR_ERASED_OFFSET] = is_erased
        if self.state is not None:
            self.state.note_other_pair(is_erased)

    def write_again(self) -> bool:
        """Write the last state that was taken; True once it is durable."""
        return self.state is not None and self._write_record(self.state)

    def _write_record(self, state: State) -> bool:
        self._settle()
        self.has_failed = True
        erases_left = ERASES_IN_A_WRITE
        for _ in range(WRITE_TRIES):
            sequence = self._next
            if sequence > MOST_NUMBER:
                # Flash is worn out long before: there is no number for another record.
                return False
            while not (self.a.is_ready(sequence) or self.b.is_ready(sequence)) and erases_left:
                erases_left -= 1
                if not self.a.has_failed(sequence):
                    self.a.erase(sequence)
                elif not self.b.has_failed(sequence):
                    self.b.erase(sequence)
                else:
                    # Neither sector can be erased: go round it.
                    sequence += self.a.slots - sequence % self.a.slots
            if sequence > MOST_NUMBER:
                return False
            self._next = sequence + 1
            since_mirrored = sequence - self._mirrored if self._mirrored >= 0 else NOT_MIRRORED
            complete(self._record, self._checked, sequence, min(since_mirrored, NOT_MIRRORED))
            in_a = self.a.put(sequence, self._record)
            in_b = self.b.put(sequence, self._record)
            if in_a or in_b:
                self._in_a, self._in_b = in_a, in_b
                self.latest = state.sequence = sequence
                if in_a and in_b:
                    self._mirrored = sequence
                self.has_erased = erases_left < ERASES_IN_A_WRITE
                self.has_failed = False
                self.has_written = True
                return True
        return False

    def _settle(self) -> None:
        """Step over what an earlier life may have left half-written, before the first operation of this life."""
        if self._is_settled:
            return
        self._is_settled = True
        group = self.a.group_of(self._next)
        following = self._next
        for ring, newest in ((self.a, self._newest_a), (self.b, self._newest_b)):
            if newest >= 0 and ring.group_of(newest + 1) == group:
                following = max(following, ring.settle(newest + 1))
        self._next = following

    def erase_need(self) -> int:
        """Return how much an erase is needed. Until a first write of this life is durable only what that write needs:
        the record found on opening may be one that reads right today and not tomorrow."""
        need = max(self.a.erase_need(self._next), self.b.erase_need(self._next))
        return NOT_NEEDED if need == WANTED and not self.has_written else need

    def erase(self) -> None:
        """Erase the sector that is needed most; a mirror that was waiting for it follows at once."""
        self._settle()
        need_a, need_b = self.a.erase_need(self._next), self.b.erase_need(self._next)
        if need_a >= need_b:
            self.a.erase(self._next)
        elif self.b.erase(self._next) and self._in_a and not self._in_b:
            self._mirror()

    def _mirror(self) -> None:
        """Copy the newest record into ring B if it belongs into the sector that was erased there."""
        if self.b.is_ready(self.latest) and self.b.group_of(self.latest) == self.b.group_of(self._next):
            self._in_b = self.b.put(self.latest, self._record)
            if self._in_b:
                self._mirrored = self.latest

    def needs_rewriting(self) -> bool:
        """Return True if the newest record no longer reads right in a ring where it was written."""
        return self.latest >= 0 and (
            (self._in_a and not self.a.holds(self.latest, self._record))
            or (self._in_b and not self.b.holds(self.latest, self._record))
        )


def _number_in(slot: "Octets") -> int:
    """Return the sequence number of an undamaged record of any layout, -1 of anything else."""
    if is_whole(slot, memoryview(slot)[:CRC_OFFSET]):
        return sequence_of(slot)
    return -1


__all__ = ("BLANK", "FOREIGN", "GOOD", "LOST", "NEEDED", "NOT_NEEDED", "REPAIRED", "WANTED", "StateRings")
