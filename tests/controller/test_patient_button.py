"""The button on the model board: what a press asks for, what it is answered, and that it disturbs nothing."""

from __future__ import annotations

from fractions import Fraction

import pytest

from controller.keyed_host import host_at, pair_at_button
from controller.pump_bench import MONDAY_UTC_S, PumpBench, continuous, within_limits
from thecal_fw.core import alarms, events
from thecal_fw.core.bolus import KIND_CLINICIAN, KIND_PATIENT
from thecal_fw.core.bolus_history import (
    REFUSED_BLOCKED,
    REFUSED_LOCKOUT,
    REFUSED_MOST_PER_DAY,
    REFUSED_NO_SUCH_BOLUS,
    REFUSED_NOT_DELIVERING,
    REFUSED_UNDER_WAY,
)
from thecal_fw.core.events import RESET_POWER_ON
from thecal_fw.core.program import PatientBolus
from thecal_fw.core.self_test import TEST_BUTTON
from thecal_fw.link import messages
from thecal_sim.edges import BUZZER
from thecal_sim.ideal import Span
from thecal_sim.units import NS_PER_MS, NS_PER_S, TICK_NS

PATIENT = PatientBolus(2_880_000, 5, 60, 3)
TEN_UL_NL = 10_000


def press(bench: PumpBench, seconds: float = 0.3) -> None:
    bench.pump.board.button.held = True
    bench.run_for(seconds)
    bench.pump.board.button.held = False
    bench.run_for(1)


def begun(patient: PatientBolus | None = PATIENT) -> PumpBench:
    bench = PumpBench()
    bench.set_time(MONDAY_UTC_S)
    program = continuous(424_000)
    program.patient_bolus = patient
    program.most_nl_per_bolus = 100_000
    bench.deliver(within_limits(program))
    bench.run_for(5)
    return bench


def refusals(bench: PumpBench) -> list[int]:
    return [
        first for event, kind, first, _ in bench.bolus_events() if event == "refused" and kind == KIND_PATIENT
    ]


def tones_ms(bench: PumpBench, since_ns: int) -> list[int]:
    """Return lengths of the tones since an instant."""
    edges = [edge for edge in bench.edges_of(BUZZER) if edge.t_ns >= since_ns]
    return [
        (down.t_ns - up.t_ns) // NS_PER_MS
        for up, down in zip(edges[::2], edges[1::2], strict=True)
        if up.level
    ]


@pytest.mark.requirement("button-press")
@pytest.mark.requirement("bolus-exact")
def test_a_press_gives_the_programs_patient_bolus_exactly_and_one_short_tone_says_so() -> None:
    bench = begun()
    pressed_ns = bench.pump.now_ns
    press(bench)
    (log,) = bench.events(events.EVENT_PRESSED)
    assert log["first"] == 300
    (begun_event,) = bench.events(events.EVENT_BOLUS_BEGUN)
    assert (begun_event["first"], begun_event["second"] & ~(events.NUMBER_MASK << events.NUMBER_SHIFT)) == (
        2_880_000,
        KIND_PATIENT << events.KIND_SHIFT | 300,
    )
    assert tones_ms(bench, pressed_ns) == [100]
    start_ns = bench.pump.boot_origin_ns + bench.pump.controller.boluses.extra[0].start_tick * TICK_NS
    bench._extra = (Span(start_ns, start_ns + 300 * NS_PER_S, Fraction(2_880_000)),)
    bench._note(start_ns)
    bench.run_for(400)
    assert ("ended", KIND_PATIENT, TEN_UL_NL, 0) in bench.bolus_events()
    bench.assert_as_prescribed()


