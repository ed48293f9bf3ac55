"""A ring of sectors by itself: where its slots lie, what it takes to write one, which is the newest."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thecal_fw.core.octets import Octets
from thecal_fw.store.ring import NEEDED, NOT_NEEDED, WANTED, Ring
from thecal_sim.nor_flash import ERASE, PROGRAM, NorFlash

FIRST_SECTOR, SECTORS, SLOT_BYTES, SLOTS = 1, 3, 256, 16
BLANK, SPOILED, RUBBISH = b"\xff" * SLOT_BYTES, bytes(SLOT_BYTES), b"\x55" * SLOT_BYTES


def slot_of(sequence: int) -> bytes:
    """Return a valid slot: its number twice, and something that no other has."""
    return sequence.to_bytes(4, "little") * 2 + bytes([1 + sequence % 250] * (SLOT_BYTES - 8))


def number_in(slot: Octets) -> int:
    number = int.from_bytes(slot[:4], "little")
    return number if slot == slot_of(number) else -1


def new_flash() -> NorFlash:
    """Return a chip with a sector to spare on either side, and a ring's old content in between."""
    flash = NorFlash(FIRST_SECTOR + SECTORS + 1)
    for sector in range(SECTORS):
        flash.rot(FIRST_SECTOR + sector, 0, 4096, 0x77)
    return flash


def ring_on(flash: NorFlash) -> Ring:
    return Ring(flash, FIRST_SECTOR, SECTORS, SLOT_BYTES)


def place_of(sequence: int) -> tuple[int, int]:
    return FIRST_SECTOR + sequence // SLOTS % SECTORS, sequence % SLOTS * SLOT_BYTES


def content(flash: NorFlash, sequence: int) -> bytes:
    sector, offset = place_of(sequence)
    return flash.content(sector)[offset : offset + SLOT_BYTES]


def lay(flash: NorFlash, sequence: int, data: bytes) -> None:
    """Have a slot hold something, however it came there."""
    sector, offset = place_of(sequence)
    for index, byte in enumerate(data):
        flash.rot(sector, offset + index, 1, byte)


def blank_flash() -> NorFlash:
    return NorFlash(FIRST_SECTOR + SECTORS + 1)


def filled(*sequences: int) -> NorFlash:
    flash = blank_flash()
    for sequence in sequences:
        lay(flash, sequence, slot_of(sequence))
    return flash


def written_until(last: int) -> tuple[NorFlash, Ring]:
    """Return a ring that has written every number up to this one, erasing only what had to be."""
    flash = new_flash()
    ring = ring_on(flash)
    for sequence in range(last + 1):
        if ring.erase_need(sequence) == NEEDED:
            assert ring.erase(sequence)
        assert ring.put(sequence, slot_of(sequence))
    return flash, ring


# Places ----------------------------------------------------------------------------------------------------------


def test_a_number_is_written_where_it_belongs_and_nowhere_else():
    flash, ring = written_until(6 * SLOTS + 3)
    assert (ring.slots, ring.sectors, ring.failures) == (SLOTS, SECTORS, 0)
    for sequence in (*range(4 * SLOTS, 6 * SLOTS + 4),):
        assert content(flash, sequence) == slot_of(sequence)
        assert ring.holds(sequence, slot_of(sequence))
        assert not ring.holds(sequence, slot_of(sequence + 1))
        buffer = bytearray(SLOT_BYTES)
        ring.read(sequence, buffer)
        assert buffer == slot_of(sequence)
        assert ring.group_of(sequence) == sequence // SLOTS
    assert all(content(flash, sequence) == BLANK for sequence in range(6 * SLOTS + 4, 7 * SLOTS))
    assert [flash.erases_of(sector) for sector in range(5)] == [0, 3, 2, 2, 0]
    assert flash.content(0) == flash.content(4) == b"\xff" * 4096


