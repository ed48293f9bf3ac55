"""The log keeps its old events, however often anybody causes new ones: of a burst the first ones are logged, then
each hour how many there were, and what is given is judged as before."""

from __future__ import annotations

import pytest

from controller.keyed_host import host_at, pair_at_button
from controller.link_host import RefusedError
from controller.pump_bench import MONDAY_UTC_S, PumpBench, continuous, within_limits
from thecal_fw.core import events
from thecal_fw.core.bolus import KIND_PATIENT
from thecal_fw.core.bolus_history import REFUSAL_NAMES, REFUSED_LOCKOUT
from thecal_fw.core.program import PatientBolus
from thecal_fw.core.roles import ROLE_PATIENT
from thecal_fw.link import messages

HOUR_S = 3_600


def begun() -> PumpBench:
    """Return a pump that gives a patient bolus of five minutes at most every two hours."""
    bench = PumpBench()
    bench.set_time(MONDAY_UTC_S)
    program = continuous(48_000)
    program.most_nl_per_bolus = 100_000
    program.patient_bolus = PatientBolus(2_880_000, 5, 120, 4)
    bench.deliver(within_limits(program))
    bench.run_for(5)
    return bench


def numbers(bench: PumpBench, code: int) -> list[tuple[int, int]]:
    """Return, for each number that the log has of an event, what distinguishes it, and how many there were."""
    return [
        (event["second"] & 0xFFFF, event["first"])
        for event in bench.events(events.EVENT_MORE)
        if event["second"] >> events.MORE_CODE_SHIFT == code
    ]


def asked_for_bolus(bench: PumpBench) -> str:
    try:
        bench.give_bolus(KIND_PATIENT)
    except RefusedError as refused:
        return REFUSAL_NAMES[refused.detail]
    return "given"


@pytest.mark.requirement("bursts-leave-the-log", "bursts-number-each-hour")
def test_a_script_that_opens_a_session_every_10_s_for_a_day_leaves_the_old_events_in_the_log() -> None:
    bench = begun()
    before = [event["sequence"] for event in bench.all_events()]
    for nonce in range(8_640):
        host_at(bench.pump, nonce)
        bench.run_for(10)
    bench.run_for(2 * HOUR_S)
    bench.host.hello()
    log = bench.all_events()
    assert [event["sequence"] for event in log][: len(before)] == before
    assert len(log) - len(before) <= 30
    hellos = len(bench.events(events.EVENT_HELLO)) + sum(
        number for _, number in numbers(bench, events.EVENT_HELLO)
    )
    # That of the bench itself at the beginning; the last one begins a burst of its own.
    assert hellos == 8_642
    bench.assert_as_prescribed()


@pytest.mark.requirement("bursts-leave-the-log", "bursts-logged-first")
def test_of_9467_refused_boluses_four_are_logged_with_their_reason_and_the_rest_as_a_number() -> None:
    bench = begun()
    pair_at_button(bench.pump)
    pair_at_button(bench.pump, ROLE_PATIENT)
    host = host_at(bench.pump, 5)
    host.prove(ROLE_PATIENT)
    wanted = (bench.pump.controller.orders.digest, KIND_PATIENT, 0, 0)
    host.ask(messages.GIVE_BOLUS, *wanted)
    bench.run_for(400 - bench.pump.now_ns % 10**9 / 10**9)
    host = host_at(bench.pump, 6)
    host.prove(ROLE_PATIENT)
    for _ in range(9_467):
        assert host.refusal(messages.GIVE_BOLUS, *wanted) == (messages.ERROR_BOLUS_REFUSED, REFUSED_LOCKOUT)
    bench.host.hello()
    refused = bench.events(events.EVENT_BOLUS_REFUSED)
    assert [event["first"] for event in refused] == [REFUSED_LOCKOUT] * 4
    assert len(bench.all_events()) < 60
    bench.run_for(HOUR_S + 660)
    bench.host.hello()
    assert numbers(bench, events.EVENT_BOLUS_REFUSED) == [(REFUSED_LOCKOUT, 9_463)]


@pytest.mark.requirement("bursts-leave-the-log", "bursts-told-apart", "refused-after-reset")
@pytest.mark.parametrize("cause", [events.RESET_WATCHDOG, events.RESET_POWER_ON])
def test_the_button_twice_a_second_for_half_an_hour_leaves_a_bolus_judged_as_before_after_a_reset(
    cause: int,
) -> None:
    bench = begun()
    assert asked_for_bolus(bench) == "given"
    bench.run_for(400)
    before = [event["sequence"] for event in bench.all_events()]
    for _ in range(3_600):
        bench.pump.board.button.held = True
        bench.run_for(0.2)
        bench.pump.board.button.held = False
        bench.run_for(0.3)
    bench.host.hello()
    assert len(bench.events(events.EVENT_PRESSED)) == 4
    assert len(bench.all_events()) - len(before) <= 12
    bench.reset(cause)
    bench.run_for(1)
    bench.set_time(MONDAY_UTC_S + 2_400)
    bench.run_for(10)
    assert [event["sequence"] for event in bench.all_events()][: len(before)] == before
    assert asked_for_bolus(bench) == "lockout"
    # A power cut takes back running time, and the lockout ends so much later.
    bench.run_for(7_300)
    assert asked_for_bolus(bench) == "given"


@pytest.mark.requirement("bursts-end-with-a-reset")
def test_a_reset_ends_a_burst_and_the_next_event_is_logged_anew() -> None:
    bench = begun()
    for nonce in range(20):
        host_at(bench.pump, nonce)
    bench.host.hello()
    assert len(bench.events(events.EVENT_HELLO)) == 1
    bench.reset(events.RESET_WATCHDOG)
    bench.run_for(1)
    assert len(bench.events(events.EVENT_HELLO)) == 2
    bench.run_for(2 * HOUR_S)
    bench.host.hello()
    assert numbers(bench, events.EVENT_HELLO) == []


@pytest.mark.requirement("bursts-number-each-hour")
def test_before_the_pump_leaves_its_program_the_log_has_the_number() -> None:
    bench = begun()
    bench.stop()
    for nonce in range(20):
        host_at(bench.pump, nonce)
    bench.host.hello()
    bench.host.ask(messages.BOOTLOADER)
    assert numbers(bench, events.EVENT_HELLO) == [(0, 21)]


@pytest.mark.requirement("bursts-leave-the-log")
def test_a_supply_that_comes_and_goes_leaves_the_old_events_in_the_log() -> None:
    bench = begun()
    before = [event["sequence"] for event in bench.all_events()]
    for _ in range(60):
        bench.pump.board.supply.good = not bench.pump.board.supply.good
        bench.run_for(8)
    bench.run_for(2 * HOUR_S)
    bench.host.hello()
    log = bench.all_events()
    assert [event["sequence"] for event in log][: len(before)] == before
    assert len(numbers(bench, events.EVENT_SUPPLY_LOW)) in (1, 2)
