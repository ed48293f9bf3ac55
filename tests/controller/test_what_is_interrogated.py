"""An interrogation reports what holds at its instant: silenced alarms as well, boluses given, and the lockout left."""

from __future__ import annotations

import pytest

from controller.pump_bench import MONDAY_UTC_S, PumpBench, continuous
from thecal_fw.core import alarms
from thecal_fw.core.bolus import KIND_PATIENT
from thecal_fw.core.program import PatientBolus
from thecal_fw.link import messages

LOCKOUT_S = 3_600


def delivering() -> PumpBench:
    program = continuous(424_000)
    program.patient_bolus = PatientBolus(2_880_000, 5, LOCKOUT_S // 60, 4)
    program.most_nl_per_bolus = 20_000
    program.most_nl_per_hour += 100_000
    program.most_nl_per_day += 100_000
    bench = PumpBench()
    bench.set_time(MONDAY_UTC_S)
    bench.deliver(program)
    bench.run_for(100)
    return bench


@pytest.mark.requirement("interrogation-alarms", "low-reservoir")
def test_an_alarm_that_was_silenced_is_reported_as_active_and_silenced() -> None:
    bench = delivering()
    bench.refill(1_900_000)
    bench.run_for(5)
    bit = 1 << alarms.LOW_RESERVOIR
    assert bench.status()["active_alarms"] & bit
    assert not bench.status()["silenced_alarms"] & bit
    bench.host.acknowledge(bit)
    assert bench.status()["active_alarms"] & bit
    assert bench.status()["silenced_alarms"] & bit


@pytest.mark.requirement("interrogation-lockout", "interrogation-boluses")
def test_the_lockout_left_is_reported_and_ends_when_a_bolus_can_be_asked_for_again() -> None:
    bench = delivering()
    assert bench.host.ask(messages.BOLUSES)["patient_wait_s"] == 0
    bench.give_bolus(KIND_PATIENT)
    told = bench.host.ask(messages.BOLUSES)
    assert LOCKOUT_S - 2 <= told["patient_wait_s"] <= LOCKOUT_S + 2
    assert told["patient_in_24_h"] == 1
    bench.run_for(LOCKOUT_S // 2)
    half = bench.host.ask(messages.BOLUSES)["patient_wait_s"]
    assert abs(told["patient_wait_s"] - half - LOCKOUT_S // 2) <= 1
    bench.run_for(half + 1)
    assert bench.host.ask(messages.BOLUSES)["patient_wait_s"] == 0
    bench.give_bolus(KIND_PATIENT)
    assert bench.host.ask(messages.BOLUSES)["patient_in_24_h"] == 2
