"""The event log by itself: what an event looks like in flash, which numbers are given, which events are kept."""

import struct
from zlib import crc32

import pytest

from store.pump import SMALL
from thecal_fw.core.events import EVENT_FORMAT
from thecal_fw.core.flash_map import EVENT_BYTES
from thecal_fw.store.event_log import StoredEvents
from thecal_fw.store.ring import NEEDED, NOT_NEEDED, WANTED
from thecal_sim.nor_flash import ERASE, PROGRAM, NorFlash

FIRST_SECTOR, SECTORS, SLOTS = SMALL.events, SMALL.event_sectors, 128
BLANK, SPOILED, RUBBISH = b"\xff" * EVENT_BYTES, bytes(EVENT_BYTES), b"\x55" * EVENT_BYTES


def opened(flash: NorFlash, least_latest: int = 0) -> StoredEvents:
    events = StoredEvents(flash, SMALL)
    events.open(least_latest)
    return events


def append(events: StoredEvents, number: int = 1) -> bool:
    return events.append(number, 20, 30, 4, 5, 8, 60, 70)


def log_of(count: int) -> tuple[NorFlash, StoredEvents]:
    """Return a log with so many events."""
    flash = NorFlash(SMALL.sectors)
    events = opened(flash)
    for number in range(1, count + 1):
        assert append(events, number)
    assert events.latest == count
    return flash, events


def place_of(sequence: int) -> tuple[int, int]:
    return FIRST_SECTOR + sequence // SLOTS % SECTORS, sequence % SLOTS * EVENT_BYTES


def content(flash: NorFlash, sequence: int) -> bytes:
    sector, offset = place_of(sequence)
    return flash.content(sector)[offset : offset + EVENT_BYTES]


def lay(flash: NorFlash, sequence: int, data: bytes) -> None:
    sector, offset = place_of(sequence)
    for index, byte in enumerate(data):
        flash.rot(sector, offset + index, 1, byte)


def operations_of(flash: NorFlash) -> list[tuple[str, int]]:
    done: list[tuple[str, int]] = []
    flash.before_operation = lambda index, kind, sector, offset: done.append((kind, sector))
    return done


# What an event is ------------------------------------------------------------------------------------------------


def test_a_log_never_used_has_no_events():
    events = opened(NorFlash(SMALL.sectors))
    assert (events.latest, events.newest, events.oldest()) == (0, 0, 1)
    assert (events.get(-1), events.get(0), events.get(1)) == (None, None, None)


def test_a_log_that_was_not_opened_yet_knows_of_no_event():
    flash, _ = log_of(5)
    events = StoredEvents(flash, SMALL)
    assert (events.latest, events.newest) == (0, 0)


def test_an_event_lies_in_the_slot_of_its_number_field_by_field_with_a_crc_behind():
    flash = NorFlash(SMALL.sectors)
    events = opened(flash)
    assert (
        events.append(0x11111111, 0x22222222, 0x33333333, 0x44, 0x55, 0x98765, 0x66666666, 0x77777777) is True
    )
    fields = struct.pack(
        "<IIIIBBHII", 1, 0x11111111, 0x22222222, 0x33333333, 0x44, 0x55, 0x8765, 0x66666666, 0x77777777
    )
    assert content(flash, 1) == fields + struct.pack("<I", crc32(fields))
    assert content(flash, 0) == SPOILED
    assert content(flash, 2) == BLANK


def test_an_event_is_told_as_it_was_given_with_its_boots_modulo_65536():
    _, events = log_of(3)
    assert events.append(1, 2, 3, 4, 5, 3 * 65_536 + 8, 6, 7)
    assert events.get(4) == (4, 1, 2, 3, 4, 5, 8, 6, 7)
    found = bytearray(b"before")
    assert events.copy(4, 4, 100, found) == 5
    assert found == b"before" + struct.pack("<IIIIBBHII", 4, 1, 2, 3, 4, 5, 8, 6, 7)
    assert events.get(3) == (3, 3, 20, 30, 4, 5, 8, 60, 70)


def test_an_event_with_any_byte_changed_is_missing():
    flash, events = log_of(3)
    for place in range(EVENT_BYTES):
        for change in (1, 0x80):
            sector, offset = place_of(2)
            whole = flash.content(sector)[offset + place]
            flash.rot(sector, offset + place, 1, whole ^ change)
            assert events.get(2) is None
            flash.rot(sector, offset + place, 1, whole)
    assert events.get(2) is not None


