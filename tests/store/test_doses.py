"""The record of doses in flash: the newest whole one of either ring is found, whatever became of the others."""

import pytest

from thecal_fw.core.dose_record import MAGIC, RECORD_BYTES, sequence_in
from thecal_fw.store.doses import DoseStore
from thecal_fw.store.layout import Layout
from thecal_sim.nor_flash import NorFlash

LAYOUT = Layout()
SLOTS = 4096 // RECORD_BYTES
ALL_SLOTS = SLOTS * LAYOUT.dose_sectors


def new_flash() -> NorFlash:
    return NorFlash(LAYOUT.doses_b + LAYOUT.dose_sectors)


def opened(flash: NorFlash, near: int = -1) -> DoseStore:
    store = DoseStore(flash, LAYOUT)
    store.open(near)
    return store


def put(store: DoseStore, mark: int) -> None:
    """Put one record with something in it that no other has."""
    store.record[:] = bytes([MAGIC]) + bytes(7) + bytes([mark % 251]) * (RECORD_BYTES - 8)
    while store.needs_erase():
        store.erase_one()
    assert store.put()


def mark_of(store: DoseStore) -> int:
    return store.record[8]


def spoil(flash: NorFlash, first_sector: int, sequence: int) -> None:
    """Spoil a record in one ring by one bit that turns over."""
    sector = first_sector + sequence // SLOTS % LAYOUT.dose_sectors
    offset = sequence % SLOTS * RECORD_BYTES + 100
    flash.rot(sector, offset, 1, flash.content(sector)[offset] ^ 1)


def test_a_blank_flash_has_no_record():
    store = opened(new_flash())
    assert not store.was_found
    assert store.latest == -1


def test_a_record_lies_in_both_rings_whole_and_with_its_number():
    flash = new_flash()
    store = opened(flash)
    put(store, 7)
    put(store, 8)
    for first in (LAYOUT.doses_a, LAYOUT.doses_b):
        content = flash.content(first)
        for sequence in (0, 1):
            slot = content[sequence * RECORD_BYTES : (sequence + 1) * RECORD_BYTES]
            assert sequence_in(slot) == sequence
            assert slot[8] == 7 + sequence


@pytest.mark.parametrize("count", [1, SLOTS, SLOTS + 1, ALL_SLOTS, ALL_SLOTS + 1, 2 * ALL_SLOTS + 3])
def test_the_newest_record_is_found_however_often_the_rings_went_round(count):
    flash = new_flash()
    store = opened(flash)
    for number in range(count):
        put(store, number)
    for near in (-1, count - 1, max(0, count - 3)):
        again = opened(flash, near)
        assert again.was_found
        assert (again.latest, mark_of(again)) == (count - 1, (count - 1) % 251)


@pytest.mark.parametrize("first", [LAYOUT.doses_a, LAYOUT.doses_b])
def test_a_record_that_is_torn_in_one_ring_is_read_from_the_other(first):
    flash = new_flash()
    store = opened(flash)
    for number in range(5):
        put(store, number)
    spoil(flash, first, 4)
    again = opened(flash)
    assert (again.latest, mark_of(again)) == (4, 4)


def test_a_record_that_is_torn_in_both_rings_is_none_and_the_one_before_it_holds():
    flash = new_flash()
    store = opened(flash)
    for number in range(5):
        put(store, number)
    spoil(flash, LAYOUT.doses_a, 4)
    spoil(flash, LAYOUT.doses_b, 4)
    again = opened(flash)
    assert (again.latest, mark_of(again)) == (3, 3)
    put(again, 99)
    assert mark_of(opened(flash)) == 99


def test_lives_that_follow_each_other_number_their_records_on():
    """A number may be left out for what the life before left half-written; none is used twice."""
    flash, latest = new_flash(), -1
    for life in range(2 * SLOTS):
        store = opened(flash)
        put(store, life)
        assert store.latest > latest
        latest = store.latest
        assert (opened(flash).latest, mark_of(opened(flash))) == (latest, life)
