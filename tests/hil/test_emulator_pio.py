"""PIO and DMA of the emulated chip, driven register by register: what the step train relies on."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from thecal_hil.emulator import EmulatedPico
from thecal_hil.emulator.bare_metal import SLEEP_FOREVER, write_uf2

pytestmark = pytest.mark.usefixtures("either_path")

PIO = 0x5020_0000
CTRL, FSTAT, FDEBUG, FLEVEL, TXF0, RXF0 = 0x00, 0x04, 0x08, 0x0C, 0x10, 0x20
INSTR_MEM = 0x48
CLKDIV, EXECCTRL, SHIFTCTRL, ADDR, INSTR, PINCTRL = 0xC8, 0xCC, 0xD0, 0xD4, 0xD8, 0xDC
ENABLE_0, RESTART_0, CLKDIV_RESTART_0 = 1, 1 << 4, 1 << 8
JOIN_TX = 1 << 30
TXSTALL_0 = 1 << 24

DMA = 0x5000_0000
READ, WRITE, COUNT, CTRL_TRIG, AL1_CTRL, AL3_READ_TRIG = 0x00, 0x04, 0x08, 0x0C, 0x10, 0x3C
INTR, CHAN_ABORT, MULTI_TRIGGER = 0x400, 0x444, 0x430
BUSY = 1 << 24
PIO0_TX0, UNPACED = 0, 0x3F
SRAM = 0x2000_0000
IO_BANK0 = 0x4001_4000

STEP = 2
TICK_100_KHZ_NS = 10_000

PULL_BLOCK = 0x80A0
MOV_X_OSR = 0xA027
JMP_X_DEC = 0x0040
SET_PINS_1, SET_PINS_0 = 0xE001, 0xE000
MOV_ISR_X, PUSH = 0xA0C1, 0x8020
STEPPER = (PULL_BLOCK, MOV_X_OSR, JMP_X_DEC | 2, SET_PINS_1, SET_PINS_0)
STEPPER_OVERHEAD_TICKS = 5


class Bench:
    """The chip with a sleeping processor and its registers at hand."""

    def __init__(self, folder: Path, **options: object) -> None:
        uf2 = write_uf2(folder / "sleep.uf2", SLEEP_FOREVER)
        self.pico = EmulatedPico(uf2, watch={"step": STEP}, **options)  # type: ignore[arg-type]
        self.read = self.pico.bus.read_uint32
        self.write = self.pico.bus.write_uint32
        self.pico.run_for(1_000)

    def set_up_stepper(
        self, divider: int = 1250, shift_ctrl: int = 0, program: tuple[int, ...] = STEPPER
    ) -> None:
        self.write(IO_BANK0 + STEP * 8 + 4, 6)
        for address, opcode in enumerate(program):
            self.write(PIO + INSTR_MEM + 4 * address, opcode)
        self.write(PIO + CLKDIV, divider << 16)
        self.write(PIO + EXECCTRL, (len(program) - 1) << 12)
        self.write(PIO + SHIFTCTRL, shift_ctrl)
        self.write(PIO + PINCTRL, 1 << 26 | STEP << 5)
        self.write(PIO + INSTR, 0xE081)
        self.write(PIO + CTRL, RESTART_0 | CLKDIV_RESTART_0)
        self.write(PIO + INSTR, 0)

    def start(self) -> None:
        self.write(PIO + CTRL, ENABLE_0)

    def push(self, *words: int) -> None:
        for word in words:
            self.write(PIO + TXF0, word)

    def fill(self, address: int, words: list[int]) -> None:
        self.pico.write_sram(address, b"".join(word.to_bytes(4, "little") for word in words))

    def set_up_channel(self, channel: int, source: int, count: int, *, chain_to: int | None = None) -> None:
        base = DMA + channel * 0x40
        self.write(base + READ, source)
        self.write(base + WRITE, PIO + TXF0)
        self.write(base + COUNT, count)
        self.write(base + AL1_CTRL, control(PIO0_TX0, channel if chain_to is None else chain_to))

    def channel(self, channel: int, register: int) -> int:
        return self.read(DMA + channel * 0x40 + register)

    def tx_level(self) -> int:
        return self.read(PIO + FLEVEL) & 0xF

    def rises_ns(self) -> list[int]:
        return [edge.t_ns for edge in self.pico.edges if edge.level]

    def intervals_ns(self) -> list[int]:
        rises = self.rises_ns()
        return [after - before for before, after in itertools.pairwise(rises)]


def control(request: int, chain_to: int) -> int:
    words, count_up = 2 << 2, 1 << 4
    return request << 15 | chain_to << 11 | count_up | words | 1


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    assert bench.pico.backlog_drops == 0
    assert bench.pico.pio_cycle == bench.pico.clock_cycle


@pytest.mark.parametrize("divider", [1, 2, 125, 1250, 65535])
def test_a_delay_loop_ends_at_its_exact_cycle_at_any_divider(bench: Bench, divider: int) -> None:
    bench.set_up_stepper(divider)
    delays = [0, 1, 7, 100_000]
    bench.start()
    bench.push(*delays)
    bench.pico.run_for(sum(delays) * divider * 8 + 100 * divider * 8)
    assert bench.intervals_ns() == [(n + STEPPER_OVERHEAD_TICKS) * divider * 8 for n in delays[1:]]


def test_a_fractional_divider_keeps_its_long_run_rate(bench: Bench) -> None:
    bench.set_up_stepper()
    bench.write(PIO + CLKDIV, (12 << 16) | (128 << 8))
    bench.start()
    for _ in range(100):
        bench.push(95)
        bench.pico.run_for(12_500 * 8 // 10)
    bench.pico.run_for(10_000_000)
    rises = bench.rises_ns()
    assert len(rises) == 100
    assert rises[-1] - rises[0] == 99 * 100 * 12.5 * 8


def test_the_counter_is_right_at_any_instant_inside_a_delay_loop(bench: Bench) -> None:
    bench.set_up_stepper()
    bench.start()
    bench.push(1_000_000)
    bench.pico.run_for(20 * TICK_100_KHZ_NS)
    counts = []
    for _ in range(3):
        bench.write(PIO + INSTR, MOV_ISR_X)
        bench.write(PIO + INSTR, PUSH)
        counts.append(bench.read(PIO + RXF0))
        bench.pico.run_for(100_000 * TICK_100_KHZ_NS)
    assert counts == [counts[0], counts[0] - 100_000, counts[0] - 200_000]
    bench.pico.run_for(1_000_000 * TICK_100_KHZ_NS)
    assert len(bench.rises_ns()) == 1, "looking must not change when the loop ends"


def test_looking_into_a_delay_loop_does_not_move_its_end(tmp_path: Path) -> None:
    rises = []
    for looks in (0, 50):
        bench = Bench(tmp_path)
        bench.set_up_stepper()
        bench.start()
        bench.push(50_000, 0)
        for _ in range(looks):
            bench.pico.run_for(7_777_777)
            bench.write(PIO + INSTR, MOV_ISR_X)
        bench.pico.run_until(2_000_000_000)
        rises.append(bench.rises_ns())
    assert rises[0] == rises[1]


def test_a_stalled_machine_goes_on_at_a_tick_of_its_free_running_divider(bench: Bench) -> None:
    bench.set_up_stepper()
    bench.start()
    for odd_ns in (1_000_008, 7_777_776, 123_456):
        bench.push(0)
        bench.pico.run_for(odd_ns)
    assert {interval % TICK_100_KHZ_NS for interval in bench.intervals_ns()} == {0}


def test_an_endless_loop_costs_nothing_and_ends_when_told(bench: Bench) -> None:
    jmp_self = (0x0000,)
    bench.set_up_stepper(divider=1, program=jmp_self)
    bench.start()
    bench.pico.run_for(86_400_000_000_000)
    bench.write(PIO + INSTR_MEM + 4, SET_PINS_1)
    bench.write(PIO + INSTR, 0x0001)
    bench.pico.run_for(100)
    assert len(bench.rises_ns()) == 1


def test_joined_fifo_holds_eight_words_and_any_change_of_join_empties_it(bench: Bench) -> None:
    bench.set_up_stepper()
    bench.push(*range(5))
    assert bench.tx_level() == 4, "a fifth word is dropped"
    bench.write(PIO + SHIFTCTRL, JOIN_TX)
    assert bench.tx_level() == 0
    bench.push(*range(9))
    assert bench.tx_level() == 8
    assert bench.read(PIO + FSTAT) & (1 << 16), "full"
    bench.write(PIO + SHIFTCTRL, 0)
    assert bench.tx_level() == 0


def test_dma_fills_the_joined_fifo_and_stops_when_it_is_full(bench: Bench) -> None:
    bench.set_up_stepper(shift_ctrl=JOIN_TX)
    bench.fill(SRAM, [95] * 20)
    bench.set_up_channel(0, SRAM, 20)
    bench.write(DMA + MULTI_TRIGGER, 1)
    bench.pico.run_for(1_000)
    assert bench.tx_level() == 8
    assert bench.channel(0, COUNT) == 12
    assert bench.channel(0, CTRL_TRIG) & BUSY
    bench.start()
    bench.pico.run_for(30 * 100 * TICK_100_KHZ_NS)
    assert bench.intervals_ns() == [100 * TICK_100_KHZ_NS] * 19
    assert not bench.channel(0, CTRL_TRIG) & BUSY
    assert bench.read(DMA + INTR) & 1


def test_emptying_the_fifo_by_a_change_of_join_lets_dma_go_on(bench: Bench) -> None:
    bench.set_up_stepper()
    bench.fill(SRAM, list(range(20)))
    bench.set_up_channel(0, SRAM, 20)
    bench.write(DMA + MULTI_TRIGGER, 1)
    bench.pico.run_for(1_000)
    assert bench.channel(0, COUNT) == 16
    bench.write(PIO + SHIFTCTRL, JOIN_TX)
    bench.pico.run_for(1_000)
    assert bench.channel(0, COUNT) == 8


def test_chained_channels_hand_over_without_a_gap_and_reload_their_count(bench: Bench) -> None:
    bench.set_up_stepper()
    bench.fill(SRAM, [15] * 6)
    bench.fill(SRAM + 0x100, [35] * 6)
    bench.set_up_channel(0, SRAM, 6, chain_to=1)
    bench.set_up_channel(1, SRAM + 0x100, 6)
    bench.start()
    bench.write(DMA + MULTI_TRIGGER, 1)
    bench.pico.run_for(1_000 * TICK_100_KHZ_NS)
    assert bench.intervals_ns() == [20 * TICK_100_KHZ_NS] * 5 + [40 * TICK_100_KHZ_NS] * 6
    assert bench.channel(0, COUNT) == 0
    bench.write(DMA + AL3_READ_TRIG, SRAM)
    assert bench.channel(0, CTRL_TRIG) & BUSY
    bench.pico.run_for(1)
    assert bench.channel(0, COUNT) == 1, "the reload value of 6, less one for the machine and 4 for the FIFO"


def test_two_channels_can_chain_to_each_other_for_ever(bench: Bench) -> None:
    bench.set_up_stepper()
    bench.fill(SRAM, [15] * 100)
    bench.set_up_channel(0, SRAM, 2, chain_to=1)
    bench.set_up_channel(1, SRAM, 3, chain_to=0)
    bench.start()
    bench.write(DMA + MULTI_TRIGGER, 1)
    bench.pico.run_for(200 * TICK_100_KHZ_NS)
    assert set(bench.intervals_ns()) == {20 * TICK_100_KHZ_NS}
    assert bench.channel(0, CTRL_TRIG) & BUSY or bench.channel(1, CTRL_TRIG) & BUSY


def test_abort_ends_a_transfer_and_does_not_start_the_chained_channel(bench: Bench) -> None:
    bench.set_up_stepper()
    bench.fill(SRAM, [15] * 20)
    bench.set_up_channel(0, SRAM, 20, chain_to=1)
    bench.set_up_channel(1, SRAM, 20)
    bench.start()
    bench.write(DMA + MULTI_TRIGGER, 1)
    bench.pico.run_for(50 * TICK_100_KHZ_NS)
    bench.write(DMA + CHAN_ABORT, 1)
    assert bench.read(DMA + CHAN_ABORT) == 0
    assert not bench.channel(0, CTRL_TRIG) & BUSY
    assert not bench.channel(1, CTRL_TRIG) & BUSY
    left_ns = len(bench.rises_ns())
    bench.pico.run_for(1_000 * TICK_100_KHZ_NS)
    assert len(bench.rises_ns()) <= left_ns + 5, (
        "only what was in the FIFO and in the machine still comes out"
    )
    bench.write(DMA + AL3_READ_TRIG, SRAM)
    assert bench.channel(0, CTRL_TRIG) & BUSY, "it can be started again"


def test_a_channel_is_paused_and_resumed_by_its_enable_bit_while_busy(bench: Bench) -> None:
    bench.set_up_stepper()
    bench.fill(SRAM, [15] * 20)
    bench.set_up_channel(0, SRAM, 20)
    bench.start()
    bench.write(DMA + MULTI_TRIGGER, 1)
    bench.pico.run_for(50 * TICK_100_KHZ_NS)
    bench.write(DMA + AL1_CTRL, control(PIO0_TX0, 0) & ~1)
    paused_at = bench.channel(0, COUNT)
    bench.pico.run_for(500 * TICK_100_KHZ_NS)
    assert bench.channel(0, COUNT) == paused_at > 0
    assert bench.channel(0, CTRL_TRIG) & BUSY
    bench.write(DMA + AL1_CTRL, control(PIO0_TX0, 0))
    bench.pico.run_for(1_000 * TICK_100_KHZ_NS)
    assert len(bench.rises_ns()) == 20


def test_a_new_chain_target_written_while_busy_takes_effect_at_the_end(bench: Bench) -> None:
    bench.set_up_stepper()
    bench.fill(SRAM, [15] * 20)
    bench.set_up_channel(0, SRAM, 10)
    bench.set_up_channel(1, SRAM, 5)
    bench.start()
    bench.write(DMA + MULTI_TRIGGER, 1)
    bench.pico.run_for(50 * TICK_100_KHZ_NS)
    bench.write(DMA + AL1_CTRL, control(PIO0_TX0, 1))
    bench.pico.run_for(1_000 * TICK_100_KHZ_NS)
    assert len(bench.rises_ns()) == 15


def test_txstall_is_sticky_and_comes_back_only_while_a_running_machine_is_stalled(bench: Bench) -> None:
    bench.set_up_stepper()
    bench.start()
    bench.pico.run_for(2 * TICK_100_KHZ_NS)
    assert bench.read(PIO + FDEBUG) & TXSTALL_0
    bench.write(PIO + FDEBUG, TXSTALL_0)
    assert bench.read(PIO + FDEBUG) & TXSTALL_0, "still stalled"
    bench.push(1_000)
    bench.pico.run_for(2 * TICK_100_KHZ_NS)
    assert bench.read(PIO + FDEBUG) & TXSTALL_0, "sticky"
    bench.write(PIO + FDEBUG, TXSTALL_0)
    assert not bench.read(PIO + FDEBUG) & TXSTALL_0
    bench.pico.run_for(2_000 * TICK_100_KHZ_NS)
    assert bench.read(PIO + FDEBUG) & TXSTALL_0, "ran out again"
    bench.write(PIO + CTRL, 0)
    bench.write(PIO + FDEBUG, TXSTALL_0)
    assert not bench.read(PIO + FDEBUG) & TXSTALL_0, "a machine that is off does not stall"


def test_a_jump_leaves_a_stalled_instruction_for_good(bench: Bench) -> None:
    bench.set_up_stepper()
    bench.start()
    bench.pico.run_for(5 * TICK_100_KHZ_NS)
    bench.write(PIO + INSTR, 3)
    bench.pico.run_for(5 * TICK_100_KHZ_NS)
    assert len(bench.rises_ns()) == 1, "address 3 sets the pin, without any word from the FIFO"
    assert bench.read(PIO + ADDR) == 0


def test_restart_keeps_the_program_counter_and_the_scratch_registers(bench: Bench) -> None:
    bench.set_up_stepper()
    bench.start()
    bench.push(1_000)
    bench.pico.run_for(100 * TICK_100_KHZ_NS)
    bench.write(PIO + CTRL, ENABLE_0 | RESTART_0)
    assert bench.read(PIO + ADDR) == 2
    bench.pico.run_for(1_000 * TICK_100_KHZ_NS)
    assert len(bench.rises_ns()) == 1


def test_stopping_the_machine_and_emptying_its_fifo_withdraws_queued_pulses(bench: Bench) -> None:
    bench.set_up_stepper(shift_ctrl=JOIN_TX)
    bench.start()
    bench.push(*[95] * 8)
    bench.pico.run_for(250 * TICK_100_KHZ_NS)
    bench.write(PIO + CTRL, 0)
    bench.write(PIO + SHIFTCTRL, 0)
    bench.write(PIO + SHIFTCTRL, JOIN_TX)
    bench.write(PIO + CTRL, RESTART_0)
    bench.write(PIO + INSTR, 0)
    before = len(bench.rises_ns())
    bench.start()
    bench.pico.run_for(1_000 * TICK_100_KHZ_NS)
    assert len(bench.rises_ns()) == before
    assert bench.read(PIO + FDEBUG) & TXSTALL_0


def test_clocks_agree_and_no_edge_is_lost_in_a_week(bench: Bench) -> None:
    interval_ticks = 100 * 3_600 * 100
    bench.set_up_stepper(divider=12_500)
    bench.fill(SRAM, [interval_ticks - STEPPER_OVERHEAD_TICKS] * 400)
    bench.set_up_channel(0, SRAM, 400)
    bench.start()
    bench.write(DMA + MULTI_TRIGGER, 1)
    week_ns = 7 * 86_400 * 1_000_000_000
    bench.pico.run_until(week_ns)
    assert bench.pico.now_ns == week_ns
    assert bench.pico.device_time_us == week_ns // 1_000
    assert bench.pico.pio_cycle == week_ns // 8
    assert set(bench.intervals_ns()) == {interval_ticks * 100_000}
    assert len(bench.rises_ns()) == week_ns // (interval_ticks * 100_000)
