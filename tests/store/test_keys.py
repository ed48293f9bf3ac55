"""Keys in flash: old or new after a cut at any operation, never a pump that was closed and has come open."""

import binascii
import random
import struct
from collections.abc import Callable, Iterator

import pytest

from store.test_power_cuts import outcomes_of
from thecal_fw.core.flash_map import KEY_SECTORS
from thecal_fw.core.roles import DAMAGED, KEYED, OPEN, ROLE_CLINICIAN, ROLE_PATIENT
from thecal_fw.store.keys import KeyStore
from thecal_sim.nor_flash import BEFORE, ERASE, PROGRAM, NorFlash, PowerCutError

FIRST = 1
OLD, NEW = bytes([1]) * 32, bytes([2]) * 32
OF_PATIENT = bytes([3]) * 32


def chip(seed: int = 0) -> NorFlash:
    return NorFlash(FIRST + KEY_SECTORS + 1, seed)


def opened(flash: NorFlash, *, is_new_pump: bool = False, may_write: bool = True) -> KeyStore:
    keys = KeyStore(flash, FIRST)
    keys.open(is_new_pump, may_write)
    return keys


def paired(flash: NorFlash) -> KeyStore:
    """Return a pump whose roles both have a key."""
    keys = opened(flash)
    assert keys.put(ROLE_CLINICIAN, OLD)
    assert keys.put(ROLE_PATIENT, OF_PATIENT)
    return keys


def content(keys: KeyStore) -> tuple[int, bytes | None, bytes | None]:
    return keys.access, keys.key(ROLE_CLINICIAN), keys.key(ROLE_PATIENT)


@pytest.mark.requirement("keys")
def test_a_pump_that_was_never_given_a_key_is_open():
    keys = opened(chip())
    assert content(keys) == (OPEN, None, None)
    assert keys.roles == 0


@pytest.mark.requirement("keys")
def test_keys_outlast_the_power():
    flash = chip()
    paired(flash)
    flash.power_up()
    keys = opened(flash)
    assert content(keys) == (KEYED, OLD, OF_PATIENT)
    assert keys.roles == 1 << ROLE_CLINICIAN | 1 << ROLE_PATIENT


@pytest.mark.requirement("keys")
def test_a_new_key_replaces_that_of_its_role_alone():
    flash = chip()
    keys = paired(flash)
    assert keys.put(ROLE_CLINICIAN, NEW)
    assert content(keys) == content(opened(flash)) == (KEYED, NEW, OF_PATIENT)


def test_nothing_outside_the_two_sectors_is_touched():
    flash = chip()
    touched: set[int] = set()
    flash.before_operation = lambda index, kind, sector, offset: touched.add(sector)
    paired(flash)
    assert touched == {FIRST, FIRST + 1}


def every_cut(prepare: Callable[[NorFlash], KeyStore]) -> Iterator[tuple[int, str]]:
    """Yield each operation of a pairing, and each way in which a cut may leave it."""
    flash = chip()
    keys = prepare(flash)
    kinds: list[str] = []
    flash.before_operation = lambda index, kind, sector, offset: kinds.append(kind)
    keys.put(ROLE_CLINICIAN, NEW)
    for ahead, kind in enumerate(kinds):
        for outcome in outcomes_of(kind):
            yield ahead, outcome


def cut_while_pairing(flash: NorFlash, keys: KeyStore, ahead: int, outcome: str) -> None:
    flash.cut_at(flash.operation + ahead, outcome)
    with pytest.raises(PowerCutError):
        keys.put(ROLE_CLINICIAN, NEW)
    flash.power_up()


@pytest.mark.requirement("key-power-cut")
@pytest.mark.parametrize("seed", range(30))
def test_after_a_cut_at_any_operation_the_key_is_the_old_or_the_new_one_and_stays_that(seed):
    for ahead, outcome in every_cut(paired):
        flash = chip(seed)
        cut_while_pairing(flash, paired(flash), ahead, outcome)
        found = content(opened(flash))
        assert found in ((KEYED, OLD, OF_PATIENT), (KEYED, NEW, OF_PATIENT)), (ahead, outcome)
        for _ in range(4):
            flash.power_up()
            assert content(opened(flash)) == found, (ahead, outcome)


@pytest.mark.requirement("key-power-cut")
def test_a_key_that_was_confirmed_is_the_one_that_is_found():
    flash = chip()
    keys = paired(flash)
    operations = flash.operation
    assert keys.put(ROLE_CLINICIAN, NEW)
    last = flash.operation - operations - 1
    for outcome in outcomes_of(PROGRAM):
        again = chip()
        cut_while_pairing(again, paired(again), last, outcome)
        assert content(opened(again)) == (KEYED, NEW, OF_PATIENT)


