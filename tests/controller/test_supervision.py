"""The pump supervises motor, dose gate, supply, memory and journal; each fault is found within its bound and
reported."""

import pytest

from controller.link_host import RefusedError
from controller.pump_bench import PumpBench, continuous
from thecal_fw.core import alarms, events
from thecal_fw.core.journal_condition import GOOD, LOST, REPAIRED
from thecal_fw.core.pump_state import STATE_DELIVERING, STATE_STARTING, STATE_STOPPED
from thecal_fw.core.self_test import TEST_BUZZER, TEST_CLOCK, TEST_IMAGE
from thecal_sim.edges import ENABLE
from thecal_sim.nor_flash import ERASE, PROGRAM
from thecal_sim.units import NS_PER_MS, NS_PER_S

STEPS_OR_S = (20, 60)
"""A stall is found within so many commanded steps or so many seconds, whichever is later."""


def delivering(nl_per_day: int = 424_000) -> PumpBench:
    bench = PumpBench()
    bench.deliver(continuous(nl_per_day))
    bench.run_for(100.4)
    return bench


def raised_ns(bench: PumpBench, alarm: int) -> int:
    """Return when the log says that an alarm was raised first."""
    return bench.instant_ns(next(e for e in bench.events(events.EVENT_ALARM_RAISED) if e["first"] == alarm))


@pytest.mark.requirement("motor-stall", "motor-recovery")
@pytest.mark.parametrize("nl_per_day", [48_000, 424_000, 24_000_000])
def test_a_stalled_motor_is_found_in_time_and_its_recovery_is_logged_with_what_was_lost(
    nl_per_day: int,
) -> None:
    bench = delivering(nl_per_day)
    motor = bench.pump.board.motor
    stalled_ns, turned = bench.pump.now_ns, motor.turned_steps
    motor.stall()
    step_s = 86_400 / (nl_per_day * 3_200 / 50_000)
    bench.run_for(max(STEPS_OR_S[0] * step_s, STEPS_OR_S[1]) + 1)
    bound_ns = max(STEPS_OR_S[0] * step_s, STEPS_OR_S[1]) * NS_PER_S
    assert raised_ns(bench, alarms.MOTOR_STALL) - stalled_ns <= bound_ns
    assert bench.status()["state"] == STATE_DELIVERING
    assert motor.turned_steps == turned
    motor.stall(False)
    turning_ns = bench.pump.now_ns
    bench.run_for(max(5 * step_s, 20))
    recovered = bench.events(events.EVENT_RECOVERED)[-1]
    assert bench.instant_ns(recovered) - turning_ns <= (3 * step_s + 8) * NS_PER_S
    commanded = len(bench.pump.step_times_ns)
    assert abs(bench.status()["lost_steps"] - (commanded - motor.turned_steps)) <= 1
    bench.host.acknowledge(1 << alarms.MOTOR_STALL | 1 << alarms.UNDER_DELIVERY)
    assert not bench.status()["active_alarms"]


@pytest.mark.requirement("under-delivery", "under-delivery-alarm", "under-delivery-continues")
@pytest.mark.parametrize("nl_per_day", [48_000, 424_000, 5_000_000, 24_000_000])
@pytest.mark.parametrize("every", [5, 10])
def test_a_slipping_motor_is_found_within_fifty_steps_or_fifteen_minutes(nl_per_day: int, every: int) -> None:
    bench = delivering(nl_per_day)
    begun_ns = bench.pump.now_ns
    bench.pump.board.motor.slip(every)
    step_s = 86_400 / (nl_per_day * 3_200 / 50_000)
    bound_s = 15 * 60 if 15 * 60 / step_s >= 50 else 50 * step_s
    bench.run_for(bound_s)
    assert bench.is_active(alarms.UNDER_DELIVERY)
    assert raised_ns(bench, alarms.UNDER_DELIVERY) - begun_ns <= bound_s * NS_PER_S
    assert bench.status()["state"] == STATE_DELIVERING


@pytest.mark.requirement("over-delivery", "over-delivery-stops")
@pytest.mark.parametrize("nl_per_day", [48_000, 424_000, 24_000_000])
def test_a_motor_that_runs_ahead_stops_the_pump_in_time(nl_per_day: int) -> None:
    bench = delivering(nl_per_day)
    bench.pump.board.motor.run_ahead(10)
    step_s = 86_400 / (nl_per_day * 3_200 / 50_000)
    bench.run_for(15 * 60 if 15 * 60 / step_s >= 50 else 50 * step_s)
    assert bench.is_active(alarms.OVER_DELIVERY)
    assert bench.status()["state"] == STATE_STOPPED


