"""The journal puts some things into its records by itself, and looks after its parts in a stated order."""

import struct
from zlib import crc32

import pytest

from store.pump import SMALL, Pump, last_state, program_of, state_of, used_flash
from thecal_fw.core.events import EVENT_FORMAT
from thecal_fw.core.journal_condition import BLANK
from thecal_fw.core.roles import OPEN, ROLE_CLINICIAN, ROLE_PATIENT
from thecal_fw.store.journal import PROGRAM_DAMAGED, SOUND, STATE_DAMAGED, Journal
from thecal_fw.store.keys import KeyStore
from thecal_fw.store.layout import Layout
from thecal_fw.store.state import MAGIC, NEVER, NO_PAIR, State, complete, is_whole
from thecal_sim.nor_flash import ERASE, PROGRAM, NorFlash


def opened(flash: NorFlash) -> Journal:
    journal = Journal(flash, SMALL)
    journal.open()
    return journal


def upkeep(journal: Journal) -> None:
    while journal.needs_erase():
        journal.erase_one()


def found_in(flash: NorFlash) -> State:
    state = opened(flash).state
    assert state is not None
    return state


def append(journal: Journal) -> bool:
    return journal.append_event(1, 2, 3, 4, 5, 6, 7, 8)


def test_what_scrubbing_finds_has_a_number_of_its_own():
    assert (SOUND, STATE_DAMAGED, PROGRAM_DAMAGED) == (0, 1, 2)


def test_a_journal_that_was_not_opened_yet_knows_nothing():
    journal = Journal(used_flash(), SMALL)
    assert (journal.condition, journal.state, journal.has_failed, journal.failures) == (BLANK, None, False, 0)
    assert (journal.latest_event, journal.newest_event, journal.can_commit()) == (0, 0, False)


def test_scrubbing_looks_at_one_copy_of_the_program_after_the_other_and_then_at_the_state():
    flash = used_flash()
    journal = opened(flash)
    pair = found_in(flash).program_pair
    flash.rot(SMALL.programs + 2 * pair, 300)
    assert [journal.scrub() for _ in range(6)] == [PROGRAM_DAMAGED, SOUND, SOUND] * 2
    flash.rot(SMALL.programs + 2 * pair + 1, 300)
    assert [journal.scrub() for _ in range(3)] == [PROGRAM_DAMAGED, PROGRAM_DAMAGED, SOUND]


def test_a_place_that_was_erased_before_a_restart_is_ready_after_it_without_another_erase():
    flash = used_flash()
    pump = Pump(flash)
    pump.journal.write(last_state(pump.journal))
    upkeep(pump.journal)
    pump.journal.write(last_state(pump.journal))
    assert found_in(flash).other_pair_erased == 1
    journal = opened(flash)
    assert journal.can_commit()
    assert journal.write_grant(1, 2, 3, 4, 5, 0)
    assert found_in(flash).other_pair_erased == 1
    assert journal.put_program(program_of(9)) is not None
    assert found_in(flash).other_pair_erased == 0


def test_a_grant_says_that_the_other_place_is_erased_once_it_is():
    flash = used_flash()
    journal = opened(flash)
    journal.write(last_state(journal))
    upkeep(journal)
    assert found_in(flash).other_pair_erased == 0
    assert journal.write_grant(1, 2, 3, 4, 5, 0)
    assert found_in(flash).other_pair_erased == 1


def test_a_state_that_names_another_program_does_not_call_the_place_before_erased():
    flash = used_flash()
    journal = opened(flash)
    state = journal.state
    assert state is not None
    journal.write(state)
    upkeep(journal)
    old_pair = state.program_pair
    for pair in (1 - old_pair, old_pair):
        state.program_pair = pair
        journal.hold(state)
        assert state.other_pair_erased == int(pair == old_pair)


@pytest.mark.parametrize(("commits", "in_force"), [(0, NO_PAIR), (2, 1)])
def test_a_state_that_puts_the_first_place_in_force_calls_no_place_erased(commits, in_force):
    pump = Pump()
    pump.write()
    for _ in range(commits):
        pump.commit()
    pump.upkeep()
    assert pump.pair == in_force
    assert pump.journal.can_commit()
    state = state_of(9, None)
    state.program_pair = 0
    pump.journal.hold(state)
    assert state.other_pair_erased == 0


