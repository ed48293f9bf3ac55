"""The pump forgets nothing that was done while the journal takes nothing; a host learns what a cut would undo."""

from __future__ import annotations

import pytest

from controller.link_host import RefusedError
from controller.pump_bench import MONDAY_UTC_S, PumpBench, continuous, stopped
from thecal_fw.core import alarms, events
from thecal_fw.core.journal_condition import FOREIGN, LOST
from thecal_fw.core.pump_state import STATE_DELIVERING, STATE_STARTING, STATE_STOPPED
from thecal_fw.core.self_test import TEST_FLASH
from thecal_fw.core.wall_clock import TIME_CARRIED_OVER
from thecal_fw.link import messages
from thecal_fw.pump.controller import HEARTBEAT_S
from thecal_hil.rigs.foreign_journal import made_foreign, state_sectors
from thecal_sim.edges import LED
from thecal_sim.nor_flash import PROGRAM
from thecal_sim.units import NS_PER_S

PROGRAM_SECTORS = range(64, 68)


def delivering(nl_per_day: int = 1_000_000) -> PumpBench:
    bench = PumpBench()
    bench.deliver(continuous(nl_per_day))
    bench.run_for(100)
    return bench


def hang(bench: PumpBench) -> None:
    """Make the program stand still until the watchdog has reset the board."""
    resets = len(bench.pump.resets)
    bench.pump.withhold_polls(bench.pump.now_ns + 60 * NS_PER_S)
    bench.run_for(9.3)
    assert len(bench.pump.resets) == resets + 1
    bench.connect()


def let_the_supply_sag(bench: PumpBench) -> None:
    bench.pump.board.supply.good = False
    bench.run_for(8)


@pytest.mark.requirement("not-stored-told", "stop-outlives-watchdog", "stop-at-low-supply")
def test_a_stop_at_a_low_supply_is_told_as_not_stored_and_outlives_a_watchdog_reset() -> None:
    bench = delivering()
    let_the_supply_sag(bench)
    assert bench.host.ask(messages.STOP)["is_stored"] == 0
    bench.reset(events.RESET_WATCHDOG)
    bench.pump.board.supply.good = True
    bench.run_for(60)
    assert bench.status()["state"] == STATE_STOPPED


@pytest.mark.requirement("low-supply-begins-nothing")
def test_a_stop_at_a_low_supply_is_stored_within_a_heartbeat_of_the_supply_being_good_again() -> None:
    bench = delivering()
    let_the_supply_sag(bench)
    bench.stop()
    bench.pump.board.supply.good = True
    bench.run_for(HEARTBEAT_S + 1)
    bench.reset(events.RESET_POWER_ON)
    bench.run_for(60)
    assert bench.status()["state"] == STATE_STOPPED


@pytest.mark.requirement(
    "low-supply-begins-nothing", "start-at-low-supply", "refill-at-low-supply", "time-at-low-supply"
)
@pytest.mark.parametrize(
    "ask",
    [
        lambda bench: bench.start(),
        lambda bench: bench.refill(5_000_000),
        lambda bench: bench.set_time(MONDAY_UTC_S),
    ],
    ids=["start", "refill", "setting the time"],
)
def test_nothing_that_has_to_last_is_begun_at_a_low_supply(ask) -> None:
    bench = delivering()
    bench.stop()
    let_the_supply_sag(bench)
    before = bench.status()
    with pytest.raises(RefusedError, match="not stored"):
        ask(bench)
    after = bench.status()
    assert [after[name] for name in ("state", "fill_nl", "time_source")] == [
        before[name] for name in ("state", "fill_nl", "time_source")
    ]


@pytest.mark.requirement("alarms-outlive-watchdog")
def test_a_stop_by_an_alarm_at_a_low_supply_outlives_a_watchdog_reset() -> None:
    bench = delivering(9_000_000)
    let_the_supply_sag(bench)
    bench.pump.board.sense_wire.pick_up_noise(3)
    bench.run_for(8)
    bench.reset(events.RESET_WATCHDOG)
    bench.pump.board.supply.good = True
    bench.run_for(30)
    assert bench.status()["state"] == STATE_STOPPED
    assert bench.is_active(alarms.PULSES_IN_EXCESS)
    assert bench.is_active(alarms.STOPPED_BY_ALARM)


@pytest.mark.requirement("watchdog-reset")
def test_repeated_resets_are_counted_at_a_low_supply_too() -> None:
    bench = delivering()
    let_the_supply_sag(bench)
    for _ in range(3):
        bench.run_for(20)
        bench.reset(events.RESET_WATCHDOG)
    assert bench.is_active(alarms.REPEATED_RESETS)


