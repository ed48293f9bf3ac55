"""A pump that starts with a count just below the end of its bits continues: each count is wider, stands still or begins
anew, as ``thecal_fw.core.counts`` says, and delivery is as prescribed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from controller.link_host import link_of
from controller.pump_bench import MONDAY_UTC_S, PumpBench, continuous, within_limits
from thecal_fw.core import alarms, events
from thecal_fw.core.bolus import KIND_PATIENT, KIND_PRIME
from thecal_fw.core.program import PatientBolus
from thecal_fw.core.pump_state import STATE_DELIVERING
from thecal_fw.core.service_life import PART_TUBING
from thecal_fw.link import messages
from thecal_fw.store.doses import DoseStore
from thecal_fw.store.journal import Journal
from thecal_fw.store.layout import Layout
from thecal_fw.store.state import State
from thecal_sim.units import NS_PER_S

FASTEST = 24_000_000
END = 2**32


def delivering(nl_per_day: int = FASTEST) -> PumpBench:
    bench = PumpBench()
    bench.set_time(MONDAY_UTC_S)
    bench.deliver(continuous(nl_per_day))
    bench.run_for(20)
    return bench


def restarted_with(bench: PumpBench, change: Callable[[State], None]) -> None:
    """Cut the power, put other counts into the newest record, and give power again."""
    journal = Journal(bench.pump.board.chip)
    journal.open()
    state = journal.state
    assert state is not None
    change(state)
    assert journal.write(state)
    bench.reset(events.RESET_POWER_ON)


def aged_by(steps: int) -> Callable[[State], None]:
    """Age the pump by so many microsteps more in its lives, before its reservoir was filled."""

    def change(state: State) -> None:
        state.counted_steps += steps
        state.granted_steps += steps
        state.filled_at_steps += steps

    return change


def counted_up_to(steps: int) -> Callable[[State], None]:
    """Make the pump's count so many microsteps, and with it its grant and its refill."""

    def change(state: State) -> None:
        aged_by(steps - state.granted_steps)(state)

    return change


def assert_delivers_on(bench: PumpBench, seconds: int = 60, nl_per_day: int = FASTEST) -> None:
    before = len(bench.pump.step_times_ns)
    bench.run_for(seconds)
    pulses = len(bench.pump.step_times_ns) - before
    assert abs(pulses - seconds * nl_per_day / 86_400 / 15.625) <= 2
    assert bench.status()["state"] == STATE_DELIVERING
    assert bench.status()["rate_nl_per_day"] == nl_per_day


@pytest.mark.requirement("lifetime-counts", "lifetime-counts-over-resets")
@pytest.mark.parametrize("cause", [events.RESET_WATCHDOG, events.RESET_POWER_ON])
def test_the_count_of_all_lives_passes_32_bits_and_is_kept_over_a_reset(cause: int) -> None:
    bench = delivering()
    restarted_with(bench, counted_up_to(END - 500))
    before = bench.status()
    assert before["lifetime_steps"] < END
    assert_delivers_on(bench)
    passed = bench.status()
    assert passed["lifetime_steps"] - before["lifetime_steps"] == (
        passed["counted_steps"] - before["counted_steps"]
    )
    assert passed["lifetime_steps"] > END
    bench.reset(cause)
    after = bench.status()
    uncertain = 0 if cause == events.RESET_WATCHDOG else passed["granted_steps"]
    assert after["lifetime_steps"] - after["counted_steps"] == passed["lifetime_steps"] + uncertain
    assert after["steps_since_refill"] - passed["steps_since_refill"] == (
        after["lifetime_steps"] - passed["lifetime_steps"]
    )
    assert_delivers_on(bench)
    assert not bench.is_active(alarms.MEMORY_FAULT)


@pytest.mark.requirement("lifetime-counts")
def test_the_low_reservoir_alarm_comes_on_its_pulse_beyond_32_bits() -> None:
    bench = delivering()
    restarted_with(bench, counted_up_to(END - 500))
    bench.refill(2_100_000)
    due_s = 100_000 * 86_400 / FASTEST
    bench.run_for(due_s - 3)
    assert not bench.is_active(alarms.LOW_RESERVOIR)
    bench.run_for(6)
    assert bench.is_active(alarms.LOW_RESERVOIR)
    assert bench.status()["lifetime_steps"] > END