def test_a_state_knows_the_latest_event_or_the_one_it_was_told_of_if_that_is_later():
    flash = used_flash()
    journal = opened(flash)
    for _ in range(3):
        assert append(journal)
    state = journal.state
    assert state is not None
    for told, known in ((0, 3), (3, 3), (9, 9)):
        state.latest_event = told
        assert journal.write(state)
        assert found_in(flash).latest_event == known
        assert journal.write_grant(1, 2, 3, 4, 5, told)
        assert found_in(flash).latest_event == known


def test_numbers_of_lost_events_are_left_out_and_never_taken_back():
    flash = used_flash()
    journal = opened(flash)
    journal.skip_events(7)
    journal.skip_events(3)
    assert journal.latest_event == 7
    assert append(journal)
    assert (journal.latest_event, journal.newest_event) == (8, 0)
    assert opened(flash).newest_event == 8


def test_a_journal_tells_which_events_it_has_and_which_numbers_were_left_out():
    flash = used_flash()
    journal = opened(flash)
    assert append(journal)
    journal = opened(flash)
    assert append(journal)
    assert journal.latest_event == 3
    assert [journal.is_left_out(number) for number in (1, 2, 3)] == [False, True, False]
    found = bytearray()
    assert journal.copy_events(1, 2, 100, found) == 3
    assert struct.unpack(EVENT_FORMAT, found) == journal.event(1)


def test_every_part_of_the_journal_adds_its_failures_to_the_sum():
    flash = used_flash()
    journal = opened(flash)
    assert journal.failures == 0
    journal.write(last_state(journal))
    upkeep(journal)
    flash.let_fail(PROGRAM, SMALL.programs + 2 * (1 - found_in(flash).program_pair))
    assert journal.put_program(program_of(3)) is None
    assert journal.failures == 1
    flash.let_fail(PROGRAM, SMALL.events)
    assert not append(journal)
    assert journal.failures == 4
    flash.let_fail(PROGRAM, SMALL.state_b)
    assert journal.write(last_state(journal))
    assert journal.failures == 5


def test_events_are_erased_for_as_soon_as_they_need_it_and_no_sooner():
    journal = opened(used_flash())
    journal.write(last_state(journal))
    upkeep(journal)
    assert not journal.needs_erase()
    for number in range(1, 64):
        assert append(journal)
        assert journal.needs_erase() == (number == 63)


def test_a_program_for_which_no_place_is_erased_is_not_taken_and_costs_no_write():
    journal = opened(NorFlash(SMALL.sectors))
    assert journal.put_program(program_of(1)) is None
    flash = used_flash()
    journal = opened(flash)
    assert not journal.can_commit()
    operations = flash.operation
    assert journal.put_program(program_of(1)) is None
    assert flash.operation == operations


def test_the_places_of_a_layout_follow_each_other_and_the_keys_lie_behind_them():
    layout = Layout(3, 7)
    assert (layout.state_a, layout.state_b, layout.programs, layout.events) == (0, 3, 6, 10)
    assert layout.sectors == layout.keys == 17


# Records ---------------------------------------------------------------------------------------------------------


def test_a_new_state_knows_no_program_and_no_reset_and_counts_from_nothing():
    state = State()
    assert (state.program_pair, state.program_digest) == (NO_PAIR, bytes(32))
    assert (state.watchdog_reset_s, state.watchdog_gap_s) == (NEVER, 0xFFFF)
    assert (state.sequence, state.boots, state.counted_steps, state.fill_nl) == (0, 0, 0, 0)


def test_a_record_with_another_mark_is_none_though_its_crc_is_right():
    for magic in (0, MAGIC - 1, MAGIC + 1, 0xFF):
        record = bytearray(state_of(1, None).encode())
        record[0] = magic
        complete(record, memoryview(record)[:-4], 1, 1)
        assert not is_whole(record, memoryview(record)[:-4])


# Keys ------------------------------------------------------------------------------------------------------------

FIRST = 1
CLINICIANS, PATIENTS = bytes([1]) * 32, bytes([2]) * 32


def key_record(generation: int, magic: int = 0x594B, version: int = 1, roles: int = 6) -> bytes:
    record = struct.pack("<HBBI32s32s", magic, version, roles, generation, PATIENTS, CLINICIANS)
    clinicians_first = struct.pack("<HBBI32s32s", magic, version, roles, generation, CLINICIANS, PATIENTS)
    assert len(record) == len(clinicians_first)
    return clinicians_first + struct.pack("<I", crc32(clinicians_first))


