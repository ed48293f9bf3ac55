"""Each dose begins and ends once, and what was refused before a reset is refused after it."""

from __future__ import annotations

import pytest

from controller.link_host import RefusedError
from controller.pump_bench import PumpBench, continuous, delivering, flex, within_limits
from thecal_fw.core import alarms, events
from thecal_fw.core.bolus import KIND_CLINICIAN, KIND_PATIENT, KIND_SCHEDULED, KIND_TEMPORARY
from thecal_fw.core.bolus_history import REFUSAL_NAMES
from thecal_fw.core.program import PatientBolus, Program
from thecal_fw.link import messages
from thecal_fw.store.layout import Layout
from thecal_sim.units import NS_PER_S

HOUR_S = 3_600
TEN_UL_IN_5_MIN = 2_880_000
RESETS = [events.RESET_WATCHDOG, events.RESET_POWER_ON]


def with_room() -> Program:
    program = continuous(424_000)
    program.most_nl_per_bolus = 300_000
    program.most_nl_per_hour += 100_000
    program.most_nl_per_day += 330_000
    return program


def scheduled(*boluses: tuple[int, int, int]) -> Program:
    program = flex([[(0, 424_000)]])
    program.most_nl_per_bolus = 1_000_000
    program.boluses = [list(boluses)]
    return within_limits(program)


def hang(bench: PumpBench) -> None:
    """Hang the program from now on, until the watchdog has reset the board."""
    resets = len(bench.pump.resets)
    bench.pump.withhold_polls(bench.pump.now_ns + 60 * NS_PER_S)
    while len(bench.pump.resets) == resets:
        bench.run_for(1)
    bench.run_for(2)
    bench.connect()


def pairs(bench: PumpBench) -> dict[int, list[str]]:
    """Return what the log says of each dose, by its number."""
    told: dict[int, list[str]] = {}
    for event in bench.all_events():
        if event["code"] in (events.EVENT_BOLUS_BEGUN, events.EVENT_BOLUS_ENDED):
            number = event["second"] >> events.NUMBER_SHIFT & events.NUMBER_MASK
            told.setdefault(number, []).append(events.EVENT_NAMES[event["code"]])
    return told


def each_begins_and_ends_once(bench: PumpBench) -> bool:
    return all(said == ["bolus begun", "bolus ended"] for said in pairs(bench).values())


def end_reasons(bench: PumpBench) -> list[str]:
    return [
        events.END_NAMES[event["second"] >> events.END_SHIFT & 0xF]
        for event in bench.events(events.EVENT_BOLUS_ENDED)
    ]


@pytest.mark.requirement("refused-after-reset", "bolus-limit-day")
@pytest.mark.parametrize("cause", RESETS)
def test_what_was_refused_before_a_reset_is_refused_after_it(cause: int) -> None:
    bench = delivering(with_room())
    bench.give_bolus(KIND_CLINICIAN, 1_800_000, 60)
    bench.run_for(10)
    bench.cancel_bolus()
    bench.give_bolus(KIND_CLINICIAN, 1_800_000, 4 * HOUR_S)
    bench.run_for(4 * HOUR_S + 60)
    for _ in range(3):
        with pytest.raises(RefusedError) as refused:
            bench.give_bolus(KIND_CLINICIAN, 1_800_000, 4 * HOUR_S)
        assert REFUSAL_NAMES[refused.value.detail] == "limit of 24 hours"
        bench.reset(cause)
        bench.run_for(60)
    assert each_begins_and_ends_once(bench)
    assert end_reasons(bench) == ["a person", "whole"]


@pytest.mark.requirement("doses-over-resets", "dose-ends-once")
@pytest.mark.parametrize("cause", RESETS)
def test_a_temporary_rate_cancelled_beside_a_bolus_leaves_each_its_own_end(cause: int) -> None:
    program = continuous(424_000)
    program.most_nl_per_bolus = 100_000
    program.patient_bolus = PatientBolus(TEN_UL_IN_5_MIN, 30, 60, 4)
    within_limits(program)
    program.most_nl_per_hour += 100_000
    program.most_nl_per_day += 330_000
    bench = delivering(program)
    bench.give_bolus(KIND_TEMPORARY, 300_000, 2 * HOUR_S)
    bench.run_for(60)
    bench.give_bolus(KIND_PATIENT)
    bench.run_for(300)
    bench.host.ask(messages.CANCEL_BOLUS, True)
    bench.run_for(HOUR_S)
    bench.reset(cause)
    bench.run_for(60)
    assert each_begins_and_ends_once(bench)
    assert [(what, kind, cut) for what, kind, _, cut in bench.bolus_events() if what == "ended"] == [
        ("ended", KIND_TEMPORARY, 1),
        ("ended", KIND_PATIENT, 0),
    ]


