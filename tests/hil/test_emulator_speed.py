"""The speed of the emulator beside real time, for firmware that sleeps between steps."""

from __future__ import annotations

import itertools
import time
from pathlib import Path

from thecal_hil.emulator import EmulatedPico
from thecal_hil.emulator.repl import RawRepl

STEP, SENSE = 2, 3
S = 1_000_000_000
WAKE_EVERY_S = 4
LEAST_RATIO = 300
"""Well below the 1,500 measured on an idle machine: this test is to notice a storm of wake-ups, not a busy machine."""

LOOP = """
import array, machine, rp2
from machine import mem32

@rp2.asm_pio(set_init=rp2.PIO.OUT_LOW, fifo_join=rp2.PIO.JOIN_TX)
def stepper():
    pull(block)
    mov(x, osr)
    label("wait")
    jmp(x_dec, "wait")
    set(pins, 1)
    set(pins, 0)

@rp2.asm_pio()
def counter():
    label("next")
    wait(0, pin, 0)
    wait(1, pin, 0)
    jmp(x_dec, "next")

steps = rp2.StateMachine(0, stepper, freq=100_000, set_base=machine.Pin(2))
sense = rp2.StateMachine(4, counter, freq=10_000_000, in_base=machine.Pin(3, machine.Pin.IN))
sense.active(1)
words = array.array("I", [320_000 - 5] * 64)
channel = rp2.DMA()
control = channel.pack_ctrl(inc_write=False, treq_sel=0, size=2)
steps.active(1)
watchdog = machine.WDT(timeout=8_000)

@micropython.asm_thumb
def wfi():
    wfi()

@micropython.native
def sleep_until(t_us):
    state = machine.disable_irq()
    mem32[0x40054038] |= 2
    mem32[0x40054014] = t_us
    mem32[0xE000E100] = 2
    wfi()
    mem32[0xE000E180] = 2
    mem32[0x40054034] = 2
    machine.enable_irq(state)

def main():
    t_us = mem32[0x40054028]
    while True:
        t_us = (t_us + 4_000_000) & 0xFFFFFFFF
        sleep_until(t_us)
        total = 0
        for n in range(40):
            total += n
        watchdog.feed()
        if not channel.active():
            channel.config(read=words, write=steps, count=len(words), ctrl=control, trigger=True)

main()
"""


def test_sleeping_firmware_runs_hundreds_of_times_faster_than_real_time(stock_uf2: Path) -> None:
    pico = EmulatedPico(stock_uf2, wires=[(STEP, SENSE)], watch={"step": STEP})
    pico.serial.open()
    RawRepl(pico.serial).start(LOOP)
    pico.run_for(10 * S)
    virtual_s, cycles, started_s = 1_000, pico.busy_cycles, time.process_time()
    pico.run_for(virtual_s * S)
    ratio = virtual_s / (time.process_time() - started_s)
    cycles_a_wake = (pico.busy_cycles - cycles) * WAKE_EVERY_S // virtual_s
    print(f"{ratio:.0f} x real time, {cycles_a_wake} cycles a wake-up")
    assert cycles_a_wake < 60_000
    assert ratio > LEAST_RATIO
    assert len(pico.resets) == 1
    rises = [edge.t_ns for edge in pico.edges if edge.level]
    assert {after - before for before, after in itertools.pairwise(rises)} == {3_200_000_000}
    assert pico.backlog_drops == 0
