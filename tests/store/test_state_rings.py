"""The two rings of the state by themselves: what is written where, what is found, what a ring that fails costs."""

import struct

import pytest

from store.pump import SMALL, state_of
from thecal_fw.core.journal_condition import BLANK, FOREIGN, GOOD, LOST, REPAIRED
from thecal_fw.store.decoding import DECODERS, decode
from thecal_fw.store.ring import NEEDED, NOT_NEEDED, WANTED
from thecal_fw.store.state import LAYOUT_VERSION, State, complete, is_whole, sequence_of
from thecal_fw.store.state_rings import StateRings
from thecal_sim.nor_flash import ERASE, PROGRAM, NorFlash

SLOT_BYTES, SLOTS = 128, 32
A, B = SMALL.state_a, SMALL.state_b
RUBBISH = b"\x55" * SLOT_BYTES


def opened(flash: NorFlash, keep=None, held=None) -> StateRings:
    rings = StateRings(flash, SMALL, keep)
    rings.open(held=held)
    return rings


def write(rings: StateRings, number: int) -> bool:
    rings.hold(state_of(number, None))
    return rings.write_again()


def upkeep(rings: StateRings) -> None:
    erases = 0
    while rings.erase_need() != NOT_NEEDED:
        rings.erase()
        erases += 1
        assert erases < 10


def used(writes: int) -> tuple[NorFlash, StateRings]:
    """Return rings with so many records, mirrored from the first on: the newest has that number less one."""
    flash = NorFlash(SMALL.sectors)
    rings = opened(flash)
    for number in range(writes):
        assert write(rings, number)
        upkeep(rings)
    assert rings.latest == writes - 1
    return flash, rings


def place_of(ring: int, sequence: int) -> tuple[int, int]:
    return ring + sequence // SLOTS % SMALL.state_sectors, sequence % SLOTS * SLOT_BYTES


def content(flash: NorFlash, ring: int, sequence: int) -> bytes:
    sector, offset = place_of(ring, sequence)
    return flash.content(sector)[offset : offset + SLOT_BYTES]


def lay(flash: NorFlash, ring: int, sequence: int, data: bytes) -> None:
    sector, offset = place_of(ring, sequence)
    for index, byte in enumerate(data):
        flash.rot(sector, offset + index, 1, byte)


def is_there(flash: NorFlash, ring: int, sequence: int) -> bool:
    record = content(flash, ring, sequence)
    return is_whole(record, record[:-4]) and sequence_of(record) == sequence


def since_mirrored(flash: NorFlash, sequence: int, ring: int = A) -> int:
    assert is_there(flash, ring, sequence)
    return content(flash, ring, sequence)[2]


def operations_of(flash: NorFlash) -> list[tuple[str, int]]:
    done: list[tuple[str, int]] = []
    flash.before_operation = lambda index, kind, sector, offset: done.append((kind, sector))
    return done


# Writing ---------------------------------------------------------------------------------------------------------


def test_rings_that_were_not_opened_yet_know_nothing():
    flash, _ = used(3)
    rings = StateRings(flash, SMALL)
    assert (rings.condition, rings.state, rings.latest) == (BLANK, None, -1)
    assert (rings.has_failed, rings.has_written) == (False, False)


def test_rings_never_used_know_nothing_and_write_nothing():
    flash = NorFlash(SMALL.sectors)
    rings = opened(flash)
    assert (rings.condition, rings.state, rings.latest) == (BLANK, None, -1)
    assert (rings.has_failed, rings.has_written, rings.needs_rewriting()) == (False, False, False)
    assert rings.write_again() is False
    assert rings.hold_grant(1, 2, 3, 4, 5, 6) is False
    rings.note_other_pair(True)
    assert rings.erase_need() == NEEDED
    assert flash.operation == 0


