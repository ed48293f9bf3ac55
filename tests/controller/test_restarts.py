"""Restarts: after a watchdog reset the pump continues exactly, after a power cut it reports what it can't know."""

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from serial import SerialException

from controller.pump_bench import MONDAY_UTC_S, PumpBench, continuous, flex, stopped
from thecal_fw.core import alarms, events
from thecal_fw.core.pump_state import STATE_DELIVERING, STATE_STOPPED
from thecal_fw.core.wall_clock import TIME_CARRIED_OVER, TIME_RESTORED
from thecal_fw.link import messages
from thecal_sim.nor_flash import BEFORE
from thecal_sim.units import NS_PER_MS, NS_PER_S

WATCHDOG_NS = 8_300 * NS_PER_MS


def hang(bench: PumpBench) -> int:
    """Have the pump's program hang until the watchdog resets it; the instant of the reset."""
    resets = len(bench.pump.resets)
    bench.pump.withhold_polls(bench.pump.now_ns + 60 * NS_PER_S)
    bench.pump.run_until(bench.pump.now_ns + WATCHDOG_NS + NS_PER_S)
    assert len(bench.pump.resets) == resets + 1
    bench.connect()
    return bench.pump.resets[-1][0]


@pytest.mark.requirement("watchdog-resume")
@pytest.mark.parametrize("nl_per_day", [48_000, 424_000, 1_000_000, 9_000_000])
def test_a_watchdog_reset_costs_no_microstep_of_the_prescription(nl_per_day: int) -> None:
    bench = PumpBench()
    bench.set_time(MONDAY_UTC_S)
    bench.deliver(continuous(nl_per_day))
    bench.run_for(1_000.123456)
    reset_ns = hang(bench)
    assert bench.status()["state"] == STATE_DELIVERING
    bench.run_for(3_600)
    check = bench.check()
    assert check.divergence is None, str(check.divergence)
    assert check.worst_volume_steps <= 1
    assert (check.missing, check.extra) == (0, 0)
    after = [edge for edge in bench.edges_of("enable") if edge.t_ns >= reset_ns and not edge.level]
    assert after[0].t_ns - reset_ns <= 500 * NS_PER_MS
    assert bench.status()["lifetime_steps"] == len(bench.pump.step_times_ns)
    assert bench.status()["uncertain_steps"] == 0


@pytest.mark.requirement("watchdog-resume", "reset-moves-nothing", "time-outlives-watchdog")
def test_the_time_and_the_daily_pattern_go_on_over_a_watchdog_reset() -> None:
    bench = PumpBench()
    bench.set_time(MONDAY_UTC_S + 6 * 3_600 - 60, 123_450)
    bench.deliver(flex([[(0, 300_000), (360, 2_000_000), (420, 500_000)]]))
    bench.run_for(55)
    hang(bench)
    status = bench.status()
    assert status["time_source"] == TIME_CARRIED_OVER
    shown_ns = status["utc_s"] * NS_PER_S + status["utc_us"] * 1_000
    # The clock was set before the pump had lived for a second, and all that has passed since counts.
    assert abs(shown_ns - (MONDAY_UTC_S + 6 * 3_600 - 60) * NS_PER_S - bench.pump.now_ns) < NS_PER_S
    bench.run_for(2 * 3_600)
    check = bench.check()
    assert check.divergence is None, str(check.divergence)
    assert check.worst_volume_steps <= 1
    assert not bench.is_active(alarms.TIME_UNKNOWN)


@pytest.mark.requirement("watchdog-resume")
@settings(max_examples=25)
@given(
    nl_per_day=st.integers(48_000, 24_000_000),
    stretches_s=st.lists(st.floats(0.5, 900), min_size=1, max_size=2),
)
def test_the_count_is_exact_over_any_watchdog_resets(nl_per_day: int, stretches_s: list[float]) -> None:
    bench = PumpBench()
    bench.deliver(continuous(nl_per_day))
    for stretch_s in stretches_s:
        bench.run_for(stretch_s)
        hang(bench)
    bench.run_for(10)
    assert bench.status()["lifetime_steps"] == len(bench.pump.step_times_ns)


