"""The carried data of a watchdog reset come back as they were, and the phase is carried on exactly."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thecal_fw.core import carried as carried_record
from thecal_fw.core.calibration import BENCH_CALIBRATION
from thecal_fw.core.carried import MOST_BOLUSES, NOTE_BYTES, Carried, decode, phase_at
from thecal_fw.core.instant import TICKS_PER_SECOND
from thecal_fw.core.metering import Metering

_U32 = st.integers(0, 0xFFFFFFFF)


_FIELDS = st.fixed_dictionaries(
    {
        "has_anchor": st.booleans(),
        "time_source": st.integers(0, 3),
        "offset_minutes": st.integers(-840, 840),
        "anchor_s": _U32,
        "anchor_us": st.integers(0, 999_999),
        "phase": st.integers(-(1 << 62), 1 << 62),
        "anchor_counted": _U32,
        "base_steps": st.integers(0, 2**64 - 1),
        "unseen_steps": _U32,
        "utc_ticks_at_boot": st.integers(-(1 << 62), 1 << 62),
        "base_lifetime_s": _U32,
        "is_stalled": st.booleans(),
        "noted_tick": st.integers(-(1 << 62), 1 << 62),
        "next_dose": _U32,
        "dose_record": _U32,
    }
)


def carried_with(**fields: object) -> Carried:
    carried = Carried()
    for name, value in fields.items():
        assert name in Carried.__annotations__
        setattr(carried, name, value)
    return carried


def note_of(carried: Carried) -> bytes:
    """Return a note in place of one that carried more: nothing of that may be left."""
    note = bytearray(b"\xff" * NOTE_BYTES)
    carried.encode_into(note)
    assert len(note) == NOTE_BYTES
    return bytes(note)


NOTHING = {name: 0 for name in Carried.__annotations__}


@pytest.mark.requirement("watchdog-carry-over", "time-outlives-watchdog")
@given(_FIELDS)
def test_a_note_comes_back_as_it_was_kept(fields) -> None:
    note = note_of(carried_with(**fields, boluses=[]))
    assert vars(decode(note)) == {**fields, "boluses": []}


def test_a_note_fills_whole_words_of_the_retained_memory() -> None:
    # A bolus at an instant of 8 bytes, with 4 each for kind and rate, and for its number and length.
    room_for_boluses = MOST_BOLUSES * (8 + 4 + 4)
    record = struct.calcsize("<" + "".join(form for _, form in carried_record._RECORD))
    assert NOTE_BYTES - 4 < record + room_for_boluses <= NOTE_BYTES
    assert NOTE_BYTES % 4 == 0


class TwoRates:
    """One rate until a tick, another from then on."""

    def __init__(self, first: int, change: int, second: int):
        self.first, self.change, self.second = first, change, second

    def segment_at(self, tick: int):
        if tick < self.change:
            return self.first, self.change
        return self.second, tick + 60 * TICKS_PER_SECOND


@pytest.mark.requirement("watchdog-resume")
@given(
    st.integers(0, 24_000_000),
    st.integers(0, 24_000_000),
    st.integers(-1_000_000, 1_000_000),
    st.integers(0, 3_000_000),
    st.integers(-1_000_000, 1_000_000),
)
def test_the_phase_grows_by_exactly_what_was_prescribed(first, second, start, length, change) -> None:
    metering = Metering(BENCH_CALIBRATION)
    until = start + length
    at_first = max(0, min(change, until) - start)
    expected = 7 + metering.weight(first) * at_first + metering.weight(second) * (length - at_first)
    assert phase_at(TwoRates(first, change, second), metering, start, 7, until) == expected


@given(st.integers(0, 24_000_000), st.integers(-1_000_000, 1_000_000), st.integers(0, 59 * TICKS_PER_SECOND))
def test_a_little_earlier_the_phase_was_less_by_exactly_what_has_been_prescribed_since(
    rate, start, length
) -> None:
    metering = Metering(BENCH_CALIBRATION)
    timeline = TwoRates(rate, start + 1, 0)
    expected = 7 - metering.weight(rate) * length
    assert phase_at(timeline, metering, start, 7, start - length) == expected


def test_boluses_under_way_are_carried_each_with_its_ticks_and_rate():
    boluses = [
        (1, -5, -5 + 86_400 * TICKS_PER_SECOND, 2_880_000, 7),
        (2 | 8, -8, -8 + TICKS_PER_SECOND, 1, 0),
        (4, 1 << 50, (1 << 50) + 3 * TICKS_PER_SECOND, 96_000_000, 10),
    ] * 2
    for count in range(MOST_BOLUSES + 1):
        note = note_of(carried_with(**{**NOTHING, "next_dose": 11, "boluses": boluses[:count]}))
        assert len(note) == NOTE_BYTES
        assert decode(note).boluses == boluses[:count]