def test_the_first_record_goes_to_ring_a_and_its_mirror_follows_with_the_erase_of_that():
    flash = NorFlash(SMALL.sectors)
    rings = opened(flash)
    done = operations_of(flash)
    assert write(rings, 7)
    assert done == [(ERASE, A), (PROGRAM, A)]
    assert (rings.latest, rings.has_written, rings.has_failed) == (0, True, False)
    assert rings.state is not None
    assert rings.state.sequence == 0
    assert rings.erase_need() == NEEDED
    done.clear()
    rings.erase()
    assert done == [(ERASE, B), (PROGRAM, B)]
    assert rings.erase_need() == NOT_NEEDED
    assert content(flash, A, 0) == content(flash, B, 0)
    done.clear()
    assert write(rings, 8)
    assert done == [(PROGRAM, A), (PROGRAM, B)]
    assert [since_mirrored(flash, sequence) for sequence in (0, 1)] == [0xFF, 1]


def test_a_record_says_how_far_back_the_mirror_last_had_one():
    flash, rings = used(5)
    flash.let_fail(PROGRAM, B)
    for number in range(5, 9):
        assert write(rings, number)
    assert [since_mirrored(flash, sequence) for sequence in range(1, 9)] == [1, 1, 1, 1, 1, 2, 3, 4]
    flash._dead.clear()
    assert write(rings, 9)
    assert write(rings, 10)
    assert [since_mirrored(flash, sequence) for sequence in (9, 10)] == [5, 1]


def test_how_far_back_the_mirror_is_counts_up_to_255_and_stays_there():
    flash, rings = used(2)
    for sector in (B, B + 1):
        flash.let_fail(PROGRAM, sector)
    for number in range(2, 262):
        assert write(rings, number)
        upkeep(rings)
    assert [since_mirrored(flash, sequence) for sequence in (254, 255, 256, 257, 261)] == [
        253,
        254,
        255,
        255,
        255,
    ]


def test_a_record_is_held_whole_and_under_its_number_before_it_is_written():
    kept: list[bytes] = []
    flash = NorFlash(SMALL.sectors)
    rings = opened(flash, keep=lambda record: kept.append(bytes(record)))
    rings.hold(state_of(3, None))
    assert (flash.operation, len(kept)) == (0, 1)
    assert rings.write_again()
    rings.hold_grant(1, 2, 3, 4, 5, 6)
    assert len(kept) == 2
    for number, record in enumerate(kept):
        assert is_whole(record, record[:-4])
        assert (sequence_of(record), record[2]) == (number, 0xFF)
    first, second = decode(kept[0]), decode(kept[1])
    assert first is not None
    assert second is not None
    assert first.granted_steps == state_of(3, None).granted_steps
    assert (second.counted_steps, second.granted_steps) == (1, 2)


def test_a_grant_is_the_last_state_with_six_fields_changed():
    flash, rings = used(3)
    before = rings.state
    assert before is not None
    boots, alarms = before.boots, before.active_alarms
    assert rings.hold_grant(11, 22, 33, 44, 55, 66) is True
    assert rings.write_again() is True
    for state in (rings.state, opened(flash).state):
        assert state is not None
        assert (state.counted_steps, state.granted_steps, state.lifetime_s) == (11, 22, 33)
        assert (state.utc_s, state.utc_us, state.latest_event) == (44, 55, 66)
        assert (state.boots, state.active_alarms, state.sequence) == (boots, alarms, 3)


@pytest.mark.parametrize("is_erased", [True, False])
def test_a_record_says_whether_the_other_pair_is_erased(is_erased):
    flash, rings = used(1)
    rings.note_other_pair(is_erased)
    assert rings.state is not None
    assert rings.state.other_pair_erased == int(is_erased)
    assert rings.write_again()
    state = opened(flash).state
    assert state is not None
    assert state.other_pair_erased == int(is_erased)


# Flash that fails ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("spoilt", "is_written"), [(0, True), (1, True), (3, True), (4, False), (5, False)])
def test_a_record_is_tried_in_four_slots(spoilt, is_written):
    flash, rings = used(5)
    for slot in range(spoilt):
        for ring in (A, B):
            lay(flash, ring, 5 + slot, RUBBISH)
    assert write(rings, 5) is is_written
    assert rings.has_failed is not is_written
    assert rings.latest == (5 + spoilt if is_written else 4)
    if not is_written:
        assert write(rings, 6)
        assert (rings.has_failed, rings.latest) == (False, 9 + (spoilt == 5))


