"""The reservoir's alarms as they come out of the pump: on which pulse, at what instant, with what effect."""

from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.link_host import RefusedError
from controller.pump_bench import MICROSTEPS_PER_NL, PumpBench, continuous
from thecal_fw.core import alarms
from thecal_fw.link import messages
from thecal_sim.edges import BUZZER, ENABLE
from thecal_sim.units import NS_PER_S, TICK_NS

FAST = 24_000_000


def pulses_for(volume_nl: int) -> int:
    """Return the pulse with which a volume is reached."""
    return ceil(Fraction(volume_nl) * MICROSTEPS_PER_NL)


@pytest.mark.requirement("low-reservoir")
@given(above_low_nl=st.integers(1, 60_000), rate=st.integers(2_000_000, FAST))
@settings(max_examples=20, deadline=None)
def test_low_reservoir_sounds_on_the_pulse_that_reaches_the_threshold(above_low_nl, rate):
    bench = PumpBench()
    program = continuous(rate)
    bench.commit(program)
    bench.refill(program.low_reservoir_nl + above_low_nl)
    bench.start()
    pulse = pulses_for(above_low_nl)
    due_ns = bench.ideal.instant_of_step(pulse, 10**16)
    assert due_ns is not None
    bench.pump.run_until(int(due_ns) + 10 * NS_PER_S)
    (low,) = [edge for edge in bench.edges_of(BUZZER) if edge.level]
    assert low.t_ns == bench.pump.step_times_ns[pulse - 1]
    assert bench.is_active(alarms.LOW_RESERVOIR)
    bench.assert_as_prescribed()


@pytest.mark.requirement("low-reservoir", "refill-clears", "low-reservoir-delivers", "refill-next-threshold")
def test_low_reservoir_keeps_the_rate_and_a_refill_ends_it():
    bench = PumpBench()
    bench.commit(continuous(FAST))
    bench.refill(2_000_100)
    bench.start()
    bench.run_for(60)
    assert bench.is_active(alarms.LOW_RESERVOIR)
    assert bench.status()["rate_nl_per_day"] == FAST
    bench.refill(20_000_000)
    assert not bench.is_active(alarms.LOW_RESERVOIR)
    bench.run_for(60)
    bench.assert_as_prescribed()


@pytest.mark.requirement("start-blocked", "empty-reservoir", "empty-reservoir-alarm")
def test_an_empty_reservoir_stops_delivery_on_the_pulse_that_empties_it():
    bench = PumpBench()
    bench.commit(continuous(FAST))
    bench.refill(300_007)
    bench.start()
    last_pulse = pulses_for(300_007)
    bench.run_for(2 * 3_600)
    assert len(bench.pump.step_times_ns) == last_pulse
    assert bench.is_active(alarms.EMPTY_RESERVOIR)
    assert bench.edges_of(ENABLE)[-1].t_ns == bench.pump.step_times_ns[-1]
    with pytest.raises(RefusedError) as refusal:
        bench.start()
    assert refusal.value.code == messages.ERROR_BLOCKED


@pytest.mark.requirement("refill-clears")
def test_after_the_refill_an_emptied_pump_starts_again_where_it_left_off():
    bench = PumpBench()
    bench.commit(continuous(FAST))
    bench.refill(100_000)
    bench.start()
    bench.run_for(3_600)
    bench.prescribe(bench.pump.step_times_ns[-1] // TICK_NS * TICK_NS, None)
    bench.refill(20_000_000)
    bench.start()
    bench.run_for(600)
    bench.assert_as_prescribed()


@pytest.mark.requirement("reservoir-reckoned")
def test_the_volume_left_is_what_was_filled_less_the_pulses_since():
    bench = PumpBench()
    bench.deliver(continuous(FAST))
    bench.run_for(1_000)
    bench.refill(20_000_000)
    pulses_before = len(bench.pump.step_times_ns)
    bench.run_for(1_000)
    status = bench.status()
    pulses = len(bench.pump.step_times_ns) - pulses_before
    assert status["steps_since_refill"] == pulses
    assert status["residual_nl"] == 20_000_000 - int(pulses / MICROSTEPS_PER_NL)


@pytest.mark.requirement("reservoir-unknown", "reservoir-unknown-delivers")
def test_a_pump_that_was_never_filled_delivers_and_says_that_it_does_not_know_its_volume():
    bench = PumpBench()
    bench.commit(continuous(FAST))
    bench.start()
    bench.run_for(100)
    assert bench.is_active(alarms.RESERVOIR_UNKNOWN)
    bench.assert_as_prescribed()


@pytest.mark.requirement("silence-ends")
def test_silence_ends_by_itself():
    bench = PumpBench()
    bench.commit(continuous(FAST))
    bench.refill(2_000_100)
    bench.start()
    bench.run_for(60)
    bench.host.acknowledge(1 << alarms.LOW_RESERVOIR)
    assert bench.status()["silenced_alarms"] == 1 << alarms.LOW_RESERVOIR
    silenced_ns = bench.pump.now_ns
    bench.run_for(alarms.SILENCE_S[alarms.PRIORITY_NON_CRITICAL] + 2)
    assert bench.status()["silenced_alarms"] == 0
    assert any(edge.level for edge in bench.edges_of(BUZZER) if edge.t_ns > silenced_ns)
