"""The pump's delivery: starts, rate changes, changes of program, clock settings and stops."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.pump_bench import (
    MONDAY_UTC_S,
    SECONDS_PER_DAY,
    PumpBench,
    continuous,
    flex,
    regimen_of,
    stopped,
)
from thecal_fw.core import events
from thecal_sim.edges import ENABLE, LED
from thecal_sim.oracle import Regimen
from thecal_sim.units import NS_PER_MINUTE, NS_PER_MS, NS_PER_S, TICK_NS

RATES = st.integers(48_000, 24_000_000)
FEW = settings(max_examples=25, deadline=None)

CHILDS_DAY = [[(0, 300_000), (390, 520_000), (1_140, 433_000)], [(0, 250_000), (600, 610_000)]]
WEEKDAYS = (0, 0, 0, 0, 0, 1, 1)


@pytest.fixture
def bench() -> PumpBench:
    return PumpBench()


def steady_after(bench: PumpBench, t_ns: int, seconds: int = 600) -> None:
    bench.pump.run_until(t_ns + seconds * NS_PER_S)
    bench.assert_as_prescribed()


@pytest.mark.requirement("start-on-a-second", "start-soon")
@given(ask_at_us=st.integers(0, 3_000_000), utc_us=st.integers(0, 999_999))
@FEW
def test_delivery_begins_on_a_whole_second_of_the_pumps_clock_soon_after_it_is_asked_for(ask_at_us, utc_us):
    bench = PumpBench()
    bench.set_time(MONDAY_UTC_S, utc_us)
    bench.commit(continuous(5_000_000))
    bench.refill()
    bench.run_for(ask_at_us / 1e6)
    asked_ns = bench.pump.now_ns
    start_ns = bench.start()
    local_minus_t_ns = bench.history[-1].local_minus_t_ns
    assert local_minus_t_ns is not None
    assert (start_ns + local_minus_t_ns) % NS_PER_S == 0
    # The pump may be in the middle of erasing flash ahead of need when it is asked.
    assert (
        200_000_000 - TICK_NS
        <= start_ns - asked_ns
        < 1_200_000_000 + bench.pump.board.flash.erase_ns + NS_PER_MS
    )
    steady_after(bench, start_ns)
    assert bench.pump.step_times_ns[0] > start_ns


@pytest.mark.requirement("motor-only-when-delivering", "light")
def test_the_driver_is_enabled_only_while_the_pump_delivers(bench):
    start_ns = bench.deliver(continuous(1_000_000))
    bench.run_for(100)
    stop_ns = bench.stop()
    bench.run_for(100)
    enabled, disabled = bench.edges_of(ENABLE)
    assert enabled.level == 0
    assert start_ns - 50_000_000 <= enabled.t_ns < start_ns
    assert (disabled.t_ns, disabled.level) == (stop_ns, 1)
    assert [edge.level for edge in bench.edges_of(LED)] == [1, 0]


@pytest.mark.requirement("pulse-timing")
@given(rate=RATES)
@FEW
def test_a_constant_rate_is_delivered_to_the_pulse(rate):
    bench = PumpBench()
    steady_after(bench, bench.deliver(continuous(rate)), 900)


@pytest.mark.requirement("exact-minute", "exact-minute-at-midnight")
@given(
    steps=st.lists(st.tuples(st.integers(1, 1_439), RATES), max_size=12, unique_by=lambda step: step[0]),
    first_rate=RATES,
    start_minute=st.integers(0, 7 * 1_440 - 1),
    offset_minutes=st.integers(-14 * 60, 14 * 60),
)
@FEW
def test_a_days_rates_each_begin_on_their_exact_minute_also_across_midnight(
    steps, first_rate, start_minute, offset_minutes
):
    bench = PumpBench()
    bench.set_time(MONDAY_UTC_S + 60 * start_minute + 57, 0, offset_minutes)
    start_ns = bench.deliver(flex([[(0, first_rate), *sorted(steps)]]))
    steady_after(bench, start_ns, 3_600)


@pytest.mark.requirement("exact-minute")
def test_a_change_of_rate_shows_from_its_minute_on_and_not_before(bench):
    bench.set_time(MONDAY_UTC_S + 389 * 60)
    start_ns = bench.deliver(flex([[(0, 20_000_000), (390, 48_000)]]))
    bench.run_for(600)
    local_minus_t_ns = bench.history[-1].local_minus_t_ns
    assert local_minus_t_ns is not None
    change_ns = (MONDAY_UTC_S + 390 * 60) * NS_PER_S - local_minus_t_ns
    before = [step_ns for step_ns in bench.pump.step_times_ns if step_ns <= change_ns]
    after = bench.steps_since(change_ns)
    assert max(b - a for a, b in pairwise(before)) < NS_PER_S
    assert min(b - a for a, b in pairwise(after)) > 20 * NS_PER_S
    assert start_ns < change_ns
    bench.assert_as_prescribed()


@pytest.mark.requirement("weekday-patterns")
def test_the_weekend_has_its_own_pattern_and_the_week_begins_anew_after_it(bench):
    bench.set_time(MONDAY_UTC_S + 4 * SECONDS_PER_DAY + 1_380 * 60, 0, 60)
    start_ns = bench.deliver(flex(CHILDS_DAY, WEEKDAYS))
    steady_after(bench, start_ns, 3 * SECONDS_PER_DAY + 7 * 3_600)


@pytest.mark.requirement("time-unknown", "time-unknown-alarm")
def test_without_the_time_a_daily_pattern_is_delivered_at_its_mean_rate(bench):
    program = flex([[(0, 1_000_000), (720, 3_000_000)]])
    prescribed = regimen_of(program)
    assert prescribed is not None
    assert prescribed.mean_nl_per_day() == 2_000_000
    start_ns = bench.deliver(program)
    bench.prescribe(start_ns, Regimen.constant(2_000_000))
    steady_after(bench, start_ns, 7_200)


@pytest.mark.requirement("change-loses-no-pulse", "change-doubles-no-pulse", "change-on-a-second")
@given(
    rates=st.lists(RATES, min_size=2, max_size=5),
    pauses=st.lists(st.integers(0, 90_000_000), min_size=5, max_size=5),
)
@FEW
def test_a_program_committed_during_delivery_follows_the_old_one_to_the_tick(rates, pauses):
    bench = PumpBench()
    bench.deliver(continuous(rates[0]))
    for rate, pause_us in zip(rates[1:], pauses, strict=False):
        bench.run_for(2 + pause_us / 1e6)
        asked_ns = bench.pump.now_ns
        change_ns = bench.commit(continuous(rate))
        assert change_ns % NS_PER_S == 0
        # A second, the least notice, and what writing the program takes.
        assert asked_ns < change_ns < asked_ns + 1_250_000_000
    steady_after(bench, bench.pump.now_ns, 200)
    assert len(bench.events(events.EVENT_TIMING_FAULT)) == 0


@pytest.mark.requirement("same-program-moves-nothing")
def test_committing_the_very_program_that_runs_moves_no_pulse(bench):
    other = PumpBench()
    for pump_bench in (bench, other):
        pump_bench.deliver(continuous(7_777_777))
        pump_bench.run_for(61.3)
    bench.commit(continuous(7_777_777))
    bench.run_for(120)
    other.run_for(120)
    assert (
        max(abs(a - b) for a, b in zip(bench.pump.step_times_ns, other.pump.step_times_ns, strict=True))
        <= TICK_NS
    )
    bench.assert_as_prescribed()


@pytest.mark.requirement("clock-set", "clock-set-loses-nothing")
@given(jump_s=st.integers(-40_000, 400_000), utc_us=st.integers(0, 999_999), after_s=st.integers(1, 4_000))
@FEW
def test_setting_the_clock_during_delivery_moves_the_schedule_and_loses_no_pulse(jump_s, utc_us, after_s):
    bench = PumpBench()
    bench.set_time(MONDAY_UTC_S + 6 * 3_600)
    bench.deliver(flex(CHILDS_DAY, WEEKDAYS))
    bench.run_for(after_s)
    bench.set_time(MONDAY_UTC_S + 6 * 3_600 + after_s + jump_s, utc_us)
    steady_after(bench, bench.pump.now_ns, 4_000)


@pytest.mark.requirement("no-summer-time")
def test_a_hosts_change_to_summer_time_moves_nothing_until_the_pump_is_told(bench):
    sunday_utc_s = MONDAY_UTC_S + 27 * SECONDS_PER_DAY
    bench.set_time(sunday_utc_s - 3_600, 0, 60)
    start_ns = bench.deliver(flex([[(0, 200_000), (120, 900_000), (240, 400_000)]]))
    steady_after(bench, start_ns, 6 * 3_600)
    bench.set_time(sunday_utc_s + 5 * 3_600 + 1, 0, 120)
    steady_after(bench, bench.pump.now_ns, 20 * 3_600)


@pytest.mark.requirement("stop-at-once")
@given(run_us=st.integers(0, 120_000_000), rate=RATES)
@FEW
def test_after_a_stop_there_is_no_pulse(run_us, rate):
    bench = PumpBench()
    start_ns = bench.deliver(continuous(rate))
    bench.pump.run_until(start_ns)
    bench.run_for(run_us / 1e6)
    stop_ns = bench.stop()
    bench.run_for(3_600)
    assert bench.steps_since(stop_ns + TICK_NS) == []
    assert bench.pump.board.level("step") == 0
    bench.assert_as_prescribed()


@pytest.mark.requirement("stop-owes-nothing", "stop-repeats-nothing")
@given(
    runs_us=st.lists(st.integers(0, 60_000_000), min_size=1, max_size=6),
    rate=RATES,
)
@FEW
def test_what_a_stop_leaves_owed_is_not_lost_and_not_given_twice_by_the_next_start(runs_us, rate):
    bench = PumpBench()
    bench.commit(continuous(rate))
    bench.refill()
    for run_us in runs_us:
        start_ns = bench.start()
        bench.pump.run_until(start_ns)
        bench.run_for(run_us / 1e6)
        bench.stop()
        bench.run_for(5.1)
    bench.start()
    steady_after(bench, bench.pump.now_ns, 120)


@pytest.mark.requirement("stopped-delivers-nothing")
def test_committing_a_stopped_program_stops_delivery_at_once(bench):
    bench.deliver(continuous(10_000_000))
    bench.run_for(30)
    asked_ns = bench.pump.now_ns
    stop_ns = bench.commit(stopped())
    # As soon as the program that asks for it is durable: its pages take longest.
    assert asked_ns <= stop_ns <= bench.pump.now_ns <= asked_ns + 20 * NS_PER_MS
    bench.run_for(60)
    assert bench.steps_since(stop_ns + TICK_NS) == []


@pytest.mark.requirement("stop-before-start")
def test_a_start_that_is_stopped_before_it_begins_delivers_nothing(bench):
    bench.deliver(continuous(10_000_000))
    bench.stop()
    bench.run_for(10)
    assert len(bench.pump.step_times_ns) == 0


def test_a_minute_boundary_is_met_although_the_clock_was_set_to_an_odd_microsecond(bench):
    bench.set_time(MONDAY_UTC_S + 59 * 60 + 30, 123_457)
    start_ns = bench.deliver(flex([[(0, 24_000_000), (60, 48_000), (61, 24_000_000)]]))
    steady_after(bench, start_ns, 180)
    assert start_ns + NS_PER_MINUTE < bench.pump.now_ns


@given(ahead_us=st.integers(0, 900_000))
@FEW
def test_a_change_keeps_the_second_it_was_promised_for_whatever_is_asked_in_the_meantime(ahead_us):
    bench = PumpBench()
    bench.deliver(continuous(20_000_000))
    bench.run_for(10)
    change_ns = bench.commit(continuous(1_000_000))
    bench.pump.run_until(max(bench.pump.now_ns, change_ns - ahead_us * 1_000))
    later_ns = bench.set_time(MONDAY_UTC_S + 5)
    assert later_ns == change_ns or bench.pump.now_ns >= change_ns - 50 * NS_PER_MS
    bench.run_for(20)
    effective = [bench.instant_ns(event) for event in bench.events(events.EVENT_PROGRAM_EFFECTIVE)]
    # Noted as soon as what was being served is done.
    assert any(
        0 <= noted_ns - asked_ns < 10 * NS_PER_MS
        for noted_ns in effective
        for asked_ns in (change_ns, later_ns)
    )
    bench.assert_as_prescribed()


@pytest.mark.requirement("stop-at-once")
@given(ahead_us=st.integers(0, 400_000))
@FEW
def test_a_stop_takes_effect_at_once_also_while_a_change_is_close(ahead_us):
    bench = PumpBench()
    bench.deliver(continuous(20_000_000))
    bench.run_for(10)
    change_ns = bench.commit(continuous(1_000_000))
    bench.pump.run_until(max(bench.pump.now_ns, change_ns - ahead_us * 1_000))
    asked_ns = bench.pump.now_ns
    stop_ns = bench.stop()
    # Only the wait for an anchor, at most 50 ms, can come in between.
    assert asked_ns - TICK_NS < stop_ns <= asked_ns + 50 * NS_PER_MS
    bench.run_for(10)
    assert bench.steps_since(stop_ns + TICK_NS) == []
    bench.assert_as_prescribed()
