"""Sleeping on the emulated chip: on time, never too long, and woken by whatever the host sends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .conftest import Bench

MOST_LATENCY_US = 60
"""From the instant slept for to the next reading of the clock, in bytecode."""

SET_UP = """
import gc
from thecal_fw.rp2.clock import Clock
from thecal_fw.rp2.sleep import Sleeper
class Host:
    waiting = False
    def any(self):
        return self.waiting
clock, host = Clock(), Host()
sleeper = Sleeper(clock, host)
def sleep_for(us):
    clock.read()
    us += clock.us
    s, us = clock.s + us // 1_000_000, us % 1_000_000
    sleeper.sleep_until(s, us)
    clock.read()
    return (clock.s - s) * 1_000_000 + clock.us - us
"""


@pytest.fixture
def sleeper(bench: Bench) -> Bench:
    bench.run(SET_UP)
    return bench


@pytest.mark.parametrize(
    "us", [200, 1_000, 33_333, 1_000_000, 5_000_000, 999_999_999, 3_000_000_123, 9_000_000_000]
)
def test_it_wakes_on_time(sleeper: Bench, us: int):
    (late_us,) = sleeper.numbers(f"print(sleep_for({us}))", timeout_s=us / 1e6 + 10)
    assert 0 <= late_us <= MOST_LATENCY_US


def test_an_instant_that_has_passed_or_is_passing_is_not_slept_through(sleeper: Bench):
    for us in (-1_000_000_000, -1_000_000, -1):
        begun_us = sleeper.pico.device_time_us
        sleeper.run(f"sleep_for({us})")
        assert sleeper.pico.device_time_us - begun_us < 100_000
    late_us = sleeper.numbers("print(*[sleep_for(us) for us in range(120)])")
    assert len(late_us) == 120
    assert min(late_us) >= 0
    assert max(late_us) < 500


@pytest.mark.requirement("clock-wrap")
def test_it_wakes_on_time_across_the_wrap_of_the_timer(sleeper: Bench):
    for wrap_us in (1 << 32, 1 << 31):
        sleeper.pico.chip.timer._epoch_nanos -= (wrap_us - 500_000) * 1_000 - sleeper.pico.device_time_ns
        (late_us,) = sleeper.numbers("print(sleep_for(1_000_000))")
        assert 0 <= late_us <= MOST_LATENCY_US


def test_the_processor_is_asleep_meanwhile(sleeper: Bench):
    sleeper.prompt.start("sleep_for(10_000_000)")
    sleeper.run_for_s(1)
    assert sleeper.pico.sleeping
    begun = sleeper.pico.busy_cycles
    sleeper.run_for_s(5)
    assert sleeper.pico.busy_cycles - begun < 20_000
    sleeper.prompt.finish(20.0)


def test_a_byte_ends_the_sleep_whenever_it_comes(bench: Bench):
    bench.run(SET_UP)
    bench.run(
        """
from thecal_fw.rp2.port import Port
port = Port()
sleeper = Sleeper(clock, port)
def woken(times):
    for _ in range(times):
        begun_s = clock.s
        sleep_for(5_000_000)
        assert clock.s - begun_s < 4
        assert port.read() == 0x55
    print('all')
"""
    )
    bench.prompt.start("woken(60)")
    bench.run_for_s(0.05)
    for n in range(60):
        # Bytes at all phases of falling asleep after the byte before, from at once to well asleep.
        bench.pico.run_for(5_000 * (n % 40) * (1 + n // 40))
        bench.pico.serial.write(b"\x55")
        bench.pico.run_for(1_000_000 if n % 3 else 100_000)
    assert bench.prompt.finish(20.0).strip() == "all"


@pytest.mark.requirement("steady-heap")
def test_sleeping_touches_no_heap(sleeper: Bench):
    code = """
def used():
    before = gc.mem_alloc()
    for _ in range(20):
        clock.read()
        sleeper.sleep_until(clock.s, clock.us + 900)
    return gc.mem_alloc() - before
gc.collect(); gc.disable(); used(); print(used()); gc.enable()
"""
    assert sleeper.numbers(code) == [0]
