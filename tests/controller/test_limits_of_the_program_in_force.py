"""The limits of the program in force count for boluses on demand, not those of the one before it."""

from __future__ import annotations

import pytest

from controller.link_host import RefusedError
from controller.pump_bench import MONDAY_UTC_S, PumpBench, continuous
from thecal_fw.core.bolus import KIND_CLINICIAN
from thecal_fw.core.bolus_history import REFUSAL_NAMES
from thecal_fw.core.program import Program

TEN_UL_IN_5_MIN = 2_880_000


def with_room_nl(hour_nl: int, day_nl: int) -> Program:
    """Return a constant rate with limits that leave so much room beside it for boluses on demand."""
    program = continuous(424_000)
    program.most_nl_per_bolus = 20_000
    program.most_nl_per_hour += hour_nl
    program.most_nl_per_day += day_nl
    return program


def refusal_of_a_bolus(bench: PumpBench) -> str:
    try:
        bench.give_bolus(KIND_CLINICIAN, TEN_UL_IN_5_MIN, 300)
    except RefusedError as refused:
        return REFUSAL_NAMES[refused.detail]
    bench.cancel_bolus()
    bench.run_for(2)
    return "none"


@pytest.mark.requirement("bolus-limits-of-the-program", "bolus-limit-hour", "bolus-limit-day")
@pytest.mark.parametrize(
    ("narrow", "reason"),
    [((5_000, 40_000), "limit of an hour"), ((20_000, 5_000), "limit of 24 hours")],
)
def test_a_commit_puts_its_own_limits_in_force_at_once(narrow: tuple[int, int], reason: str) -> None:
    bench = PumpBench()
    bench.set_time(MONDAY_UTC_S)
    bench.deliver(with_room_nl(20_000, 40_000))
    bench.run_for(100)
    assert refusal_of_a_bolus(bench) == "none"
    bench.commit(with_room_nl(*narrow))
    bench.run_for(100)
    assert refusal_of_a_bolus(bench) == reason
    bench.commit(with_room_nl(20_000, 40_000))
    bench.run_for(100)
    assert refusal_of_a_bolus(bench) == "none"
