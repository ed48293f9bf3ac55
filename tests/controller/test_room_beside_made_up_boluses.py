"""A clock set forward makes up for boluses, and that never takes the last place that a bolus on demand needs."""

from __future__ import annotations

import pytest

from controller.pump_bench import MONDAY_UTC_S, PumpBench, continuous, within_limits
from thecal_fw.core.bolus import KIND_CLINICIAN
from thecal_fw.core.carried import MOST_BOLUSES
from thecal_fw.core.program import PeriodicBolus
from thecal_fw.link import messages

HOUR_S = 3_600


@pytest.mark.requirement("made-up-leaves-room")
@pytest.mark.parametrize("interval_minutes", [5, 10, 15])
def test_a_bolus_can_be_given_beside_whatever_a_clock_set_forward_has_made_up_for(
    interval_minutes: int,
) -> None:
    program = continuous(48_000)
    program.most_nl_per_bolus = 100_000
    program.periodic_bolus = PeriodicBolus(0, interval_minutes, 288_000, 4)
    within_limits(program)
    program.most_nl_per_hour += 1_000_000
    program.most_nl_per_day += 1_000_000
    bench = PumpBench()
    bench.set_time(MONDAY_UTC_S + 60)
    bench.deliver(program)
    bench.run_for(90)
    bench.host.ask(messages.SET_TIME, bench.status()["utc_s"] + 2 * HOUR_S - 60, 0, 0)
    bench.run_for(5)
    made_up = len(bench.pump.controller.boluses.extra)
    assert made_up <= MOST_BOLUSES - 1
    bench.give_bolus(KIND_CLINICIAN, 288_000, 600)
    bench.run_for(5)
    assert bench.host.ask(messages.BOLUSES)["under_way"]
    # What skipped minutes had is given or reported as passed over, each once.
    passed = sum(number for number, *_ in bench.passed_over())
    assert passed + made_up >= 2 * 60 // interval_minutes - 1