@pytest.mark.requirement("lifetime-counts")
def test_a_line_that_is_full_stays_full_beyond_32_bits() -> None:
    bench = PumpBench()
    program = continuous(48_000)
    program.catheter_nl, program.dead_volume_id, program.most_nl_per_bolus = 200_000, 1, 10_000
    program.most_nl_per_hour += 10_000
    program.most_nl_per_day += 10_000
    bench.set_time(MONDAY_UTC_S)
    bench.deliver(program)
    bench.run_for(5)
    restarted_with(bench, aged_by(END))
    bench.set_time(MONDAY_UTC_S)
    bench.run_for(60)
    check = [KIND_PRIME, 80_000_000, 100]
    assert bench.host.ask(messages.CHECK_BOLUS, *check)["bolus_refusal"]
    bench.host.ask(messages.RENEW_PART, PART_TUBING)
    assert not bench.host.ask(messages.CHECK_BOLUS, *check)["bolus_refusal"]
    bench.run_for(30)
    bench.reset(events.RESET_WATCHDOG)
    bench.run_for(30)
    assert not bench.host.ask(messages.CHECK_BOLUS, *check)["bolus_refusal"]


@pytest.mark.requirement("counts-stand-still")
def test_the_revolutions_of_tubing_stand_still_at_six_million() -> None:
    bench = delivering()
    served = bench.host.ask(messages.SERVICE_LIFE)["tubing_revolutions"]
    restarted_with(bench, aged_by(5_999_990 * 3_200))
    assert abs(bench.host.ask(messages.SERVICE_LIFE)["tubing_revolutions"] - served - 5_999_990) <= 1
    for _ in range(3):
        restarted_with(bench, aged_by(500_000 * 3_200))
        bench.run_for(3_600)
        assert 6_000_000 <= bench.host.ask(messages.SERVICE_LIFE)["tubing_revolutions"] < 6_000_100
        assert bench.is_active(alarms.TUBING_DUE)
    bench.host.ask(messages.RENEW_PART, PART_TUBING)
    assert bench.host.ask(messages.SERVICE_LIFE)["tubing_revolutions"] < 100
    bench.run_for(60)
    bench.reset(events.RESET_POWER_ON)
    assert bench.host.ask(messages.SERVICE_LIFE)["tubing_revolutions"] < 100


@pytest.mark.requirement("counts-stand-still")
def test_the_microsteps_since_a_refill_stand_still_and_the_reservoir_stays_empty() -> None:
    def change(state: State) -> None:
        state.counted_steps += 2**31
        state.granted_steps += 2**31

    bench = delivering()
    for _ in range(3):
        restarted_with(bench, change)
        bench.run_for(90_000)
        status = bench.status()
        assert status["steps_since_refill"] >= 2**30 - 1
        assert status["residual_nl"] == 0
        assert bench.is_active(alarms.EMPTY_RESERVOIR)
        assert not bench.is_active(alarms.MEMORY_FAULT)


@pytest.mark.requirement("counts-stand-still")
@pytest.mark.parametrize(
    ("field", "told"), [("uncertain_steps", "uncertain_steps"), ("stalled_steps", "lost_steps")]
)
def test_microsteps_that_are_not_certain_or_lost_stand_still(field: str, told: str) -> None:
    most = 2**30 - 1
    bench = delivering()
    restarted_with(bench, lambda state: setattr(state, field, most - 1))
    if field == "stalled_steps":
        bench.run_for(5)
        bench.pump.board.motor.stall()
        bench.run_for(20)
    assert bench.status()[told] == most
    restarted_with(bench, lambda state: None)
    assert bench.status()[told] == most
    assert bench.status()["state"] == STATE_DELIVERING