@pytest.mark.requirement("watchdog-carry-over")
def test_what_a_power_cut_left_uncertain_is_told_after_a_watchdog_reset_before_it_could_be_stored() -> None:
    bench = delivering(424_000)
    let_the_supply_sag(bench)
    bench.reset(events.RESET_POWER_ON)
    uncertain = bench.status()["uncertain_steps"]
    assert uncertain > 0
    bench.reset(events.RESET_WATCHDOG)
    assert bench.status()["uncertain_steps"] == uncertain


@pytest.mark.requirement("watchdog-carry-over")
def test_with_a_dead_flash_a_watchdog_reset_costs_no_microstep_and_stops_nothing() -> None:
    bench = delivering()
    bench.pump.board.chip.takes_nothing = True
    bench.run_for(5 * 3_600)
    hang(bench)
    bench.run_for(600)
    status = bench.status()
    assert status["state"] == STATE_DELIVERING
    assert status["lifetime_steps"] == len(bench.pump.step_times_ns)
    assert not bench.is_active(alarms.DOSE_GATE)
    assert status["failed_tests"] == TEST_FLASH


@pytest.mark.requirement("journal-fault", "journal-fault-commit")
def test_a_stopping_program_that_could_not_be_stored_does_not_stop_delivery() -> None:
    bench = delivering()
    chip = bench.pump.board.chip

    def die(index: int, kind: str, sector: int, offset: int) -> None:
        if sector in PROGRAM_SECTORS and kind == PROGRAM:
            for of_state in range(PROGRAM_SECTORS.start):
                chip.let_fail(PROGRAM, of_state)

    chip.before_operation = die
    with pytest.raises(RefusedError, match="not stored"):
        bench.commit(stopped())
    bench.run_for(30)
    assert bench.status()["state"] == STATE_DELIVERING


@pytest.mark.requirement("low-supply-begins-nothing")
def test_a_stopping_program_has_stopped_delivery_once_it_is_stored_whatever_the_supply_does_then() -> None:
    bench = delivering()
    digest = bench.host.stage(stopped())["digest"]
    operations = []

    def sag(index: int, kind: str, sector: int, offset: int) -> None:
        operations.append(sector)
        # Both copies of the program, and the record that names it in both rings, are written by then.
        bench.pump.board.supply.good = len(operations) < 6

    bench.pump.board.chip.before_operation = sag
    bench.host.ask(messages.COMMIT, digest)
    bench.run_for(100)
    bench.pump.board.chip.before_operation = None
    bench.reset(events.RESET_POWER_ON)
    bench.pump.board.supply.good = True
    bench.run_for(20)
    assert bench.status()["state"] == STATE_STOPPED


@pytest.mark.requirement("motor-recovery")
@pytest.mark.parametrize("between", ["nothing", "a stop and a start", "a watchdog reset"])
def test_what_a_stall_costs_is_told_whatever_comes_before_the_motor_turns_again(between: str) -> None:
    bench = PumpBench()
    bench.deliver(continuous(9_000_000))
    bench.run_for(20.4)
    motor = bench.pump.board.motor
    motor.stall()
    bench.run_for(60)
    if between == "a stop and a start":
        bench.stop()
    elif between == "a watchdog reset":
        hang(bench)
    motor.stall(False)
    if between == "a stop and a start":
        bench.start()
    bench.run_for(60)
    assert abs(bench.status()["lost_steps"] - (len(bench.pump.step_times_ns) - motor.turned_steps)) <= 1


@pytest.mark.requirement("stall-of-old-contents")
def test_what_a_stall_has_cost_of_the_old_contents_is_forgotten_with_them() -> None:
    bench = PumpBench()
    bench.deliver(continuous(9_000_000))
    bench.run_for(20.4)
    bench.pump.board.motor.stall()
    bench.run_for(60)
    bench.refill()
    bench.pump.board.motor.stall(False)
    bench.run_for(60)
    assert bench.status()["lost_steps"] <= 1


@pytest.mark.requirement("event-log", "event-log-lost")
def test_more_events_than_memory_holds_are_lost_with_their_number_told_and_no_number_means_two_things() -> (
    None
):
    bench = delivering()
    let_the_supply_sag(bench)
    for _ in range(100):
        bench.host.acknowledge(1 << alarms.SUPPLY_LOW)
    before = {event["sequence"]: event for event in bench.all_events()}
    bench.pump.board.supply.good = True
    bench.run_for(30)
    after = bench.all_events()
    assert all(before[event["sequence"]] == event for event in after if event["sequence"] in before)
    at = [(event["boot_s"], event["boot_us"]) for event in after]
    assert at == sorted(at)
    (lost,) = [event for event in after if event["code"] == events.EVENT_LOST_EVENTS]
    kept = {event["sequence"] for event in after}
    assert set(range(1, lost["sequence"])) - kept == set(range(lost["first"], lost["second"] + 1))


