"""The button on the pump, on any rig: a press gives the patient's bolus, exactly, or is refused with a reason."""

from __future__ import annotations

from fractions import Fraction

import pytest

from thecal_fw.core import alarms, events
from thecal_fw.core.bolus import KIND_PATIENT
from thecal_fw.core.bolus_history import REFUSED_LOCKOUT
from thecal_fw.core.program import PatientBolus
from thecal_hil.contract.rig import ResetCause, Rig
from thecal_hil.course.course import Course, local_second
from thecal_hil.course.therapy import continuous, with_patient_bolus
from thecal_hil.scenario.alarm_trial import tones_s
from thecal_sim.ideal import Span
from thecal_sim.units import NS_PER_S

FULL_NL = 18_000_000
TEN_UL_IN_A_MINUTE = 14_400_000
NOTICE_NS = NS_PER_S // 5
pytestmark = [pytest.mark.needs("a hand at the button"), pytest.mark.needs("exact edges")]


def press(rig: Rig, seconds: float) -> int:
    """Press the button for so long; return the instant at which it was let go."""
    rig.hold_button(True)
    rig.run_for(seconds)
    rig.hold_button(False)
    return rig.now_ns


def begun(course: Course) -> None:
    course.set_time(local_second("2026-03-05 06:28:50"))
    course.prescribe(with_patient_bolus(continuous(1_000_003), PatientBolus(TEN_UL_IN_A_MINUTE, 1, 60, 4)))
    course.refill(FULL_NL)
    course.start()
    course.rig.run_for(3.3)


@pytest.mark.requirement("button-press", "button-refusals", "bolus-exact", "button-refusals-logged")
def test_a_press_gives_the_bolus_exactly_and_the_next_one_is_refused(course: Course) -> None:
    begun(course)
    rig = course.rig
    released_ns = press(rig, 0.3)
    rig.run_for(4)
    assert tones_s(rig, released_ns) == pytest.approx([0.1], abs=0.02)
    log = course.pump.log()
    given = next(event for event in log if event.code == events.EVENT_BOLUS_BEGUN)
    asked_ns = rig.clock().rig_ns_of_boot(given.boot_s, given.boot_us)
    assert 0 < asked_ns - released_ns < NS_PER_S // 4
    # The bolus begins on a whole second, chosen once it is durable, and the log has it within a poll of that.
    noted = next(
        event
        for event in log
        if event.code == events.EVENT_PROGRAM_EFFECTIVE and event.sequence > given.sequence
    )
    noted_ns = rig.clock().rig_ns_of_boot(noted.boot_s, noted.boot_us)
    start_ns = course.first_second_after(noted_ns - NS_PER_S + 1)
    assert NOTICE_NS < start_ns - asked_ns < 2 * NS_PER_S
    course.note_bolus(Span(start_ns, start_ns + 60 * NS_PER_S, Fraction(TEN_UL_IN_A_MINUTE)))
    rig.run_for(60)
    released_ns = press(rig, 0.2)
    rig.run_for(5)
    assert tones_s(rig, released_ns) == pytest.approx([0.1] * 3, abs=0.02)
    course.must_be_ideal()
    log = course.pump.log()
    ended = [event.first for event in log if event.code == events.EVENT_BOLUS_ENDED]
    refused = [
        (event.first, event.second >> events.KIND_SHIFT)
        for event in log
        if event.code == events.EVENT_BOLUS_REFUSED
    ]
    assert (ended, refused) == ([10_000], [(REFUSED_LOCKOUT, KIND_PATIENT)])


@pytest.mark.requirement("button-short", "button-long")
def test_a_push_too_short_and_one_too_long_ask_for_nothing_and_move_no_pulse(course: Course) -> None:
    begun(course)
    rig = course.rig
    for seconds in (0.00002, 0.001, 0.02, 2.5):
        press(rig, seconds)
        rig.run_for(1)
    rig.run_for(10)
    assert not {events.EVENT_PRESSED, events.EVENT_BOLUS_BEGUN, events.EVENT_BOLUS_REFUSED} & {
        event.code for event in course.pump.log()
    }
    course.must_be_ideal()


@pytest.mark.requirement("button-fault")
@pytest.mark.requirement("self-test")
@pytest.mark.needs("power cut")
def test_a_button_that_is_stuck_at_a_reset_is_told_and_delivery_goes_on(course: Course) -> None:
    begun(course)
    rig = course.rig
    rig.hold_button(True)
    rig.reset(ResetCause.POWER_ON)
    rig.run_for(5)
    status = rig.pump().interrogate()
    assert status.is_delivering
    assert status.active_alarms >> alarms.BUTTON_FAULT & 1
    assert not status.active_alarms >> alarms.SELF_TEST & 1
    rig.hold_button(False)
    rig.run_for(2)
    assert not rig.pump().interrogate().active_alarms >> alarms.BUTTON_FAULT & 1