@pytest.mark.parametrize("other", [3, 7])
def test_a_whole_event_in_the_place_of_another_is_not_told_under_that_ones_number(other):
    flash, events = log_of(8)
    lay(flash, 5, content(flash, other))
    assert events.get(5) is None
    assert events.get(other) is not None


# Numbers ---------------------------------------------------------------------------------------------------------


def test_after_a_restart_the_slot_that_a_cut_may_have_touched_is_spoiled_and_its_number_left_out():
    flash, _ = log_of(5)
    events = opened(flash)
    assert (events.latest, events.newest) == (5, 5)
    done = operations_of(flash)
    assert append(events)
    assert (events.latest, events.newest) == (7, 5)
    assert content(flash, 6) == SPOILED
    assert append(events)
    assert events.latest == 8
    assert done == [(PROGRAM, FIRST_SECTOR)] * 3
    assert events.ring.failures == 0
    assert [events.get(sequence) is not None for sequence in range(5, 10)] == [True, False, True, True, False]


@pytest.mark.parametrize(("least_latest", "latest", "next_given"), [(3, 5, 7), (6, 6, 7), (9, 9, 10)])
def test_numbers_that_the_state_knows_of_are_not_given_again(least_latest, latest, next_given):
    flash, _ = log_of(5)
    events = opened(flash, least_latest)
    assert (events.latest, events.newest) == (latest, 5)
    assert append(events)
    assert events.latest == next_given
    assert content(flash, 6) == SPOILED


def test_a_log_that_goes_on_in_the_next_sector_leaves_what_may_be_half_written_in_this_one():
    flash, _ = log_of(5)
    events = opened(flash, 130)
    done = operations_of(flash)
    assert append(events)
    assert events.latest == 131
    assert content(flash, 6) == BLANK
    assert content(flash, SLOTS) == SPOILED
    assert done == [(ERASE, FIRST_SECTOR + 1), (PROGRAM, FIRST_SECTOR + 1), (PROGRAM, FIRST_SECTOR + 1)]


@pytest.mark.parametrize(
    ("count", "least_latest", "next_given", "is_spoiled"),
    [(SLOTS - 2, 0, SLOTS, True), (SLOTS - 2, SLOTS - 1, SLOTS, False), (SLOTS - 1, 0, SLOTS, False)],
)
def test_at_the_end_of_a_sector_only_what_belongs_to_it_is_settled(
    count, least_latest, next_given, is_spoiled
):
    flash, _ = log_of(count)
    events = opened(flash, least_latest)
    assert append(events)
    assert events.latest == next_given
    assert (content(flash, SLOTS - 1) == SPOILED) == is_spoiled


def test_rubbish_is_no_event_and_its_sector_is_erased_before_it_is_used():
    flash = NorFlash(SMALL.sectors)
    for sequence in range(SLOTS):
        lay(flash, sequence, RUBBISH)
    events = opened(flash)
    assert (events.latest, events.newest) == (0, 0)
    done = operations_of(flash)
    assert append(events)
    assert done[0] == (ERASE, FIRST_SECTOR)
    assert events.get(1) is not None


# Flash that fails ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("spoilt", "is_written"), [(0, True), (1, True), (2, True), (3, False), (4, False)])
def test_an_event_is_tried_in_three_slots(spoilt, is_written):
    flash, events = log_of(5)
    for slot in range(spoilt):
        lay(flash, 6 + slot, RUBBISH)
    assert append(events) is is_written
    assert events.latest == 6 + min(spoilt, 2)
    assert (events.get(events.latest) is not None) == is_written


@pytest.mark.parametrize("group", [0, 1])
def test_the_numbers_of_a_sector_that_cannot_be_erased_are_left_out(group):
    flash, events = log_of(group * SLOTS - 1) if group else log_of(0)
    flash.let_fail(ERASE, FIRST_SECTOR + group)
    if group == 0:
        lay(flash, 3, RUBBISH)
    else:
        lay(flash, SLOTS + 3, RUBBISH)
    done = operations_of(flash)
    assert append(events) is False
    assert done == [(ERASE, FIRST_SECTOR + group)] * 2
    following = (group + 1) * SLOTS
    assert events.latest == following + 2
    done.clear()
    assert append(events) is True
    assert events.latest == following + 3
    sector = FIRST_SECTOR + group + 1
    assert done == [(ERASE, sector), (PROGRAM, sector), (PROGRAM, sector)]


