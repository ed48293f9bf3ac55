"""The count of what really came holds back a dose, whatever the pump remembers of doses; the basal rate never."""

from __future__ import annotations

import pytest

from controller.link_host import RefusedError
from controller.pump_bench import MONDAY_UTC_S, PumpBench, continuous, delivering, flex
from thecal_fw.core import events
from thecal_fw.core.bolus import KIND_CLINICIAN, KIND_PRIME
from thecal_fw.core.bolus_history import REFUSAL_NAMES
from thecal_fw.core.program import Program
from thecal_fw.link import messages
from thecal_fw.store.layout import Layout
from thecal_sim.units import NS_PER_MS, NS_PER_S

HELD = "limit by the meter"
HUNDRED_UL_IN_5_MIN = 28_800_000


def with_room_nl(hour_nl: int, day_nl: int = 1_000_000) -> Program:
    program = continuous(424_000)
    program.most_nl_per_bolus = 120_000
    program.most_nl_per_hour += hour_nl
    program.most_nl_per_day += day_nl
    return program


def answer_to_a_bolus(bench: PumpBench, rate: int = HUNDRED_UL_IN_5_MIN) -> str:
    try:
        bench.give_bolus(KIND_CLINICIAN, rate, 300)
    except RefusedError as refused:
        return REFUSAL_NAMES[refused.detail]
    bench.run_for(310)
    return ""


def told(bench: PumpBench) -> dict[str, int]:
    return bench.host.ask(messages.BOLUSES)


@pytest.mark.requirement("meter-holds-a-bolus", "meter-told", "meter-basal")
@pytest.mark.parametrize("rooms", [(100_000, 1_000_000), (10_000_000, 110_000)])
def test_a_history_that_is_lost_lets_no_window_be_passed(rooms: tuple[int, int]) -> None:
    bench = delivering(with_room_nl(*rooms))
    assert answer_to_a_bolus(bench) == ""
    bench.pump.controller.on_demand.history.given = []
    assert answer_to_a_bolus(bench) == HELD
    (held,) = bench.events(events.EVENT_METER_HELD)
    assert held["second"] >> events.KIND_SHIFT == KIND_CLINICIAN
    assert held["second"] & events.SECONDS_MASK == (60 if rooms[0] == 100_000 else 1_440)
    assert 100_000 < held["first"] < 110_000
    assert told(bench)["held_by_meter"] == 1
    bench.refill()
    assert told(bench)["held_by_meter"] == 0
    bench.assert_as_prescribed()


@pytest.mark.requirement("meter-never-needless")
def test_once_what_was_given_is_an_hour_old_the_next_one_is_given() -> None:
    bench = delivering(with_room_nl(100_000))
    assert answer_to_a_bolus(bench) == ""
    bench.run_for(3_600 - 310)
    assert answer_to_a_bolus(bench) == ""


@pytest.mark.requirement("meter-never-needless")
@pytest.mark.parametrize("cause", [None, events.RESET_WATCHDOG, events.RESET_POWER_ON])
def test_a_prime_into_an_empty_line_does_not_count(cause: int | None) -> None:
    bench = PumpBench()
    bench.set_time(MONDAY_UTC_S)
    bench.commit(with_room_nl(100_000))
    bench.refill()
    bench.start()
    bench.run_for(2)
    bench.give_bolus(KIND_PRIME, 80_000_000, 60)
    if cause == events.RESET_WATCHDOG:
        bench.run_for(20)
        bench.reset(cause)
        bench.run_for(50)
    bench.run_for(70)
    if cause == events.RESET_POWER_ON:
        bench.reset(cause)
    bench.run_for(10)
    # But for what is uncertain after a power cut: 20 s of all that was granted.
    assert told(bench)["metered_hour_nl"] < 6_000 + (19_000 if cause == events.RESET_POWER_ON else 0)
    assert answer_to_a_bolus(bench) == ""