def key_flash(*records: bytes) -> NorFlash:
    flash = NorFlash(FIRST + 3)
    for sector, record in enumerate(records):
        for index, byte in enumerate(record):
            flash.rot(FIRST + sector, index, 1, byte)
    return flash


def keys_on(flash: NorFlash, *, is_new_pump: bool = False, may_write: bool = True) -> KeyStore:
    keys = KeyStore(flash, FIRST)
    keys.open(is_new_pump, may_write)
    return keys


def test_keys_lie_in_flash_field_by_field_with_a_crc_behind():
    flash = NorFlash(FIRST + 3)
    keys = keys_on(flash)
    assert keys.put(ROLE_CLINICIAN, CLINICIANS)
    assert keys.put(ROLE_PATIENT, PATIENTS)
    for sector in (FIRST, FIRST + 1):
        assert flash.content(sector)[:76] == key_record(2)
    only_one = keys_on(NorFlash(FIRST + 3))
    assert only_one.put(ROLE_PATIENT, PATIENTS)
    assert (only_one.key(ROLE_PATIENT), only_one.key(ROLE_CLINICIAN)) == (PATIENTS, None)


def test_a_role_without_a_key_is_written_as_zeros():
    flash = NorFlash(FIRST + 3)
    assert keys_on(flash).put(ROLE_PATIENT, PATIENTS)
    assert flash.content(FIRST)[:76][8:72] == bytes(32) + PATIENTS
    assert flash.content(FIRST)[4:8] == bytes([1, 0, 0, 0])


def test_of_two_whole_records_that_differ_the_one_given_later_is_in_force():
    for older, newer in ((1, 2), (255, 256), (65_535, 65_536), (0x00FF_FFFF, 0x0100_0000)):
        for records in ((older, newer), (newer, older)):
            flash = key_flash(
                *(key_record(generation, roles=2 + 4 * (generation == newer)) for generation in records)
            )
            keys = keys_on(flash)
            assert keys.roles == 6
            assert flash.content(FIRST)[:76] == flash.content(FIRST + 1)[:76] == key_record(newer)


def test_keys_with_another_mark_or_of_another_layout_are_none():
    for record in (
        key_record(1, magic=0x594A),
        key_record(1, magic=0x594C),
        key_record(1, version=0),
        key_record(1, version=2),
    ):
        keys = keys_on(key_flash(record, record))
        assert (keys.roles, keys.key(ROLE_CLINICIAN)) == (0, None)
        assert keys.access != OPEN


def test_what_stands_in_a_new_pumps_sectors_stays_there_while_the_supply_is_low():
    flash = key_flash(b"\x12" * 76)
    keys_on(flash, is_new_pump=True, may_write=False)
    assert flash.operation == 0


@pytest.mark.parametrize("wrong", [0x01, 0x80])
@pytest.mark.parametrize("key", [bytes(32), b"\xff" * 32])
def test_a_key_that_reads_back_with_any_bit_wrong_is_not_given(wrong, key):
    class WrongBit(NorFlash):
        def program(self, sector, offset, data):
            super().program(sector, offset, data)
            self._cells[sector][20] ^= wrong

    assert not keys_on(WrongBit(FIRST + 3)).put(ROLE_CLINICIAN, key)


def test_the_second_sector_is_left_alone_when_the_first_can_not_be_written():
    flash = key_flash(b"\x12" * 76, key_record(5))
    flash.let_fail(PROGRAM, FIRST)
    done: list[tuple[str, int]] = []
    flash.before_operation = lambda index, kind, sector, offset: done.append((kind, sector))
    assert keys_on(flash).roles == 6
    assert done == [(ERASE, FIRST), (PROGRAM, FIRST)]
    for generations in ((4, 5), (5, 4)):
        unequal = key_flash(*(key_record(generation) for generation in generations))
        unequal.let_fail(PROGRAM, FIRST)
        unequal.before_operation = lambda index, kind, sector, offset: done.append((kind, sector))
        done.clear()
        keys_on(unequal)
        assert done == [(ERASE, FIRST), (PROGRAM, FIRST)]
        assert unequal.content(FIRST + 1)[:76] == key_record(generations[1])
