"""The pump's behaviour when its hardware or its own program goes wrong."""

import pytest

from controller.pump_bench import (
    MINIMUM_RATE,
    PumpBench,
    continuous,
    regimen_of,
    stopped,
    within_limits,
)
from thecal_fw.core import alarms, events
from thecal_fw.core.limits import MINIMUM_RATE_NL_PER_DAY, Limits
from thecal_fw.core.modes import MODE_CONTINUOUS
from thecal_fw.core.program import Program
from thecal_fw.core.pump_state import STATE_STOPPED
from thecal_sim.edges import ENABLE
from thecal_sim.oracle import check_pulses
from thecal_sim.units import NS_PER_MS, NS_PER_S

FAST_LIMITS = Limits(most_basal_nl_per_day=200_000_000, most_rate_nl_per_day=200_000_000)
"""So fast that all that can be queued lasts for less than the watchdog waits."""


def fast_program() -> Program:
    program = Program(MODE_CONTINUOUS, "baclofen", 500_000, 1, 200_000_000, 40_000_000, 2_000_000)
    within_limits(program)
    return program


@pytest.fixture
def bench() -> PumpBench:
    pump_bench = PumpBench()
    pump_bench.deliver(continuous(9_000_000))
    pump_bench.run_for(10)
    return pump_bench


@pytest.mark.requirement("watchdog", "hang-delivers-queue")
def test_a_program_that_hangs_is_reset_by_the_watchdog_and_the_pulses_queued_until_then_come_out(bench):
    fed_ns = bench.pump.now_ns
    bench.pump.withhold_polls(fed_ns + 60 * NS_PER_S)
    bench.pump.run_until(fed_ns + 8 * NS_PER_S)
    ((reset_ns, cause),) = bench.pump.resets
    assert cause == events.RESET_WATCHDOG
    assert fed_ns + 3 * NS_PER_S <= reset_ns <= fed_ns + 8 * NS_PER_S
    check = check_pulses(bench.ideal, bench.pump.step_times_ns, reset_ns)
    assert check.divergence is None


@pytest.mark.requirement("reset-releases-driver")
def test_a_reset_releases_the_driver_until_the_pump_goes_on(bench):
    bench.pump.withhold_polls(bench.pump.now_ns + 9 * NS_PER_S)
    bench.run_for(8)
    ((reset_ns, _),) = bench.pump.resets
    released, energised = [edge for edge in bench.edges_of(ENABLE) if edge.t_ns >= reset_ns][:2]
    assert (released.t_ns, released.level, energised.level) == (reset_ns, 1, 0)
    assert all(step_ns > energised.t_ns for step_ns in bench.steps_since(reset_ns))


@pytest.mark.requirement("pause-loses-nothing")
def test_a_pump_whose_program_comes_back_before_its_queue_is_empty_has_lost_nothing(bench):
    bench.pump.withhold_polls(bench.pump.now_ns + 2 * NS_PER_S)
    bench.run_for(600)
    bench.assert_as_prescribed()
    assert bench.status()["active_alarms"] == 0


def starved_bench() -> tuple[PumpBench, int]:
    """Return a pump whose program comes back to an empty queue, and the instant at which it does."""
    pump_bench = PumpBench(limits=FAST_LIMITS)
    pump_bench.deliver(fast_program())
    pump_bench.run_for(20.25)
    back_ns = pump_bench.pump.now_ns + 7_500 * NS_PER_MS
    # The watchdog is fed on: this is about the queue alone.
    pump_bench.pump.withhold_polls(back_ns)
    while pump_bench.pump.now_ns < back_ns:
        pump_bench.pump.board.watchdog.feed()
        pump_bench.run_for(1.5)
    return pump_bench, back_ns


