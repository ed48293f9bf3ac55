"""The reservoir: low and empty are met on the very pulse at which the calculated volume gets there."""

from math import ceil

import pytest

from thecal_fw.core import alarms, events
from thecal_fw.core.pump_state import STATE_DELIVERING, STATE_STOPPED
from thecal_hil.contract.rig import BUZZER
from thecal_hil.course.course import MICROSTEPS_PER_NL, Course, local_second
from thecal_hil.course.therapy import continuous

LOW_NL = 2_000_000
MOST_ALARM_DELAY_NS = 100_000_000


def begun(course: Course, nl_per_day: int, fill_nl: int) -> None:
    course.set_time(local_second("2026-03-06 12:00"))
    course.prescribe(continuous(nl_per_day, LOW_NL))
    course.refill(fill_nl)
    course.start()


def alarm_pulses(course: Course, alarm: int) -> list[int]:
    """Return microsteps at which the pump's log says an alarm was raised."""
    return [
        event.second
        for event in course.pump.log()
        if event.code == events.EVENT_ALARM_RAISED and event.first == alarm
    ]


@pytest.mark.requirement("low-reservoir", "low-reservoir-delivers")
@pytest.mark.needs("exact edges")
@pytest.mark.parametrize(
    ("nl_per_day", "used_nl"),
    [(424_000, 700), pytest.param(8_000_000, 12_345, marks=pytest.mark.campaign_on("pico"))],
)
def test_low_reservoir_sounds_on_the_exact_pulse_and_delivery_goes_on(
    course: Course, nl_per_day: int, used_nl: int
) -> None:
    begun(course, nl_per_day, LOW_NL + used_nl)
    begun_ns = course.rig.now_ns
    pulse = ceil(used_nl * MICROSTEPS_PER_NL)
    course.rig.run_for(used_nl / nl_per_day * 86_400 + 30)
    course.must_be_ideal()
    assert alarm_pulses(course, alarms.LOW_RESERVOIR) == [pulse]
    # Its self-test makes the buzzer chirp before that.
    sounds_ns = [t_ns for t_ns in course.rig.rising_ns(BUZZER) if t_ns > begun_ns]
    assert len(sounds_ns) == 1
    assert 0 <= sounds_ns[0] - course.rig.step_times_ns[pulse - 1] < MOST_ALARM_DELAY_NS
    status = course.pump.interrogate()
    assert status.state == STATE_DELIVERING
    assert status.active_alarms == 1 << alarms.LOW_RESERVOIR


@pytest.mark.requirement("empty-reservoir", "empty-reservoir-alarm")
@pytest.mark.needs("exact edges")
def test_an_empty_reservoir_stops_the_pump(course: Course) -> None:
    fill_nl = 5_000
    begun(course, 24_000_000, fill_nl)
    course.rig.run_for(30)
    status = course.pump.interrogate()
    assert status.state == STATE_STOPPED
    assert status.residual_nl == 0
    for alarm in (alarms.EMPTY_RESERVOIR, alarms.LOW_RESERVOIR, alarms.STOPPED_BY_ALARM):
        assert status.active_alarms >> alarm & 1
    pulse = fill_nl * MICROSTEPS_PER_NL
    # The alarm is on the exact pulse; a pulse that was due in the moment of stopping may have come out besides.
    assert pulse <= len(course.rig.step_times_ns) <= pulse + 1
    assert alarm_pulses(course, alarms.EMPTY_RESERVOIR) == [pulse]


@pytest.mark.requirement("low-reservoir", "refill-next-threshold")
@pytest.mark.needs("exact edges")
def test_a_refill_clears_the_alarm_and_the_next_threshold_counts_from_it(course: Course) -> None:
    begun(course, 8_000_000, LOW_NL + 1_000)
    course.rig.run_for(30)
    assert course.pump.interrogate().active_alarms == 1 << alarms.LOW_RESERVOIR
    refilled_at = course.pump.interrogate().counted_steps
    course.refill(LOW_NL + 2_000)
    assert course.pump.interrogate().active_alarms == 0
    refilled_after = course.pump.interrogate().counted_steps
    course.rig.run_for(60)
    first, second = alarm_pulses(course, alarms.LOW_RESERVOIR)
    assert first == 64
    assert refilled_at + 128 <= second <= refilled_after + 128
    course.must_be_ideal()
