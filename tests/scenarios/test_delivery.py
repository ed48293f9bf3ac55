"""Delivery: what is prescribed comes out, from the first pulse on, through every start, stop and change."""

import pytest

from thecal_fw.core.modes import MODE_STOPPED
from thecal_fw.core.pump_state import STATE_DELIVERING, STATE_STOPPED
from thecal_hil.contract.rig import DIRECTION, DRIVER_ENABLED, ENABLE, LED, Rig
from thecal_hil.course.course import Course, local_second
from thecal_hil.course.therapy import continuous

FRIDAY_NOON = local_second("2026-03-06 12:00")
FULL_NL = 18_000_000
TYPICAL_NL_PER_DAY = 424_000
FASTEST_NL_PER_DAY = 24_000_000
SLOWEST_NL_PER_DAY = 48_000


def begun(course: Course, nl_per_day: int) -> int:
    """Set the clock, prescribe one rate, fill up and start; the instant at which delivery begins."""
    course.set_time(FRIDAY_NOON)
    course.prescribe(continuous(nl_per_day))
    course.refill(FULL_NL)
    return course.start()


@pytest.mark.requirement("new-pump-stopped")
@pytest.mark.needs("power cut")
def test_a_pump_that_was_just_powered_is_stopped_and_has_no_program(rig: Rig) -> None:
    status = rig.pump().interrogate()
    assert status.state == STATE_STOPPED
    assert status.mode == MODE_STOPPED
    assert not status.has_program
    rig.run_for(60)
    assert len(rig.step_times_ns) == 0
    assert not [edge for edge in rig.edges if edge.signal == ENABLE and edge.level == DRIVER_ENABLED]


@pytest.mark.requirement("pulse-timing")
@pytest.mark.needs("exact edges")
def test_an_hour_at_a_typical_rate_is_delivered_to_the_tick(course: Course) -> None:
    begins_ns = begun(course, TYPICAL_NL_PER_DAY)
    course.rig.run_for(3_600 - (course.rig.now_ns - begins_ns) / 1e9)
    found = course.must_be_ideal()
    # 1,130.67 microsteps are prescribed by then.
    assert found.pulses == found.expected == 1_131


@pytest.mark.requirement("pulse-timing")
@pytest.mark.needs("exact edges")
@pytest.mark.parametrize(
    "nl_per_day",
    [SLOWEST_NL_PER_DAY, pytest.param(1_000_003, marks=pytest.mark.campaign_on("pico")), FASTEST_NL_PER_DAY],
)
def test_any_rate_is_delivered_to_the_tick(course: Course, nl_per_day: int) -> None:
    begun(course, nl_per_day)
    course.rig.run_for(60)
    assert course.must_be_ideal().pulses > 0


@pytest.mark.requirement("motor-only-when-delivering", "never-backwards")
@pytest.mark.requirement("pulse-timing")
@pytest.mark.needs("exact edges")
def test_the_motor_is_energised_and_turns_forward_only_while_delivering(course: Course) -> None:
    begins_ns = begun(course, FASTEST_NL_PER_DAY)
    course.rig.run_for(5)
    stopped_ns = course.stop()
    course.rig.run_for(5)
    (on,) = [edge for edge in course.rig.edges if edge.signal == ENABLE and edge.level == DRIVER_ENABLED]
    off = [edge for edge in course.rig.edges if edge.signal == ENABLE and edge.t_ns > on.t_ns]
    assert begins_ns - 100_000_000 <= on.t_ns <= begins_ns
    assert [edge.level for edge in off] == [1 - DRIVER_ENABLED]
    assert abs(off[0].t_ns - stopped_ns) < 1_000_000
    assert not [edge for edge in course.rig.edges if edge.signal == DIRECTION and edge.t_ns > on.t_ns]
    assert [edge.level for edge in course.rig.edges if edge.signal == LED and edge.t_ns > on.t_ns] == [1, 0]


@pytest.mark.requirement("stop-loses-nothing")
@pytest.mark.needs("exact edges")
def test_nothing_comes_out_after_a_stop_and_nothing_is_lost_over_it(course: Course) -> None:
    begun(course, FASTEST_NL_PER_DAY)
    for pause_s in (0.9, 3.21):
        course.rig.run_for(7.777)
        stopped_ns = course.stop()
        course.rig.run_for(pause_s)
        assert course.rig.step_times_ns[-1] <= stopped_ns + 10_000
        course.start()
    course.rig.run_for(10)
    course.must_be_ideal()


@pytest.mark.requirement(
    "change-loses-no-pulse", "change-is-a-transaction", "change-doubles-no-pulse", "change-on-a-second"
)
@pytest.mark.needs("exact edges")
def test_a_program_committed_while_delivering_takes_over_on_its_second_without_losing_a_pulse(
    course: Course,
) -> None:
    begun(course, TYPICAL_NL_PER_DAY)
    for nl_per_day in (FASTEST_NL_PER_DAY, SLOWEST_NL_PER_DAY, 3_000_000):
        course.rig.run_for(20.3)
        asked_ns = course.rig.now_ns
        takes_effect_ns = course.prescribe(continuous(nl_per_day))
        assert course.clock.wall_ns(takes_effect_ns) % 1_000_000_000 == 0
        assert 0 < takes_effect_ns - asked_ns < 5_000_000_000
    course.rig.run_for(60)
    course.must_be_ideal()
    status = course.pump.interrogate()
    assert status.state == STATE_DELIVERING
    assert status.rate_nl_per_day == 3_000_000


@pytest.mark.requirement("queued-ahead")
@pytest.mark.requirement("change-is-a-transaction")
@pytest.mark.needs("exact edges")
def test_half_a_second_of_pulses_is_always_queued_ahead(course: Course) -> None:
    begun(course, FASTEST_NL_PER_DAY)
    course.rig.run_for(1.5)
    for _ in range(12):
        course.rig.run_for(0.731)
        assert course.pump.interrogate().queued_ms >= 500
    course.must_be_ideal()
