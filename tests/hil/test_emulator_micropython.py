"""A stock MicroPython on the emulated Pico: USB both ways, resets, flash, sleep, and exact pulses under load."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping
from pathlib import Path

import pytest
import serial

from thecal_hil.emulator import EmulatedPico, EmulatedPty, FlashTiming, ResetCause
from thecal_hil.emulator.repl import RawRepl
from thecal_sim.edge_record import EdgeRecord

STEP, SENSE, LED = 2, 3, 25
MS = 1_000_000
S = 1_000_000_000

STEPPER = """
import array, machine, rp2, time
from machine import mem32

@rp2.asm_pio(sideset_init=rp2.PIO.OUT_LOW, autopull=True, pull_thresh=32, fifo_join=rp2.PIO.JOIN_TX)
def stepper():
    wrap_target()
    out(x, 32).side(1)
    label("wait")
    jmp(x_dec, "wait").side(0)
    wrap()

@rp2.asm_pio()
def counter():
    label("next")
    wait(0, pin, 0)
    wait(1, pin, 0)
    jmp(x_dec, "next")

@micropython.asm_thumb
def wfi():
    wfi()

def sleep_until(t_us):
    state = machine.disable_irq()
    mem32[0x40054038] |= 2
    mem32[0x40054014] = t_us
    mem32[0xE000E100] = 2
    wfi()
    mem32[0xE000E180] = 2
    mem32[0x40054034] = 2
    machine.enable_irq(state)

def start(frequency, delays):
    global words, channel, steps, sense
    steps = rp2.StateMachine(0, stepper, freq=frequency, sideset_base=machine.Pin(2))
    sense = rp2.StateMachine(4, counter, freq=10_000_000, in_base=machine.Pin(3, machine.Pin.IN))
    sense.exec("set(x, 0)")
    sense.active(1)
    words = array.array("I", delays)
    channel = rp2.DMA()
    control = channel.pack_ctrl(inc_write=False, treq_sel=0, size=2)
    channel.config(read=words, write=steps, count=len(words), ctrl=control, trigger=True)
    steps.active(1)

def counted():
    sense.exec("mov(isr, x)")
    sense.exec("push()")
    return -sense.get() & 0xFFFFFFFF
