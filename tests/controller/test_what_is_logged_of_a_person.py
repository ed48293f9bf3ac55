"""The log has each deed at the pump once, what is lost of it is named, and no time that can't be meant is taken."""

from __future__ import annotations

import pytest

from controller.link_host import RefusedError
from controller.pump_bench import MONDAY_UTC_S, PumpBench, continuous
from thecal_fw.core import alarms, events
from thecal_fw.link import messages

FIRST_UTC_S, LAST_UTC_S = 1_704_067_200, 4_102_444_799
"""1 January 2024, and the last second of 2099."""
LARGEST_OFFSET_MINUTES = 14 * 60


def delivering() -> PumpBench:
    bench = PumpBench()
    bench.set_time(MONDAY_UTC_S)
    bench.deliver(continuous(424_000))
    bench.run_for(100)
    return bench


@pytest.mark.requirement("event-log-acknowledged")
def test_each_acknowledgement_is_logged_once_with_the_alarms_that_it_names() -> None:
    bench = delivering()
    bench.pump.controller.reports.note_alarm(alarms.CHANGE_LATE)
    bench.run_for(1)
    for _ in range(2):
        bench.host.acknowledge(1 << alarms.CHANGE_LATE)
    logged = bench.events(events.EVENT_ALARM_ACKNOWLEDGED)
    bit = 1 << alarms.CHANGE_LATE
    assert [(event["first"], event["second"]) for event in logged] == [(bit, bit), (bit, 0)]


@pytest.mark.requirement(
    "event-log-changes", "event-log-stop", "event-log-refill", "event-log-commit", "event-log-time-set"
)
def test_each_start_stop_refill_commit_and_setting_of_the_time_is_logged_once() -> None:
    bench = delivering()
    bench.stop()
    bench.start()
    bench.run_for(10)
    counts = {
        code: len(bench.events(code))
        for code in (
            events.EVENT_PROGRAM_COMMITTED,
            events.EVENT_STARTED,
            events.EVENT_STOPPED,
            events.EVENT_REFILLED,
            events.EVENT_TIME_SET,
        )
    }
    assert list(counts.values()) == [1, 2, 1, 1, 1]


@pytest.mark.requirement("time-in-range")
@pytest.mark.parametrize("utc_s", [0, FIRST_UTC_S - 1, LAST_UTC_S + 1, 0xFFFFFFFF])
def test_the_pump_refuses_a_time_before_2024_and_after_2099_and_keeps_its_own(utc_s: int) -> None:
    bench = delivering()
    with pytest.raises(RefusedError) as refused:
        bench.host.ask(messages.SET_TIME, utc_s, 0, 0)
    assert refused.value.code == messages.ERROR_RANGE
    assert 0 <= bench.status()["utc_s"] - MONDAY_UTC_S <= 200
    assert len(bench.events(events.EVENT_TIME_SET)) == 1


@pytest.mark.requirement("time-in-range")
@pytest.mark.parametrize("utc_s", [FIRST_UTC_S, LAST_UTC_S])
def test_the_pump_takes_the_first_and_the_last_time_that_can_be_meant(utc_s: int) -> None:
    bench = PumpBench()
    bench.host.ask(messages.SET_TIME, utc_s, 0, 0)
    assert bench.status()["utc_s"] in (utc_s, utc_s + 1)


@pytest.mark.requirement("offset-in-range")
@pytest.mark.parametrize("offset_minutes", [LARGEST_OFFSET_MINUTES + 1, -LARGEST_OFFSET_MINUTES - 1, 32_767])
def test_the_pump_refuses_an_offset_that_no_place_has(offset_minutes: int) -> None:
    bench = delivering()
    with pytest.raises(RefusedError) as refused:
        bench.host.ask(messages.SET_TIME, MONDAY_UTC_S, 0, offset_minutes)
    assert refused.value.code == messages.ERROR_RANGE
    assert bench.status()["offset_minutes"] == 0
    for most in (LARGEST_OFFSET_MINUTES, -LARGEST_OFFSET_MINUTES):
        bench.host.ask(messages.SET_TIME, MONDAY_UTC_S, 0, most)
        assert bench.status()["offset_minutes"] == most


@pytest.mark.requirement("event-log-lost", "event-log")
def test_events_that_a_power_cut_took_before_they_were_written_are_reported_by_their_numbers() -> None:
    bench = delivering()
    lost: set[int] = set()
    for round_number in range(1, 4):
        controller = bench.pump.controller
        for _ in range(round_number):
            controller.reports.record(events.EVENT_TONE_CHECKED, round_number)
        # The state is written with the number of the latest event, and the power fails before the events are.
        controller.keeper.save()
        lost |= set(range(controller.keeper.journal.latest_event + 1, controller.log.latest + 1))
        bench.reset(events.RESET_POWER_ON)
        bench.run_for(10)
    assert len(lost) >= 6
    log = bench.all_events()
    reported: set[int] = set()
    for event in log:
        if event["code"] == events.EVENT_LOST_EVENTS:
            reported |= set(range(event["first"], event["second"] + 1))
    assert lost.isdisjoint(event["sequence"] for event in log)
    numbers = {event["sequence"] for event in log}
    missing = set(range(min(numbers), max(numbers) + 1)) - numbers
    assert missing <= reported