@pytest.mark.requirement("counts-stand-still")
def test_running_time_stands_still_after_136_years_and_therapy_goes_on() -> None:
    bench = delivering()
    restarted_with(bench, lambda state: setattr(state, "lifetime_s", END - 20))
    assert_delivers_on(bench)
    assert bench.is_active(alarms.END_OF_SERVICE)
    bench.set_time(MONDAY_UTC_S)
    bench.host.ask(messages.SERVICE_LIFE)
    bench.run_for(5)
    for cause in (events.RESET_WATCHDOG, events.RESET_POWER_ON):
        bench.reset(cause)
        assert_delivers_on(bench)
        assert bench.is_active(alarms.END_OF_SERVICE)


@pytest.mark.requirement("counts-stand-still")
def test_the_time_of_day_that_is_told_stands_still_in_2106_and_therapy_goes_on() -> None:
    bench = delivering()
    restarted_with(bench, lambda state: setattr(state, "utc_s", END - 20))
    assert_delivers_on(bench)
    assert bench.host.ask(messages.GET_TIME)["utc_s"] == bench.status()["utc_s"] == END - 2
    assert bench.all_events()
    for cause in (events.RESET_WATCHDOG, events.RESET_POWER_ON):
        bench.reset(cause)
        assert_delivers_on(bench)
    bench.set_time(MONDAY_UTC_S)
    assert bench.host.ask(messages.GET_TIME)["utc_s"] == MONDAY_UTC_S


@pytest.mark.requirement("counts-stand-still")
def test_numbers_of_lives_begin_anew() -> None:
    bench = delivering()
    restarted_with(bench, lambda state: setattr(state, "boots", 65_534))
    assert bench.status()["boots"] == 65_535
    restarted_with(bench, lambda state: None)
    assert bench.status()["boots"] == 1
    assert_delivers_on(bench)


@pytest.mark.requirement("numbers-end")
def test_a_log_without_numbers_left_takes_nothing_more_and_therapy_goes_on() -> None:
    most = 0xFFFF0000
    bench = delivering()
    restarted_with(bench, lambda state: setattr(state, "latest_event", most - 2))
    assert bench.status()["latest_event"] == most
    assert_delivers_on(bench)
    bench.stop()
    bench.start()
    bench.run_for(10)
    assert bench.host.ask(messages.READ_LOG, most - 1)["latest_sequence"] == most
    bench.reset(events.RESET_POWER_ON)
    assert_delivers_on(bench)


@pytest.mark.requirement("numbers-end")
def test_a_journal_without_numbers_left_is_a_journal_that_cannot_be_written() -> None:
    bench = delivering(1_000_000)
    journal = Journal(bench.pump.board.chip)
    journal.open()
    assert journal.state is not None
    journal._rings._next = END - 32
    for _ in range(30):
        assert journal.write(journal.state)
    bench.reset(events.RESET_POWER_ON)
    bench.run_for(600)
    assert bench.is_active(alarms.JOURNAL_FAULT)
    assert bench.status()["state"] == STATE_DELIVERING
    bench.reset(events.RESET_WATCHDOG)
    bench.run_for(60)
    assert bench.is_active(alarms.JOURNAL_FAULT)
    assert bench.status()["state"] == STATE_DELIVERING


def with_doses_numbered_from(bench: PumpBench, number: int, records: range) -> None:
    """Cut the power; the next dose has a number, and the newest records of doses have these."""
    store = DoseStore(bench.pump.board.chip, Layout())
    store.open()
    assert store.was_found
    store.record[12:16] = number.to_bytes(4, "little")
    for sequence in records:
        store._next = sequence
        assert store.put()
    bench.reset(events.RESET_POWER_ON)
    bench.set_time(MONDAY_UTC_S)
    bench.run_for(5)


def with_patient_boluses() -> PumpBench:
    program = continuous(48_000)
    program.most_nl_per_bolus = 100_000
    program.patient_bolus = PatientBolus(2_880_000, 5, 30, 4)
    within_limits(program)
    bench = PumpBench()
    bench.set_time(MONDAY_UTC_S)
    bench.deliver(program)
    bench.run_for(5)
    return bench


