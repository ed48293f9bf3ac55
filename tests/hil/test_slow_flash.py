"""Waits for the flash, imposed on the emulated processor, by hand for a few instructions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from rp2040py.peripherals import xip_ctrl

from thecal_hil.contract.image import image_under_test
from thecal_hil.emulator import EmulatedPico
from thecal_hil.emulator.bare_metal import write_uf2
from thecal_hil.emulator.flash_window import FlashWindow, NoCacheModelError
from thecal_hil.emulator.silicon import Silicon
from thecal_hil.rigs.pico_rig import PicoRig

NOP, WFI = 0x46C0, 0xBF30
SLEEP = (WFI, 0xE7FD)
LDR_R0_FROM_R1 = 0x6808
XIP_CTRL, XIP_FLUSH, XIP_STAT = 0x1400_0000, 0x1400_0004, 0x1400_0008
FLUSH_CYCLES = 1_024


def cycles_to_sleep(
    folder: Path, silicon: str, program: Sequence[int], r1: int = 0, passes: int = 1
) -> list[int]:
    """Return cycles that each pass of a program takes, from its first instruction until it sleeps."""
    board = EmulatedPico(write_uf2(folder / "bare.uf2", (*program, *SLEEP)), silicon=Silicon.read(silicon))
    taken = []
    for _ in range(passes):
        board.chip.core.registers[15] = 0x1000_0000
        board.chip.core.registers[1] = r1
        board.chip.core.waiting = False
        before = board.busy_cycles
        board.run_for(1_000_000)
        assert board.sleeping
        taken.append(board.busy_cycles - before)
    return taken


def test_a_pass_with_a_cold_cache_waits_once_a_line_and_the_next_one_not_at_all(tmp_path):
    program = [NOP] * 38  # and wfi, branch: 80 bytes, of which the branch is not reached.
    ideal, _ = cycles_to_sleep(tmp_path, "ideal", program, passes=2)
    assert cycles_to_sleep(tmp_path, "P=66", program, passes=2) == [ideal + 10 * 66, ideal]
    assert cycles_to_sleep(tmp_path, "P=66,fill=half", program, passes=2) == [ideal + 20 * 66, ideal]


@pytest.mark.parametrize(
    ("address", "misses"),
    [
        pytest.param(0x2000_0000, [1, 0], id="memory"),
        pytest.param(0x1000_0000, [1, 0], id="the line of the code"),
        pytest.param(0x1001_0000, [2, 0], id="another line"),
        pytest.param(0x1101_0000, [2, 1], id="not allocating"),
        pytest.param(0x1301_0000, [2, 1], id="not cached"),
    ],
)
def test_a_load_from_flash_waits_as_its_mirror_has_it(tmp_path, address, misses):
    program = [NOP, LDR_R0_FROM_R1, NOP]
    ideal, _ = cycles_to_sleep(tmp_path, "ideal", program, address, passes=2)
    slow = cycles_to_sleep(tmp_path, "P=100", program, address, passes=2)
    assert [cycles - ideal for cycles in slow] == [100 * count for count in misses]


def test_a_load_of_several_words_waits_for_each_line(tmp_path):
    program = [0xC93C, NOP, NOP]  # ldmia r1!, {r2-r5}
    ideal = cycles_to_sleep(tmp_path, "ideal", program, 0x1001_0004)[0]
    assert cycles_to_sleep(tmp_path, "P=100", program, 0x1001_0004)[0] == ideal + (1 + 3) * 100


def slow_board(folder: Path) -> EmulatedPico:
    board = EmulatedPico(write_uf2(folder / "bare.uf2", SLEEP), silicon=Silicon.read("P=66"))
    board.run_for(10_000)
    return board


def misses_of_a_pass(board: EmulatedPico) -> int:
    before = board.engine.compiled.flash_misses
    board.chip.core.registers[15] = 0x1000_0000
    board.chip.core.waiting = False
    board.run_for(10_000)
    return board.engine.compiled.flash_misses - before


def test_a_write_of_flush_empties_the_cache_and_takes_its_time(tmp_path):
    board = slow_board(tmp_path)
    assert misses_of_a_pass(board) == 0
    before_ns = board.now_ns
    board.bus.write_uint32(XIP_FLUSH, 1)
    assert board.now_ns - before_ns == FLUSH_CYCLES * 8
    assert board.bus.read_uint32(XIP_STAT) == 0b011
    assert misses_of_a_pass(board) == 1


def test_each_instruction_waits_while_the_cache_is_off_until_a_reset(tmp_path):
    board = slow_board(tmp_path)
    board.bus.write_uint32(XIP_CTRL, 0b10)
    assert [misses_of_a_pass(board), misses_of_a_pass(board)] == [1, 1]
    board.reset()
    board.run_for(10_000)
    assert misses_of_a_pass(board) == 0


@pytest.mark.parametrize("cause", ["power_on", "watchdog", "run_pin", "usb_boot"])
def test_a_reset_empties_the_cache(tmp_path, cause):
    board = slow_board(tmp_path)
    board.bus.write_uint32(0x4001_0008, 0x1FFFC)  # PSM.WDSEL, as the SDK sets it
    before = board.engine.compiled.flash_misses
    board.reset(cause)
    board.run_for(10_000)
    assert board.engine.compiled.flash_misses == before + 1


def test_without_the_compiled_path_a_cost_of_misses_is_refused(tmp_path):
    uf2 = write_uf2(tmp_path / "bare.uf2", SLEEP)
    with pytest.raises(NoCacheModelError, match="P=66"):
        EmulatedPico(uf2, silicon=Silicon.read("P=66"), compiled=False)
    assert EmulatedPico(uf2, compiled=False).engine.compiled is None


def test_every_flash_operation_of_the_firmware_empties_the_cache(monkeypatch):
    flushes = []
    write = FlashWindow.write_uint32

    def counted(self: FlashWindow, offset: int, value: int) -> None:
        write(self, offset, value)
        if offset == xip_ctrl.FLUSH:
            flushes.append(offset)

    monkeypatch.setattr(FlashWindow, "write_uint32", counted)
    pump = PicoRig(image_under_test(), Silicon.read("P=40"))
    for second in range(3):
        operations, before = pump.board.flash_timing.operations, len(flushes)
        pump.pump().set_time(1_772_000_000 + second, 0, 0)
        pump.run_for(1)
        assert pump.board.flash_timing.operations > operations
        assert len(flushes) > before
