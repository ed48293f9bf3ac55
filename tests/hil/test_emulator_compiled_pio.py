"""Compiled and interpreted pacing of PIO give the same pins, registers, FIFOs, flags and requests on the same cycle.

Two chips, one on either path, are given the same random programs and the same random register accesses, pin levels and
waits; after each of them they have to look the same. The seed is part of the test's name.
"""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest

from thecal_hil.emulator import EmulatedPico, compiled
from thecal_hil.emulator.bare_metal import SLEEP_FOREVER, write_uf2

PIO_BASES = (0x5020_0000, 0x5030_0000)
CTRL, FDEBUG, TXF0, RXF0, IRQ, IRQ_FORCE = 0x00, 0x08, 0x10, 0x20, 0x30, 0x34
INSTR_MEM, CLKDIV, EXECCTRL, SHIFTCTRL, INSTR, PINCTRL = 0x48, 0xC8, 0xCC, 0xD0, 0xD8, 0xDC
IRQ0_INTE, IRQ0_INTF, IRQ1_INTE = 0x12C, 0x130, 0x138
MACHINE_STRIDE = 0x18
READABLE = (0x00, 0x04, 0x08, 0x0C, 0x30, 0x3C, 0x40, 0x128, 0x134, 0x140)
IO_BANK0, PADS_BANK0 = 0x4001_4000, 0x4001_C000
DMA, CHANNEL_STRIDE = 0x5000_0000, 0x40
READ_ADDRESS, WRITE_ADDRESS, COUNT, CTRL_TRIG = 0x00, 0x04, 0x08, 0x0C
ENABLED_WORDS, INCREMENT_READ, INCREMENT_WRITE = 1 | 2 << 2, 1 << 4, 1 << 5
SRAM = 0x2000_0000
PINS = 8
"""Pins that programs and test act on. The upper ones belong to PIO block 1."""

MACHINE_FIELDS = [
    "enabled",
    "x",
    "y",
    "pc",
    "input_shift_reg",
    "input_shift_count",
    "output_shift_reg",
    "output_shift_count",
    "cycles",
    "exec_opcode",
    "exec_valid",
    "clock_div_int",
    "clock_div_frac",
    "div_fp",
    "next_due_fp",
    "exec_ctrl",
    "shift_ctrl",
    "pin_ctrl",
    "out_pin_values",
    "out_pin_direction",
    "waiting",
    "wait_type",
    "wait_index",
    "wait_polarity",
    "wait_delay",
]
BLOCK_FIELDS = [
    "stopped",
    "next_due_fp",
    "backlog_drops",
    "fdebug",
    "tx_stall",
    "rx_stall",
    "irq",
    "pin_values",
    "pin_directions",
    "irq0_int_enable",
    "irq0_int_force",
    "irq1_int_enable",
]

try:
    compiled.build.build()
except compiled.build.CannotBuildError as error:
    pytest.skip(str(error), allow_module_level=True)


class Pair:
    """Two boards, of which the second runs compiled code."""

    def __init__(self, folder: Path) -> None:
        uf2 = write_uf2(folder / "sleep.uf2", SLEEP_FOREVER)
        watch = {f"pin{pin}": pin for pin in range(2 * PINS)}
        self.boards = [EmulatedPico(uf2, watch=watch, compiled=path) for path in (False, True)]
        self.run_for(1_000)

    def write(self, address: int, value: int) -> None:
        for board in self.boards:
            board.bus.write_uint32(address, value)

    def read(self, address: int) -> int:
        values = [board.bus.read_uint32(address) for board in self.boards]
        assert values[0] == values[1], f"address {address:#x}"
        return values[0]

    def drive(self, pin: int, level: int | None) -> None:
        for board in self.boards:
            if level is None:
                board.chip.gpio[pin].release_input()
            else:
                board.chip.gpio[pin].set_input_value(bool(level))

    def run_for(self, duration_ns: int) -> None:
        for board in self.boards:
            board.run_for(duration_ns)

    def must_match(self) -> None:
        interpreted, in_c = (look_at(board) for board in self.boards)
        assert interpreted == in_c
        for address in READABLE:
            for base in PIO_BASES:
                self.read(base + address)