@pytest.mark.requirement("no-burst", "timing-fault", "timing-fault-alarm")
def test_a_queue_that_runs_dry_latches_a_timing_fault_and_what_was_missed_is_never_made_up_for():
    bench, back_ns = starved_bench()
    last_ns = max(step_ns for step_ns in bench.pump.step_times_ns if step_ns < back_ns)
    assert last_ns < back_ns - NS_PER_MS
    assert bench.is_active(alarms.TIMING_FAULT)
    (fault,) = bench.events(events.EVENT_TIMING_FAULT)
    assert bench.instant_ns(fault) == back_ns
    bench.run_for(1_200)
    begun_ns = bench.instant_ns(bench.events(events.EVENT_PROGRAM_EFFECTIVE)[-1])
    # From where the queue ended nothing was prescribed until delivery began again, at the minimum rate.
    count = len([step_ns for step_ns in bench.pump.step_times_ns if step_ns <= last_ns])
    last_due_ns = bench.ideal.instant_of_step(count, back_ns)
    next_due_ns = bench.ideal.instant_of_step(count + 1, back_ns)
    assert last_due_ns is not None
    assert next_due_ns is not None
    # Half-way between them exactly as much was prescribed as has been delivered: nothing is owed either way.
    bench.prescribe(int(last_due_ns + next_due_ns) // 2, None)
    bench.prescribe(begun_ns, MINIMUM_RATE)
    bench.assert_as_prescribed()


@pytest.mark.requirement("timing-fault-acknowledged")
def test_acknowledging_a_timing_fault_brings_the_program_back():
    bench, _ = starved_bench()
    bench.run_for(10)
    assert bench.status()["rate_nl_per_day"] == MINIMUM_RATE_NL_PER_DAY
    bench.host.acknowledge(1 << alarms.TIMING_FAULT)
    bench.run_for(5)
    assert not bench.is_active(alarms.TIMING_FAULT)
    assert bench.status()["rate_nl_per_day"] == 200_000_000


@pytest.mark.requirement("change-late-told", "change-late-made", "change-late-moves-nothing")
def test_a_change_that_the_program_sleeps_through_is_made_later_with_an_alarm_and_moves_no_pulse(bench):
    new = continuous(12_345_678)
    old_regimen = bench.history[-1].regimen
    change_ns = bench.commit(new)
    bench.pump.withhold_polls(change_ns + 300 * NS_PER_MS)
    bench.run_for(60)
    assert bench.is_active(alarms.CHANGE_LATE)
    assert len(bench.events(events.EVENT_CHANGE_LATE)) == 1
    assert not bench.events(events.EVENT_TIMING_FAULT)
    effective_ns = bench.instant_ns(bench.events(events.EVENT_PROGRAM_EFFECTIVE)[-1])
    assert effective_ns == change_ns + NS_PER_S
    bench.prescribe(change_ns, old_regimen)
    bench.prescribe(effective_ns, regimen_of(new))
    bench.assert_as_prescribed()


@pytest.mark.requirement("pulses-missing", "pulses-missing-counted", "pulses-missing-not-repeated")
@pytest.mark.parametrize("fault", ["cut", "stuck"])
def test_pulses_that_are_not_seen_raise_an_alarm_are_counted_and_never_given_again(bench, fault):
    if fault == "cut":
        bench.pump.board.sense_wire.connected = False
    else:
        bench.pump.board.sense_wire.stuck = 0
    bench.run_for(60)
    assert bench.is_active(alarms.PULSES_MISSING)
    bench.run_for(5.01)
    pulses = len(bench.pump.step_times_ns)
    seen = bench.pump.board.sense.count()
    assert pulses - 40 <= bench.status()["unseen_steps"] + seen <= pulses
    bench.assert_as_prescribed()


@pytest.mark.requirement("pulses-missing-not-repeated")
def test_what_was_not_seen_before_a_stop_is_not_given_again_after_it(bench):
    bench.pump.board.sense_wire.connected = False
    bench.run_for(30)
    bench.stop()
    bench.pump.board.sense_wire.connected = True
    bench.run_for(10)
    bench.start()
    bench.run_for(60)
    bench.assert_as_prescribed()


@pytest.mark.requirement(
    "stopped-by-alarm", "no-restart-by-itself", "pulses-in-excess", "pulses-in-excess-alarm"
)
def test_pulses_in_excess_stop_the_pump_and_say_so(bench):
    bench.pump.board.sense_wire.pick_up_noise(3)
    bench.run_for(6)
    assert bench.is_active(alarms.PULSES_IN_EXCESS)
    assert bench.is_active(alarms.STOPPED_BY_ALARM)
    assert bench.pump.board.level(ENABLE) == 1
    stopped_ns = bench.edges_of(ENABLE)[-1].t_ns
    bench.run_for(60)
    assert bench.steps_since(stopped_ns) == []


@pytest.mark.requirement("slow-program")
def test_a_slow_program_moves_no_pulse():
    delays = iter(range(0, 10**9, 377_003))
    bench = PumpBench(reaction_ns=lambda: next(delays) % (3 * NS_PER_MS))
    bench.deliver(continuous(23_456_789))
    bench.run_for(60)
    bench.commit(continuous(1_234_567))
    bench.run_for(600)
    bench.assert_as_prescribed()
    assert not bench.events(events.EVENT_TIMING_FAULT)


@pytest.mark.requirement("stopped-by-alarm-ends")
def test_stopping_on_purpose_ends_the_reminder_that_an_alarm_has_stopped_the_pump(bench):
    bench.pump.board.sense_wire.pick_up_noise(3)
    bench.run_for(8)
    assert bench.is_active(alarms.STOPPED_BY_ALARM)
    bench.stop()
    assert not bench.is_active(alarms.STOPPED_BY_ALARM)


@pytest.mark.requirement("stopped-delivers-nothing")
def test_a_stopped_program_stops_the_pump_whatever_minimum_rate_an_alarm_asks_for():
    bench, _ = starved_bench()
    bench.run_for(2)
    assert bench.is_active(alarms.TIMING_FAULT)
    bench.commit(stopped())
    assert bench.status()["state"] == STATE_STOPPED
    committed_ns = bench.pump.now_ns
    bench.run_for(3 * 3_600)
    assert bench.steps_since(committed_ns) == []