@pytest.mark.requirement("dose-gate")
@pytest.mark.parametrize("nl_per_day", [48_000, 424_000, 24_000_000])
def test_a_generator_that_runs_wild_delivers_nothing_beyond_what_was_granted(nl_per_day: int) -> None:
    bench = delivering(nl_per_day)
    before = bench.status()
    turned = bench.pump.board.motor.turned_steps
    bench.pump.withhold_polls(bench.pump.now_ns + 6 * NS_PER_S)
    bench.pump.board.train.run_wild(NS_PER_MS, 4_000)
    bench.run_for(5.9)
    assert bench.pump.board.motor.turned_steps - turned == before["granted_steps"]
    assert bench.pump.board.level(ENABLE) == 1
    bench.run_for(2)
    assert bench.is_active(alarms.PULSES_IN_EXCESS) or bench.is_active(alarms.DOSE_GATE)
    assert bench.status()["state"] == STATE_STOPPED


@pytest.mark.requirement("dose-gate")
def test_only_a_start_that_is_logged_opens_the_gate_again() -> None:
    bench = delivering()
    bench.pump.board.train.run_wild(NS_PER_MS, 4_000)
    bench.run_for(10)
    assert bench.pump.board.level(ENABLE) == 1
    armed = len(bench.events(events.EVENT_GATE_ARMED))
    bits = bench.status()["active_alarms"]
    bench.host.acknowledge(bits)
    bench.run_for(10)
    assert bench.pump.board.level(ENABLE) == 1
    bench.start()
    bench.run_for(5)
    assert bench.pump.board.level(ENABLE) == 0
    assert len(bench.events(events.EVENT_GATE_ARMED)) == armed + 1


@pytest.mark.requirement("brown-out", "brown-out-holds", "brown-out-resumes")
def test_while_the_supply_is_low_nothing_is_written_and_delivery_holds_at_the_end_of_its_grant() -> None:
    bench = delivering()
    granted = bench.status()["granted_steps"]
    supply, chip = bench.pump.board.supply, bench.pump.board.chip
    supply.good = False
    bench.run_for(8)
    assert bench.is_active(alarms.SUPPLY_LOW)
    operations, steps = chip.operation, len(bench.pump.step_times_ns)
    bench.run_for(600)
    assert chip.operation == operations
    assert bench.status()["state"] == STATE_STARTING
    assert len(bench.pump.step_times_ns) - steps <= granted
    supply.good = True
    bench.run_for(8)
    assert bench.status()["state"] == STATE_DELIVERING
    assert not bench.status()["active_alarms"]
    assert bench.status()["lifetime_steps"] == len(bench.pump.step_times_ns)


@pytest.mark.requirement("brown-out")
def test_a_power_cut_after_a_long_brown_out_leaves_no_more_than_a_quantum_uncertain() -> None:
    bench = delivering()
    bench.pump.board.supply.good = False
    bench.run_for(600)
    delivered = bench.pump.board.motor.turned_steps
    bench.pump.board.supply.good = True
    bench.reset(events.RESET_POWER_ON)
    status = bench.status()
    assert status["lifetime_steps"] - status["uncertain_steps"] <= delivered <= status["lifetime_steps"]
    assert status["uncertain_steps"] <= status["quantum_steps"]


@pytest.mark.requirement("journal-repaired", "journal-damage", "journal-repaired-delivers")
@pytest.mark.parametrize("ring", [0, 32])
def test_a_state_that_has_decayed_is_read_from_its_mirror_and_delivery_goes_on(ring: int) -> None:
    bench = delivering()
    chip = bench.pump.board.chip
    for sector in range(ring, ring + 32):
        if chip.content(sector) != b"\xff" * 4096:
            chip.rot(sector, 0, 4096)
    delivered = len(bench.pump.step_times_ns)
    bench.reset(events.RESET_POWER_ON)
    bench.run_for(5)
    status = bench.status()
    assert status["journal_condition"] == REPAIRED
    assert status["rate_nl_per_day"] == 424_000
    assert status["lifetime_steps"] >= delivered
    assert bench.is_active(alarms.JOURNAL_REPAIRED)


