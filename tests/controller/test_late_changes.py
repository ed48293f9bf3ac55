"""Changes on a processor that takes its time: exact or put off, and never at the cost of a pulse."""

from __future__ import annotations

from random import Random

import pytest

from controller.pump_bench import PumpBench, continuous, regimen_of
from thecal_fw.core import alarms, events
from thecal_fw.core.self_test import TEST_SPEED
from thecal_fw.core.timeline import Timeline
from thecal_sim.ideal import Regimen
from thecal_sim.units import NS_PER_MS, NS_PER_S

_UTC_S = 1_790_000_000
LEAST_NL_PER_DAY, MOST_NL_PER_DAY = 48_000, 24_000_000


def settle_change(bench: PumpBench, promised_ns: int, old: Regimen | None, new: Regimen | None) -> int:
    """Let a change take effect, and enter into the history when it did; by how many seconds it was put off."""
    bench.run_for(6)
    effective_ns = bench.instant_ns(bench.events(events.EVENT_PROGRAM_EFFECTIVE)[-1])
    put_off_s, rest_ns = divmod(effective_ns - promised_ns, NS_PER_S)
    assert rest_ns == 0
    if put_off_s:
        bench.prescribe(promised_ns, old)
        bench.prescribe(effective_ns, new)
    return put_off_s


def change_rate(bench: PumpBench, nl_per_day: int) -> int:
    """Commit a rate; by how many seconds it was put off."""
    old, new = bench.history[-1].regimen, continuous(nl_per_day)
    return settle_change(bench, bench.commit(new), old, regimen_of(new))


@pytest.mark.requirement(
    "change-late-told", "change-loses-no-pulse", "change-late-made", "change-late-moves-nothing"
)
def test_a_preparation_longer_than_it_was_measured_is_put_off_once_and_loses_no_pulse():
    bench = PumpBench()
    bench.deliver(continuous(20_000_000))
    bench.run_for(5)
    takes_ns = iter([NS_PER_MS, 80 * NS_PER_MS, 80 * NS_PER_MS])
    bench.pump.board.train.preparation_ns = lambda: next(takes_ns)
    assert change_rate(bench, 7_654_321) == 1
    (late,) = bench.events(events.EVENT_CHANGE_LATE)
    assert late["second"] == 80_000
    assert bench.is_active(alarms.CHANGE_LATE)
    assert not bench.events(events.EVENT_TIMING_FAULT)
    # The second attempt began for the longer time and had it to spare.
    assert bench.pump.board.train.margin_us >= 80_000
    bench.assert_as_prescribed()


@pytest.mark.requirement("change-late-made")
def test_a_change_is_put_off_with_the_collector_on_since_planning_it_anew_takes_memory():
    bench = PumpBench()
    bench.deliver(continuous(20_000_000))
    bench.run_for(5)
    boluses, machine = bench.pump.controller.boluses, bench.pump.board.machine
    plan, may_collect = boluses.timeline, []

    def planned(change_tick: int) -> Timeline:
        may_collect.append(machine.may_collect)
        return plan(change_tick)

    boluses.timeline = planned
    takes_ns = iter([NS_PER_MS, 80 * NS_PER_MS, 80 * NS_PER_MS])
    bench.pump.board.train.preparation_ns = lambda: next(takes_ns)
    assert change_rate(bench, 7_654_321) == 1
    assert may_collect
    assert all(may_collect)
    bench.assert_as_prescribed()


@pytest.mark.requirement(
    "change-late-told",
    "change-loses-no-pulse",
    "leads-from-measured-times",
    "change-late-moves-nothing",
    "times-measured-since",
)
@pytest.mark.parametrize("seed", range(6))
def test_changes_on_a_processor_slow_at_random_are_exact_or_put_off_and_lose_no_pulse(seed):
    draw = Random(seed)
    bench = PumpBench()
    bench.deliver(continuous(draw.randrange(LEAST_NL_PER_DAY, MOST_NL_PER_DAY)))
    train = bench.pump.board.train
    train.preparation_ns = lambda: round(10 ** draw.uniform(5, 8.2))
    put_off_s = 0
    for _ in range(12):
        bench.run_for(draw.uniform(1, 4))
        train.take_over_ns = draw.choice([0, 40_000, 400_000, 2_000_000])
        put_off_s += change_rate(bench, draw.randrange(LEAST_NL_PER_DAY, MOST_NL_PER_DAY))
    bench.run_for(60)
    assert len(bench.events(events.EVENT_CHANGE_LATE)) == put_off_s
    assert not bench.events(events.EVENT_TIMING_FAULT)
    bench.assert_as_prescribed()