def test_a_slot_takes_one_program_and_no_more():
    flash, ring = written_until(4)
    before = flash.operation
    assert ring.put(5, slot_of(5))
    assert flash.operation == before + 1


# Erasing ---------------------------------------------------------------------------------------------------------


def test_nothing_is_written_to_a_sector_that_was_not_erased_for_it():
    flash = new_flash()
    ring = ring_on(flash)
    assert (ring.is_ready(0), ring.has_failed(0), ring.erase_need(0)) == (False, False, NEEDED)
    assert not ring.put(0, slot_of(0))
    assert (flash.operation, ring.failures) == (0, 0)
    assert ring.erase(0)
    assert (ring.is_ready(0), ring.is_ready(SLOTS - 1), ring.is_ready(SLOTS)) == (True, True, False)
    assert ring.put(0, slot_of(0))


def test_that_a_sector_reads_as_erased_does_not_make_it_ready():
    ring = ring_on(blank_flash())
    assert not ring.is_ready(0)
    assert not ring.put(0, slot_of(0))


def test_the_next_sector_is_wanted_from_the_middle_of_this_one_and_needed_behind_its_end():
    ring = ring_on(new_flash())
    assert ring.erase(SLOTS)
    needs = [ring.erase_need(sequence) for sequence in range(SLOTS, 2 * SLOTS + 1)]
    assert needs == [NOT_NEEDED] * 8 + [WANTED] * 8 + [NEEDED]
    assert ring.erase_need(0) == ring.erase_need(SLOTS - 1) == NOT_NEEDED


def test_an_erase_ahead_of_need_takes_the_next_sector_and_leaves_this_one():
    flash, ring = written_until(8)
    assert ring.erase(9)
    assert [flash.erases_of(sector) for sector in range(5)] == [0, 1, 1, 0, 0]
    assert content(flash, 8) == slot_of(8)
    assert [ring.erase_need(sequence) for sequence in (9, SLOTS - 1, SLOTS, SLOTS + 8)] == [
        NOT_NEEDED,
        NOT_NEEDED,
        NOT_NEEDED,
        WANTED,
    ]
    for sequence in range(9, 2 * SLOTS):
        assert ring.put(sequence, slot_of(sequence))
    assert flash.erases_of(FIRST_SECTOR + 1) == 1


def test_an_erase_for_a_number_far_ahead_takes_the_sector_of_that_number():
    flash, ring = written_until(3)
    assert ring.erase(5 * SLOTS + 2)
    assert [flash.erases_of(sector) for sector in range(5)] == [0, 1, 0, 1, 0]
    assert ring.is_ready(5 * SLOTS + 2)
    assert not ring.is_ready(6 * SLOTS)


def test_an_erase_is_tried_twice_and_then_the_sector_is_left_out_this_time_round():
    flash = new_flash()
    ring = ring_on(flash)
    flash.let_fail(ERASE, FIRST_SECTOR)
    assert not ring.erase(0)
    assert (ring.failures, ring.has_failed(0), ring.is_ready(0), ring.erase_need(0)) == (
        1,
        False,
        False,
        NEEDED,
    )
    assert not ring.erase(0)
    assert (ring.failures, ring.has_failed(0), ring.is_ready(0)) == (2, True, False)
    assert ring.has_failed(SLOTS - 1)
    assert not ring.has_failed(SLOTS)
    assert ring.erase_need(0) == NOT_NEEDED
    assert not ring.put(0, slot_of(0))
    assert ring.erase(SLOTS)
    assert (ring.is_ready(SLOTS), ring.has_failed(SLOTS), ring.has_failed(0)) == (True, False, True)
    assert ring.put(SLOTS, slot_of(SLOTS))
    assert ring.failures == 2


