"""Delivery under load: whatever the host does to the port, no pulse moves."""

import pytest

from thecal_hil.course.course import Course, local_second
from thecal_hil.course.load import flood, garbage, settle, valid_frames
from thecal_hil.course.raw_link import RawLink
from thecal_hil.course.therapy import continuous

FULL_NL = 18_000_000
FASTEST_NL_PER_DAY = 24_000_000
FLOOD_S = 0.3


@pytest.fixture
def delivering(course: Course) -> Course:
    """Provide a pump that is delivering at its highest basal rate: 18 pulses a second."""
    course.set_time(local_second("2026-03-06 12:00"))
    course.prescribe(continuous(FASTEST_NL_PER_DAY))
    course.refill(FULL_NL)
    course.start()
    course.rig.run_for(2)
    return course


@pytest.mark.requirement("link-never-disturbs")
@pytest.mark.needs("exact edges", "virtual time")
def test_a_host_that_floods_the_port_with_valid_frames_moves_no_pulse(delivering: Course) -> None:
    link = RawLink(delivering.rig.port)
    sent = flood(delivering.rig, FLOOD_S, valid_frames(link.session))
    assert sent > 500
    delivering.rig.run_for(2)
    delivering.must_be_ideal()


@pytest.mark.requirement("noise-never-disturbs")
@pytest.mark.needs("exact edges", "virtual time")
@pytest.mark.expects("garbled frames", "overlong frames")
def test_a_host_that_floods_the_port_with_garbage_moves_no_pulse(delivering: Course) -> None:
    sent = flood(delivering.rig, FLOOD_S, garbage(seed=2))
    assert sent > 1_000
    delivering.rig.run_for(2)
    delivering.must_be_ideal()


@pytest.mark.requirement("unread-never-disturbs")
@pytest.mark.needs("exact edges", "virtual time", "a port that is held open and never read")
@pytest.mark.expects("dropped replies")
def test_a_host_that_holds_the_port_open_and_never_reads_moves_no_pulse(delivering: Course) -> None:
    rig = delivering.rig
    link = RawLink(rig.port)
    frames = valid_frames(link.session)
    rig.leave_unread(True)
    for _ in range(30):
        rig.port.write(next(frames))
        rig.run_for(0.1)
    rig.run_for(2)
    rig.leave_unread(False)
    settle(rig)
    delivering.must_be_ideal()
    assert rig.fresh_pump().interrogate().replies_dropped > 0