@pytest.mark.requirement("numbers-begin-anew")
@pytest.mark.parametrize("cause", [None, events.RESET_WATCHDOG])
def test_numbers_of_doses_begin_anew_and_each_dose_ends_once(cause: int | None) -> None:
    bench = with_patient_boluses()
    with_doses_numbered_from(bench, END - 1, range(8, 10))
    for _ in range(3):
        bench.give_bolus(KIND_PATIENT)
        bench.run_for(30)
        if cause is not None:
            bench.reset(cause)
            bench.set_time(MONDAY_UTC_S)
        bench.run_for(1_900)
    names = [name for name, *_ in bench.bolus_events()]
    assert names == ["begun", "ended"] * 3
    numbers = [
        event["second"] >> events.NUMBER_SHIFT & events.NUMBER_MASK
        for event in bench.events(events.EVENT_BOLUS_BEGUN)
    ]
    assert numbers == [(END - 1) & events.NUMBER_MASK, 1, 2]
    assert bench.host.ask(messages.BOLUSES)["patient_in_24_h"] == 3


@pytest.mark.requirement("numbers-end")
def test_records_of_doses_without_numbers_left_are_a_journal_that_cannot_be_written() -> None:
    bench = with_patient_boluses()
    with_doses_numbered_from(bench, 7, range(END - 8, END - 1))
    bench.set_time(MONDAY_UTC_S + 60)
    bench.run_for(60)
    bench.set_time(MONDAY_UTC_S + 60)
    bench.run_for(60)
    assert bench.is_active(alarms.JOURNAL_FAULT)
    assert bench.status()["state"] == STATE_DELIVERING


@pytest.mark.requirement("counts-stand-still")
def test_frames_that_were_none_are_counted_up_to_the_most_that_is_told() -> None:
    most = 2**30 - 1
    bench = PumpBench()
    link = link_of(bench.pump)
    link.reader.garbled = link.reader.overlong = most - 1
    for _ in range(3):
        bench.pump.serial.write(b"\1\2\3\0" + b"\7" * 600 + b"\0")
        bench.run_for(1)
    status = bench.status()
    assert (status["frames_garbled"], status["frames_overlong"]) == (most, most)


# --- counts since the reset


def begun_at(counted: int, nl_per_day: int = FASTEST) -> PumpBench:
    """Return a pump that stands since a while, and has counted so many microsteps since its reset."""
    bench = PumpBench()
    bench.set_time(MONDAY_UTC_S)
    controller = bench.pump.controller
    bench.pump.board.sense_wire.pick_up_noise(counted)
    controller.ledger.counted = controller.ledger.granted = counted
    controller.infusion.delivery.withdraw(counted)
    controller.carrier.keep()
    bench.deliver(continuous(nl_per_day))
    return bench


@pytest.mark.requirement("life-ends-before-its-counts", "lifetime-counts")
def test_a_pump_resets_itself_before_its_counts_leave_30_bits_and_loses_no_count() -> None:
    bench = begun_at(2**29 - 20_000)
    bench.run_for(3_600)
    bench.connect()
    (full,) = bench.events(events.EVENT_COUNTS_FULL)
    ((reset_ns, _),) = bench.pump.resets
    assert 0 < reset_ns / NS_PER_S - full["boot_s"] < 9
    status = bench.status()
    assert status["reset_cause"] == events.RESET_WATCHDOG
    assert status["counted_steps"] < 3_600 * 18
    assert status["lifetime_steps"] == 2**29 - 20_000 + len(bench.pump.step_times_ns)
    assert status["uncertain_steps"] == 0
    assert_delivers_on(bench)
    assert not bench.is_active(alarms.REPEATED_RESETS)


@pytest.mark.requirement("life-ends-before-its-counts")
def test_a_pump_below_that_count_goes_on_without_a_reset() -> None:
    bench = begun_at(2**29 - 100_000)
    bench.run_for(3_600)
    assert not bench.pump.resets
    assert not bench.events(events.EVENT_COUNTS_FULL)
    bench.run_for(3_600)
    assert len(bench.pump.resets) == 1
