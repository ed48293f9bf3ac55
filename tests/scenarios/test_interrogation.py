"""All that a visit begins with, read over the link of any rig: complete, and at once."""

from __future__ import annotations

from datetime import date

import pytest

from thecal_fw.core.alarms import PRIORITY_CRITICAL, PRIORITY_NON_CRITICAL
from thecal_fw.core.dead_volume import PUMP_TUBING_NL
from thecal_fw.core.events import EVENT_STALLED
from thecal_fw.core.program import PatientBolus
from thecal_hil.contract.faults import Fault
from thecal_hil.contract.rig import ResetCause
from thecal_hil.course.course import Course, local_second
from thecal_hil.course.therapy import flex, with_patient_bolus
from thecal_hil.scenario.alarm_trial import tones_s
from thecal_sim.units import NS_PER_S

FULL_NL = 18_000_000
MOST_NS = NS_PER_S // 10
EVENTS = 1_000
MOST_LOG_NS = 2 * NS_PER_S
pytestmark = pytest.mark.needs("virtual time")


def begun(course: Course) -> None:
    course.set_time(local_second("2026-03-05 06:28:50"))
    basal = [(f"{hour:02}:00", 424_000 + 1_000 * hour) for hour in range(24)]
    therapy = with_patient_bolus(flex(basal), PatientBolus(14_400_000, 1, 60, 4))
    therapy.program.patient = "K. 2741"
    course.prescribe(therapy)
    course.refill(FULL_NL)
    course.start()
    course.rig.run_for(3.5)


@pytest.mark.requirement(
    "interrogation",
    "interrogation-time",
    "interrogation-calibration",
    "interrogation-clock",
    "interrogation-therapy",
    "interrogation-reservoir",
    "interrogation-service",
    "interrogation-alarms",
    "interrogation-boluses",
    "interrogation-serial",
    "interrogation-build",
    "interrogation-concentration",
    "interrogation-mode",
    "interrogation-schedule",
    "interrogation-dates",
    "interrogation-lockout",
)
def test_an_interrogation_is_complete_within_a_tenth_of_a_second(course: Course) -> None:
    begun(course)
    rig, pump = course.rig, course.pump
    begun_ns = rig.now_ns
    status = pump.interrogate()
    program = pump.read_program()
    boluses, outlook, service = pump.boluses(), pump.outlook(), pump.service_life()
    took_ns = rig.now_ns - begun_ns
    print(f"\n{rig.name}: interrogated in {took_ns / 1e6:.1f} ms")
    assert took_ns <= MOST_NS
    # Model and serial, firmware and calibration.
    assert (pump.version, pump.commit) == rig.build_under_test
    assert pump.board
    assert pump.serial
    assert (status.calibration_id, status.nl_per_rev, status.microsteps_per_rev) == (1, 50_000, 3_200)
    # The pump's clock.
    assert status.time_source
    assert abs(status.utc_s - local_second("2026-03-05 06:28:53")) <= 2
    # Patient, drug, concentration, mode, the day's schedule and with it the dose of a day; tubing and catheter.
    assert program is not None
    assert program.digest() == status.program_digest
    assert program.patient == "K. 2741"
    assert (program.drug, program.concentration_ng_per_ml) == (status.drug, status.concentration_ng_per_ml)
    assert status.mode == program.mode
    assert len(program.patterns[0]) == 24
    assert PUMP_TUBING_NL + program.catheter_nl > 0
    # Reservoir, alarm volume, alarm date, refill-by date, end of service.
    assert FULL_NL - 100_000 < status.residual_nl < FULL_NL == status.fill_nl
    assert status.low_reservoir_nl == program.low_reservoir_nl
    assert 0 < outlook.minutes_to_low_at_worst < outlook.minutes_to_low < outlook.minutes_to_empty
    assert 0 < service.minutes_to_tubing_due < service.minutes_to_end_of_service
    # Alarms, and boluses with their lockout.
    assert status.active_alarms == 0
    assert (boluses.patient_in_24_h, boluses.patient_wait_s) == (0, 0)
    assert program.patient_bolus is not None