@pytest.mark.requirement("key-power-cut")
@pytest.mark.parametrize("seed", range(30))
def test_a_cut_in_the_very_first_pairing_leaves_a_pump_that_can_be_paired(seed):
    for ahead, outcome in every_cut(opened):
        flash = chip(seed)
        cut_while_pairing(flash, opened(flash), ahead, outcome)
        keys = opened(flash)
        if keys.access == KEYED:
            assert keys.key(ROLE_CLINICIAN) == NEW
        else:
            assert keys.key(ROLE_CLINICIAN) is None
        assert keys.put(ROLE_CLINICIAN, NEW), (ahead, outcome)
        flash.power_up()
        assert content(opened(flash)) == (KEYED, NEW, None)


@pytest.mark.requirement("key-power-cut-closed")
def test_through_any_number_of_cuts_a_keyed_pump_never_comes_open():
    chance = random.Random(4)
    for seed in range(400):
        flash = chip(seed)
        keys = paired(flash)
        for _ in range(6):
            ahead = chance.randrange(8)
            flash.before_operation = _cutter(flash, flash.operation + ahead, chance)
            try:
                keys.put(ROLE_CLINICIAN, chance.choice((OLD, NEW)))
                keys = opened(flash)
            except PowerCutError:
                pass
            flash.before_operation = None
            flash.power_up()
            flash.before_operation = _cutter(flash, flash.operation + chance.randrange(8), chance)
            try:
                keys = opened(flash)
            except PowerCutError:
                flash.before_operation = None
                flash.power_up()
                keys = opened(flash)
            flash.before_operation = None
            flash.cut = None
            assert keys.access in (KEYED, DAMAGED)
            assert keys.key(ROLE_CLINICIAN) in (OLD, NEW, None)
        assert keys.put(ROLE_CLINICIAN, NEW), "whoever is at the pump is never locked out"


def _cutter(flash: NorFlash, at: int, chance: random.Random) -> Callable[[int, str, int, int], None]:
    def look(index: int, kind: str, sector: int, offset: int) -> None:
        if index == at:
            flash.cut_at(index, chance.choice(outcomes_of(kind)))

    return look


@pytest.mark.requirement("key-damage")
@pytest.mark.parametrize("sector", range(KEY_SECTORS))
def test_keys_that_rot_in_one_place_are_read_from_the_other_and_put_right(sector):
    flash = chip()
    paired(flash)
    flash.rot(FIRST + sector, 9)
    assert content(opened(flash)) == (KEYED, OLD, OF_PATIENT)
    flash.rot(FIRST + 1 - sector, 9)
    assert content(opened(flash)) == (KEYED, OLD, OF_PATIENT)


@pytest.mark.requirement("key-damage-closed")
def test_keys_that_rot_in_both_places_leave_the_pump_closed_until_somebody_pairs_it_anew():
    flash = chip()
    paired(flash)
    flash.rot(FIRST, 9)
    flash.rot(FIRST + 1, 9)
    keys = opened(flash)
    assert content(keys) == (DAMAGED, None, None)
    assert keys.put(ROLE_CLINICIAN, NEW)
    assert content(opened(flash)) == (KEYED, NEW, None)


@pytest.mark.requirement("key-damage")
@pytest.mark.parametrize("value", [0x00, 0xFF])
def test_a_key_sector_that_reads_all_alike_is_made_good_from_the_other(value):
    for sector in range(KEY_SECTORS):
        flash = chip()
        paired(flash)
        flash.rot(FIRST + sector, 0, 4096, value)
        assert content(opened(flash)) == (KEYED, OLD, OF_PATIENT)


@pytest.mark.requirement("key-power-cut")
def test_an_unequal_pair_is_put_right_beginning_with_the_sector_a_cut_may_have_left_doubtful():
    flash = chip()
    cut_while_pairing(flash, paired(flash), 2, BEFORE)
    touched: list[int] = []
    flash.before_operation = lambda index, kind, sector, offset: touched.append(sector)
    assert content(opened(flash)) == (KEYED, NEW, OF_PATIENT)
    assert touched == [FIRST, FIRST, FIRST + 1, FIRST + 1]