def test_a_sector_further_ahead_that_cannot_be_erased_leaves_the_ones_before_it_ready():
    flash = new_flash()
    ring = ring_on(flash)
    assert ring.erase(0)
    assert ring.erase(SLOTS)
    flash.let_fail(ERASE, FIRST_SECTOR + 2)
    assert [ring.erase(2 * SLOTS) for _ in range(2)] == [False, False]
    assert [ring.has_failed(group * SLOTS) for group in range(3)] == [False, False, True]
    assert [ring.is_ready(group * SLOTS) for group in range(3)] == [True, True, False]
    assert ring.put(0, slot_of(0))


def test_an_erase_that_works_at_the_second_try_leaves_the_next_sector_its_two_tries():
    flash = new_flash()
    ring = ring_on(flash)
    flash.let_fail(ERASE, FIRST_SECTOR)
    assert not ring.erase(0)
    flash._dead.clear()
    assert ring.erase(0)
    assert (ring.is_ready(0), ring.failures) == (True, 1)
    flash.let_fail(ERASE, FIRST_SECTOR + 1)
    assert not ring.erase(SLOTS)
    assert (ring.has_failed(SLOTS), ring.is_ready(0)) == (False, True)
    assert not ring.erase(SLOTS)
    assert (ring.has_failed(SLOTS), ring.is_ready(0)) == (True, True)
    assert ring.failures == 3


def test_two_sectors_in_a_row_may_fail_and_the_third_is_written():
    flash = new_flash()
    ring = ring_on(flash)
    for sector in (0, 1):
        flash.let_fail(ERASE, FIRST_SECTOR + sector)
        assert [ring.erase(sector * SLOTS) for _ in range(2)] == [False, False]
    assert [ring.has_failed(group * SLOTS) for group in range(3)] == [True, True, False]
    assert [ring.is_ready(group * SLOTS) for group in range(3)] == [False, False, False]
    assert ring.erase(2 * SLOTS)
    assert [ring.is_ready(group * SLOTS) for group in range(4)] == [False, False, True, False]
    flash._dead.clear()
    assert ring.erase(3 * SLOTS)
    assert ring.is_ready(3 * SLOTS)


@pytest.mark.parametrize("place", [0, 255, 256, 4095])
def test_a_worn_sector_with_a_bit_stuck_anywhere_is_not_erased(place):
    flash = new_flash()
    ring = ring_on(flash)
    flash._stuck_low[FIRST_SECTOR][place] = 4
    assert [ring.erase(0) for _ in range(2)] == [False, False]
    assert ring.has_failed(0)