@pytest.mark.requirement("interrogation-time")
@pytest.mark.campaign_on("pico")
def test_state_and_the_largest_program_are_read_within_150_ms(course: Course) -> None:
    """2 kB of it, in nine frames. The tenth of a second for everything is with a pattern of 24 steps."""
    rig, pump = course.rig, course.pump
    program = flex([("00:00", 400_000)]).program
    program.patterns = [
        [(30 * step, 400_000 + 100 * (48 * day + step)) for step in range(48)] for day in range(7)
    ]
    program.boluses = [[] for _ in range(7)]
    program.weekdays = tuple(range(7))
    pump.program(program)
    # What there is to do after a commit, erases for the next one among it, is done.
    rig.run_for(10)
    begun_ns = rig.now_ns
    assert pump.interrogate().program_digest == program.digest()
    read = pump.read_program()
    took_ns = rig.now_ns - begun_ns
    print(f"\n{rig.name}: the largest program in {took_ns / 1e6:.1f} ms")
    assert read is not None
    assert read.digest() == program.digest()
    assert took_ns <= 150_000_000


@pytest.mark.requirement("log-of-refills-and-stalls", "stalls-reported")
@pytest.mark.needs("power cut", str(Fault.MOTOR_STALLS))
@pytest.mark.expects("motor stalled")
def test_one_answer_tells_the_last_refill_and_the_stalls_since_also_after_a_power_cut(course: Course) -> None:
    rig = course.rig
    assert course.pump.interrogate().last_refill is None
    begun(course)
    filled = date(2026, 3, 5)
    status = course.pump.interrogate()
    assert (status.last_refill, status.fill_nl, status.stalls) == (filled, FULL_NL, 0)
    rig.faults.inject(Fault.MOTOR_STALLS)
    rig.run_for(120)
    rig.faults.end(Fault.MOTOR_STALLS)
    rig.run_for(60)
    stalled = [event for event in course.pump.log() if event.code == EVENT_STALLED]
    status = course.pump.interrogate()
    assert status.stalls == len(stalled) == 1
    course.reset(ResetCause.POWER_ON)
    status = course.pump.interrogate()
    assert (status.last_refill, status.fill_nl, status.stalls) == (filled, FULL_NL, 1)
    course.set_time(local_second("2026-06-01 12:00:00"))
    course.refill(FULL_NL - 1_000_000)
    status = course.pump.interrogate()
    assert (status.last_refill, status.fill_nl, status.stalls) == (date(2026, 6, 1), FULL_NL - 1_000_000, 0)


@pytest.mark.requirement("log-read-time")
@pytest.mark.campaign_on("pico")
def test_a_thousand_events_are_read_within_two_seconds(course: Course) -> None:
    begun(course)
    rig, pump = course.rig, course.pump
    while pump.interrogate().latest_event < EVENTS:
        pump.acknowledge(0)
    # What is in the journal and no longer in memory is read from flash.
    rig.run_for(10)
    latest = pump.interrogate().latest_event
    begun_ns = rig.now_ns
    log = pump.log()
    took_ns = rig.now_ns - begun_ns
    print(f"\n{rig.name}: {len(log)} events in {took_ns / 1e9:.2f} s")
    assert [event.sequence for event in log] == list(range(log[0].sequence, latest + 1))
    assert len(log) >= EVENTS
    assert took_ns * EVENTS <= MOST_LOG_NS * len(log)
    course.must_be_ideal()


@pytest.mark.requirement("check-tone")
@pytest.mark.needs("exact edges")
def test_each_tone_is_sounded_when_a_person_wants_to_know_it(course: Course) -> None:
    begun(course)
    rig = course.rig
    for priority, lengths_s in ((PRIORITY_NON_CRITICAL, [1.0]), (PRIORITY_CRITICAL, [0.25] * 6)):
        since_ns = rig.now_ns
        assert course.pump.check_tone(priority)
        assert not course.pump.check_tone(priority)
        rig.run_for(5)
        assert tones_s(rig, since_ns) == pytest.approx(lengths_s, abs=0.02)
    course.must_be_ideal()
