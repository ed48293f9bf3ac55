"""A state goes into one record and comes out of it again; what a record is, is known of any layout."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.pump import SMALL, used_flash
from thecal_fw.core.flash_map import STATE_BYTES
from thecal_fw.core.journal_condition import FOREIGN, GOOD
from thecal_fw.store import state as records
from thecal_fw.store.decoding import DECODERS, decode
from thecal_fw.store.journal import Journal
from thecal_fw.store.state import (
    FIELDS,
    LAYOUT_VERSION,
    MOST_GAP_S,
    NEVER,
    State,
    is_whole,
)
from thecal_sim.nor_flash import NorFlash

RANGES = {
    "B": st.integers(0, 2**8 - 1),
    "H": st.integers(0, 2**16 - 1),
    "I": st.integers(0, 2**32 - 1),
    "h": st.integers(-840, 840),
    "8s": st.binary(min_size=8, max_size=8),
    "32s": st.binary(min_size=32, max_size=32),
}


@st.composite
def states(draw) -> State:
    state = State()
    for name, form in records._RECORD:
        if name in FIELDS:
            setattr(state, name, draw(RANGES[form]))
    state.delivering, state.reservoir_known = draw(st.integers(0, 1)), draw(st.integers(0, 1))
    state.time_source, state.stalls = draw(st.integers(0, 3)), draw(st.integers(0, 15))
    state.counted_steps = draw(st.integers(0, 2**44 - 1))
    state.utc_us = draw(st.integers(0, 999_999))
    state.granted_steps = state.counted_steps + draw(RANGES["I"])
    state.filled_at_steps = state.counted_steps - draw(RANGES["I"])
    return state


def low_bits(count: int) -> int:
    return count & 2**32 - 1


def whole(record: bytes | bytearray) -> bool:
    return is_whole(record, memoryview(record)[:-4])


def with_crc(record: bytearray) -> bytearray:
    records.complete(record, memoryview(record)[:-4], records.sequence_of(record), 1)
    return record


@given(states())
def test_a_state_comes_out_of_its_record_as_it_went_in(state):
    record = state.encode()
    assert len(record) == STATE_BYTES
    assert whole(record)
    read = decode(record)
    assert read is not None
    assert [getattr(read, name) for name in FIELDS] == [getattr(state, name) for name in FIELDS]


@pytest.mark.requirement("state-survives-bit-rot")
@given(states(), st.integers(0, STATE_BYTES - 1), st.integers(1, 255))
def test_a_record_with_any_byte_changed_is_not_whole(state, place, change):
    record = bytearray(state.encode())
    record[place] ^= change
    assert not whole(record)


@pytest.mark.parametrize("byte", [0x00, 0xFF])
def test_blank_and_spoiled_slots_are_no_records(byte):
    assert not whole(bytes([byte]) * STATE_BYTES)


@pytest.mark.requirement("state-survives-firmware-update")
def test_the_places_that_every_layout_shares_do_not_move():
    state = State()
    state.sequence = 0x04030201
    record = state.encode()
    assert record[0] == 0xB5
    assert record[1] == LAYOUT_VERSION
    assert record[4:8] == bytes([1, 2, 3, 4])
    assert [name for name, _ in records._RECORD][-1] == "crc32"


def invented_decoder(record) -> State:
    state = State()
    state.counted_steps = struct.unpack_from("<I", record, 64)[0]
    return state


def rewritten_as(flash: NorFlash, layout_version: int, steps: int) -> None:
    """Make the newest record in both rings one of another layout."""
    journal = Journal(flash, SMALL)
    journal.open()
    assert journal.state is not None
    sequence = journal.state.sequence
    record = bytearray(STATE_BYTES)
    for ring in (SMALL.state_a, SMALL.state_b):
        sector, offset = ring + sequence // 32 % 2, sequence % 32 * STATE_BYTES
        flash.read_into(sector, offset, record)
        record[1] = layout_version
        struct.pack_into("<I", record, 64, steps)
        for index, byte in enumerate(with_crc(record)):
            flash.rot(sector, offset + index, 1, byte)


@pytest.mark.requirement("state-survives-firmware-update", "older-record-written-anew")
def test_the_record_of_an_older_firmware_is_read_by_its_own_decoder_and_written_anew():
    flash = used_flash()
    rewritten_as(flash, 0, 4711)
    journal = Journal(flash, SMALL)
    assert journal.open({**DECODERS, 0: invented_decoder}) == GOOD
    assert journal.state is not None
    assert journal.state.counted_steps == 4711
    assert journal.write_grant(4712, 4768, 1, 2, 3, 0)
    again = Journal(flash, SMALL)
    assert again.open() == GOOD
    assert again.state is not None
    assert again.state.counted_steps == 4712


def assert_resets_of(state: State, older_s: int, newer_s: int) -> None:
    assert state.watchdog_reset_s == newer_s
    assert state.watchdog_gap_s == (MOST_GAP_S if older_s == NEVER else min(newer_s - older_s, MOST_GAP_S))


def assert_alarms_and_lost_of(state: State, record: bytearray, offset: int) -> None:
    """Check a record with 32 bits for alarms; between the counts of microsteps lies what is of no state."""
    alarms, uncertain_steps, stalled_steps = struct.unpack_from("<4sI4xI", record, offset)
    assert state.active_alarms == alarms + bytes(4)
    assert (state.uncertain_steps, state.stalled_steps) == (uncertain_steps, stalled_steps)


@pytest.mark.requirement("state-survives-firmware-update")
@given(st.lists(st.integers(0, 2**8 - 1), min_size=STATE_BYTES, max_size=STATE_BYTES))
def test_a_record_of_layout_1_is_read_field_by_field(content: list[int]):
    record = bytearray(content)
    record[0], record[1] = records.MAGIC, 1
    # Counted out by hand from the layout as it was published.
    struct.pack_into("<BB", record, 20, 1, 0)
    record[24] = 3
    state = decode(with_crc(record))
    assert state is not None
    assert (state.delivering, state.reservoir_known, state.time_source) == (1, 0, 3)
    assert state.program_pair == record[3]
    assert state.sequence == struct.unpack_from("<I", record, 4)[0]
    assert (state.boots, state.bridge_end) == struct.unpack_from("<HH", record, 8)
    assert_resets_of(state, *struct.unpack_from("<II", record, 12))
    assert (state.program_bytes, state.other_pair_erased) == struct.unpack_from("<HxB", record, 22)
    assert state.offset_minutes == struct.unpack_from("<h", record, 26)[0]
    assert_alarms_and_lost_of(state, record, 28)
    assert (state.fill_nl, low_bits(state.filled_at_steps)) == struct.unpack_from("<II", record, 44)
    assert (state.calibration_id, state.nl_per_rev, state.microsteps_per_rev) == struct.unpack_from(
        "<III", record, 52
    )
    assert state.program_digest == record[64:96]
    assert (state.latest_event, state.counted_steps, low_bits(state.granted_steps)) == (
        struct.unpack_from("<III", record, 96)
    )
    assert (state.lifetime_s, state.utc_s, state.utc_us) == struct.unpack_from("<III", record, 108)
    assert state.bolus_minute == struct.unpack_from("<I", record, 120)[0]
    assert (state.pump_day, state.tubing_day, state.tubing_hundreds) == (0, 0, 0)
    assert (state.refilled_day, state.stalls) == (0, 0)


@pytest.mark.requirement("state-survives-firmware-update")
@given(st.lists(st.integers(0, 2**8 - 1), min_size=STATE_BYTES, max_size=STATE_BYTES))
def test_a_record_of_layout_2_is_read_field_by_field(content: list[int]):
    record = bytearray(content)
    record[0], record[1] = records.MAGIC, 2
    record[20] &= 0x0F
    state = decode(with_crc(record))
    assert state is not None
    flags = record[20]
    assert (state.delivering, state.reservoir_known, state.time_source) == (
        flags & 1,
        flags >> 1 & 1,
        flags >> 2,
    )
    assert (state.program_pair, state.other_pair_erased) == (record[3], record[21])
    assert state.sequence == struct.unpack_from("<I", record, 4)[0]
    assert (state.boots, state.bridge_end) == struct.unpack_from("<HH", record, 8)
    assert_resets_of(state, *struct.unpack_from("<II", record, 12))
    assert (
        state.program_bytes,
        state.pump_day,
        state.tubing_day,
        state.tubing_hundreds,
    ) == struct.unpack_from("<HHHH", record, 22)
    assert state.offset_minutes == struct.unpack_from("<h", record, 30)[0]
    assert_alarms_and_lost_of(state, record, 32)
    assert (state.fill_nl, low_bits(state.filled_at_steps)) == struct.unpack_from("<II", record, 48)
    assert (state.calibration_id, state.microsteps_per_rev) == struct.unpack_from("<HH", record, 56)
    assert state.nl_per_rev == struct.unpack_from("<I", record, 60)[0]
    assert state.program_digest == record[64:96]
    assert (state.latest_event, state.counted_steps, low_bits(state.granted_steps)) == (
        struct.unpack_from("<III", record, 96)
    )
    assert (state.lifetime_s, state.utc_s, state.utc_us) == struct.unpack_from("<III", record, 108)
    assert state.bolus_minute == struct.unpack_from("<I", record, 120)[0]
    assert (state.refilled_day, state.stalls) == (0, 0)


@pytest.mark.requirement("state-survives-firmware-update")
@given(st.lists(st.integers(0, 2**8 - 1), min_size=STATE_BYTES, max_size=STATE_BYTES))
def test_a_record_of_layout_3_is_read_field_by_field(content: list[int]):
    record = bytearray(content)
    record[0], record[1] = records.MAGIC, 3
    state = decode(with_crc(record))
    assert state is not None
    flags = record[20]
    assert (state.delivering, state.reservoir_known, state.time_source, state.stalls) == (
        flags & 1,
        flags >> 1 & 1,
        flags >> 2 & 3,
        flags >> 4,
    )
    assert (state.program_pair, state.other_pair_erased) == (record[3], record[21])
    assert state.sequence == struct.unpack_from("<I", record, 4)[0]
    assert (state.boots, state.bridge_end, state.watchdog_reset_s, state.watchdog_gap_s) == (
        struct.unpack_from("<HHIH", record, 8)
    )
    assert state.refilled_day == struct.unpack_from("<H", record, 18)[0]
    assert (state.program_bytes, state.pump_day, state.tubing_day, state.tubing_hundreds) == (
        struct.unpack_from("<HHHH", record, 22)
    )
    assert state.offset_minutes == struct.unpack_from("<h", record, 30)[0]
    # Between the last two lies what this firmware does not ask for: microsteps that were not seen.
    assert_alarms_and_lost_of(state, record, 32)
    assert (state.fill_nl, low_bits(state.filled_at_steps)) == struct.unpack_from("<II", record, 48)
    assert (state.calibration_id, state.microsteps_per_rev, state.nl_per_rev) == (
        struct.unpack_from("<HHI", record, 56)
    )
    assert state.program_digest == record[64:96]
    assert (state.latest_event, state.counted_steps, low_bits(state.granted_steps)) == (
        struct.unpack_from("<III", record, 96)
    )
    assert (state.lifetime_s, state.utc_s, state.utc_us) == struct.unpack_from("<III", record, 108)
    assert state.bolus_minute == struct.unpack_from("<I", record, 120)[0]


@pytest.mark.requirement("state-survives-firmware-update", "lifetime-counts")
@given(st.lists(st.integers(0, 2**8 - 1), min_size=STATE_BYTES, max_size=STATE_BYTES))
def test_a_record_of_layout_4_is_read_field_by_field(content: list[int]):
    record = bytearray(content)
    record[0], record[1] = records.MAGIC, 4
    state = decode(with_crc(record))
    assert state is not None
    flags = record[20]
    assert (state.delivering, state.reservoir_known, state.time_source, state.stalls) == (
        flags & 1,
        flags >> 1 & 1,
        flags >> 2 & 3,
        flags >> 4,
    )
    assert (state.program_pair, state.other_pair_erased) == (record[3], record[21])
    assert state.sequence == struct.unpack_from("<I", record, 4)[0]
    assert (state.boots, state.bridge_end, state.watchdog_reset_s, state.watchdog_gap_s) == (
        struct.unpack_from("<HHIH", record, 8)
    )
    assert state.refilled_day == struct.unpack_from("<H", record, 18)[0]
    assert (state.program_bytes, state.pump_day, state.tubing_day, state.tubing_hundreds) == (
        struct.unpack_from("<HHHH", record, 22)
    )
    assert state.offset_minutes == struct.unpack_from("<h", record, 30)[0]
    assert_alarms_and_lost_of(state, record, 32)
    assert (state.fill_nl, low_bits(state.filled_at_steps)) == struct.unpack_from("<II", record, 48)
    assert (state.calibration_id, state.microsteps_per_rev, state.nl_per_rev) == (
        struct.unpack_from("<HHI", record, 56)
    )
    assert state.program_digest == record[64:96]
    assert (state.latest_event, low_bits(state.counted_steps), low_bits(state.granted_steps)) == (
        struct.unpack_from("<III", record, 96)
    )
    assert state.counted_steps >> 32 == struct.unpack_from("<I", record, 40)[0]
    assert 0 <= state.granted_steps - state.counted_steps < 2**32
    assert 0 <= state.counted_steps - state.filled_at_steps < 2**32
    assert (state.lifetime_s, state.utc_s, state.utc_us) == struct.unpack_from("<III", record, 108)
    assert state.bolus_minute == struct.unpack_from("<I", record, 120)[0]


@pytest.mark.requirement("state-survives-firmware-update")
@pytest.mark.parametrize(
    ("older_s", "newer_s", "gap_s"),
    [
        (NEVER, NEVER, MOST_GAP_S),
        (NEVER, 300, MOST_GAP_S),
        (100, 700, 600),
        (100, 65_635, MOST_GAP_S),
        (0, 10**6, MOST_GAP_S),
    ],
)
@pytest.mark.parametrize("layout", [1, 2])
def test_of_an_older_record_the_last_two_resets_lie_as_far_apart_as_it_says(
    layout: int, older_s: int, newer_s: int, gap_s: int
):
    record = bytearray(STATE_BYTES)
    record[0], record[1] = records.MAGIC, layout
    struct.pack_into("<II", record, 12, older_s, newer_s)
    state = decode(with_crc(record))
    assert state is not None
    assert (state.watchdog_reset_s, state.watchdog_gap_s) == (newer_s, gap_s)


def test_more_stalls_than_the_record_has_room_for_are_told_as_the_most_it_has():
    for stalls, told in ((0, 0), (1, 1), (14, 14), (15, 15), (16, 15), (4711, 15)):
        state = State()
        state.stalls, state.time_source = stalls, 3
        again = decode(state.encode())
        assert again is not None
        assert (again.stalls, again.time_source, again.delivering, again.reservoir_known) == (told, 3, 0, 0)


@pytest.mark.requirement("newer-record-left")
def test_the_record_of_a_newer_firmware_is_foreign_and_not_passed_over_for_an_older_one():
    flash = used_flash()
    rewritten_as(flash, LAYOUT_VERSION + 1, 4711)
    journal = Journal(flash, SMALL)
    assert journal.open() == FOREIGN
    assert journal.state is None
    assert journal.read_program(bytearray(4096)) == 0
    assert not journal.can_commit()
    assert not journal.write_grant(1, 2, 3, 4, 5, 0)
    assert flash.operation == used_flash().operation