@pytest.mark.requirement("meter-over-resets", "meter-uncertain")
@pytest.mark.parametrize("cause", [events.RESET_WATCHDOG, events.RESET_POWER_ON])
@pytest.mark.parametrize("later_s", [5, 1_000, 3_000])
def test_what_was_counted_outlives_a_reset_and_what_is_uncertain_counts(cause: int, later_s: int) -> None:
    bench = delivering(with_room_nl(100_000))
    assert answer_to_a_bolus(bench) == ""
    bench.run_for(later_s)
    bench.reset(cause)
    bench.run_for(60)
    layout = Layout()
    chip = bench.pump.board.chip
    for sector in range(layout.doses_a, layout.meter):
        chip.rot(sector, 0, chip.SECTOR_BYTES, 0xFF)
    bench.pump.controller.on_demand.history.given = []
    lifetime = bench.status()["lifetime_steps"]
    assert abs(told(bench)["metered_day_nl"] - lifetime * 125 // 8) < 300
    assert told(bench)["metered_hour_nl"] > 100_000
    assert answer_to_a_bolus(bench) == HELD


@pytest.mark.requirement("meter-over-resets")
def test_pages_that_are_lost_are_made_up_for_by_the_difference_of_the_counts() -> None:
    bench = delivering(with_room_nl(100_000))
    bench.run_for(7_200)
    assert answer_to_a_bolus(bench) == ""
    bench.run_for(1_000)
    counted = told(bench)["metered_day_nl"]
    layout = Layout()
    for offset in range(0, 4_096, 64):
        if 25 * 64 < offset < 36 * 64:
            bench.pump.board.chip.rot(layout.meter, offset, 1)
    bench.reset(events.RESET_WATCHDOG)
    bench.run_for(60)
    assert abs(told(bench)["metered_day_nl"] - counted) < 1_000
    assert told(bench)["metered_hour_nl"] > 100_000


@pytest.mark.requirement("meter-over-resets")
def test_a_meter_without_any_page_holds_back_nothing_for_want_of_one_and_counts_what_a_young_pump_gave() -> (
    None
):
    bench = delivering(with_room_nl(100_000))
    assert answer_to_a_bolus(bench) == ""
    bench.run_for(1_000)
    layout = Layout()
    for sector in range(layout.meter, layout.all_sectors):
        bench.pump.board.chip.rot(sector, 0, 4_096, 0xFF)
    bench.reset(events.RESET_WATCHDOG)
    bench.run_for(60)
    assert told(bench)["metered_hour_nl"] > 100_000
    bench.assert_as_prescribed()


@pytest.mark.requirement("meter-holds-a-bolus", "meter-told", "meter-basal")
def test_a_bolus_of_the_clock_that_would_pass_a_window_is_passed_over() -> None:
    program = flex([[(0, 48_000)]])
    program.boluses = [[(60, HUNDRED_UL_IN_5_MIN, 5)]]
    program.most_nl_per_bolus = 100_000
    program.most_nl_per_hour, program.most_nl_per_day = 210_000, 1_000_000
    bench = delivering(program, MONDAY_UTC_S + 45 * 60)
    bench.run_for(10)
    assert answer_to_a_bolus(bench) == ""
    bench.pump.controller.on_demand.history.given = []
    meter = bench.pump.controller.dose_meter.meter
    # As if as much again had come.
    meter.put(meter.minute, 255)
    meter.put(meter.minute - 1, 250)
    bench.run_for(15 * 60)
    assert [why for _, _, why in bench.passed_over()] == [HELD]
    assert told(bench)["held_by_meter"] == 1
    assert len([event for event in bench.bolus_events() if event[0] == "begun"]) == 1


@pytest.mark.requirement("meter-holds-a-bolus", "meter-told", "meter-basal")
@pytest.mark.parametrize("how", ["start", "commit", "clock"])
@pytest.mark.parametrize("before_ms", [600, 1_400, 3_000])
def test_a_bolus_of_the_clock_that_begins_right_after_a_change_is_held_back_too(
    how: str, before_ms: int
) -> None:
    program = flex([[(0, 48_000)]])
    program.boluses = [[(60, HUNDRED_UL_IN_5_MIN, 5)]]
    program.most_nl_per_bolus = 100_000
    program.most_nl_per_hour, program.most_nl_per_day = 210_000, 1_000_000
    bench = delivering(program, MONDAY_UTC_S + 55 * 60)
    bench.run_for(60)
    meter = bench.pump.controller.dose_meter.meter
    # As if nearly all that an hour may hold had come.
    meter.put(meter.minute, 255)
    meter.put(meter.minute - 1, 255)
    meter.put(meter.minute - 2, 255)
    if how == "start":
        bench.stop()
    if how != "clock":
        assert bench._local_minus_t_ns is not None
        one_ns = (MONDAY_UTC_S + 3_600) * NS_PER_S - bench._local_minus_t_ns
        bench.pump.run_until(one_ns - before_ms * NS_PER_MS)
    if how == "start":
        bench.start()
    elif how == "commit":
        program.most_nl_per_day += 1_000
        bench.commit(program)
    else:
        bench.set_time(*divmod((MONDAY_UTC_S + 3_600) * 1_000_000 - before_ms * 1_000, 1_000_000))
    bench.run_for(20)
    assert [why for _, _, why in bench.passed_over()][-1:] == [HELD]
    assert told(bench)["held_by_meter"] == 1
    assert not [event for event in bench.bolus_events() if event[0] == "begun"]