def test_a_sector_that_has_decayed_is_written_from_the_other_and_that_one_is_left_alone():
    for sector in (FIRST, FIRST + 1):
        flash = chip()
        paired(flash)
        flash.rot(sector, 9)
        touched: list[int] = []
        flash.before_operation = lambda index, kind, sector, offset, touched=touched: touched.append(sector)
        assert content(opened(flash)) == (KEYED, OLD, OF_PATIENT)
        assert touched == [sector, sector]


def stuck(flash: NorFlash, sector: int, *operations: str) -> None:
    for operation in operations or (ERASE, PROGRAM):
        flash.let_fail(operation, FIRST + sector)


@pytest.mark.requirement("key-never-comes-back")
def test_a_second_sector_that_keeps_the_keys_before_has_the_new_key_refused_and_none_comes_back():
    flash = chip()
    keys = paired(flash)
    stuck(flash, 1)
    assert not keys.put(ROLE_CLINICIAN, NEW)
    assert content(keys) == content(opened(flash)) == (KEYED, OLD, OF_PATIENT)
    assert not keys.is_single
    # Whichever of the two decays later, the key that the pump answered for stays the one in force.
    for sector in range(KEY_SECTORS):
        again = chip()
        keys = paired(again)
        stuck(again, 1)
        assert not keys.put(ROLE_CLINICIAN, NEW)
        again.rot(FIRST + sector, 9)
        assert content(opened(again)) == (KEYED, OLD, OF_PATIENT)


@pytest.mark.requirement("key-damage")
def test_a_second_sector_that_is_erased_and_then_takes_nothing_leaves_the_new_key_in_one_place_and_says_so():
    flash = chip()
    keys = paired(flash)
    stuck(flash, 1, PROGRAM)
    assert keys.put(ROLE_CLINICIAN, NEW)
    assert keys.is_single
    assert content(opened(flash)) == (KEYED, NEW, OF_PATIENT)
    # With that one gone too the pump is closed, and the key that was replaced is not in force again.
    flash.rot(FIRST, 9)
    assert content(opened(flash)) == (DAMAGED, None, None)


@pytest.mark.requirement("key-never-comes-back")
def test_an_unequal_pair_whose_second_sector_keeps_the_keys_before_goes_back_to_those():
    flash = chip()
    cut_while_pairing(flash, paired(flash), 2, BEFORE)
    stuck(flash, 1)
    keys = opened(flash)
    assert content(keys) == (KEYED, OLD, OF_PATIENT)
    assert not keys.is_single
    flash.rot(FIRST, 9)
    assert content(opened(flash)) == (KEYED, OLD, OF_PATIENT)


@pytest.mark.requirement("key-damage")
def test_a_first_sector_that_can_not_be_written_any_more_is_told():
    flash = chip()
    paired(flash)
    flash.rot(FIRST, 9)
    stuck(flash, 0)
    keys = opened(flash)
    assert content(keys) == (KEYED, OLD, OF_PATIENT)
    assert keys.is_single


@pytest.mark.requirement("key-damage-closed")
@pytest.mark.parametrize("place", [0, 2], ids=["another kind", "another version"])
def test_keys_of_another_firmware_are_not_taken_for_this_ones_and_leave_the_pump_closed(place):
    flash = chip()
    paired(flash)
    record = bytearray(flash.content(FIRST)[:76])
    record[place] ^= 0x04
    record[-4:] = struct.pack("<I", binascii.crc32(record[:-4]))
    for sector in (FIRST, FIRST + 1):
        for at, byte in enumerate(record):
            flash.rot(sector, at, 1, byte)
    assert content(opened(flash)) == (DAMAGED, None, None)


def test_a_flash_that_takes_nothing_keeps_the_key_before():
    flash = chip()
    keys = paired(flash)
    flash.takes_nothing = True
    assert not keys.put(ROLE_CLINICIAN, NEW)
    assert content(keys) == content(opened(flash)) == (KEYED, OLD, OF_PATIENT)


def test_what_stands_in_the_sectors_of_a_new_pump_is_not_of_it_and_is_cleared():
    flash = chip()
    flash.rot(FIRST, 0, 4096, 0x5A)
    flash.rot(FIRST + 1, 0, 4096, 0x5A)
    assert content(opened(flash, is_new_pump=True)) == (OPEN, None, None)
    assert content(opened(flash)) == (OPEN, None, None)


def test_while_the_supply_is_low_an_unequal_pair_is_left_as_it_is():
    flash = chip()
    paired(flash)
    flash.rot(FIRST, 9)
    operations = flash.operation
    assert content(opened(flash, may_write=False)) == (KEYED, OLD, OF_PATIENT)
    assert flash.operation == operations