@pytest.mark.requirement("watchdog-carry-over", "pulses-missing-counted")
def test_microsteps_that_were_commanded_and_not_seen_stay_counted_over_a_watchdog_reset() -> None:
    bench = PumpBench()
    bench.deliver(continuous(9_000_000))
    bench.run_for(20)
    bench.pump.board.sense_wire.connected = False
    bench.run_for(10)
    bench.pump.board.sense_wire.connected = True
    bench.run_for(10)
    before, commanded = bench.status(), len(bench.pump.step_times_ns)
    assert before["unseen_steps"] >= 50
    assert before["lifetime_steps"] == commanded
    hang(bench)
    bench.run_for(10)
    assert bench.status()["lifetime_steps"] == len(bench.pump.step_times_ns)


@pytest.mark.requirement("withheld-told", "withheld-not-made-up")
@pytest.mark.parametrize("boot_s", [0.5, 2])
def test_what_a_long_outage_withheld_at_a_high_rate_is_told_and_never_made_up_for(boot_s: float) -> None:
    bench = PumpBench(boot_ns=round(boot_s * NS_PER_S))
    bench.deliver(continuous(24_000_000))
    bench.run_for(60)
    resets = len(bench.pump.resets)
    bench.pump.withhold_polls(bench.pump.now_ns + 60 * NS_PER_S)
    while len(bench.pump.resets) == resets:
        bench.run_for(0.1)
    bench.run_for(boot_s + 10)
    bench.connect()
    steps_ns = list(bench.pump.step_times_ns)
    gaps_ns = [after - before for before, after in pairwise(steps_ns)]
    usual_ns = 56_250_000
    assert min(gaps_ns) >= usual_ns // 2
    withheld = round(bench.ideal.steps_at(bench.pump.now_ns) - len(bench.pump.step_times_ns))
    (told,) = bench.events(events.EVENT_MISSED)
    assert withheld >= boot_s * NS_PER_S / usual_ns - 2
    assert abs(told["first"] - withheld) <= 1


@pytest.mark.requirement("minimum-rate", "repeated-resets", "repeated-resets-alarm")
def test_the_third_watchdog_reset_in_ten_minutes_ends_in_the_minimum_rate() -> None:
    bench = PumpBench()
    bench.deliver(continuous(1_000_000))
    for expected in (1_000_000, 1_000_000, 6_000):
        bench.run_for(150)
        hang(bench)
        bench.run_for(1)
        assert bench.status()["rate_nl_per_day"] == expected
    assert bench.is_active(alarms.REPEATED_RESETS)
    bench.host.acknowledge(1 << alarms.REPEATED_RESETS)
    bench.run_for(2)
    assert bench.status()["rate_nl_per_day"] == 1_000_000


@pytest.mark.requirement("far-resets-not-counted")
def test_watchdog_resets_far_apart_do_not_add_up() -> None:
    bench = PumpBench()
    bench.deliver(continuous(1_000_000))
    for _ in range(4):
        bench.run_for(310)
        hang(bench)
    assert not bench.is_active(alarms.REPEATED_RESETS)


@pytest.mark.requirement("power-cut", "power-cut-quantum")
@settings(max_examples=40)
@given(
    nl_per_day=st.one_of(st.integers(48_000, 24_000_000), st.just(424_000)),
    stretches_s=st.lists(st.floats(0, 400), min_size=1, max_size=4),
)
def test_after_any_power_cuts_no_dose_is_given_twice_and_no_more_than_a_quantum_a_cut_is_uncertain(
    nl_per_day: int, stretches_s: list[float]
) -> None:
    bench = PumpBench()
    bench.deliver(continuous(nl_per_day))
    uncertain = 0
    status = bench.status()
    for stretch_s in stretches_s:
        bench.run_for(stretch_s)
        bench.reset(events.RESET_POWER_ON)
        status = bench.status()
        delivered = len(bench.pump.step_times_ns)
        assert status["uncertain_steps"] - uncertain <= status["quantum_steps"]
        uncertain = status["uncertain_steps"]
        assert status["lifetime_steps"] - uncertain <= delivered <= status["lifetime_steps"]
        assert status["state"] != STATE_STOPPED
    assert status["has_program"]
    bench.run_for(30)
    assert bench.status()["rate_nl_per_day"] == nl_per_day