@given(st.integers(0, 4095), st.integers(0, SLOTS), st.sampled_from([32, 128, 256]))
def test_a_sector_is_blank_from_a_slot_on_if_all_that_is_written_lies_before_it(place, slot, slot_bytes):
    flash = blank_flash()
    flash.rot(FIRST_SECTOR + 2, place, 1, 0x7F)
    ring = Ring(flash, FIRST_SECTOR, SECTORS, slot_bytes)
    assert ring.is_blank_from(2, slot) == (place < slot * slot_bytes)
    assert ring.is_blank_from(1, slot)
    assert ring.is_blank(2, slot % ring.slots) == (place // slot_bytes != slot % ring.slots)


def test_a_sector_is_read_in_large_pieces_to_see_that_it_is_blank():
    class CountingFlash(NorFlash):
        reads = 0

        def read_into(self, sector, offset, buffer):
            self.reads += 1
            super().read_into(sector, offset, buffer)

    flash = CountingFlash(FIRST_SECTOR + SECTORS)
    assert Ring(flash, FIRST_SECTOR, SECTORS, 128).is_blank_from(0, 0)
    assert flash.reads == 8


# Writing ---------------------------------------------------------------------------------------------------------


def test_a_slot_that_something_stands_in_is_not_written_over():
    flash, ring = written_until(4)
    lay(flash, 5, RUBBISH)
    before = flash.operation
    assert not ring.put(5, slot_of(5))
    assert (ring.failures, flash.operation) == (1, before)
    assert content(flash, 5) == RUBBISH
    assert ring.put(6, slot_of(6))


def test_a_slot_that_does_not_read_back_right_is_told():
    flash, ring = written_until(4)
    flash.let_fail(PROGRAM, FIRST_SECTOR)
    assert ring.put(5, slot_of(5)) is False
    assert ring.failures == 1
    assert ring.put(6, slot_of(6)) is False
    assert ring.failures == 2


def test_a_sector_begun_at_a_later_slot_has_its_first_slot_spoiled_once():
    flash, ring = written_until(4)
    assert ring.erase(SLOTS)
    before = flash.operation
    assert ring.put(SLOTS + 5, slot_of(SLOTS + 5))
    assert content(flash, SLOTS) == SPOILED
    assert flash.operation == before + 2
    assert ring.put(SLOTS + 6, slot_of(SLOTS + 6))
    assert flash.operation == before + 3
    assert all(content(flash, SLOTS + slot) == BLANK for slot in (1, 4, 7))
    assert content(flash, 0) == slot_of(0)


def test_in_a_sector_found_in_use_no_slot_is_spoiled():
    flash = filled(3 * SLOTS, 3 * SLOTS + 1)
    ring = ring_on(flash)
    ring.found(3 * SLOTS + 1)
    assert ring.is_ready(3 * SLOTS + 2)
    assert not ring.is_ready(4 * SLOTS)
    assert ring.erase_need(3 * SLOTS + 2) == NOT_NEEDED
    assert ring.put(3 * SLOTS + 2, slot_of(3 * SLOTS + 2))
    assert flash.operation == 1
    assert content(flash, 3 * SLOTS) == slot_of(3 * SLOTS)


# Settling --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("group", [0, 1, 2, 3, 7])
@pytest.mark.parametrize(
    ("newest", "touched", "free"),
    [
        (3, (), 5),
        (3, (4,), 6),
        (3, (6,), 8),
        (3, (4, 6, 9), 11),
        (3, (14,), 16),
        (3, (15,), 16),
        (0, (), 2),
        (13, (), 15),
        (14, (), 16),
    ],
)
def test_what_a_cut_may_have_touched_behind_the_newest_slot_is_spoiled_and_one_slot_more(
    group, newest, touched, free
):
    begin = group * SLOTS
    flash = filled(*range(begin, begin + newest + 1))
    for slot in touched:
        lay(flash, begin + slot, RUBBISH)
    ring = ring_on(flash)
    ring.found(begin + newest)
    assert ring.settle(begin + newest + 1) == begin + free
    for slot in range(SLOTS):
        expected = slot_of(begin + slot) if slot <= newest else SPOILED if slot < free else BLANK
        assert content(flash, begin + slot) == expected
    assert flash.operation == free - newest - 1


def test_a_slot_that_is_spoiled_already_is_not_programmed_again():
    flash = filled(*range(4))
    lay(flash, 4, SPOILED)
    ring = ring_on(flash)
    ring.found(3)
    assert ring.settle(4) == 6
    assert flash.operation == 1


def test_settling_in_a_sector_that_is_not_begun_or_not_erased_touches_nothing():
    flash, ring = written_until(SLOTS - 1)
    lay(flash, SLOTS + 3, RUBBISH)
    before = flash.operation
    assert ring.erase(SLOTS)
    assert ring.settle(SLOTS) == SLOTS
    assert ring.settle(2 * SLOTS + 3) == 2 * SLOTS + 3
    assert flash.operation == before + 1


# Searching -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "newest", [0, 1, SLOTS - 1, SLOTS, 2 * SLOTS + 5, 3 * SLOTS - 1, 3 * SLOTS, 7 * SLOTS + 8]
)
def test_the_newest_slot_is_found(newest):
    flash, _ = written_until(newest)
    ring = ring_on(flash)
    assert ring.newest(number_in) == newest
    assert ring.slot == slot_of(newest)