@pytest.mark.requirement("minimum-rate", "lost-program-minimum", "journal-lost-minimum", "journal-lost-alarm")
def test_a_journal_that_is_lost_altogether_ends_in_the_minimum_rate() -> None:
    bench = delivering()
    for sector in range(64):
        bench.pump.board.chip.rot(sector, 0, 4096)
    bench.reset(events.RESET_POWER_ON)
    bench.run_for(5)
    status = bench.status()
    assert status["journal_condition"] == LOST
    assert status["rate_nl_per_day"] == 6_000
    assert bench.is_active(alarms.PROGRAM_LOST)
    assert not status["fill_known"]
    # The events are there still, and lives are distinguished by their number.
    assert status["boots"] == 2
    assert {event["boots"] for event in bench.all_events()} == {1, 2}


@pytest.mark.requirement("lost-program-minimum", "journal-lost-alarm")
def test_a_program_whose_copies_have_both_decayed_ends_in_the_minimum_rate() -> None:
    bench = delivering()
    for sector in range(64, 68):
        bench.pump.board.chip.rot(sector, 40, 1)
    bench.reset(events.RESET_POWER_ON)
    bench.run_for(5)
    assert bench.status()["journal_condition"] == GOOD
    assert bench.status()["rate_nl_per_day"] == 6_000
    assert bench.is_active(alarms.PROGRAM_LOST)


@pytest.mark.requirement("journal-repaired", "program-from-mirror", "journal-repaired-delivers")
def test_a_program_with_one_copy_decayed_is_delivered_and_found_while_running() -> None:
    bench = delivering()
    bench.pump.board.chip.rot(64, 40, 1)
    bench.run_for(3 * 3_600)
    assert bench.is_active(alarms.JOURNAL_REPAIRED)
    assert bench.status()["rate_nl_per_day"] == 424_000
    bench.assert_as_prescribed()


@pytest.mark.requirement("minimum-rate")
@pytest.mark.requirement("journal-fault")
def test_a_flash_that_takes_nothing_does_not_end_therapy_but_brings_it_to_the_minimum_rate() -> None:
    bench = delivering()
    for sector in range(64):
        bench.pump.board.chip.let_fail(PROGRAM, sector)
        bench.pump.board.chip.let_fail(ERASE, sector)
    bench.run_for(400)
    assert bench.is_active(alarms.JOURNAL_FAULT)
    assert bench.status()["state"] == STATE_DELIVERING
    assert bench.status()["rate_nl_per_day"] == 6_000
    bench.run_for(6 * 3_600)
    assert bench.status()["state"] == STATE_DELIVERING


def change_the_program_in_memory(bench: PumpBench, bits: int) -> None:
    program = bench.pump.controller.orders.program
    assert program is not None
    program.rate_nl_per_day ^= bits


@pytest.mark.requirement("memory-fault", "memory-fault-minimum")
def test_a_program_that_changes_in_memory_is_found_within_minutes() -> None:
    bench = delivering()
    change_the_program_in_memory(bench, 1 << 10)
    bench.run_for(601)
    assert bench.is_active(alarms.MEMORY_FAULT)
    bench.run_for(2)
    assert bench.status()["rate_nl_per_day"] == 6_000
    bench.commit(continuous(500_000))
    bench.host.acknowledge(1 << alarms.MEMORY_FAULT)
    bench.run_for(2)
    assert bench.status()["rate_nl_per_day"] == 500_000


@pytest.mark.requirement("self-test", "self-test-passes-first", "self-test-acknowledged")
def test_a_failed_self_test_stops_a_pump_that_was_delivering_until_it_passes_and_is_acknowledged() -> None:
    bench = delivering()
    bench.pump.board.self_test.failed = TEST_CLOCK
    bench.reset(events.RESET_POWER_ON)
    bench.run_for(10)
    assert bench.status()["failed_tests"] == TEST_CLOCK
    assert bench.status()["state"] == STATE_STOPPED
    assert bench.is_active(alarms.SELF_TEST)
    bench.host.acknowledge(1 << alarms.SELF_TEST)
    assert bench.is_active(alarms.SELF_TEST)
    bench.pump.board.self_test.failed = 0
    bench.reset(events.RESET_POWER_ON)
    assert bench.is_active(alarms.SELF_TEST)
    bench.host.acknowledge(1 << alarms.SELF_TEST)
    assert not bench.is_active(alarms.SELF_TEST)


