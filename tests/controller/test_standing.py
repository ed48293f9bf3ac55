"""A pump that stands though its program is to deliver something does not stay silent about it."""

from __future__ import annotations

import pytest

from controller.pump_bench import PumpBench, continuous, stopped
from thecal_fw.core import alarms

HOUR_S = 3_600


def is_told(bench: PumpBench) -> tuple[bool, bool]:
    """Return whether the reminder and the urgent alarm are active."""
    return bench.is_active(alarms.PUMP_STOPPED), bench.is_active(alarms.STOPPED_LONG)


@pytest.mark.requirement("stopped-reminder", "stopped-reminder-urgent")
@pytest.mark.parametrize("how", ["never started", "stopped"])
def test_a_pump_that_stands_reminds_after_half_an_hour_and_urgently_after_two_days(how: str) -> None:
    bench = PumpBench()
    bench.commit(continuous(424_000))
    bench.refill()
    if how == "stopped":
        bench.start()
        bench.run_for(100)
        bench.stop()
    bench.run_for(1_800 - 20)
    assert is_told(bench) == (False, False)
    bench.run_for(40)
    assert is_told(bench) == (True, False)
    bench.run_for(47.5 * HOUR_S - 60)
    assert is_told(bench) == (True, False)
    bench.run_for(120)
    assert is_told(bench) == (True, True)
    bench.start()
    bench.run_for(5)
    assert is_told(bench) == (False, False)


@pytest.mark.requirement("stopped-reminder-urgent")
@pytest.mark.parametrize("what", ["a stop", "another program"])
def test_neither_one_more_stop_nor_another_program_puts_the_urgent_alarm_off(what: str) -> None:
    bench = PumpBench()
    bench.commit(continuous(424_000))
    bench.run_for(47 * HOUR_S)
    if what == "a stop":
        bench.stop()
    else:
        bench.commit(continuous(500_000))
    assert is_told(bench) == (True, False)
    bench.run_for(HOUR_S + 60)
    assert is_told(bench) == (True, True)


@pytest.mark.requirement("stopped-reminder-not-needed")
def test_a_pump_that_is_to_deliver_nothing_does_not_remind() -> None:
    bench = PumpBench()
    bench.run_for(HOUR_S)
    assert is_told(bench) == (False, False)
    bench.commit(continuous(424_000))
    bench.run_for(HOUR_S)
    assert is_told(bench) == (True, False)
    bench.commit(stopped())
    bench.run_for(HOUR_S)
    assert is_told(bench) == (False, False)
