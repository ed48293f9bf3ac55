"""Restarts: what a pump does after its watchdog bit, and after its power was cut."""

import pytest

from thecal_fw.core import alarms
from thecal_fw.core.events import EVENT_RESET, RESET_POWER_ON, RESET_WATCHDOG
from thecal_fw.core.pump_state import STATE_DELIVERING, STATE_STOPPED
from thecal_hil.course import Course, local_second
from thecal_hil.drills import most_restart_ms, restart_ms
from thecal_hil.pump_clock import TICK_NS
from thecal_hil.rig import DRIVER_ENABLED, ENABLE, ResetCause
from thecal_hil.therapy import continuous

MINIMUM_NL_PER_DAY = 6_000
SECONDS_PER_PULSE_AT_MINIMUM = 225


def delivering(course: Course) -> None:
    course.set_time(local_second("2026-03-06 12:00"))
    course.prescribe(continuous(24_000_000))
    course.refill(18_000_000)
    course.start()
    course.rig.run_for(5)


@pytest.mark.requirement("restart-in-time")
@pytest.mark.needs("exact edges", "watchdog reset")
@pytest.mark.expects("program lost", "watchdog reset")
def test_after_a_watchdog_reset_the_pump_delivers_its_minimum_rate_within_half_a_second(
    course: Course,
) -> None:
    delivering(course)
    rig = course.rig
    assert 0 <= restart_ms(rig) <= most_restart_ms(rig)
    pump = rig.pump()
    status = pump.interrogate()
    assert status.state == STATE_DELIVERING
    assert status.rate_nl_per_day == MINIMUM_NL_PER_DAY
    assert status.active_alarms >> alarms.PROGRAM_LOST & 1
    reset = pump.log()[0]
    assert (reset.code, reset.first, reset.second) == (EVENT_RESET, RESET_WATCHDOG, 1)


@pytest.mark.requirement("restart-in-time")
@pytest.mark.needs("exact edges", "watchdog reset")
@pytest.mark.expects("program lost", "watchdog reset")
def test_the_minimum_rate_after_a_reset_is_as_exact_as_any_other(course: Course) -> None:
    delivering(course)
    rig = course.rig
    rig.reset(ResetCause.WATCHDOG)
    rig.run_for(1.5 * SECONDS_PER_PULSE_AT_MINIMUM + 2)
    first_ns, second_ns = rig.steps_since_boot_ns().tolist()
    # Half a microstep is owed to begin with, so the first pulse comes after half the time.
    after_reset_s = (first_ns - rig.boot_origin_ns) / 1e9
    assert 0 < after_reset_s - SECONDS_PER_PULSE_AT_MINIMUM / 2 < most_restart_ms(rig) / 1_000
    assert abs(second_ns - first_ns - SECONDS_PER_PULSE_AT_MINIMUM * 10**9) <= TICK_NS


@pytest.mark.requirement("power-on-stopped")
@pytest.mark.needs("exact edges", "power cut")
def test_after_a_power_cut_the_pump_is_stopped_and_its_motor_off(course: Course) -> None:
    delivering(course)
    rig = course.rig
    rig.reset(ResetCause.POWER_ON)
    cut_ns = rig.boot_origin_ns
    rig.run_for(30)
    status = rig.pump().interrogate()
    assert status.state == STATE_STOPPED
    assert not status.has_program
    assert status.reset_cause == RESET_POWER_ON
    assert len(rig.steps_since_boot_ns()) == 0
    assert not [
        edge
        for edge in rig.edges
        if edge.signal == ENABLE and edge.level == DRIVER_ENABLED and edge.t_ns > cut_ns
    ]
