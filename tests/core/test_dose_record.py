"""The record of doses holds the daily dose last delivered, and reads records of the layout that had none."""

import binascii
import struct

import pytest

from thecal_fw.core.bolus import KIND_CLINICIAN, KIND_TEMPORARY, Bolus
from thecal_fw.core.dose_record import NO_DOSE, RECORD_BYTES, DoseRecord, complete, decode, sequence_in
from thecal_fw.core.given_rates import GivenRates
from thecal_fw.core.instant import TICKS_PER_DAY, TICKS_PER_SECOND

LAST = (0xFEDCBA98, 423_800, 861_000, 2_000_000, 0xFFFFFFF0, 0xFFFFFFFF)
"""Each number with its highest bits in use."""


def written(record: DoseRecord) -> bytearray:
    encoded = bytearray(RECORD_BYTES)
    record.encode_into(encoded, 0, GivenRates())
    complete(encoded, 7)
    return encoded


@pytest.mark.requirement("last-dose")
def test_the_last_dose_is_read_as_it_was_written() -> None:
    record = DoseRecord(1_000, 5)
    record.last = LAST
    record.under_way = [Bolus(KIND_CLINICIAN, 100 * TICKS_PER_SECOND, 600 * TICKS_PER_SECOND, 2_880_000, 3)]
    record.remembered = [Bolus(KIND_TEMPORARY, 50 * TICKS_PER_SECOND, TICKS_PER_DAY, 48_000_000, 4)]
    told = decode(written(record), 0, GivenRates())
    assert told is not None
    assert told.last == LAST
    assert [(one.kind, one.number, one.end_tick) for one in told.under_way] == [
        (KIND_CLINICIAN, 3, 700 * TICKS_PER_SECOND)
    ]
    assert [(one.kind, one.number, one.end_tick) for one in told.remembered] == [
        (KIND_TEMPORARY, 4, 50 * TICKS_PER_SECOND + TICKS_PER_DAY)
    ]


@pytest.mark.requirement("last-dose")
def test_a_record_of_the_layout_without_a_daily_dose_is_read_and_has_none() -> None:
    """Byte by byte as the version before wrote it: a dose under way and one remembered."""
    header = struct.pack("<BBBBIIIHIQHIHBIBI", 0xD7, 2, 2, 0, 7, 1_000, 5, 0, 9, 1_234, 0, 8, 1, 2, 3, 4, 5)
    doses = struct.pack("<IIIIIBB", 3, 100, 600, 2_880_000, 0, KIND_CLINICIAN, 1)
    doses += struct.pack("<IIIIIBB", 4, 50, 86_400, 48_000_000, 48_000_000, KIND_TEMPORARY, 2)
    body = (header + doses).ljust(RECORD_BYTES - 4, b"\0")
    encoded = body + struct.pack("<I", binascii.crc32(body))
    assert sequence_in(encoded) == 7
    told = decode(encoded, 0, GivenRates())
    assert told is not None
    assert told.last == NO_DOSE
    assert (told.lifetime_s, told.next_number, told.line_empty_at_steps) == (1_000, 5, 1_234)
    assert [(one.kind, one.number) for one in told.under_way] == [(KIND_CLINICIAN, 3)]
    assert [(one.kind, one.number) for one in told.remembered] == [(KIND_TEMPORARY, 4)]