@pytest.mark.parametrize("ring", [A, B])
def test_one_copy_is_enough(ring):
    flash, rings = used(5)
    lay(flash, A + B - ring, 5, RUBBISH)
    assert write(rings, 5) is True
    assert (rings.latest, rings.has_failed) == (5, False)
    assert is_there(flash, ring, 5)
    assert not rings.needs_rewriting()
    lay(flash, ring, 5, bytes(SLOT_BYTES))
    assert rings.needs_rewriting()


def test_a_sector_of_ring_a_that_cannot_be_erased_leaves_the_record_to_ring_b():
    flash = NorFlash(SMALL.sectors)
    lay(flash, A, 4, RUBBISH)
    flash.let_fail(ERASE, A)
    rings = opened(flash)
    done = operations_of(flash)
    assert write(rings, 0)
    assert done == [(ERASE, A), (ERASE, A), (ERASE, B), (PROGRAM, B)]
    done.clear()
    assert write(rings, 1)
    assert done == [(PROGRAM, B)]
    assert since_mirrored(flash, 1, B) == 0xFF


def test_where_neither_sector_can_be_erased_the_next_write_goes_round_them():
    flash = NorFlash(SMALL.sectors)
    for ring in (A, B):
        lay(flash, ring, 4, RUBBISH)
        flash.let_fail(ERASE, ring)
    rings = opened(flash)
    done = operations_of(flash)
    assert not write(rings, 0)
    assert done == [(ERASE, A), (ERASE, A), (ERASE, B), (ERASE, B)]
    assert (rings.has_failed, rings.has_written, rings.latest) == (True, False, -1)
    done.clear()
    assert write(rings, 1)
    assert done == [(ERASE, A + 1), (PROGRAM, A + 1)]
    assert (rings.latest, rings.has_failed) == (SLOTS, False)


# Erasing ---------------------------------------------------------------------------------------------------------


def test_the_next_sector_is_wanted_from_the_middle_of_this_one_ring_a_first():
    flash, rings = used(14)
    assert write(rings, 14)
    assert rings.erase_need() == NOT_NEEDED
    assert write(rings, 15)
    assert rings.erase_need() == WANTED
    done = operations_of(flash)
    rings.erase()
    rings.erase()
    assert done == [(ERASE, A + 1), (ERASE, B + 1)]
    assert rings.erase_need() == NOT_NEEDED


def test_after_a_restart_nothing_is_wanted_before_a_record_is_durable():
    flash, _ = used(15)
    rings = opened(flash)
    assert rings.erase_need() == NOT_NEEDED
    assert write(rings, 15)
    assert rings.erase_need() == WANTED


def test_what_a_write_needs_is_needed_at_once_after_a_restart():
    flash, rings = used(15)
    for number in range(15, SLOTS):
        assert write(rings, number)
    rings = opened(flash)
    assert rings.erase_need() == NEEDED
    done = operations_of(flash)
    rings.erase()
    assert done == [(ERASE, A + 1)]


def test_the_mirror_takes_no_record_of_the_sector_before():
    flash, rings = used(15)
    for number in range(15, SLOTS - 1):
        assert write(rings, number)
    flash.let_fail(PROGRAM, B)
    assert write(rings, SLOTS - 1)
    flash._dead.clear()
    rings.erase()
    done = operations_of(flash)
    rings.erase()
    assert done == [(ERASE, B + 1)]


def test_the_mirror_takes_no_record_that_is_only_held():
    flash = NorFlash(SMALL.sectors)
    rings = opened(flash)
    assert write(rings, 0)
    rings.hold(state_of(1, None))
    done = operations_of(flash)
    rings.erase()
    assert done == [(ERASE, B)]
    assert not rings.needs_rewriting()