@pytest.mark.requirement("button-refusals", "bolus-lockout", "bolus-refusal-logged", "button-refusals-logged")
def test_each_press_that_is_refused_is_logged_with_its_reason_and_three_tones_say_so() -> None:
    bench = begun(PatientBolus(2_880_000, 5, 15, 2))
    press(bench)
    pressed_ns = bench.pump.now_ns
    press(bench)
    assert tones_ms(bench, pressed_ns) == [100, 100, 100]
    bench.run_for(400)
    press(bench)
    bench.run_for(600)
    press(bench)
    bench.run_for(1_000)
    press(bench)
    bench.stop()
    press(bench)
    assert refusals(bench) == [
        REFUSED_UNDER_WAY,
        REFUSED_LOCKOUT,
        REFUSED_MOST_PER_DAY,
        REFUSED_NOT_DELIVERING,
    ]
    # Four in an hour are logged one by one.
    assert len(bench.events(events.EVENT_PRESSED)) == 4
    bench.run_for(4_200)
    more = [
        (event["second"] >> events.MORE_CODE_SHIFT, event["first"])
        for event in bench.events(events.EVENT_MORE)
    ]
    assert (events.EVENT_PRESSED, 2) in more


@pytest.mark.requirement("button-refusals", "button-refusals-logged")
def test_a_program_without_a_patient_bolus_an_alarm_that_blocks_and_no_program_refuse_a_press() -> None:
    bench = begun(None)
    press(bench)
    blocked = PumpBench()
    press(blocked)
    assert refusals(bench) == refusals(blocked) == [REFUSED_NO_SUCH_BOLUS]
    blocked = begun()
    blocked.refill(2_000_001)
    blocked.run_for(60)
    assert blocked.is_active(alarms.LOW_RESERVOIR)
    press(blocked)
    assert refusals(blocked) == [REFUSED_BLOCKED]


@pytest.mark.requirement("button-long", "button-moves-nothing")
def test_presses_in_every_second_move_no_pulse_and_a_long_one_asks_for_nothing() -> None:
    bench = begun(None)
    for _ in range(60):
        press(bench, 0.2)
    press(bench, 3)
    bench.run_for(4_300)
    counted = [
        event["first"]
        for event in bench.events(events.EVENT_MORE)
        if event["second"] >> events.MORE_CODE_SHIFT == events.EVENT_BOLUS_REFUSED
    ]
    # Of refusals for one reason four in an hour are logged one by one.
    assert (len(refusals(bench)), counted) == (4, [56])
    bench.assert_as_prescribed()


@pytest.mark.requirement("button-moves-nothing")
@pytest.mark.parametrize("before_s", [0.01, 0.1, 0.19, 0.25, 0.5, 0.9])
def test_a_press_that_ends_just_before_a_change_of_therapy_spoils_neither(before_s: float) -> None:
    bench = begun()
    bench.pump.board.button.held = True
    bench.run_for(0.3)
    digest = bench.host.stage(within_limits_of(500_000))["digest"]
    answer = bench.host.ask(messages.COMMIT, digest)
    change_ns = bench.pump.instant_of(answer)
    bench.run_for((change_ns - bench.pump.now_ns) / NS_PER_S - before_s if before_s < 0.5 else 0.001)
    bench.pump.board.button.held = False
    bench.run_for(5)
    assert len(bench.events(events.EVENT_BOLUS_BEGUN)) == 1
    assert not bench.is_active(alarms.CHANGE_LATE)
    assert bench.status()["rate_nl_per_day"] >= 500_000


def within_limits_of(nl_per_day: int):
    program = continuous(nl_per_day)
    program.patient_bolus = PATIENT
    program.most_nl_per_bolus = 100_000
    return within_limits(program)


@pytest.mark.requirement("button-fault", "self-test", "button-fault-proves-nothing")
def test_a_button_that_is_held_at_a_reset_is_told_gives_no_key_and_stops_nothing() -> None:
    bench = begun()
    bench.pump.board.button.held = True
    bench.reset(RESET_POWER_ON)
    bench.run_for(5)
    status = bench.status()
    assert status["failed_tests"] == TEST_BUTTON
    assert bench.is_active(alarms.BUTTON_FAULT)
    assert not bench.is_active(alarms.SELF_TEST)
    assert status["rate_nl_per_day"] == 424_000
    refused = host_at(bench.pump).refusal(messages.PAIR, 2, bytes(32))
    assert refused[0] == messages.ERROR_BUTTON
    bench.host.hello()
    bench.pump.board.button.held = False
    bench.run_for(2)
    assert not bench.is_active(alarms.BUTTON_FAULT)
    assert bench.events(events.EVENT_PRESSED) == []


