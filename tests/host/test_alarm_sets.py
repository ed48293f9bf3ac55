"""A host takes sets of alarms as the pump reports them, whatever the numbers of the alarms in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thecal.alarm_sets import EVERY_ALARM, acknowledged_in, bits_in, names_of, set_of, with_bits
from thecal.client import Event
from thecal.errors import PumpRefusedError
from thecal.reports.status_text import event_text
from thecal_fw.core import alarm_sets, alarms, events
from thecal_fw.link import messages

NUMBERS = st.sets(st.integers(0, alarm_sets.MOST_ALARMS - 1))


@pytest.mark.requirement("alarm-numbers")
@given(NUMBERS)
def test_a_host_reads_a_set_of_the_pump_alarm_by_alarm_and_writes_the_same(numbers: set[int]) -> None:
    of_the_pump = bytearray(alarm_sets.SET_BYTES)
    for alarm in numbers:
        alarm_sets.add(of_the_pump, alarm)
    bits = bits_in(of_the_pump)
    assert {alarm for alarm in range(alarm_sets.MOST_ALARMS) if bits >> alarm & 1} == numbers
    assert set_of(bits) == of_the_pump
    answer = messages.ACKNOWLEDGE.response.unpack(
        messages.ACKNOWLEDGE.response.pack(bytes(of_the_pump), EVERY_ALARM, 1)
    )
    assert answer is not None
    assert with_bits(answer) == {"active_alarms": bits, "silenced_alarms": 2**64 - 1, "is_stored": 1}


def test_an_alarm_without_a_name_has_none_and_the_others_are_told_in_order() -> None:
    bits = 1 << 63 | 1 << alarms.LOW_RESERVOIR | 1 << alarms.DOSE_GATE
    assert names_of(bits) == ["low reservoir", "dose gate tripped"]


def test_each_half_of_what_was_acknowledged_is_read_in_its_place() -> None:
    assert acknowledged_in(events.EVENT_ALARM_ACKNOWLEDGED, 0x8000_0001, 1) == (1 << 31 | 1, 1)
    assert acknowledged_in(events.EVENT_UPPER_ACKNOWLEDGED, 0x8000_0001, 1) == (1 << 63 | 1 << 32, 1 << 32)
    assert acknowledged_in(events.EVENT_ALARM_RAISED, 1, 1) is None
    event = Event(1, 0, 0, 0, 0, events.EVENT_ALARM_ACKNOWLEDGED, 1, 0b1010, 0b10)
    assert event_text(event) == "low reservoir, time unknown; cleared: low reservoir"


def test_a_refusal_names_the_alarms_in_its_tail() -> None:
    refusal = PumpRefusedError("start", messages.ERROR_BLOCKED, 0, set_of(1 << alarms.EMPTY_RESERVOIR))
    assert "blocked by alarm (empty reservoir). Remove the cause" in str(refusal)