def look_at(board: EmulatedPico) -> dict[str, Any]:
    chip = board.chip
    seen: dict[str, Any] = {
        "now": board.now_ns,
        "edges": [tuple(edge) for edge in board.edges],
        "pending": chip.core.pending_interrupts,
        "requests": {int(key): bool(value) for key, value in chip.dma.dreq.items()},
        "transfers left": [channel.read_uint32(COUNT) for channel in chip.dma.channels],
        "memory": bytes(chip.sram[:256]),
    }
    for number, block in enumerate(chip.pio):
        seen.update({f"{number} {name}": getattr(block, name) for name in BLOCK_FIELDS})
        for machine in block.machines:
            own = f"{number}.{machine.index}"
            seen.update({f"{own} {name}": getattr(machine, name) for name in MACHINE_FIELDS})
            for name, fifo in (("tx", machine.tx_fifo), ("rx", machine.rx_fifo)):
                seen[f"{own} {name}"] = (fifo.size, fifo.items, fifo.full, fifo.empty)
    return seen


def random_opcode(random: Random) -> int:
    """Return any instruction; jumps to themselves, waits and transfers more often than chance would have it."""
    kind = random.random()
    if kind < 0.1:
        return random.choice((0x80A0, 0x8080, 0x8020, 0x8000, 0x80E0, 0x8060)) | random.randrange(32) << 8
    if kind < 0.2:
        return 0x2000 | random.randrange(256) | random.randrange(4) << 8
    return random.randrange(0x10000)


def random_divider(random: Random) -> int:
    return random.choice((1 << 16, 2 << 16, random.randrange(1 << 16, 20 << 16), random.randrange(1 << 24)))