@pytest.mark.requirement("restart-in-time", "power-cut", "restart-after-power-cut")
def test_a_restart_that_has_to_erase_first_is_in_time_all_the_same() -> None:
    bench = PumpBench()
    bench.pump.board.flash.erase_ns = 400 * NS_PER_MS
    bench.deliver(continuous(24_000_000))
    for _ in range(40):
        power_on_ns = bench.pump.now_ns
        bench.reset(events.RESET_POWER_ON)
        bench.run_for(1)
        assert not bench.is_active(alarms.TIMING_FAULT)
        assert not bench.is_active(alarms.CHANGE_LATE)
        enabled_ns = next(
            edge.t_ns for edge in bench.edges_of("enable") if edge.t_ns >= power_on_ns and not edge.level
        )
        assert enabled_ns - power_on_ns < 500 * NS_PER_MS


@pytest.mark.requirement("reservoir-after-cut", "power-cut", "reservoir-after-cut-close")
def test_the_residual_volume_after_a_power_cut_is_never_more_than_what_is_left() -> None:
    bench = PumpBench()
    bench.deliver(continuous(1_000_000))
    bench.run_for(3_000)
    bench.reset(events.RESET_POWER_ON)
    status = bench.status()
    delivered_nl = len(bench.pump.step_times_ns) * 50_000 // 3_200
    assert status["fill_known"]
    assert (
        status["fill_nl"] - delivered_nl - 1_000 <= status["residual_nl"] <= status["fill_nl"] - delivered_nl
    )


@pytest.mark.requirement("refill-settles", "uncertain-told")
@pytest.mark.requirement("power-cut")
def test_a_refill_settles_what_was_uncertain() -> None:
    bench = PumpBench()
    bench.deliver(continuous(424_000))
    bench.run_for(100)
    bench.reset(events.RESET_POWER_ON)
    assert bench.status()["uncertain_steps"] > 0
    (event,) = bench.events(events.EVENT_UNCERTAIN)
    assert event["first"] == bench.status()["uncertain_steps"]
    bench.refill()
    assert bench.status()["uncertain_steps"] == 0


@pytest.mark.requirement("time-after-power-cut", "mean-rate-after-power-cut")
def test_after_a_power_cut_the_time_is_marked_uncertain_and_the_mean_rate_is_delivered_until_it_is_set() -> (
    None
):
    bench = PumpBench()
    bench.set_time(MONDAY_UTC_S + 3_600)
    bench.deliver(flex([[(0, 300_000), (720, 1_500_000)]]))
    bench.run_for(600)
    bench.reset(events.RESET_POWER_ON)
    bench.run_for(5)
    status = bench.status()
    assert status["time_source"] == TIME_RESTORED
    assert MONDAY_UTC_S + 3_600 <= status["utc_s"] <= MONDAY_UTC_S + 3_600 + 610
    assert status["rate_nl_per_day"] == 900_000
    assert bench.is_active(alarms.TIME_UNKNOWN)
    bench.set_time(MONDAY_UTC_S + 4 * 3_600)
    bench.run_for(2)
    assert bench.status()["rate_nl_per_day"] == 300_000
    set_times = bench.events(events.EVENT_TIME_SET)
    assert set_times[-1]["second"] == MONDAY_UTC_S + 4 * 3_600
    assert abs(set_times[-1]["first"] - status["utc_s"]) <= 1


