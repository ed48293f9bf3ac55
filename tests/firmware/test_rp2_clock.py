"""The clock's arithmetic, run here on a make-believe timer, and the clock itself across a wrap of the timer."""

from __future__ import annotations

import importlib
import sys
import types
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from .conftest import Bench

LOW_WORD = 1 << 32
YEARS_34_US = (1 << 30) * 1_000_000 - 1
TIMERAWH, TIMERAWL = 0x24 >> 2, 0x28 >> 2


class Timer:
    """Registers of a timer that continues by ``step_us`` at every reading; words as viper sees them, signed."""

    def __init__(self, now_us: int, step_us: int = 0) -> None:
        self.now_us = now_us
        self.step_us = step_us

    def __getitem__(self, register: int) -> int:
        high, low = divmod(self.now_us, LOW_WORD)
        self.now_us += self.step_us
        word = {TIMERAWH: high, TIMERAWL: low}[register]
        return word - LOW_WORD if word >= LOW_WORD // 2 else word


@pytest.fixture(scope="module")
def clock_module():
    """Provide the board's own module, with the parts of MicroPython it needs made up."""
    made_up: Any = types.ModuleType("micropython")
    machine: Any = types.ModuleType("machine")
    machine.mem32 = {}
    made_up.const = lambda value: value
    made_up.viper = lambda function: function
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "micropython", made_up)
        patch.setitem(sys.modules, "machine", machine)
        patch.delitem(sys.modules, "thecal_fw.rp2.clock", raising=False)
        module: Any = importlib.import_module("thecal_fw.rp2.clock")
        module.ptr32 = lambda _address: Timer(0)
        yield module
    del sys.modules["thecal_fw.rp2.clock"]


def reading(module: Any, timer: Timer) -> int:
    module.ptr32 = lambda _address: timer
    clock = module.Clock()
    assert 0 <= clock.us < 1_000_000
    assert 0 <= clock.s < 1 << 30
    return clock.s * 1_000_000 + clock.us


@pytest.mark.requirement("clock-wrap")
@given(st.integers(0, YEARS_34_US))
def test_every_instant_of_34_years_is_right(clock_module: Any, now_us: int):
    assert reading(clock_module, Timer(now_us)) == now_us


@pytest.mark.parametrize(
    "near_us", [0, 1 << 22, 1 << 31, LOW_WORD, 3 * LOW_WORD, 1_000_000 << 16, YEARS_34_US - 70]
)
def test_the_edges_of_words_and_digits_are_right(clock_module: Any, near_us: int):
    for now_us in range(max(0, near_us - 70), near_us + 70):
        assert reading(clock_module, Timer(now_us)) == now_us


@given(st.integers(-5, 5), st.integers(1, 3))
def test_a_wrap_between_two_readings_of_registers_does_no_harm(
    clock_module: Any, before_us: int, step_us: int
):
    begun_us = LOW_WORD + before_us
    timer = Timer(begun_us, step_us)
    assert begun_us <= reading(clock_module, timer) <= timer.now_us


@pytest.mark.requirement("clock-wrap")
def test_the_board_agrees_with_its_timer_across_the_wrap(bench: Bench):
    bench.run("from thecal_fw.rp2.clock import Clock\nclock = Clock()")

    def shift_to(us: int) -> None:
        bench.pico.chip.timer._epoch_nanos -= us * 1_000 - bench.pico.device_time_ns

    for base_us in (LOW_WORD, 1 << 31, (1 << 40) + 17):
        shift_to(base_us - 20_000)
        for _ in range(12):
            before_us = bench.pico.device_time_us
            s, us = bench.numbers("clock.read()\nprint(clock.s, clock.us)")
            assert before_us <= s * 1_000_000 + us <= bench.pico.device_time_us
            bench.pico.run_for(1_000_000)
        assert bench.pico.device_time_us > base_us


def test_reading_touches_no_heap(bench: Bench):
    code = """
import gc
from thecal_fw.rp2.clock import Clock
clock = Clock()
def used():
    before = gc.mem_alloc()
    for _ in range(100):
        clock.read()
    return gc.mem_alloc() - before
gc.collect(); gc.disable(); used(); print(used()); gc.enable()
"""
    assert bench.numbers(code) == [0]