class RandomUse:
    """One random access after the other to one block's registers, to its pins and to DMA."""

    def __init__(self, pair: Pair, random: Random) -> None:
        self.pair, self.random = pair, random
        self.actions = (
            self.write_program, self.set_divider, self.set_pins, self.set_shifts, self.set_exec_control,
            self.control, self.control, self.control, self.force_instruction, self.force_jump, self.push, self.push,
            self.pull, self.change_flags, self.change_interrupts, self.drive_pin, self.drive_pin, self.start_dma,
        )  # fmt: skip

    def machine(self, register: int) -> int:
        return self.base() + register + MACHINE_STRIDE * self.random.randrange(4)

    def base(self) -> int:
        return self.random.choice(PIO_BASES)

    def write_program(self) -> None:
        base = self.base()
        for address in range(32):
            opcode = random_opcode(self.random)
            if self.random.random() < 0.15:
                # A loop of one instruction, which is stepped over.
                opcode = (opcode & 0x1F00) | self.random.choice((0, 1, 2, 3, 4, 5)) << 5 | address
            self.pair.write(base + INSTR_MEM + 4 * address, opcode)

    def set_divider(self) -> None:
        self.pair.write(self.machine(CLKDIV), random_divider(self.random) & 0xFFFFFF00)

    def set_pins(self) -> None:
        random = self.random
        counts = random.randrange(6) << 29 | random.randrange(6) << 26 | random.randrange(33) << 20
        firsts = random.randrange(16) << 15 | random.randrange(16) << 10 | random.randrange(16) << 5
        self.pair.write(self.machine(PINCTRL), counts | firsts | random.randrange(16))

    def set_shifts(self) -> None:
        join = self.random.choice((0, 0, 1 << 30, 1 << 31))
        self.pair.write(self.machine(SHIFTCTRL), join | self.random.randrange(1 << 14) << 16)

    def set_exec_control(self) -> None:
        self.pair.write(self.machine(EXECCTRL), self.random.randrange(1 << 31) & ~(0b11 << 5))

    def control(self) -> None:
        self.pair.write(self.base() + CTRL, self.random.choice((0xF, self.random.randrange(1 << 12))))

    def force_instruction(self) -> None:
        self.pair.write(self.machine(INSTR), random_opcode(self.random))

    def force_jump(self) -> None:
        self.pair.write(self.machine(INSTR), self.random.randrange(32))

    def push(self) -> None:
        fifo = self.base() + TXF0 + 4 * self.random.randrange(4)
        self.pair.write(fifo, self.random.choice((0, 3, self.random.randrange(1 << 32))))

    def pull(self) -> None:
        self.pair.read(self.base() + RXF0 + 4 * self.random.randrange(4))

    def change_flags(self) -> None:
        register = self.random.choice((IRQ, IRQ_FORCE, FDEBUG))
        self.pair.write(self.base() + register, self.random.randrange(256) | self.random.randrange(1 << 28))

    def change_interrupts(self) -> None:
        self.pair.write(
            self.base() + self.random.choice((IRQ0_INTE, IRQ0_INTF, IRQ1_INTE)),
            self.random.randrange(1 << 12),
        )

    def drive_pin(self) -> None:
        self.pair.drive(self.random.randrange(2 * PINS), self.random.choice((0, 1, 0, 1, None)))

    def start_dma(self) -> None:
        block, machine = self.random.randrange(2), self.random.randrange(4)
        channel = DMA + CHANNEL_STRIDE * self.random.randrange(12)
        count = self.random.randrange(1, 12)
        fifo = PIO_BASES[block] + 4 * machine
        if self.random.random() < 0.5:
            source, target, request, steps = SRAM, fifo + TXF0, 8 * block + machine, INCREMENT_READ
        else:
            source, target, request, steps = fifo + RXF0, SRAM, 8 * block + 4 + machine, INCREMENT_WRITE
        self.pair.write(channel + READ_ADDRESS, source)
        self.pair.write(channel + WRITE_ADDRESS, target)
        self.pair.write(channel + COUNT, count)
        chain_to = self.random.randrange(12)
        self.pair.write(channel + CTRL_TRIG, ENABLED_WORDS | steps | chain_to << 11 | request << 15)


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    both = Pair(tmp_path)
    for pin in range(2 * PINS):
        both.write(IO_BANK0 + pin * 8 + 4, 6 if pin < PINS else 7)
        both.write(PADS_BANK0 + 4 + pin * 4, 0x56)
    return both


@pytest.mark.parametrize("seed", range(12))
def test_both_paths_look_the_same_after_every_access_and_wait(pair: Pair, seed: int) -> None:
    random = Random(seed)
    use = RandomUse(pair, random)
    for _ in range(2):
        use.write_program()
    for _ in range(60):
        random.choice(use.actions)()
        pair.must_match()
        pair.run_for(random.choice((8, 24, 1_000, random.randrange(8, 20_000))))
        pair.must_match()


@pytest.mark.parametrize("seed", range(3))
def test_a_reset_leaves_both_paths_the_same(pair: Pair, seed: int) -> None:
    random = Random(1_000 + seed)
    use = RandomUse(pair, random)
    for _ in range(30):
        random.choice(use.actions)()
    pair.run_for(5_000)
    for board in pair.boards:
        board.reset()
    pair.run_for(1_000)
    pair.must_match()


def test_random_use_reaches_every_kind_of_instruction_and_of_wait(pair: Pair) -> None:
    use = RandomUse(pair, Random(7))
    kinds: set[int] = set()
    waits: set[int] = set()
    for _ in range(400):
        use.random.choice(use.actions)()
        pair.run_for(use.random.randrange(8, 2_000))
        for block in pair.boards[1].chip.pio:
            for machine in block.machines:
                kinds.add(block.instructions[machine.pc] >> 13)
                if machine.waiting:
                    waits.add(machine.wait_type)
    pair.must_match()
    assert kinds == set(range(8))
    assert waits == {1, 2, 3, 4, 5}
