"""Alarm, stop and start again and again, by hand: the third time within ten minutes ends in the minimum rate."""

from __future__ import annotations

import pytest

from controller.pump_bench import PumpBench, continuous
from thecal_fw.core import alarms
from thecal_fw.core.pump_state import STATE_DELIVERING

RATE_NL_PER_DAY = 1_000_000


def in_alarm() -> PumpBench:
    """Return a pump that delivers with a critical alarm that leaves its rate as it is."""
    bench = PumpBench()
    bench.commit(continuous(RATE_NL_PER_DAY))
    bench.refill()
    bench.start()
    bench.run_for(10)
    bench.pump.board.sense_wire.connected = False
    bench.run_for(60)
    bench.pump.board.sense_wire.connected = True
    assert bench.is_active(alarms.PULSES_MISSING)
    return bench


def stop_and_start(bench: PumpBench, wait_s: int) -> None:
    bench.stop()
    bench.run_for(wait_s)
    bench.start()
    bench.run_for(5)


@pytest.mark.requirement("repeated-starts", "repeated-starts-alarm", "repeated-starts-acknowledged")
def test_the_third_start_after_a_stop_in_an_alarm_within_ten_minutes_ends_in_the_minimum_rate() -> None:
    bench = in_alarm()
    for _ in range(2):
        stop_and_start(bench, 100)
        assert not bench.is_active(alarms.REPEATED_STARTS)
        assert bench.status()["rate_nl_per_day"] == RATE_NL_PER_DAY
    stop_and_start(bench, 100)
    assert bench.is_active(alarms.REPEATED_STARTS)
    assert bench.status()["state"] == STATE_DELIVERING
    assert bench.status()["rate_nl_per_day"] == 6_000
    bench.host.acknowledge(1 << alarms.REPEATED_STARTS)
    bench.run_for(5)
    assert not bench.is_active(alarms.REPEATED_STARTS)
    assert bench.status()["rate_nl_per_day"] == RATE_NL_PER_DAY


@pytest.mark.requirement("repeated-starts")
@pytest.mark.parametrize("more_stops", [0, 1, 2])
def test_stops_by_the_alarm_itself_count_however_often_a_person_stops_the_pump_once_more(
    more_stops: int,
) -> None:
    bench = PumpBench()
    bench.deliver(continuous(RATE_NL_PER_DAY))
    bench.run_for(5)
    for starts in range(3):
        assert not bench.is_active(alarms.REPEATED_STARTS), starts
        bench.pump.controller.reports.note_alarm(alarms.OVER_DELIVERY)
        bench.run_for(10)
        bench.host.acknowledge(1 << alarms.OVER_DELIVERY)
        for _ in range(more_stops):
            bench.stop()
        bench.start()
        bench.run_for(5)
    assert bench.is_active(alarms.REPEATED_STARTS)
    assert bench.status()["rate_nl_per_day"] == 6_000


@pytest.mark.requirement("starts-not-counted", "starts-far-apart")
def test_starts_ten_minutes_apart_or_without_an_alarm_are_not_counted() -> None:
    bench = in_alarm()
    for _ in range(4):
        stop_and_start(bench, 400)
    assert not bench.is_active(alarms.REPEATED_STARTS)
    bench.host.acknowledge(1 << alarms.PULSES_MISSING)
    bench.run_for(900)
    for _ in range(4):
        stop_and_start(bench, 10)
    assert not bench.is_active(alarms.REPEATED_STARTS)
