"""A pump that an alarm has stopped delivers again when somebody starts it, and for no other reason."""

from __future__ import annotations

import pytest

from controller.pump_bench import PumpBench, continuous
from thecal_fw.core import alarms, events
from thecal_fw.core.pump_state import STATE_STOPPED


def stopped_by_noise() -> PumpBench:
    """Return a pump that pulses in excess have stopped, with that alarm acknowledged."""
    bench = PumpBench()
    bench.deliver(continuous(9_000_000))
    bench.run_for(10)
    bench.pump.board.sense_wire.pick_up_noise(3)
    bench.run_for(8)
    bench.host.acknowledge(1 << alarms.PULSES_IN_EXCESS)
    assert not bench.is_active(alarms.PULSES_IN_EXCESS)
    return bench


@pytest.mark.requirement("no-restart-by-itself")
def test_acknowledging_the_alarm_that_stopped_the_pump_starts_nothing() -> None:
    bench = stopped_by_noise()
    steps = len(bench.pump.step_times_ns)
    bench.run_for(600)
    assert bench.status()["state"] == STATE_STOPPED
    assert len(bench.pump.step_times_ns) == steps


@pytest.mark.requirement("no-restart-over-reset", "stopped-by-alarm", "stopped-by-alarm-started")
@pytest.mark.parametrize("cause", [events.RESET_WATCHDOG, events.RESET_POWER_ON])
def test_no_reset_starts_a_pump_whose_alarm_has_been_acknowledged(cause: int) -> None:
    bench = stopped_by_noise()
    bench.run_for(60)
    bench.reset(cause)
    steps = len(bench.pump.step_times_ns)
    bench.run_for(600)
    assert bench.status()["state"] == STATE_STOPPED
    assert bench.is_active(alarms.STOPPED_BY_ALARM)
    assert len(bench.pump.step_times_ns) == steps
    bench.start()
    bench.run_for(60)
    assert not bench.is_active(alarms.STOPPED_BY_ALARM)
    assert len(bench.pump.step_times_ns) > steps