def test_a_mirror_that_followed_is_checked_as_well_and_counts_as_one():
    flash = NorFlash(SMALL.sectors)
    rings = opened(flash)
    assert write(rings, 0)
    rings.erase()
    assert not rings.needs_rewriting()
    lay(flash, B, 0, bytes(SLOT_BYTES))
    assert rings.needs_rewriting()
    assert write(rings, 1)
    assert since_mirrored(flash, 1) == 1


def test_a_mirror_that_did_not_take_the_record_is_not_held_against_it():
    flash = NorFlash(SMALL.sectors)
    rings = opened(flash)
    assert write(rings, 0)
    flash.let_fail(PROGRAM, B)
    rings.erase()
    assert not rings.needs_rewriting()
    flash._dead.clear()
    assert write(rings, 1)
    assert since_mirrored(flash, 1) == 0xFF


# Opening ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ring", "sector", "place", "condition"),
    [
        (A, 0, 0, BLANK),
        (A, 0, SLOT_BYTES - 1, BLANK),
        (A, 0, SLOT_BYTES, LOST),
        (A, 0, 4095, LOST),
        (A, 1, 0, LOST),
        (A, 1, 4095, LOST),
        (B, 0, 0, LOST),
        (B, 1, 4095, LOST),
    ],
)
def test_a_pump_never_used_has_nothing_in_flash_but_a_first_record_cut_short(ring, sector, place, condition):
    flash = NorFlash(SMALL.sectors)
    flash.rot(ring + sector, place, 1, 0)
    rings = opened(flash)
    assert (rings.condition, rings.state, rings.latest) == (condition, None, -1)


def test_rubbish_in_every_slot_is_a_state_that_was_lost():
    flash = NorFlash(SMALL.sectors)
    for sequence in range(2 * SLOTS):
        for ring in (A, B):
            lay(flash, ring, sequence, RUBBISH)
    assert opened(flash).condition == LOST


@pytest.mark.parametrize("writes", [1, 2, 20, SLOTS, SLOTS + 1, 3 * SLOTS + 5])
def test_the_newest_record_of_both_rings_is_the_state(writes):
    flash, _ = used(writes)
    rings = opened(flash)
    assert (rings.condition, rings.latest) == (GOOD, writes - 1)
    assert rings.state is not None
    assert rings.state.lifetime_s == state_of(writes - 1, None).lifetime_s
    assert not rings.needs_rewriting()
    for ring in (A, B):
        lay(flash, ring, writes - 1, bytes(SLOT_BYTES))
        assert rings.needs_rewriting()
        flash, _ = used(writes)
        rings = opened(flash)


@pytest.mark.parametrize(("lost", "kept"), [(A, B), (B, A)])
def test_a_newest_record_that_one_ring_has_lost_is_read_from_the_other(lost, kept):
    flash, _ = used(10)
    lay(flash, lost, 9, bytes(SLOT_BYTES))
    rings = opened(flash)
    assert rings.state is not None
    assert (rings.latest, rings.state.lifetime_s) == (9, 27)
    assert rings.condition == (REPAIRED if lost == A else GOOD)
    # Where it stands, and only there, it must continue reading right.
    assert not rings.needs_rewriting()
    lay(flash, kept, 9, bytes(SLOT_BYTES))
    assert rings.needs_rewriting()


def test_of_two_records_with_one_number_that_of_ring_a_is_the_state():
    flash, _ = used(10)
    lay(flash, B, 9, bytes(record_of(77, 9)))
    rings = opened(flash)
    assert rings.state is not None
    assert rings.state.counted_steps == 9
    lay(flash, A, 9, bytes(record_of(88, 9)))
    rings = opened(flash)
    assert rings.state is not None
    assert rings.state.counted_steps == 88


@pytest.mark.parametrize(("missing", "condition"), [(0, GOOD), (1, GOOD), (2, REPAIRED), (3, REPAIRED)])
def test_a_mirror_may_lack_the_one_record_that_a_cut_kept_from_it(missing, condition):
    flash, _ = used(10)
    for sequence in range(10 - missing, 10):
        lay(flash, B, sequence, bytes(SLOT_BYTES))
    assert opened(flash).condition == condition


