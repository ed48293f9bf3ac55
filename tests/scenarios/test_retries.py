"""A bad wire between host and pump: the client tries again, and nothing is ever done twice."""

from collections.abc import Callable

import pytest

from thecal_fw.core import events
from thecal_hil.contract.rig import Rig
from thecal_hil.course.course import OFFSET_MINUTES, local_second
from thecal_hil.course.load import BadWire, FirstOnly, damaged, doubled, lost
from thecal_hil.course.therapy import continuous

FULL_NL = 18_000_000


ASKED_FOR = (
    events.EVENT_TIME_SET,
    events.EVENT_PROGRAM_COMMITTED,
    events.EVENT_REFILLED,
    events.EVENT_STARTED,
    events.EVENT_STOPPED,
)
"""Everything a host changes in a pump, in the order in which a visit does."""


def changes_of_a_whole_visit(rig: Rig, wire: BadWire) -> tuple[int, ...]:
    """Return codes of all changes that the pump logs while a host makes each of them once over a bad wire."""
    log_before = rig.pump().interrogate().latest_event
    program = continuous(8_000_000).program
    pump = rig.connect(wire)
    pump.set_time(local_second("2026-03-06 12:00"), OFFSET_MINUTES)
    pump.program(program)
    pump.refill(FULL_NL)
    pump.start(program.digest())
    rig.run_for(5)
    pump.stop()
    return tuple(event.code for event in rig.fresh_pump().log(log_before + 1) if event.code in ASKED_FOR)


class EverySecond:
    """Applies a change to every second frame."""

    def __init__(self, change: Callable[[bytes], bytes]) -> None:
        self.change = change
        self.count = 0

    def __call__(self, frame: bytes) -> bytes:
        self.count += 1
        return self.change(frame) if self.count % 2 else frame


@pytest.mark.requirement("retry-after-lost-answer")
def test_every_reply_is_lost_once_and_every_change_is_made_once(rig: Rig) -> None:
    wire = BadWire(rig.port)
    wire.to_host = EverySecond(lost)
    assert changes_of_a_whole_visit(rig, wire) == ASKED_FOR


@pytest.mark.requirement("retry-after-loss")
def test_every_request_is_lost_once_and_every_change_is_made_once(rig: Rig) -> None:
    wire = BadWire(rig.port)
    wire.to_pump = EverySecond(lost)
    assert changes_of_a_whole_visit(rig, wire) == ASKED_FOR


@pytest.mark.requirement("retry-safe")
def test_every_request_arrives_twice_and_every_change_is_made_once(rig: Rig) -> None:
    wire = BadWire(rig.port)
    wire.to_pump = doubled
    assert changes_of_a_whole_visit(rig, wire) == ASKED_FOR


@pytest.mark.requirement("retry-after-loss")
@pytest.mark.expects("garbled frames")
def test_damaged_requests_are_sent_again(rig: Rig) -> None:
    wire = BadWire(rig.port)
    wire.to_pump = EverySecond(damaged)
    assert changes_of_a_whole_visit(rig, wire) == ASKED_FOR


@pytest.mark.requirement("retry-after-lost-answer")
def test_a_single_damaged_reply_goes_unnoticed(rig: Rig) -> None:
    wire = BadWire(rig.port)
    wire.to_host = FirstOnly(damaged)
    assert changes_of_a_whole_visit(rig, wire) == ASKED_FOR