def test_in_a_blank_ring_and_in_one_of_rubbish_there_is_no_newest_slot():
    assert ring_on(blank_flash()).newest(number_in) == -1
    flash = blank_flash()
    for sequence in range(3 * SLOTS):
        lay(flash, sequence, RUBBISH)
    assert ring_on(flash).newest(number_in) == -1


def test_a_sector_whose_first_slot_is_blank_is_empty():
    flash = filled(1, 2, 3)
    assert ring_on(flash).newest(number_in) == -1
    lay(flash, 0, SPOILED)
    assert ring_on(flash).newest(number_in) == 3


def test_spoiled_blank_and_damaged_slots_before_and_behind_the_newest_are_passed_over():
    flash = filled(*range(SLOTS), SLOTS + 3, SLOTS + 6)
    lay(flash, SLOTS, SPOILED)
    lay(flash, SLOTS + 1, RUBBISH)
    lay(flash, SLOTS + 8, SPOILED)
    lay(flash, SLOTS + 9, RUBBISH)
    assert ring_on(flash).newest(number_in) == SLOTS + 6


@pytest.mark.parametrize("sequence", [4, 5 + SLOTS, 5 + 2 * SLOTS])
def test_a_whole_slot_that_stands_in_the_wrong_place_is_none(sequence):
    flash = filled(0)
    lay(flash, 5, slot_of(sequence))
    assert ring_on(flash).newest(number_in) == 0
    flash = blank_flash()
    lay(flash, 0, SPOILED)
    lay(flash, 5, slot_of(sequence))
    assert ring_on(flash).newest(number_in) == -1


@pytest.mark.parametrize(
    ("sector", "stray"), [(0, 100), (0, 102), (0, 5 + SLOTS), (1, 5 + 3 * SLOTS), (1, 5 + 2 * SLOTS)]
)
def test_a_whole_slot_that_strayed_hides_none_of_its_sector(sector, stray):
    begin = sector * SLOTS
    flash = filled(begin + 6)
    lay(flash, begin, SPOILED)
    lay(flash, begin + 5, slot_of(stray))
    assert ring_on(flash).newest(number_in) == begin + 6


class ReadsRightOnce:
    """Some slots read right at every other look only."""

    def __init__(self, *doubtful: int):
        self._looks = dict.fromkeys(doubtful, 0)

    def __call__(self, slot: Octets) -> int:
        number = number_in(slot)
        if number in self._looks:
            self._looks[number] += 1
            assert self._looks[number] < 10, "a search that never ends"
            return number if self._looks[number] % 2 else -1
        return number


def test_a_sector_whose_only_slot_reads_right_now_and_wrong_then_gives_way_to_the_one_before():
    flash = filled(*range(SLOTS), SLOTS, 2 * SLOTS)
    assert ring_on(flash).newest(ReadsRightOnce(2 * SLOTS)) == SLOTS
    assert ring_on(flash).newest(ReadsRightOnce(2 * SLOTS, SLOTS)) == SLOTS - 1
    assert ring_on(filled(0)).newest(ReadsRightOnce(0)) == -1
    assert ring_on(filled(SLOTS)).newest(ReadsRightOnce(SLOTS)) == -1


def test_a_slot_that_read_right_and_then_wrong_is_not_looked_at_again_wherever_it_stands():
    flash = filled(*range(SLOTS), 2 * SLOTS + 3)
    lay(flash, 2 * SLOTS, SPOILED)
    assert ring_on(flash).newest(ReadsRightOnce(2 * SLOTS + 3)) == SLOTS - 1


def test_a_sector_with_a_blank_first_slot_stays_empty_when_the_one_behind_it_gives_way():
    flash = filled(*range(4), 2 * SLOTS - 1, 2 * SLOTS)
    assert ring_on(flash).newest(ReadsRightOnce(2 * SLOTS)) == 3


# Searching -------------------------------------------------------------------------------------------------------


class CountingFlash(NorFlash):
    """Counts the bytes that are read of it."""

    bytes_read = 0

    def read_into(self, sector, offset, buffer):
        self.bytes_read += len(buffer)
        super().read_into(sector, offset, buffer)