@pytest.mark.requirement("doses-over-resets", "dose-ends-once")
@pytest.mark.parametrize("before_end_s", [0.5, 2])
def test_a_bolus_that_ends_while_the_program_hangs_ends_once_and_the_next_is_given(
    before_end_s: float,
) -> None:
    bench = delivering(with_room())
    bench.give_bolus(KIND_CLINICIAN, 1_800_000, 60)
    bench.run_for(61 - before_end_s)
    hang(bench)
    bench.run_for(30)
    assert [(what, cut) for what, _, _, cut in bench.bolus_events()] == [("begun", 60), ("ended", 0)]
    assert each_begins_and_ends_once(bench)
    bench.give_bolus(KIND_CLINICIAN, 1_800_000, 60)


@pytest.mark.requirement("doses-over-resets")
def test_a_bolus_of_the_clock_that_begins_while_the_program_hangs_is_logged_once() -> None:
    bench = delivering(scheduled((10, TEN_UL_IN_5_MIN, 5)))
    bench.run_for(600 - 4 - 2)
    hang(bench)
    bench.run_for(600)
    assert [what for what, _, _, _ in bench.bolus_events()] == ["begun", "ended"]
    assert each_begins_and_ends_once(bench)


@pytest.mark.requirement("doses-over-resets", "dose-ends-once")
def test_a_bolus_of_the_clock_that_a_power_cut_ends_is_logged_as_ended() -> None:
    bench = delivering(scheduled((10, TEN_UL_IN_5_MIN, 30)))
    bench.run_for(650)
    bench.reset(events.RESET_POWER_ON)
    bench.run_for(60)
    bench.reset(events.RESET_POWER_ON)
    bench.run_for(60)
    assert [(what, kind) for what, kind, _, _ in bench.bolus_events()] == [
        ("begun", KIND_SCHEDULED),
        ("ended", KIND_SCHEDULED),
    ]
    assert end_reasons(bench) == ["a power cut"]


@pytest.mark.requirement("doses-over-resets", "dose-ends-once")
@pytest.mark.parametrize("how", ["stop", "alarm", "reservoir", "commit", "hang"])
def test_a_bolus_under_way_over_a_setting_of_the_clock_ends_once(how: str) -> None:
    bench = delivering(scheduled((10, TEN_UL_IN_5_MIN, 30)))
    bench.run_for(650)
    status = bench.host.ask(messages.GET_TIME)
    bench.set_time(status["utc_s"], status["utc_us"])
    if how == "stop":
        bench.stop()
    elif how == "alarm":
        bench.pump.controller.reports.set_alarm(alarms.RESERVOIR_UNKNOWN, True)
    elif how == "reservoir":
        bench.refill(1)
    elif how == "commit":
        bench.commit(continuous(424_000))
    else:
        hang(bench)
    bench.run_for(3_000)
    assert each_begins_and_ends_once(bench)
    assert len(pairs(bench)) == 1


@pytest.mark.requirement("doses-over-resets", "refused-after-reset")
@pytest.mark.parametrize("cause", RESETS)
def test_a_journal_of_older_firmware_has_its_log_read_once_in_the_place_of_the_record(cause: int) -> None:
    bench = delivering(with_room())
    bench.give_bolus(KIND_CLINICIAN, 1_800_000, 4 * HOUR_S)
    bench.run_for(4 * HOUR_S + 60)
    layout = Layout()
    for _ in range(2):
        for sector in range(layout.doses_a, layout.all_sectors):
            bench.pump.board.chip.erase(sector)
        bench.reset(cause)
        bench.run_for(400)
        with pytest.raises(RefusedError):
            bench.give_bolus(KIND_CLINICIAN, 1_800_000, 4 * HOUR_S)
    # From here on it stands in the record: the log is not needed any more.
    for sector in range(layout.events, layout.events + layout.event_sectors):
        bench.pump.board.chip.erase(sector)
    bench.reset(cause)
    bench.run_for(400)
    with pytest.raises(RefusedError) as refused:
        bench.give_bolus(KIND_CLINICIAN, 1_800_000, 4 * HOUR_S)
    assert REFUSAL_NAMES[refused.value.detail] == "limit of 24 hours"
