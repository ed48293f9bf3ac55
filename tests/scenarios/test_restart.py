"""Restarts: a watchdog reset costs no microstep, a power cut at most a quantum, and neither is ever given twice."""

import pytest

from thecal_fw.core import alarms
from thecal_fw.core.events import (
    EVENT_RESET,
    EVENT_UNCERTAIN,
    RESET_POWER_ON,
    RESET_WATCHDOG,
    WAS_DELIVERING_SHIFT,
)
from thecal_fw.core.pump_state import STATE_DELIVERING, STATE_STOPPED
from thecal_fw.core.wall_clock import TIME_CARRIED_OVER, TIME_RESTORED
from thecal_hil.contract.rig import DRIVER_ENABLED, ENABLE, ResetCause
from thecal_hil.course.course import Course, local_second
from thecal_hil.course.drills import most_restart_ms, restart
from thecal_hil.course.therapy import continuous, flex

MOST_RESTART_AFTER_CUT_NS = 1_000_000_000


def delivering(course: Course, nl_per_day: int = 1_000_000) -> None:
    course.set_time(local_second("2026-03-06 12:00"))
    course.prescribe(continuous(nl_per_day))
    course.refill(18_000_000)
    course.start()
    course.rig.run_for(20)


@pytest.mark.requirement("event-log-reset")
@pytest.mark.requirement("restart-in-time")
@pytest.mark.needs("exact edges", "watchdog reset")
@pytest.mark.expects("watchdog reset")
def test_after_a_watchdog_reset_the_pump_goes_on_within_600_ms(course: Course) -> None:
    delivering(course)
    rig = course.rig
    assert 0 <= restart(rig).ms <= most_restart_ms(rig)
    status = rig.pump().interrogate()
    assert status.state == STATE_DELIVERING
    assert status.rate_nl_per_day == 1_000_000
    assert status.time_source == TIME_CARRIED_OVER
    assert not status.active_alarms
    resets = [(event.first, event.second) for event in rig.pump().log() if event.code == EVENT_RESET]
    while_delivering = 1 << WAS_DELIVERING_SHIFT
    assert [cause for cause, _ in resets] == [RESET_POWER_ON, RESET_WATCHDOG | while_delivering]
    assert resets[0][1] == 0 < resets[1][1]


@pytest.mark.requirement("watchdog-resume", "reset-moves-nothing")
@pytest.mark.needs("exact edges", "watchdog reset")
@pytest.mark.expects("watchdog reset")
def test_a_watchdog_reset_costs_no_microstep_and_moves_the_others_by_what_the_clock_lost(
    course: Course,
) -> None:
    """The chip's clock stands while the boot ROM runs and clocks start: all that follows is later by just that."""
    delivering(course, 424_000)
    course.reset(ResetCause.WATCHDOG)
    course.rig.run_for(120)
    found = course.check()
    assert found.divergence is None, str(found.divergence)
    assert found.worst_volume_steps <= 1
    assert (found.missing, found.extra) == (0, 0)
    status = course.rig.pump().interrogate()
    assert status.lifetime_steps == len(course.rig.step_times_ns)
    assert status.uncertain_steps == 0


@pytest.mark.requirement("restart-after-power-cut")
@pytest.mark.needs("exact edges", "power cut")
def test_after_a_power_cut_the_pump_goes_on_by_itself_within_a_second(course: Course) -> None:
    delivering(course)
    rig = course.rig
    rig.reset(ResetCause.POWER_ON)
    cut_ns = rig.reset_ns
    rig.run_for(5)
    enabled_ns = [
        edge.t_ns
        for edge in rig.edges
        if edge.signal == ENABLE and edge.level == DRIVER_ENABLED and edge.t_ns > cut_ns
    ]
    assert 0 < enabled_ns[0] - cut_ns <= MOST_RESTART_AFTER_CUT_NS
    status = rig.pump().interrogate()
    assert status.state == STATE_DELIVERING
    assert status.rate_nl_per_day == 1_000_000
    assert status.time_source == TIME_RESTORED
    assert status.boots == 2


@pytest.mark.requirement(
    "uncertain-told", "power-cut", "power-cut-quantum", "power-cut-told", "uncertain-logged"
)
@pytest.mark.needs("exact edges", "power cut")
def test_a_power_cut_gives_nothing_twice_and_leaves_at_most_a_quantum_uncertain(course: Course) -> None:
    delivering(course, 8_000_000)
    rig = course.rig
    delivered = len(rig.step_times_ns)
    rig.reset(ResetCause.POWER_ON)
    status = rig.pump().interrogate()
    assert 0 < status.uncertain_steps <= status.quantum_steps
    # What came out since the restart is counted as well.
    since = len(rig.steps_since_boot_ns())
    assert delivered + since <= status.lifetime_steps + 1
    assert status.lifetime_steps - since <= delivered + status.uncertain_steps
    told = [event for event in rig.pump().log() if event.code == EVENT_UNCERTAIN]
    assert [event.first for event in told] == [status.uncertain_steps]
    rig.pump().refill(18_000_000)
    assert rig.pump().interrogate().uncertain_steps == 0


@pytest.mark.requirement("mean-rate-after-power-cut")
@pytest.mark.needs("exact edges", "power cut")
def test_after_a_power_cut_a_daily_pattern_is_delivered_at_its_mean_rate_until_the_time_is_set(
    course: Course,
) -> None:
    course.set_time(local_second("2026-03-06 12:00"))
    course.prescribe(flex([("00:00", 1_000_000), ("06:00", 5_000_000)]))
    course.refill(18_000_000)
    course.start()
    course.rig.run_for(10)
    rig = course.rig
    rig.reset(ResetCause.POWER_ON)
    rig.run_for(3)
    status = rig.pump().interrogate()
    assert status.rate_nl_per_day == 4_000_000
    assert status.active_alarms == 1 << alarms.TIME_UNKNOWN
    rig.pump().set_time(local_second("2026-03-06 12:01"), 60)
    rig.run_for(3)
    status = rig.pump().interrogate()
    assert status.rate_nl_per_day == 5_000_000
    assert not status.active_alarms


@pytest.mark.requirement("power-on-stopped", "stopped-motor-off")
@pytest.mark.needs("exact edges", "power cut")
def test_a_stopped_pump_stays_stopped_over_a_power_cut_and_its_motor_off(course: Course) -> None:
    delivering(course)
    course.stop()
    rig = course.rig
    digest = rig.pump().interrogate().program_digest
    rig.reset(ResetCause.POWER_ON)
    cut_ns = rig.boot_origin_ns
    rig.run_for(30)
    status = rig.pump().interrogate()
    assert (status.state, status.program_digest) == (STATE_STOPPED, digest)
    assert len(rig.steps_since_boot_ns()) == 0
    assert not [
        edge
        for edge in rig.edges
        if edge.signal == ENABLE and edge.level == DRIVER_ENABLED and edge.t_ns > cut_ns
    ]
