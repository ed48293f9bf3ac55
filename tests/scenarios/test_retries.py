"""A bad wire between host and pump: the client tries again, and nothing is ever done twice."""

from collections.abc import Callable

import pytest

from thecal_fw.core import events
from thecal_hil.course import OFFSET_MINUTES, local_second
from thecal_hil.load import BadWire, FirstOnly, damaged, doubled, lost
from thecal_hil.rig import Rig
from thecal_hil.therapy import continuous

FULL_NL = 18_000_000


def changes_logged(rig: Rig) -> list[int]:
    """Codes of everything the pump has logged that a host asked for, in order."""
    asked_for = (
        events.EVENT_TIME_SET,
        events.EVENT_PROGRAM_COMMITTED,
        events.EVENT_REFILLED,
        events.EVENT_STARTED,
        events.EVENT_STOPPED,
    )
    return [event.code for event in rig.pump().log() if event.code in asked_for]


def whole_visit(rig: Rig, wire: BadWire) -> None:
    """Everything a host changes in a pump, each change once."""
    program = continuous(8_000_000).program
    pump = rig.connect(wire)
    pump.set_time(local_second("2026-03-06 12:00"), OFFSET_MINUTES)
    pump.program(program)
    pump.refill(FULL_NL)
    pump.start(program.digest())
    rig.run_for(5)
    pump.stop()


EACH_CHANGE_ONCE = [
    events.EVENT_TIME_SET,
    events.EVENT_PROGRAM_COMMITTED,
    events.EVENT_REFILLED,
    events.EVENT_STARTED,
    events.EVENT_STOPPED,
]


class EverySecond:
    """Applies a change to every second frame."""

    def __init__(self, change: Callable[[bytes], bytes]) -> None:
        self.change = change
        self.count = 0

    def __call__(self, frame: bytes) -> bytes:
        self.count += 1
        return self.change(frame) if self.count % 2 else frame


@pytest.mark.requirement("retry-safe")
def test_every_reply_is_lost_once_and_every_change_is_made_once(rig: Rig) -> None:
    wire = BadWire(rig.port)
    wire.to_host = EverySecond(lost)
    whole_visit(rig, wire)
    assert changes_logged(rig) == EACH_CHANGE_ONCE


@pytest.mark.requirement("retry-safe")
def test_every_request_is_lost_once_and_every_change_is_made_once(rig: Rig) -> None:
    wire = BadWire(rig.port)
    wire.to_pump = EverySecond(lost)
    whole_visit(rig, wire)
    assert changes_logged(rig) == EACH_CHANGE_ONCE


@pytest.mark.requirement("retry-safe")
def test_every_request_arrives_twice_and_every_change_is_made_once(rig: Rig) -> None:
    wire = BadWire(rig.port)
    wire.to_pump = doubled
    whole_visit(rig, wire)
    assert changes_logged(rig) == EACH_CHANGE_ONCE


@pytest.mark.requirement("retry-safe")
@pytest.mark.expects("garbled frames")
def test_damaged_requests_are_sent_again(rig: Rig) -> None:
    wire = BadWire(rig.port)
    wire.to_pump = EverySecond(damaged)
    whole_visit(rig, wire)
    assert changes_logged(rig) == EACH_CHANGE_ONCE


@pytest.mark.requirement("retry-safe")
def test_a_single_damaged_reply_goes_unnoticed(rig: Rig) -> None:
    wire = BadWire(rig.port)
    wire.to_host = FirstOnly(damaged)
    whole_visit(rig, wire)
    assert changes_logged(rig) == EACH_CHANGE_ONCE