@pytest.mark.requirement("button-held")
def test_a_button_held_for_more_than_a_minute_is_told_at_that_second() -> None:
    bench = begun()
    began_ns = bench.pump.now_ns
    bench.pump.board.button.held = True
    bench.run_for(70)
    (raised,) = [
        event for event in bench.events(events.EVENT_ALARM_RAISED) if event["first"] == alarms.BUTTON_FAULT
    ]
    assert bench.instant_ns(raised) - began_ns == 60 * NS_PER_S
    assert not bench.events(events.EVENT_PRESSED)


@pytest.mark.requirement("button-long")
def test_holding_the_button_for_a_key_does_not_ask_for_a_bolus_as_well() -> None:
    bench = begun()
    bench.pump.board.button.held = True
    bench.run_for(0.3)
    pair_at_button(bench.pump)
    bench.run_for(5)
    assert bench.pump.controller.keys.access
    bench.host.hello()
    assert bench.events(events.EVENT_PRESSED) == []


@pytest.mark.requirement("button-press")
@pytest.mark.parametrize("after_s", [0, 0.005, 0.02, 0.045, 0.06, 0.3])
def test_a_key_taken_as_soon_as_the_button_goes_down_leaves_no_press_behind(after_s: float) -> None:
    bench = begun()
    host = host_at(bench.pump, 99)
    bench.pump.board.button.held = True
    bench.run_for(after_s)
    host.pair()
    bench.run_for(0.8)
    bench.pump.board.button.held = False
    bench.run_for(2)
    bench.host.hello()
    assert bench.events(events.EVENT_PRESSED) == bench.events(events.EVENT_BOLUS_BEGUN) == []
    # The next push is a press again.
    press(bench)
    assert len(bench.events(events.EVENT_BOLUS_BEGUN)) == 1


@pytest.mark.requirement("button-fault-asks-nothing")
def test_a_button_that_is_down_when_a_restless_line_comes_to_rest_gives_no_bolus_when_let_go_of() -> None:
    bench = begun()
    button = bench.pump.board.button
    for _ in range(80):
        button.held = not button.held
        bench.run_for(0.01)
    button.held = True
    bench.run_for(10.6)
    assert bench.is_active(alarms.BUTTON_FAULT)
    button.held = False
    bench.run_for(2)
    assert not bench.is_active(alarms.BUTTON_FAULT)
    assert bench.events(events.EVENT_PRESSED) == []


@pytest.mark.requirement("button-press")
def test_an_answers_tone_never_sounds_into_an_alarms_and_gives_way_to_one() -> None:
    bench = begun()
    bench.refill(2_000_001)
    while not bench.is_active(alarms.LOW_RESERVOIR):
        bench.run_for(0.01)
    (raised,) = [
        event for event in bench.events(events.EVENT_ALARM_RAISED) if event["first"] == alarms.LOW_RESERVOIR
    ]
    press(bench, 0.2)
    bench.run_for(5)
    assert refusals(bench) == [REFUSED_BLOCKED]
    assert tones_ms(bench, bench.instant_ns(raised)) == [1_000]


@pytest.mark.requirement("button-press")
def test_a_clinicians_bolus_under_way_refuses_a_press() -> None:
    bench = begun()
    bench.give_bolus(KIND_CLINICIAN, 1_440_000, 60)
    bench.run_for(2)
    press(bench)
    assert refusals(bench) == [REFUSED_UNDER_WAY]
    bench.run_for(100)
    bench.assert_as_prescribed()