@pytest.mark.parametrize(("missing", "condition"), [(0, GOOD), (1, REPAIRED)])
def test_a_mirror_that_was_known_to_be_behind_is_no_damage_until_it_lacks_more(missing, condition):
    flash, rings = used(5)
    flash.let_fail(PROGRAM, B)
    for number in range(5, 9):
        assert write(rings, number)
    for sequence in range(5 - missing, 5):
        lay(flash, B, sequence, bytes(SLOT_BYTES))
    assert opened(flash).condition == condition


def test_a_record_that_never_had_a_mirror_needs_none():
    flash = NorFlash(SMALL.sectors)
    assert write(opened(flash), 0)
    assert opened(flash).condition == GOOD


@pytest.mark.parametrize("writes", [1, 10, SLOTS - 2, SLOTS + 1])
def test_after_a_restart_one_slot_is_left_out_in_both_rings(writes):
    flash, _ = used(writes)
    rings = opened(flash)
    sector = writes // SLOTS
    done = operations_of(flash)
    assert write(rings, writes)
    assert done == [(PROGRAM, A + sector), (PROGRAM, B + sector)] * 2
    assert rings.latest == writes + 1
    assert content(flash, A, writes) == content(flash, B, writes) == bytes(SLOT_BYTES)


def test_after_a_restart_the_last_slot_of_a_sector_may_be_the_one_that_is_left_out():
    flash, _ = used(SLOTS - 1)
    rings = opened(flash)
    assert write(rings, SLOTS)
    assert rings.latest == SLOTS
    assert content(flash, A, SLOTS - 1) == content(flash, B, SLOTS - 1) == bytes(SLOT_BYTES)


def test_slots_are_left_out_before_the_first_write_of_a_life_only():
    flash, _ = used(10)
    rings = opened(flash)
    assert write(rings, 10)
    assert write(rings, 11)
    assert rings.latest == 12


def test_rings_never_used_may_be_erased_ahead_of_their_first_write():
    flash = NorFlash(SMALL.sectors)
    rings = opened(flash)
    done = operations_of(flash)
    rings.erase()
    rings.erase()
    assert write(rings, 0)
    assert done == [(ERASE, A), (ERASE, B), (PROGRAM, A), (PROGRAM, B)]


@pytest.mark.parametrize(
    ("ring", "touched", "following"), [(A, 10, 12), (A, 12, 14), (B, 10, 12), (B, 13, 15), (B, 9, 11)]
)
def test_what_a_cut_may_have_touched_in_either_ring_is_left_out_in_both(ring, touched, following):
    flash, _ = used(10)
    lay(flash, B, 9, b"\xff" * SLOT_BYTES)
    lay(flash, ring, touched, RUBBISH)
    rings = opened(flash)
    assert write(rings, 10)
    assert rings.latest == following
    assert is_there(flash, A, following)
    assert is_there(flash, B, following)


def test_a_ring_that_has_nothing_is_not_settled():
    flash, _ = used(10)
    for sector in (B, B + 1):
        flash.rot(sector, 0, 4096, 0xFF)
    rings = opened(flash)
    assert rings.condition == REPAIRED
    done = operations_of(flash)
    assert write(rings, 10)
    assert (rings.latest, done) == (11, [(PROGRAM, A), (PROGRAM, A)])


def test_a_ring_whose_newest_record_is_in_the_sector_before_is_not_settled():
    flash, rings = used(SLOTS + 3)
    for sequence in range(SLOTS - 4, SLOTS + 3):
        lay(flash, B, sequence, b"\xff" * SLOT_BYTES)
    rings = opened(flash)
    assert rings.latest == SLOTS + 2
    assert write(rings, 40)
    assert rings.latest == SLOTS + 4
    assert not is_there(flash, B, SLOTS + 4)
    assert content(flash, B, SLOTS - 4) == b"\xff" * SLOT_BYTES