@pytest.mark.requirement("image-tested-again", "image-fault-stops")
def test_an_image_that_changes_while_the_pump_runs_is_found_within_an_hour_and_stops_it() -> None:
    bench = delivering()
    bench.run_for(3_700)
    assert bench.status()["failed_tests"] == 0
    bench.pump.board.self_test.image_has_changed = True
    bench.run_for(3_600)
    assert bench.is_active(alarms.SELF_TEST)
    assert bench.status()["failed_tests"] == TEST_IMAGE
    assert bench.status()["state"] == STATE_STOPPED
    bench.host.acknowledge(1 << alarms.SELF_TEST)
    assert bench.is_active(alarms.SELF_TEST)


@pytest.mark.requirement(
    "self-test-buzzer", "self-test", "self-test-buzzer-told", "self-test-buzzer-delivers"
)
def test_a_buzzer_that_fails_its_test_is_told_and_delivery_goes_on() -> None:
    bench = delivering()
    bench.pump.board.self_test.failed = TEST_BUZZER
    bench.reset(events.RESET_POWER_ON)
    bench.run_for(5)
    assert bench.is_active(alarms.BUZZER_FAULT)
    assert bench.status()["state"] == STATE_DELIVERING


@pytest.mark.requirement("self-test-sense", "self-test", "self-test-sense-first")
def test_a_sense_line_that_is_cut_is_found_before_delivery() -> None:
    bench = delivering()
    bench.pump.board.sense_wire.connected = False
    bench.reset(events.RESET_POWER_ON)
    bench.run_for(5)
    assert bench.is_active(alarms.SELF_TEST)
    assert bench.status()["state"] == STATE_STOPPED


@pytest.mark.requirement("program-from-mirror")
def test_a_program_is_committed_though_the_place_erased_for_it_has_decayed() -> None:
    bench = delivering()
    bench.run_for(600)
    for sector in range(64, 68):
        bench.pump.board.chip.rot(sector, 0, 4096, 0)
    program = continuous(700_000)
    bench.commit(program)
    bench.reset(events.RESET_POWER_ON)
    bench.run_for(5)
    assert bench.status()["program_digest"] == program.digest()
    assert bench.status()["rate_nl_per_day"] == 700_000


@pytest.mark.requirement("journal-fault-commit")
def test_a_commit_to_a_flash_that_takes_nothing_is_refused_and_the_old_program_goes_on() -> None:
    bench = delivering()
    before = bench.status()["program_digest"]
    bench.pump.board.chip.takes_nothing = True
    with pytest.raises(RefusedError):
        bench.commit(continuous(700_000))
    bench.pump.board.chip.takes_nothing = False
    assert bench.status()["program_digest"] == before
    bench.reset(events.RESET_POWER_ON)
    assert bench.status()["program_digest"] == before


@pytest.mark.requirement("brown-out-resumes")
def test_a_pump_that_boots_with_its_supply_low_goes_on_as_soon_as_the_supply_is_good() -> None:
    bench = delivering()
    bench.pump.board.supply.good = False
    bench.reset(events.RESET_POWER_ON)
    bench.run_for(20)
    assert bench.status()["state"] == STATE_STARTING
    bench.pump.board.supply.good = True
    bench.run_for(10)
    assert bench.status()["state"] == STATE_DELIVERING
    assert bench.status()["granted_steps"] > 0
    delivered = bench.pump.board.motor.turned_steps
    bench.run_for(100)
    assert bench.pump.board.motor.turned_steps - delivered in (31, 32)


@pytest.mark.requirement("memory-fault-minimum")
def test_a_memory_fault_is_not_over_because_memory_can_not_be_looked_at() -> None:
    bench = delivering()
    change_the_program_in_memory(bench, 1 << 20)
    bench.run_for(610)
    bench.pump.board.supply.good = False
    bench.run_for(610)
    bench.host.acknowledge(1 << alarms.MEMORY_FAULT)
    bench.pump.board.supply.good = True
    bench.run_for(10)
    assert bench.is_active(alarms.MEMORY_FAULT)
    assert bench.status()["rate_nl_per_day"] == 6_000


@pytest.mark.requirement("journal-fault-commit")
def test_a_commit_that_is_refused_leaves_the_quantum_as_it_was() -> None:
    bench = delivering(24_000_000)
    chip, before = bench.pump.board.chip, bench.status()["quantum_steps"]

    def fail(index: int, kind: str, sector: int, offset: int) -> None:
        if 64 <= sector < 68 and kind == PROGRAM:
            bench.pump.board.supply.good = False

    chip.before_operation = fail
    with pytest.raises(RefusedError):
        bench.commit(continuous(48_000))
    assert bench.status()["quantum_steps"] == before
