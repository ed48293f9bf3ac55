"""The memory that outlives a watchdog reset on the emulated chip: the count, the time and a note, each of them
exact."""

from __future__ import annotations

import pytest

from thecal_hil.emulator import ResetCause
from thecal_hil.emulator.repl import RawRepl

from .conftest import Bench

BUILT = """
from thecal_fw.rp2.reset_cause import begin_life
from thecal_fw.rp2.retained import Retained
retained = Retained(begin_life())
from thecal_fw.rp2.watchdog import Watchdog
from thecal_fw.rp2.sense import Sense
from thecal_fw.rp2.steptrain import StepTrain
from thecal_fw.rp2.clock import Clock
sense, train, clock = Sense(), StepTrain(512), Clock()
"""
DELIVERING = """
watchdog = Watchdog()
train.load()
for _ in range(500):
    train.push(2_000)
train.release()
clock.read()
train.start(clock.s, clock.us + 20_000)
"""
REPORT = "print(int(retained.was_kept), retained.counted, retained.reset_s, retained.reset_us)"


def reopened(bench: Bench) -> None:
    bench.pico.serial.close()
    bench.pico.serial.open()
    bench.prompt = RawRepl(bench.pico.serial)
    bench.run(BUILT)


def bitten(bench: Bench) -> tuple[int, int]:
    """Hang until the watchdog bites: time since the reset before, in us, and steps counted by then."""
    origin_ns = bench.pico.now_ns - bench.pico.device_time_ns
    bench.pico.hang()
    bench.run_for_s(8.4)
    reset = bench.pico.resets[-1]
    assert reset.cause is ResetCause.WATCHDOG
    steps = sum(edge.signal == "step" and edge.level and edge.t_ns < reset.t_ns for edge in bench.pico.edges)
    return (reset.t_ns - origin_ns) // 1_000, steps


@pytest.mark.requirement("watchdog-carry-over", "time-outlives-watchdog")
def test_count_and_instant_of_a_watchdog_reset_are_exact_though_the_program_hung_before(bench: Bench):
    bench.run(BUILT)
    bench.run("retained.keep(bytes(range(160)))")
    bench.run(DELIVERING)
    bench.run_for_s(1.2345)
    reset_us, steps = bitten(bench)
    assert steps > 100
    reopened(bench)
    kept, counted, carried_s, carried_us = bench.numbers(REPORT)
    assert (kept, counted) == (1, steps)
    assert abs(carried_s * 1_000_000 + carried_us - reset_us) <= 1
    assert bench.run("print(retained.note == bytes(range(160)))") == "True"


@pytest.mark.requirement("watchdog-carry-over")
def test_the_last_note_is_kept_and_one_that_was_torn_leaves_the_one_before(bench: Bench):
    bench.run(BUILT)
    bench.run("for number in range(5):\n    retained.keep(bytes([number]) * 160)\nwatchdog = Watchdog()")
    address = bench.numbers("from thecal_fw.rp2 import retained as r\nprint(r.ADDRESS)")[0]
    offset = address + 16 + 5 % 2 * 168
    assert bench.pico.read_sram(offset + 4, 1) == b"\x04"
    bench.pico.write_sram(offset + 20, b"\xaa")
    bitten(bench)
    reopened(bench)
    assert bench.run("print(retained.was_kept, retained.note[0])") == "True 3"


@pytest.mark.requirement("watchdog-carry-over")
def test_the_last_record_is_kept_beside_the_note_and_one_that_was_torn_leaves_the_one_before(
    bench: Bench,
):
    bench.run(BUILT)
    bench.run(
        "retained.keep(bytes(160))\n"
        "for number in range(5):\n    retained.keep_record(bytes([number]) * 128)\nwatchdog = Watchdog()"
    )
    address = bench.numbers("from thecal_fw.rp2 import retained as r\nprint(r.ADDRESS)")[0]
    newest = address + 352 + 5 % 2 * 136
    assert bench.pico.read_sram(newest + 4, 1) == b"\x04"
    bench.pico.write_sram(newest + 20, b"\xaa")
    bitten(bench)
    reopened(bench)
    assert (
        bench.run("print(retained.was_kept, retained.note == bytes(160), retained.record[0])")
        == "True True 3"
    )


def test_nothing_outlives_a_power_cut(bench: Bench):
    bench.run(BUILT)
    bench.run("retained.keep(bytes(160))")
    bench.pico.reset(ResetCause.POWER_ON)
    reopened(bench)
    assert bench.run("print(retained.was_kept)") == "False"


def test_the_sense_counter_can_begin_again_at_zero(bench: Bench):
    bench.run(BUILT)
    bench.run("from machine import Pin\nstep = Pin(2, Pin.OUT, value=0)")
    pulses = "for _ in range({}):\n    step.high()\n    step.low()\nprint(sense.count())"
    assert bench.numbers(pulses.format(70)) == [70]
    assert bench.numbers("sense.restart()\n" + pulses.format(3)) == [3]
