"""A host that leaves a reply unread, or is gone, does not keep the pump awake."""

from __future__ import annotations

import pytest

from thecal_fw.link import messages
from thecal_hil.contract.image import image_under_test
from thecal_hil.course.course import Course, local_second
from thecal_hil.course.raw_link import RawLink
from thecal_hil.course.therapy import continuous
from thecal_hil.emulator.silicon import Silicon
from thecal_hil.rigs.pico_rig import PicoRig

_FRAMES = Silicon.read("frames=on")
_CYCLES_PER_S = 125_000_000
_MOST_AWAKE = 0.0005
"""Of the time, at 424 uL/day."""
_SECONDS = 120


def _delivering() -> PicoRig:
    rig = PicoRig(image_under_test(), _FRAMES)
    course = Course(rig)
    course.set_time(local_second("2026-03-06 12:00"))
    course.refill(20_000_000)
    course.prescribe(continuous(424_000))
    course.start()
    rig.run_for(10)
    return rig


def _awake(rig: PicoRig) -> float:
    """Share of two minutes for which the processor is awake."""
    before = rig.board.busy_cycles
    rig.run_for(_SECONDS)
    return (rig.board.busy_cycles - before) / (_SECONDS * _CYCLES_PER_S)


@pytest.mark.requirement("unread-reply-costs-nothing")
def test_a_host_that_is_attached_and_quiet_leaves_the_pump_asleep() -> None:
    rig = _delivering()
    assert _awake(rig) <= _MOST_AWAKE


@pytest.mark.requirement("unread-reply-costs-nothing")
@pytest.mark.parametrize("gone", [False, True], ids=["port held open", "port closed"])
def test_a_reply_that_nobody_reads_lets_the_pump_sleep_again_within_a_second(gone: bool) -> None:
    rig = _delivering()
    link = RawLink(rig.port)
    rig.leave_unread(True)
    for _ in range(4):
        rig.port.write(link.frame(messages.INTERROGATE))
    rig.run_for(1)
    if gone:
        rig.port.close()
    rig.run_for(1)
    assert _awake(rig) <= _MOST_AWAKE


@pytest.mark.requirement("unread-reply-costs-nothing")
def test_a_host_that_reads_later_gets_the_reply_and_the_next_one() -> None:
    rig = _delivering()
    link = RawLink(rig.port)
    rig.leave_unread(True)
    rig.port.write(link.frame(messages.INTERROGATE))
    rig.run_for(5)
    rig.leave_unread(False)
    rig.run_for(0.1)
    assert rig.port.in_waiting
    rig.port.reset_input_buffer()
    assert rig.fresh_pump().interrogate().rate_nl_per_day == 424_000
