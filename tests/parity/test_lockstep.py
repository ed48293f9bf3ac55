"""The lock-step notices a register, a word of memory, an instant or a request that differs, to the instruction."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from thecal_hil.campaigns.parity.lockstep import DifferenceError, Lockstep
from thecal_hil.emulator import EmulatedPico
from thecal_hil.emulator.bare_metal import write_uf2
from thecal_hil.emulator.units import CYCLE_NS

COUNT_FOR_EVER = (0x3001, 0x3101, 0xE7FC)
"""adds r0, #1; adds r1, #1; back"""
CYCLES_A_PASS = 4
AT_CYCLE = 42_000
"""After instruction 31,500: the 1,500th of stretch 3, counted from 0."""
WORD = 0x2000_1000


@pytest.fixture
def picos(tmp_path: Path) -> Callable[[], tuple[EmulatedPico, EmulatedPico]]:
    uf2 = write_uf2(tmp_path / "count.uf2", COUNT_FOR_EVER)
    return lambda: (EmulatedPico(uf2, compiled=False), EmulatedPico(uf2, compiled=True))


def test_two_that_are_the_same_run_on(picos: Callable[[], tuple[EmulatedPico, EmulatedPico]]) -> None:
    lockstep = Lockstep(*picos())
    assert lockstep.run_to(100_000 * CYCLE_NS) is False
    assert lockstep.totals.instructions == 100_000 * 3 // CYCLES_A_PASS


def test_a_register_that_differs_is_named_with_its_instruction(
    picos: Callable[[], tuple[EmulatedPico, EmulatedPico]],
) -> None:
    slow, fast = picos()
    lockstep = Lockstep(slow, fast)
    fast.call_at(AT_CYCLE * CYCLE_NS, lambda: fast.chip.core.registers.__setitem__(5, 1))
    with pytest.raises(DifferenceError, match=r"instruction 31,501 .*: r5 0x0 and 0x1") as raised:
        lockstep.run_to(100_000 * CYCLE_NS)
    assert raised.value.is_exact


def test_memory_alone_that_differs_is_narrowed_to_its_instruction(
    picos: Callable[[], tuple[EmulatedPico, EmulatedPico]],
) -> None:
    def attempt(narrow_at: int) -> DifferenceError:
        slow, fast = picos()
        lockstep = Lockstep(slow, fast, narrow_at=narrow_at)
        fast.call_at(AT_CYCLE * CYCLE_NS, lambda: fast.write_sram(WORD, b"\x55"))
        with pytest.raises(DifferenceError, match=f"SRAM differs from {WORD:#x} on") as raised:
            lockstep.run_to(100_000 * CYCLE_NS)
        return raised.value

    found = attempt(-1)
    assert not found.is_exact
    exact = attempt(found.stretch)
    assert exact.is_exact
    assert "stretch 3, its instruction 1,500:" in str(exact)


def test_a_request_to_stop_of_one_of_them_is_a_difference(
    picos: Callable[[], tuple[EmulatedPico, EmulatedPico]],
) -> None:
    slow, fast = picos()
    lockstep = Lockstep(slow, fast)
    fast.call_at(5_000 * CYCLE_NS, fast.poke)
    with pytest.raises(DifferenceError, match="differ"):
        lockstep.run_to(100_000 * CYCLE_NS)


def test_halves_that_ask_for_different_things_differ(
    picos: Callable[[], tuple[EmulatedPico, EmulatedPico]],
) -> None:
    lockstep = Lockstep(*picos())
    with pytest.raises(DifferenceError, match="asked for"):
        lockstep.drive(lambda side, pico: pico.run_until((1_000 + side) * CYCLE_NS))


def test_a_half_that_fails_ends_the_other(picos: Callable[[], tuple[EmulatedPico, EmulatedPico]]) -> None:
    lockstep = Lockstep(*picos())

    def half(side: int, pico: EmulatedPico) -> None:
        pico.run_until(1_000 * CYCLE_NS)
        if side:
            raise RuntimeError("no port")
        pico.run_until(2_000 * CYCLE_NS)

    with pytest.raises(DifferenceError, match="no port"):
        lockstep.drive(half)


def test_a_half_that_asks_for_more_than_the_other_differs(
    picos: Callable[[], tuple[EmulatedPico, EmulatedPico]],
) -> None:
    lockstep = Lockstep(*picos())

    def half(side: int, pico: EmulatedPico) -> None:
        for run in range(1, 3 + side):
            pico.run_until(run * 1_000 * CYCLE_NS)

    with pytest.raises(DifferenceError, match="the slow half ended: by itself"):
        lockstep.drive(half)