@pytest.mark.requirement("power-on-stopped")
@pytest.mark.parametrize("cause", [events.RESET_WATCHDOG, events.RESET_POWER_ON])
def test_a_stopped_pump_stays_stopped_and_keeps_its_program(cause: int) -> None:
    bench = PumpBench()
    program = continuous(1_000_000)
    bench.deliver(program)
    bench.run_for(30)
    bench.stop()
    steps = len(bench.pump.step_times_ns)
    bench.reset(cause)
    bench.run_for(60)
    status = bench.status()
    assert (status["state"], status["program_digest"]) == (STATE_STOPPED, program.digest())
    assert len(bench.pump.step_times_ns) == steps == status["lifetime_steps"]
    assert status["uncertain_steps"] == 0


@pytest.mark.requirement("no-default-dose", "new-pump-stopped")
def test_a_new_pump_is_stopped_and_knows_nothing() -> None:
    bench = PumpBench()
    status = bench.status()
    assert (status["state"], status["has_program"], status["lifetime_steps"]) == (STATE_STOPPED, 0, 0)
    assert status["active_alarms"] == 0


@pytest.mark.requirement(
    "alarm-outlives-reset", "stopped-by-alarm", "alarm-of-a-person-outlives-reset", "no-restart-over-reset"
)
@pytest.mark.parametrize("cause", [events.RESET_WATCHDOG, events.RESET_POWER_ON])
def test_a_stop_by_an_alarm_outlasts_a_reset(cause: int) -> None:
    bench = PumpBench()
    bench.deliver(continuous(9_000_000))
    bench.run_for(10)
    bench.pump.board.sense_wire.pick_up_noise(3)
    bench.run_for(8)
    assert bench.is_active(alarms.STOPPED_BY_ALARM)
    bench.reset(cause)
    bench.run_for(10)
    assert bench.status()["state"] == STATE_STOPPED
    assert bench.is_active(alarms.STOPPED_BY_ALARM)
    assert bench.is_active(alarms.PULSES_IN_EXCESS)


@pytest.mark.requirement("event-log", "event-log-lives")
def test_the_event_log_goes_on_over_resets_and_uses_no_number_twice() -> None:
    bench = PumpBench()
    bench.deliver(continuous(1_000_000))
    for cause in (events.RESET_POWER_ON, events.RESET_WATCHDOG, events.RESET_POWER_ON):
        bench.run_for(60)
        bench.reset(cause)
    bench.run_for(5)
    log = bench.all_events()
    numbers = [event["sequence"] for event in log]
    assert all(before < after for before, after in pairwise(numbers))
    assert [event["boots"] for event in log if event["code"] == events.EVENT_RESET] == [1, 2, 3, 4]


@pytest.mark.requirement("old-or-new-program")
@pytest.mark.requirement("power-cut")
@pytest.mark.parametrize("operation", range(9))
def test_a_cut_while_a_stopped_program_is_committed_ends_in_the_old_program_or_in_a_stop(
    operation: int,
) -> None:
    bench = PumpBench()
    bench.deliver(continuous(1_000_000))
    bench.run_for(100)
    digest = bench.host.stage(stopped())["digest"]
    chip = bench.pump.board.chip
    chip.cut_at(chip.operation + operation, BEFORE)
    with suppress(TimeoutError, SerialException):
        bench.host.ask(messages.COMMIT, digest)
    bench.run_for(5)
    bench.pump.serial.close()
    bench.connect()
    status = bench.status()
    is_new = status["program_digest"] == digest
    assert (status["state"] == STATE_STOPPED) == is_new
    assert status["rate_nl_per_day"] == (0 if is_new else 1_000_000)


@pytest.mark.parametrize("cause", [events.RESET_POWER_ON, events.RESET_WATCHDOG])
def test_a_host_that_asks_while_the_pump_starts_is_answered_before_the_next_heartbeat(cause: int) -> None:
    bench = PumpBench()
    bench.set_time(MONDAY_UTC_S)
    bench.deliver(continuous(48_000))
    bench.stop()
    for _ in range(3):
        bench.reset(cause)
        asked_ns = bench.pump.resets[-1][0]
        assert bench.pump.now_ns - asked_ns < NS_PER_S
        bench.run_for(10)