def test_before_the_first_erase_after_a_restart_both_rings_are_settled():
    flash, _ = used(10)
    rings = opened(flash)
    done = operations_of(flash)
    rings.erase()
    assert done[:2] == [(PROGRAM, A), (PROGRAM, B)]
    assert done[2][0] == ERASE


# A record that was held ------------------------------------------------------------------------------------------


def record_of(number: int, sequence: int) -> bytearray:
    record = bytearray(state_of(number, None).encode())
    complete(record, memoryview(record)[:-4], sequence, 0xFF)
    return record


@pytest.mark.parametrize(
    ("sequence", "is_taken"), [(0, False), (8, False), (9, True), (10, True), (500, True)]
)
def test_a_held_record_is_the_state_unless_flash_has_a_newer_one(sequence, is_taken):
    flash, _ = used(10)
    rings = opened(flash, held=record_of(77, sequence))
    assert rings.condition == GOOD
    assert rings.state is not None
    assert rings.state.counted_steps == (77 if is_taken else 9)
    assert rings.write_again()
    again = opened(flash).state
    assert again is not None
    assert again.counted_steps == (77 if is_taken else 9)


def test_a_held_record_is_not_what_stands_in_flash():
    flash, _ = used(1)
    rings = opened(flash, held=record_of(77, 1))
    assert not rings.needs_rewriting()


def test_a_record_held_before_the_first_write_is_the_state_of_a_blank_flash():
    rings = opened(NorFlash(SMALL.sectors), held=record_of(77, 0))
    assert rings.condition == BLANK
    assert rings.state is not None
    assert rings.state.counted_steps == 77
    assert rings.write_again()


def test_a_held_record_that_is_damaged_or_of_another_layout_is_none():
    damaged, foreign = record_of(77, 20), record_of(77, 20)
    damaged[40] ^= 1
    foreign[1] = 9
    complete(foreign, memoryview(foreign)[:-4], 20, 0xFF)
    flash, _ = used(10)
    for held in (damaged, foreign):
        assert opened(NorFlash(SMALL.sectors), held=held).state is None
        state = opened(flash, held=held).state
        assert state is not None
        assert state.counted_steps == 9


# Other layouts ---------------------------------------------------------------------------------------------------


def of_layout(version: int) -> NorFlash:
    flash, _ = used(10)
    for ring in (A, B):
        record = bytearray(content(flash, ring, 9))
        record[1] = version
        complete(record, memoryview(record)[:-4], 9, 1)
        lay(flash, ring, 9, bytes(record))
    return flash


def test_a_newer_layout_is_foreign_and_nothing_is_written_for_it():
    rings = opened(of_layout(LAYOUT_VERSION + 1))
    assert (rings.condition, rings.state, rings.latest) == (FOREIGN, None, 9)
    assert not rings.write_again()


def decode_0(record) -> State:
    state = State()
    state.counted_steps = struct.unpack_from("<I", record, 4)[0] + 1_000
    return state


def test_a_record_of_an_older_layout_is_not_copied_to_the_mirror():
    flash = NorFlash(SMALL.sectors)
    assert write(opened(flash), 0)
    record = bytearray(content(flash, A, 0))
    record[1] = 0
    complete(record, memoryview(record)[:-4], 0, 0xFF)
    lay(flash, A, 0, bytes(record))
    rings = StateRings(flash, SMALL)
    rings.open({**DECODERS, 0: decode_0})
    done = operations_of(flash)
    rings.erase()
    assert done == [(PROGRAM, A), (ERASE, B)]


@pytest.mark.parametrize("version", [0, LAYOUT_VERSION + 1])
def test_another_layout_that_can_be_read_is_to_be_written_anew_and_is_then_of_this_one(version):
    flash = of_layout(version)
    rings = StateRings(flash, SMALL)
    rings.open({**DECODERS, version: decode_0})
    assert rings.condition == GOOD
    assert rings.needs_rewriting()
    assert rings.write_again()
    assert not rings.needs_rewriting()
    state = opened(flash).state
    assert state is not None
    assert state.counted_steps == 1_009
