"""The time that the pump reports until its refill holds when it is left to itself, also with all allotted boluses."""

from __future__ import annotations

from contextlib import suppress

import pytest

from controller.link_host import RefusedError
from controller.pump_bench import MONDAY_UTC_S, PumpBench, continuous, flex, within_limits
from thecal_fw.core import alarms
from thecal_fw.core.bolus import KIND_CLINICIAN, KIND_PATIENT
from thecal_fw.core.dead_volume import DEAD_VOLUME_ID
from thecal_fw.core.program import Bridge, PatientBolus
from thecal_fw.link import messages

HOUR_S = 3_600


def delivering(program, fill_nl: int) -> PumpBench:
    bench = PumpBench()
    bench.set_time(MONDAY_UTC_S + 7 * HOUR_S)
    bench.commit(program)
    bench.refill(fill_nl)
    bench.start()
    bench.run_for(3)
    return bench


def dates(bench: PumpBench) -> dict[str, int]:
    return bench.host.ask(messages.DATES)


@pytest.mark.requirement("refill-dates")
def test_the_low_reservoir_alarm_comes_within_a_minute_after_its_date() -> None:
    program = flex([[(0, 4_000_000), (480, 9_000_000), (1_200, 2_000_000)]])
    program.most_nl_per_bolus = 1_000_000
    program.boluses = [[(600, 20_000_000, 10)]]
    bench = delivering(within_limits(program), 6_000_000)
    minutes = dates(bench)["minutes_to_low"]
    bench.run_for(60 * minutes - 10)
    assert not bench.is_active(alarms.LOW_RESERVOIR)
    bench.run_for(120)
    assert bench.is_active(alarms.LOW_RESERVOIR)


@pytest.mark.requirement("refill-dates", "refill-dates-worst", "refill-dates-boluses")
def test_the_date_is_not_too_late_for_a_patient_who_asks_for_every_bolus() -> None:
    program = continuous(2_000_000)
    program.most_nl_per_bolus = 100_000
    program.patient_bolus = PatientBolus(28_800_000, 5, 30, 6)
    bench = delivering(within_limits(program), 6_000_000)
    told = dates(bench)
    asked_min = 0
    while not bench.is_active(alarms.LOW_RESERVOIR):
        with suppress(RefusedError):
            bench.give_bolus(KIND_PATIENT)
        bench.run_for(15 * 60)
        asked_min += 15
    assert told["minutes_to_low"] <= asked_min
    assert told["minutes_to_low_at_worst"] < told["minutes_to_low"] < told["minutes_to_empty"]


@pytest.mark.requirement("refill-dates")
def test_a_bolus_and_another_program_move_the_dates_at_once() -> None:
    program = continuous(1_000_000)
    program.most_nl_per_bolus = 1_000_000
    within_limits(program)
    program.most_nl_per_hour += 500_000
    program.most_nl_per_day += 500_000
    bench = delivering(program, 10_000_000)
    before = dates(bench)["minutes_to_low"]
    bench.give_bolus(KIND_CLINICIAN, 86_400_000, 500)
    after = dates(bench)["minutes_to_low"]
    assert before - after in (719, 720, 721)
    bench.run_for(600)
    bench.commit(continuous(2_000_000))
    assert abs(dates(bench)["minutes_to_low"] - (after - 10) / 2) <= 2


@pytest.mark.requirement("refill-dates")
def test_without_a_known_volume_there_is_no_date() -> None:
    bench = PumpBench()
    bench.commit(continuous(1_000_000))
    bench.start()
    bench.run_for(3)
    assert dates(bench)["is_known"] == 0


@pytest.mark.requirement("alarm-protects", "alarm-protects-interrogated")
def test_an_alarm_that_can_not_protect_at_the_worst_is_told_as_such() -> None:
    program = continuous(1_000_000)
    bench = delivering(program, 20_000_000)
    told = dates(bench)
    assert (told["alarm_protects"], told["accuracy_permille"]) == (0, 145)
    bench.refill(15_000_000)
    assert dates(bench)["alarm_protects"] == 1


@pytest.mark.requirement("refill-dates")
@pytest.mark.requirement("bridge")
@pytest.mark.parametrize("old_nl_per_day", [48_000, 424_000, 1_000_000])
def test_what_a_bridge_is_still_to_give_is_reckoned_with_at_its_own_rate(old_nl_per_day: int) -> None:
    program = continuous(100_000)
    program.bridge = Bridge(7_200, old_nl_per_day)
    program.dead_volume_id = DEAD_VOLUME_ID
    bench = delivering(continuous(500_000), 2_100_000)
    bench.commit(program)
    bench.run_for(60)
    minutes = dates(bench)["minutes_to_low"]
    bench.run_for(60 * minutes - 10)
    assert not bench.is_active(alarms.LOW_RESERVOIR)
    # Where the bridge gives less than the program, the date is early by what that saves.
    bench.run_for(120 if old_nl_per_day > 100_000 else 120 + 7_200 * 52 // 100)
    assert bench.is_active(alarms.LOW_RESERVOIR)