@pytest.mark.requirement("change-loses-no-pulse", "change-late-moves-nothing")
@pytest.mark.parametrize("seed", range(6))
def test_a_program_that_pauses_around_a_change_makes_it_exactly_or_later(seed):
    draw = Random(seed)
    bench = PumpBench()
    bench.deliver(continuous(draw.randrange(5_000_000, MOST_NL_PER_DAY)))
    put_off_s = 0
    for _ in range(8):
        bench.run_for(draw.uniform(1, 4))
        old, new = bench.history[-1].regimen, continuous(draw.randrange(LEAST_NL_PER_DAY, MOST_NL_PER_DAY))
        promised_ns = bench.commit(new)
        pause_ns = promised_ns - round(draw.uniform(-10, 100) * NS_PER_MS)
        bench.pump.run_until(max(bench.pump.now_ns, pause_ns))
        bench.pump.withhold_polls(bench.pump.now_ns + round(draw.uniform(1, 90) * NS_PER_MS))
        bench.run_for(6)
        late = len(bench.events(events.EVENT_CHANGE_LATE)) - put_off_s
        if late:
            bench.prescribe(promised_ns, old)
            bench.prescribe(promised_ns + late * NS_PER_S, regimen_of(new))
        put_off_s += late
    assert not bench.events(events.EVENT_TIMING_FAULT)
    bench.assert_as_prescribed()


@pytest.mark.requirement("leads-from-measured-times", "times-measured-since")
@pytest.mark.parametrize("behind_ms", [20, 40, 60, 100, 160, 240])
@pytest.mark.parametrize("fill_ms", [10, 60, 140])
def test_a_queue_is_not_filled_just_before_another_replaces_it(fill_ms, behind_ms):
    bench = PumpBench()
    bench.pump.board.train.fill_ns = fill_ms * NS_PER_MS
    bench.deliver(continuous(20_000_000))
    bench.run_for(5)
    infusion = bench.pump.controller.infusion
    refill_ns = bench.pump.boot_origin_ns + infusion.refill_s * NS_PER_S + infusion.refill_us * 1_000
    change_ns = refill_ns + behind_ms * NS_PER_MS
    # A change takes effect on a whole second of the wall clock, which is therefore set to have one there.
    bench.pump.run_until(change_ns - 2 * NS_PER_S)
    before_us = (change_ns - bench.pump.now_ns) // 1_000
    bench.set_time(_UTC_S - 2, 2_000_000 - before_us)
    bench.pump.run_until(change_ns - NS_PER_S + 50 * NS_PER_MS)
    promised_ns = bench.commit(continuous(9_000_000))
    assert abs(promised_ns - change_ns) < 1_000_000
    bench.run_for(60)
    assert not bench.events(events.EVENT_CHANGE_LATE)
    assert not bench.events(events.EVENT_TIMING_FAULT)
    bench.assert_as_prescribed()


@pytest.mark.requirement("leads-from-measured-times", "times-measured-at-reset")
@pytest.mark.parametrize("preparation_ms", [1, 20, 50, 90, 150])
def test_a_start_and_a_change_are_begun_for_as_early_as_they_take(preparation_ms):
    bench = PumpBench()
    bench.pump.board.train.preparation_ns = preparation_ms * NS_PER_MS
    bench.pump.reset()
    bench.connect()
    bench.deliver(continuous(20_000_000))
    bench.run_for(5)
    assert change_rate(bench, 1_234_567) == 0
    assert not bench.events(events.EVENT_CHANGE_LATE)
    status = bench.status()
    assert status["prepare_us"] == preparation_ms * 1_000
    assert status["least_margin_us"] >= preparation_ms * 1_000
    bench.assert_as_prescribed()


@pytest.mark.requirement("leads-from-measured-times")
@pytest.mark.parametrize("phase", range(10))
def test_a_change_is_promised_no_sooner_than_twice_the_time_of_a_record(phase):
    bench = PumpBench()
    bench.pump.board.flash.program_ns = 140 * NS_PER_MS
    bench.pump.reset()
    bench.connect()
    bench.deliver(continuous(20_000_000))
    bench.run_for(5 + phase / 10)
    write_us = bench.status()["write_us"]
    assert write_us >= 280_000
    old, new = bench.history[-1].regimen, continuous(1_234_567)
    promised_ns = bench.commit(new)
    # What the answer takes lies after the choice, and is next to nothing here.
    assert promised_ns - bench.pump.now_ns >= (2 * write_us - 10_000) * 1_000
    assert settle_change(bench, promised_ns, old, regimen_of(new)) == 0
    assert not bench.events(events.EVENT_CHANGE_LATE)
    bench.assert_as_prescribed()


@pytest.mark.requirement("self-test-speed")
@pytest.mark.parametrize("too_slow", ["preparation_ns", "take_over_ns"])
def test_a_processor_too_slow_for_any_lead_fails_its_self_test_and_delivers_nothing(too_slow):
    bench = PumpBench()
    bench.deliver(continuous(20_000_000))
    bench.run_for(5)
    setattr(bench.pump.board.train, too_slow, NS_PER_S // 4)
    reset_ns = bench.pump.now_ns
    bench.reset(events.RESET_POWER_ON)
    bench.run_for(10)
    assert bench.status()["failed_tests"] == TEST_SPEED
    assert bench.is_active(alarms.SELF_TEST)
    assert bench.steps_since(reset_ns) == []