"""
OVERHEAD_TICKS = 2


def boot(
    uf2: Path, flash_timing: FlashTiming | None = None, watch: Mapping[str, int] | None = None
) -> EmulatedPico:
    pico = EmulatedPico(uf2, wires=[(STEP, SENSE)], watch=watch or {"step": STEP}, flash_timing=flash_timing)
    pico.serial.open()
    return pico


def rise_intervals_ns(edges: EdgeRecord) -> list[int]:
    rises = [edge.t_ns for edge in edges if edge.signal == "step" and edge.level]
    return [after - before for before, after in itertools.pairwise(rises)]


@pytest.mark.parametrize("frequency", [100_000, 1_000_000])
def test_pulses_are_exact_while_the_processor_computes_and_sleeps(stock_uf2: Path, frequency: int) -> None:
    rng = random.Random(frequency)
    longest = 30_000_000 if frequency == 1_000_000 else 3_000_000
    intervals = [4, 4, 5, 12, 100, 1_002, 4, 50_002, longest, 4, 9]
    intervals += [rng.choice([4, 5, rng.randrange(4, 2_000)]) for _ in range(200)]
    pico = boot(stock_uf2)
    repl = RawRepl(pico.serial)
    repl.run(STEPPER)
    repl.run(f"start({frequency}, {[n - OVERHEAD_TICKS for n in intervals]})")
    repl.run(
        "turn = 0\n"
        "while channel.active():\n"
        "    for n in range(turn % 7 * 50): pass\n"
        "    sleep_until(mem32[0x40054028] + 100 + turn % 13 * 37_777)\n"
        "    turn += 1\n",
        timeout_s=100.0,
    )
    pico.run_for(100 * MS)
    tick_ns = S // frequency
    assert rise_intervals_ns(pico.edges) == [n * tick_ns for n in intervals]
    assert repl.run("print(counted())").strip() == str(len(intervals) + 1)
    assert pico.backlog_drops == 0


def test_pulses_go_on_through_a_flash_erase_that_holds_the_processor(stock_uf2: Path) -> None:
    pico = boot(stock_uf2, flash_timing=FlashTiming(erase_sector_ns=400 * MS, program_page_ns=1 * MS))
    repl = RawRepl(pico.serial)
    repl.run(STEPPER)
    repl.run(f"start(100_000, {[200 - OVERHEAD_TICKS] * 1_000})")
    operations, started_us = pico.flash_timing.operations, pico.device_time_us
    repl.run("rp2.Flash().writeblocks(300, bytes(range(256)) * 16)")
    assert pico.flash_timing.operations - operations >= 17, "an erase and 16 pages"
    assert pico.device_time_us - started_us >= 416_000
    pico.run_for(3 * S)
    assert rise_intervals_ns(pico.edges) == [2 * MS] * 1_000
    assert pico.backlog_drops == 0
    assert bytes(range(256)) * 16 in pico.flash_image


@pytest.mark.requirement("deterministic-rig")
def test_the_same_run_twice_is_the_same_to_the_byte(stock_uf2: Path) -> None:
    def record() -> tuple[EdgeRecord, str, int, int]:
        pico = boot(stock_uf2)
        repl = RawRepl(pico.serial)
        repl.run(STEPPER)
        repl.run("start(1_000_000, [n * n % 4_096 for n in range(300)])")
        printed = repl.run("import os\nprint(time.ticks_us(), [n ** 2 for n in range(200)], os.urandom(4))")
        return pico.edges, printed, pico.now_ns, pico.busy_cycles

    assert record() == record()


def test_bytes_pass_both_ways_unharmed(stock_uf2: Path) -> None:
    pico = boot(stock_uf2)
    repl = RawRepl(pico.serial)
    text = "".join(chr(33 + n * n % 90) for n in range(5_000)).replace("\\", "/").replace("'", "-")
    assert repl.run(f"print('{text}')") == text + "\r\n"


def test_read_waits_in_virtual_time_and_no_longer(stock_uf2: Path) -> None:
    pico = boot(stock_uf2)
    repl = RawRepl(pico.serial)
    repl.start("time = __import__('time')\ntime.sleep_ms(700)\nprint('late')")
    pico.serial.timeout = 0.25
    started_ns = pico.now_ns
    assert pico.serial.read(10) == b"OK"
    assert pico.now_ns - started_ns == 250 * MS
    pico.serial.timeout = 2.0
    assert pico.serial.read_until(b"late") == b"late"
    assert 700 * MS <= pico.now_ns - started_ns < 720 * MS


def test_a_host_that_never_reads_leaves_the_bytes_in_the_device(stock_uf2: Path) -> None:
    pico = boot(stock_uf2)
    repl = RawRepl(pico.serial)
    pico.serial.paused = True
    repl.start("print('x' * 3_000)")
    pico.run_for(5 * S)
    assert pico.serial.in_waiting == 0
    pico.serial.paused = False
    answer = pico.serial.read_until(b">")
    assert 0 < answer.count(b"x") < 3_000, "the firmware gave up on what did not fit its buffers"


def test_dtr_tells_the_device_whether_anybody_listens(stock_uf2: Path) -> None:
    pico = boot(stock_uf2, watch={"led": LED})
    repl = RawRepl(pico.serial)
    repl.start(
        "import machine, time\n"
        "led = machine.Pin(25, machine.Pin.OUT)\n"
        "while True:\n"
        "    led.on()\n"
        "    print('x' * 2_000)\n"
        "    led.off()\n"
        "    time.sleep_ms(100)\n"
    )

    def longest_print_ns() -> int:
        pico.edges.clear()
        pico.run_for(5 * S)
        return max(
            fall.t_ns - rise.t_ns
            for rise, fall in itertools.pairwise(pico.edges)
            if rise.level and not fall.level
        )

    listening_ns = longest_print_ns()
    pico.serial.paused = True
    ignored_ns = longest_print_ns()
    pico.serial.close()
    assert not pico.serial.is_open
    pico.run_for(S)
    closed_ns = longest_print_ns()
    assert closed_ns < 50 * MS
    assert listening_ns < 50 * MS
    assert ignored_ns > 200 * MS, "the firmware waits for a host that has the port open"
    with pytest.raises(serial.SerialException):
        pico.serial.read(1)


def test_a_watchdog_bite_takes_the_port_away_until_it_is_opened_again(stock_uf2: Path) -> None:
    pico = boot(stock_uf2)
    repl = RawRepl(pico.serial)
    repl.start("import machine\nmachine.WDT(timeout=500)\nwhile True: pass")
    pico.run_for(S)
    with pytest.raises(serial.SerialException):
        pico.serial.write(b"anybody there?")
    assert [reset.cause for reset in pico.resets] == [ResetCause.POWER_ON, ResetCause.WATCHDOG]
    pico.serial.open()
    repl = RawRepl(pico.serial)
    assert repl.run("import machine\nprint(machine.reset_cause() == machine.WDT_RESET)") == "True\r\n"


def test_a_reset_gives_an_edge_on_a_pin_it_releases(stock_uf2: Path) -> None:
    pico = boot(stock_uf2, watch={"led": LED})
    RawRepl(pico.serial).run("import machine\nmachine.Pin(25, machine.Pin.OUT, value=1)")
    pico.reset(ResetCause.RUN_PIN)
    assert [edge.level for edge in pico.edges] == [1, 0]
    assert pico.edges[-1].t_ns == pico.resets[-1].t_ns


def test_a_cut_or_stuck_wire_is_seen_by_the_sense_counter(stock_uf2: Path) -> None:
    pico = boot(stock_uf2)
    repl = RawRepl(pico.serial)
    repl.run(STEPPER)
    repl.run(f"start(100_000, {[1_000 - OVERHEAD_TICKS] * 300})")
    (wire,) = pico.wires
    pico.run_for(S)
    carried = int(repl.run("print(counted())"))
    wire.connected = False
    pico.run_for(S // 2)
    assert int(repl.run("print(counted())")) - carried <= 5
    wire.connected = True
    wire.stuck = 1
    pico.run_for(S // 2)
    stuck_at = int(repl.run("print(counted())"))
    wire.stuck = None
    pico.run_for(2 * S)
    assert int(repl.run("print(counted())")) > stuck_at + 50


def is_there(board: EmulatedPico) -> bool:
    """Return True if the board's port has been opened again after a reset."""
    try:
        return board.serial.in_waiting >= 0
    except serial.SerialException:
        return False


def test_an_ordinary_program_reaches_the_board_through_a_pseudo_terminal(stock_uf2: Path) -> None:
    pico = EmulatedPico(stock_uf2)
    with (
        EmulatedPty(pico, speed=20.0) as terminal,
        serial.Serial(terminal.path, timeout=10.0, write_timeout=10.0) as port,
    ):
        port.write(b"\r\x03\x01")
        assert port.read_until(b"raw REPL; CTRL-B to exit\r\n>").endswith(b">")
        port.write(b"print(6 * 7, 'y' * 2_000)\x04")
        assert port.read_until(b"\x04>") == b"OK42 " + b"y" * 2_000 + b"\r\n\x04\x04>"
        assert terminal.call(lambda board: len(board.resets)) == 1
        terminal.call(lambda board: board.reset(ResetCause.RUN_PIN))
        while not terminal.call(is_there):
            pass
        port.write(b"\r\x03\x01")
        assert port.read_until(b"raw REPL; CTRL-B to exit\r\n>").endswith(b">")
    assert not terminal._thread.is_alive()