def test_an_event_costs_two_erases_at_most_whatever_fails():
    class ErasesAtTheSecondTry(NorFlash):
        tries = 0

        def erase(self, sector):
            self.tries += 1
            if self.tries > 1:
                super().erase(sector)

    flash = ErasesAtTheSecondTry(SMALL.sectors)
    lay(flash, 0, RUBBISH)
    flash.let_fail(PROGRAM, FIRST_SECTOR)
    events = opened(flash, SLOTS - 2)
    assert append(events) is False
    assert (flash.tries, flash.erases_of(FIRST_SECTOR + 1)) == (2, 0)
    assert append(events) is True
    assert flash.erases_of(FIRST_SECTOR + 1) == 1


# Erasing ahead ---------------------------------------------------------------------------------------------------


def test_an_erase_is_wanted_when_the_next_number_lies_in_the_second_half_of_its_sector():
    _, events = log_of(62)
    assert events.erase_need() == NOT_NEEDED
    assert append(events)
    assert events.erase_need() == WANTED
    events.erase()
    assert events.erase_need() == NOT_NEEDED
    assert opened(NorFlash(SMALL.sectors)).erase_need() == NEEDED


@pytest.mark.parametrize(("latest", "sector"), [(126, 0), (127, 1), (128, 1), (254, 1), (255, 2), (256, 2)])
def test_the_sector_that_is_erased_is_that_of_the_next_number(latest, sector):
    flash = NorFlash(SMALL.sectors)
    events = opened(flash, latest)
    done = operations_of(flash)
    events.erase()
    assert done == [(ERASE, FIRST_SECTOR + sector)]


def test_what_a_cut_may_have_touched_is_settled_before_the_first_erase():
    flash, _ = log_of(5)
    events = opened(flash)
    done = operations_of(flash)
    events.erase()
    assert done == [(PROGRAM, FIRST_SECTOR), (ERASE, FIRST_SECTOR + 1)]
    assert append(events)
    assert events.latest == 7


@pytest.mark.parametrize(("count", "oldest"), [(127, 1), (255, 1), (256, 128), (383, 128), (384, 256)])
def test_events_are_told_as_long_as_their_sector_is_not_the_next_to_be_erased(count, oldest):
    _, events = log_of(count)
    assert events.oldest() == oldest
    assert events.get(oldest - 1) is None
    assert events.get(oldest) is not None
    assert events.get(count) is not None
    assert events.get(count + 1) is None


def test_a_number_that_was_stepped_over_is_left_out_and_one_whose_event_was_lost_is_not():
    flash, _ = log_of(5)
    events = opened(flash)
    assert append(events)
    assert [events.is_left_out(number) for number in range(4, 8)] == [False, False, True, False]
    lay(flash, 3, RUBBISH)
    assert not events.is_left_out(3)
    # Of what is not kept, or was never given, nothing is reported.
    for number, is_told in ((0, False), (1, True), (7, True), (8, False)):
        lay(flash, number, SPOILED)
        assert events.is_left_out(number) is is_told


def numbers_of(found: bytearray) -> list[int]:
    return [values[0] for values in struct.iter_unpack(EVENT_FORMAT, bytes(found))]


def test_events_are_copied_from_a_number_on_up_to_the_last_named_and_those_that_are_missing_passed_over():
    flash, events = log_of(9)
    sector, offset = place_of(4)
    flash.rot(sector, offset, 1)
    found = bytearray()
    assert events.copy(2, 7, 10_000, found) == 8
    assert numbers_of(found) == [2, 3, 5, 6, 7]


def test_copying_ends_once_there_are_enough_bytes_and_goes_on_from_the_number_told():
    _, events = log_of(9)
    found = bytearray()
    assert events.copy(1, 9, 3 * 28, found) == 4
    assert numbers_of(found) == [1, 2, 3]
    assert events.copy(4, 9, 3 * 28, found) == 4
    assert events.copy(4, 9, 3 * 28 + 1, found) == 5
    assert numbers_of(found) == [1, 2, 3, 4]


def test_no_event_is_copied_from_behind_the_latest_or_before_the_oldest():
    _, events = log_of(9)
    for first, last, goes_on_from in ((10, 20, 10), (0, 0, 1), (9, 20, 10), (5, 4, 5)):
        found = bytearray()
        assert events.copy(first, last, 10_000, found) == goes_on_from
        assert numbers_of(found) == ([9] if first == 9 else [])