MANY = 60


def many_sectors(content: bytes) -> CountingFlash:
    flash = CountingFlash(FIRST_SECTOR + MANY)
    for sector in range(FIRST_SECTOR, FIRST_SECTOR + MANY):
        for offset in range(4096):
            flash.rot(sector, offset, 1, content[(sector * 4096 + offset) % len(content)])
    return flash


def lay_in_many(flash: NorFlash, sequence: int, data: bytes) -> None:
    sector, offset = FIRST_SECTOR + sequence // SLOTS % MANY, sequence % SLOTS * SLOT_BYTES
    for index, byte in enumerate(data):
        flash.rot(sector, offset + index, 1, byte)


def asked_of(flash: NorFlash) -> tuple[int, int]:
    """Return what is the newest slot, and how many slots were looked at closely for it."""
    looked_at = 0

    def number(slot):
        nonlocal looked_at
        looked_at += 1
        return number_in(slot)

    return Ring(flash, FIRST_SECTOR, MANY, SLOT_BYTES).newest(number), looked_at


@pytest.mark.parametrize(
    "content", [bytes(251), Random(1).randbytes(65_537), b"\x55"], ids=["zeros", "random", "55"]
)
def test_flash_that_held_something_else_is_read_once_and_few_of_its_slots_are_looked_at(content):
    flash = many_sectors(content)
    newest, looked_at = asked_of(flash)
    assert newest == -1
    assert looked_at <= MANY * SLOTS // 8
    assert flash.bytes_read <= 1.25 * MANY * 4096


@pytest.mark.parametrize("content", [bytes(251), Random(2).randbytes(65_537)], ids=["zeros", "random"])
def test_a_ring_among_what_the_flash_held_before_is_found_without_reading_all_of_that(content):
    flash = many_sectors(content)
    for sequence in range(5 * SLOTS, 6 * SLOTS):
        lay_in_many(flash, sequence, slot_of(sequence))
    flash.bytes_read = 0
    assert asked_of(flash)[0] == 6 * SLOTS - 1
    assert flash.bytes_read <= 6 * 4096


@pytest.mark.parametrize(
    "first", [SPOILED, RUBBISH, slot_of(7 * SLOTS)[:-1] + b"\x00"], ids=["spoiled", "rubbish", "claims"]
)
def test_newer_groups_are_found_whatever_their_first_slots_have_become(first):
    flash = CountingFlash(FIRST_SECTOR + MANY)
    for group in range(4, 8):
        lay_in_many(flash, group * SLOTS, slot_of(group * SLOTS) if group == 4 else first)
        lay_in_many(flash, group * SLOTS + 2, slot_of(group * SLOTS + 2))
    assert asked_of(flash)[0] == 7 * SLOTS + 2


@pytest.mark.parametrize("unreadable", [1, 2])
def test_sectors_that_nothing_can_be_read_of_do_not_hide_a_newer_group(unreadable):
    flash = CountingFlash(FIRST_SECTOR + MANY)
    lay_in_many(flash, 4 * SLOTS, slot_of(4 * SLOTS))
    newest = (5 + unreadable) * SLOTS + 3
    lay_in_many(flash, newest - 3, SPOILED)
    lay_in_many(flash, newest, slot_of(newest))
    assert asked_of(flash)[0] == newest


def test_a_ring_that_counts_from_1_is_found_without_reading_all_of_what_was_there_before():
    flash = many_sectors(Random(3).randbytes(65_537))
    for slot in range(SLOTS):
        lay_in_many(flash, slot, BLANK)
    lay_in_many(flash, 0, SPOILED)
    for sequence in range(1, 5):
        lay_in_many(flash, sequence, slot_of(sequence))
    flash.bytes_read = 0
    assert asked_of(flash)[0] == 4
    assert flash.bytes_read <= 6 * 4096
