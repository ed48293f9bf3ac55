"""The compiled run loop beside the emulator's own: interrupts, sleep and the state that both share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from thecal_hil.emulator import EmulatedPico, compiled
from thecal_hil.emulator.bare_metal import MASK_AND_COUNT_WAKES, write_uf2

if not compiled.is_wanted():
    pytest.skip("the emulator's compiled part can't be built here", allow_module_level=True)

SRAM = 0x2000_0000
HANDLERS = SRAM + 0x1000
NVIC_ISER, NVIC_ISPR, NVIC_ICPR, NVIC_IPR0, VTOR = 0xE000E100, 0xE000E200, 0xE000E280, 0xE000E400, 0xE000ED08
TIMER_TIMERAWL = 0x4005_4028
SIO = 0xD000_0000
SPINLOCK_0, UDIVIDEND, UDIVISOR, QUOTIENT, REMAINDER, DIV_CSR = 0x100, 0x60, 0x64, 0x70, 0x74, 0x78

COUNT_FOR_EVER = (0x3001, 0x1C49, 0xE7FC)
"""adds r0, #1; adds r1, r1, #1; branch back"""
FIRST_INTERRUPT = 26
"""The first of those that no peripheral of the chip raises."""
LOOK_AT_THE_TIMER = (0x6823, 0x3201, 0x4770)
"""ldr r3, [r4], which the emulator carries out; adds r2, #1; bx lr"""
COUNT_IN_THE_HANDLER = (0x3201, 0x3201, 0x4770)


def both_paths(folder: Path, program: Sequence[int]) -> tuple[EmulatedPico, EmulatedPico]:
    uf2 = write_uf2(folder / "bare.uf2", program)
    return EmulatedPico(uf2, compiled=False), EmulatedPico(uf2, compiled=True)


def halfwords(code: Sequence[int]) -> bytes:
    return b"".join(halfword.to_bytes(2, "little") for halfword in code)


def give_handlers(pico: EmulatedPico, code: Sequence[int]) -> None:
    pico.write_sram(HANDLERS, halfwords(code))
    pico.write_sram(SRAM, (HANDLERS | 1).to_bytes(4, "little") * 48)
    pico.bus.write_uint32(VTOR, SRAM)
    pico.bus.write_uint32(NVIC_ISER, 0xFFFF_FFFF)
    pico.chip.core.registers[4] = TIMER_TIMERAWL
    pico.chip.core.registers[13] = SRAM + 0x4000


@pytest.mark.parametrize(
    "handler", [LOOK_AT_THE_TIMER, COUNT_IN_THE_HANDLER], ids=["falls back", "runs here"]
)
@pytest.mark.parametrize("seed", range(4))
def test_interrupts_of_any_priority_come_at_the_same_instruction(
    tmp_path: Path, handler: Sequence[int], seed: int
) -> None:
    boards = both_paths(tmp_path, COUNT_FOR_EVER)
    for board in boards:
        give_handlers(board, handler)
    random = Random(seed)
    deepest = 0
    for _ in range(600):
        if random.random() < 0.3:
            number = random.choice((0, 1, FIRST_INTERRUPT, FIRST_INTERRUPT + 1, FIRST_INTERRUPT + 2))
            register, value = random.choice(
                (
                    (NVIC_ISPR, 1 << number),
                    (NVIC_ICPR, 1 << number),
                    (NVIC_IPR0 + 4 * random.randrange(8), random.randrange(1 << 32)),
                )
            )
            for board in boards:
                board.bus.write_uint32(register, value)
        steps = random.choice((1, 1, 1, 2, 5))
        for board in boards:
            board.engine.take_steps(steps)
        assert boards[0].engine.state() == boards[1].engine.state()
        deepest = max(deepest, boards[1].engine.state().ipsr)
    assert deepest >= 16, "no interrupt was taken"
    assert boards[0].engine.memory_digest() == boards[1].engine.memory_digest()


def test_a_masked_interrupt_keeps_the_processor_from_sleeping_on_both_paths(tmp_path: Path) -> None:
    boards = both_paths(tmp_path, MASK_AND_COUNT_WAKES)
    for board in boards:
        board.engine.take_steps(2)
        assert board.sleeping
        board.bus.write_uint32(NVIC_ISER, 1 << FIRST_INTERRUPT)
        board.chip.set_interrupt(FIRST_INTERRUPT, True)
    for _ in range(50):
        for board in boards:
            board.engine.take_steps(1)
        assert boards[0].engine.state() == boards[1].engine.state()
    assert boards[0].chip.core.registers[0] > 10


def test_divider_and_spinlocks_are_one_copy_for_compiled_code_and_for_the_emulator(tmp_path: Path) -> None:
    # r0 = SIO + 0x100; ldr r1, [r0]: claim lock 0, in compiled code.
    pico = EmulatedPico(write_uf2(tmp_path / "bare.uf2", (0x6801, 0xE7FE)), compiled=True)
    pico.chip.core.registers[0] = SIO + SPINLOCK_0
    pico.engine.take_steps(1)
    assert pico.engine.compiled.fell_back == 0
    assert pico.chip.core.registers[1] == 1
    assert pico.bus.read_uint32(SIO + SPINLOCK_0) == 0, "it is taken"
    pico.bus.write_uint32(SIO + UDIVIDEND, 100)
    pico.bus.write_uint32(SIO + UDIVISOR, 7)
    assert pico.bus.read_uint32(SIO + QUOTIENT) == 14
    assert pico.bus.read_uint32(SIO + REMAINDER) == 2
    pico.reset()
    assert pico.bus.read_uint32(SIO + SPINLOCK_0) == 1, "a reset frees it"
    assert pico.bus.read_uint32(SIO + DIV_CSR) == 0


def test_fall_backs_are_counted_by_reason_and_opcode(tmp_path: Path) -> None:
    pico = EmulatedPico(write_uf2(tmp_path / "bare.uf2", (0x6820, 0x3001, 0xE7FC)), compiled=True)
    pico.chip.core.registers[4] = TIMER_TIMERAWL
    pico.engine.take_steps(1)
    assert (pico.engine.compiled.last_opcode, pico.engine.compiled.fell_back) == (0x6820, 1)
    pico.engine.take_steps(1)
    assert (pico.engine.compiled.last_opcode, pico.engine.compiled.fell_back) == (0, 1)
    pico.engine.take_steps(28)
    assert pico.engine.compiled.fall_backs() == {("rare_access", 0x68): 10}
    assert pico.engine.compiled.instructions == 30


def test_a_stop_that_is_requested_by_a_callback_comes_at_the_next_instruction(tmp_path: Path) -> None:
    stopped_at = []
    for board in both_paths(tmp_path, COUNT_FOR_EVER):
        board.call_at(1_000, board.poke)
        assert not board.run_until(5_000, lambda: False)
        board.call_at(6_000, board.engine.request_stop)
        assert board.engine.run_to(9_000)
        stopped_at.append((board.now_ns, tuple(board.chip.core.registers)))
    assert stopped_at[0] == stopped_at[1]
    assert 6_000 <= stopped_at[0][0] < 6_000 + 4 * 8