@pytest.mark.requirement("watchdog-carry-over")
def test_noise_on_the_sense_wire_of_a_stopped_pump_is_no_tripped_gate_after_a_watchdog_reset() -> None:
    bench = delivering()
    bench.stop()
    delivered = bench.status()["lifetime_steps"]
    bench.pump.board.sense_wire.pick_up_noise(3)
    bench.run_for(20)
    bench.reset(events.RESET_WATCHDOG)
    assert not bench.is_active(alarms.DOSE_GATE)
    assert bench.status()["lifetime_steps"] == delivered


@pytest.mark.requirement("watchdog-carry-over")
@pytest.mark.parametrize(("slow", "fast"), [(48_000, 24_000_000), (24_000_000, 48_000)])
def test_a_reset_right_after_a_commit_has_missed_nothing(slow: int, fast: int) -> None:
    bench = delivering(slow)
    bench.run_for(133.3)
    bench.commit(continuous(fast))
    bench.run_for(0.3)
    bench.reset(events.RESET_WATCHDOG)
    bench.run_for(60)
    assert bench.events(events.EVENT_MISSED) == []
    assert bench.status()["rate_nl_per_day"] == fast


@pytest.mark.requirement("wiring")
def test_the_light_is_out_while_delivery_is_held() -> None:
    bench = delivering(24_000_000)
    assert bench.pump.board.level(LED) == 1
    bench.pump.board.supply.good = False
    bench.run_for(60)
    assert bench.status()["state"] == STATE_STARTING
    assert bench.pump.board.level(LED) == 0
    bench.pump.board.supply.good = True
    bench.run_for(5)
    assert bench.pump.board.level(LED) == 1


@pytest.mark.requirement("journal-foreign")
def test_what_was_done_while_a_foreign_journal_may_not_be_written_outlives_a_watchdog_reset() -> None:
    bench = delivering()
    chip = bench.pump.board.chip
    for sector in state_sectors():
        for place, value in enumerate(made_foreign(chip.content(sector))):
            chip.rot(sector, place, 1, value)
    bench.reset(events.RESET_POWER_ON)
    bench.set_time(MONDAY_UTC_S)
    bench.refill(40_000_000)
    bench.run_for(3_600)
    before = bench.status()
    assert before["journal_condition"] == FOREIGN
    bench.reset(events.RESET_WATCHDOG)
    bench.run_for(3)
    after = bench.status()
    same = ("state", "fill_nl", "fill_known", "active_alarms")
    assert [after[name] for name in same] == [before[name] for name in same]
    assert after["time_source"] == TIME_CARRIED_OVER
    assert after["lifetime_steps"] == before["lifetime_steps"]


@pytest.mark.requirement("journal-damage")
def test_what_was_done_after_the_journal_was_lost_outlives_a_watchdog_reset() -> None:
    bench = delivering()
    chip = bench.pump.board.chip
    for sector in range(PROGRAM_SECTORS.stop):
        chip.rot(sector, 0, chip.SECTOR_BYTES)
    bench.reset(events.RESET_POWER_ON)
    bench.refill(40_000_000)
    bench.run_for(3_600)
    before = bench.status()
    assert before["journal_condition"] == LOST
    bench.reset(events.RESET_WATCHDOG)
    bench.run_for(3)
    after = bench.status()
    assert after["active_alarms"] >> alarms.PROGRAM_LOST & 1
    assert [after[name] for name in ("state", "fill_nl")] == [before[name] for name in ("state", "fill_nl")]
    assert after["lifetime_steps"] == before["lifetime_steps"] > 0


@pytest.mark.requirement("memory-check")
@pytest.mark.parametrize("where", ["its fields", "its bytes"])
def test_a_program_that_memory_has_garbled_is_not_written_over_its_good_copy_in_flash(where: str) -> None:
    bench = delivering()
    controller = bench.pump.controller
    digest = bench.status()["program_digest"]
    state, program = controller.keeper.journal.state, controller.orders.program
    assert state is not None
    assert program is not None
    sector = PROGRAM_SECTORS.start + 2 * state.program_pair
    bench.pump.board.chip.rot(sector, 20)
    if where == "its fields":
        program.rate_nl_per_day = 24_000_000
    else:
        controller.orders.place.buffer[20] ^= 0xFF
    bench.run_for(5 * 3_600)
    # Bytes are put right from the copy in flash that is still good; fields stay wrong until a commit.
    assert bench.is_active(alarms.MEMORY_FAULT) == (where == "its fields")
    assert bench.is_active(alarms.JOURNAL_REPAIRED)
    bench.reset(events.RESET_POWER_ON)
    bench.run_for(5)
    program = bench.pump.controller.orders.program
    assert program is not None
    assert program.rate_nl_per_day == 1_000_000
    assert bench.status()["program_digest"] == program.digest() == digest
