"""The state that each kind of reset leaves of the emulated chip, and how long it takes, by registers and with the
firmware."""

from __future__ import annotations

from dataclasses import replace

import pytest

from thecal_hil.contract.image import image_under_test
from thecal_hil.emulator import EmulatedPico, ResetCause
from thecal_hil.emulator.bare_metal import SLEEP_FOREVER, write_uf2
from thecal_hil.emulator.silicon import IDEAL, Silicon
from thecal_sim.units import NS_PER_MS, NS_PER_S

TIMERAWL = 0x4005_4028
WATCHDOG = 0x4005_8000
CTRL, LOAD, REASON, SCRATCH0 = 0x00, 0x04, 0x08, 0x0C
ENABLE, TRIGGER = 1 << 30, 1 << 31
BITTEN, FORCED = 1, 2
CHIP_RESET = 0x4006_4008
HAD_POR, HAD_RUN = 1 << 8, 1 << 16
PSM_WDSEL = 0x4001_0008
ALL_BUT_OSCILLATORS = 0x1FFFC
PIO0_CTRL = 0x5020_0000
PROC1_NMI_MASK = 0x4000_4004
PROC_IN_SYNC_BYPASS = 0x4000_400C
AIRCR = 0xE000_ED0C
CLK_SYS_CTRL = 0x4000_803C
FROM_PLL = 1
SDK_ARMED = 0x6AB7_3121
BOOT_TO_ADDRESS = 0xB007_C0D3
SRAM = 0x2000_0000
SECOND_STAGE = 0x2004_1F00
ROM_NS = 4 * NS_PER_MS
HELD_NS = 30 * NS_PER_S
SLOW_START = Silicon(boot_rom=True, timer_from_zero=True)
KEPT = b"kept through a reset"


@pytest.fixture(params=[IDEAL, SLOW_START], ids=str)
def pico(request, tmp_path) -> EmulatedPico:
    """Provide a board that runs, with its watchdog armed by the SDK, and a state machine of PIO enabled."""
    return running(tmp_path, request.param)


def running(folder, silicon: Silicon) -> EmulatedPico:
    board = EmulatedPico(write_uf2(folder / "bare.uf2", SLEEP_FOREVER), silicon=silicon)
    board.run_for(10 * NS_PER_MS)
    board.write_sram(SRAM, KEPT)
    board.bus.write_uint32(PSM_WDSEL, ALL_BUT_OSCILLATORS)
    board.bus.write_uint32(PIO0_CTRL, 1)
    for number in range(8):
        write_scratch(board, number, 100 + number)
    write_scratch(board, 4, SDK_ARMED)
    board.bus.write_uint32(WATCHDOG + LOAD, 16_000_000)
    board.bus.write_uint32(WATCHDOG + CTRL, ENABLE)
    return board


def write_scratch(board: EmulatedPico, number: int, value: int) -> None:
    board.bus.write_uint32(WATCHDOG + SCRATCH0 + 4 * number, value)


def scratch(board: EmulatedPico) -> list[int]:
    return [board.bus.read_uint32(WATCHDOG + SCRATCH0 + 4 * number) for number in range(8)]


def reason(board: EmulatedPico) -> int:
    return board.bus.read_uint32(WATCHDOG + REASON)


def is_armed(board: EmulatedPico) -> bool:
    return bool(board.bus.read_uint32(WATCHDOG + CTRL) & ENABLE)


AS_IT_WAS = [100, 101, 102, 103, SDK_ARMED, 105, 106, 107]
CLEARED = [0] * 8


@pytest.mark.parametrize(
    ("cause", "left_reason", "left_scratch", "chip_reset"),
    [
        (ResetCause.POWER_ON, 0, CLEARED, HAD_POR),
        (ResetCause.BROWN_OUT, 0, CLEARED, HAD_POR),
        (ResetCause.RUN_PIN, 0, CLEARED, HAD_RUN),
        (ResetCause.WATCHDOG, BITTEN, AS_IT_WAS, HAD_POR),
        (ResetCause.TOOL, FORCED, [100, 101, 102, 103, 0, 105, 106, 107], HAD_POR),
        (ResetCause.USB_BOOT, BITTEN, [0, 0, 102, 103, 0, 105, 106, 107], HAD_POR),
        (ResetCause.BOOTSEL, BITTEN, CLEARED, HAD_POR),
        (ResetCause.DEBUGGER, 0, AS_IT_WAS, HAD_POR),
    ],
)
def test_registers_that_tell_the_cause_hold_what_they_hold_on_silicon(
    pico, cause, left_reason, left_scratch, chip_reset
):
    if cause is ResetCause.WATCHDOG:
        pico.run_for(9 * NS_PER_S)
    else:
        pico.reset(cause)
    assert pico.resets[-1].cause is cause
    assert (reason(pico), scratch(pico)) == (left_reason, left_scratch)
    assert pico.bus.read_uint32(CHIP_RESET) == chip_reset
    assert pico.bus.read_uint32(PIO0_CTRL) == 0


@pytest.mark.parametrize("cause", ResetCause)
def test_memory_is_lost_with_the_power_and_kept_through_every_other_reset(pico, cause):
    pico.reset(cause)
    kept = pico.read_sram(SRAM, len(KEPT)) == KEPT
    assert kept == (cause not in (ResetCause.POWER_ON, ResetCause.BOOTSEL))


@pytest.mark.parametrize("cause", ResetCause)
def test_the_watchdog_goes_on_through_a_reset_by_a_debugger_and_no_other(pico, cause):
    pico.reset(cause)
    assert is_armed(pico) == (cause is ResetCause.DEBUGGER)
    pico.run_for(9 * NS_PER_S)
    bitten = [reset.cause for reset in pico.resets[2:]]
    assert bitten == ([ResetCause.WATCHDOG] if cause is ResetCause.DEBUGGER else [])


def test_a_reset_after_a_bite_by_a_debugger_still_shows_the_bite(pico):
    pico.run_for(9 * NS_PER_S)
    pico.reset(ResetCause.DEBUGGER)
    assert (reason(pico), scratch(pico)[4]) == (BITTEN, SDK_ARMED)


@pytest.mark.parametrize("cause", ResetCause)
def test_the_boot_rom_clears_the_masks_of_interrupts_at_every_start_and_a_debugger_the_rest_at_none(
    pico, cause
):
    pico.bus.write_uint32(PROC1_NMI_MASK, 1 << 31)
    pico.bus.write_uint32(PROC_IN_SYNC_BYPASS, 1 << 29)
    pico.reset(cause)
    assert pico.bus.read_uint32(PROC1_NMI_MASK) == 0
    assert pico.bus.read_uint32(PROC_IN_SYNC_BYPASS) == (1 << 29 if cause is ResetCause.DEBUGGER else 0)


def test_a_processor_that_asks_for_its_own_reset_gets_what_a_debugger_gives_it(pico):
    pico.bus.write_uint32(AIRCR, 0x05FA_0004)
    assert [reset.cause for reset in pico.resets] == [ResetCause.POWER_ON, ResetCause.DEBUGGER]
    assert scratch(pico) == AS_IT_WAS


@pytest.mark.parametrize("value", [0x0000_0004, 0x05FA_0000])
def test_without_its_key_or_the_bit_nothing_is_reset(pico, value):
    pico.bus.write_uint32(AIRCR, value)
    assert [reset.cause for reset in pico.resets] == [ResetCause.POWER_ON]


def test_a_program_that_asks_for_a_reset_is_no_bite(pico):
    """As ``machine.reset()``: watchdog_reboot(0, SRAM_END, 0) of the SDK."""
    write_scratch(pico, 4, 0)
    pico.bus.write_uint32(WATCHDOG + CTRL, TRIGGER)
    assert pico.resets[-1].cause is ResetCause.TOOL
    assert (reason(pico), scratch(pico)[4]) == (FORCED, 0)


def goes_to_boot_loader(board: EmulatedPico) -> None:
    """Reset as ``machine.bootloader()`` does: reset_usb_boot of the boot ROM."""
    write_scratch(board, 4, BOOT_TO_ADDRESS)
    board.bus.write_uint32(WATCHDOG + LOAD, 10_000)
    board.run_for(6 * NS_PER_MS)


def test_a_program_that_goes_to_the_boot_loader_stays_there_until_a_tool_has_it_leave(tmp_path):
    board = running(tmp_path, SLOW_START)
    goes_to_boot_loader(board)
    board.run_for(600 * NS_PER_S)
    assert board.sleeping
    assert [reset.cause for reset in board.resets[1:]] == [ResetCause.USB_BOOT]
    board.leave_reset()
    board.run_for(10 * NS_PER_MS)
    assert board.bus.read_uint32(TIMERAWL) == 6_000
    assert (reason(board), scratch(board)[4], board.read_sram(SRAM, len(KEPT))) == (BITTEN, 0, KEPT)


def test_the_ideal_board_comes_back_from_the_boot_loader_at_once(tmp_path):
    board = running(tmp_path, IDEAL)
    goes_to_boot_loader(board)
    assert board.resets[-1].cause is ResetCause.USB_BOOT
    board.run_for(NS_PER_MS)
    assert board.chip.core.registers[15] >> 24 == 0x10


# --- the timer, and the time before the program


@pytest.mark.parametrize(
    ("silicon", "shown_s"),
    [(IDEAL, 30), (Silicon(timer_from_zero=True), 0), (SLOW_START, 0)],
    ids=["ideal", "from zero", "slow start"],
)
def test_the_timer_begins_at_zero_when_the_chip_is_released_unless_the_board_is_ideal(
    tmp_path, silicon, shown_s
):
    board = running(tmp_path, silicon)
    board.reset(ResetCause.RUN_PIN, held_ns=HELD_NS)
    board.run_for(2 * ROM_NS)
    assert board.bus.read_uint32(TIMERAWL) // 1_000_000 == shown_s


@pytest.mark.parametrize("cause", ResetCause)
def test_the_boot_rom_takes_four_milliseconds_and_leaves_the_second_stage_in_memory(tmp_path, cause):
    board = running(tmp_path, SLOW_START)
    board.write_sram(SECOND_STAGE - 4, bytes(4 + 256))
    board.reset(cause)
    rom_ns = ROM_NS if cause is not ResetCause.DEBUGGER else 208_000
    board.run_for(rom_ns - 8)
    assert board.chip.core.registers[15] >> 24 != 0x10
    board.run_for(1_000)
    assert board.chip.core.registers[15] >> 24 == 0x10
    assert board.read_sram(SECOND_STAGE, 256) == board.flash_image[:256]
    if cause not in (ResetCause.POWER_ON, ResetCause.BOOTSEL):
        assert board.read_sram(SECOND_STAGE - 4, 4) == bytes(4)


CRYSTAL_NS = 6_016_000
"""47 x 6 x 256 cycles of 12 MHz."""


@pytest.mark.parametrize("cause", ResetCause)
def test_cycles_before_the_fast_clock_are_the_ring_oscillators_and_the_crystal_starts_once(tmp_path, cause):
    board = running(tmp_path, SLOW_START)
    board.reset(cause)
    board.run_for(2 * ROM_NS)
    board.chip.core.cycles += (
        65_000  # Spent before the program changes its clock: 10 ms at 6.5 MHz, of 0.52 ms.
    )
    before_ns, slept_cycles = board.now_ns, int(board.chip.core.cycles) - 65_000
    board.bus.write_uint32(CLK_SYS_CTRL, FROM_PLL)
    crystal_ns = CRYSTAL_NS if cause in (ResetCause.POWER_ON, ResetCause.BROWN_OUT, ResetCause.RUN_PIN) else 0
    ring_ns = 0 if cause is ResetCause.DEBUGGER else 10_000_000 - 520_000
    assert board.now_ns - before_ns == pytest.approx(ring_ns + crystal_ns, abs=150 * (slept_cycles + 1))
    assert slept_cycles < 10
    assert board.bus.read_uint32(TIMERAWL) == (0 if cause is not ResetCause.DEBUGGER else 7_792)


def test_the_fast_clock_is_waited_for_once(tmp_path):
    board = running(tmp_path, SLOW_START)
    board.bus.write_uint32(CLK_SYS_CTRL, FROM_PLL)
    before_ns = board.now_ns
    board.bus.write_uint32(CLK_SYS_CTRL, 0)
    board.bus.write_uint32(CLK_SYS_CTRL, FROM_PLL)
    assert board.now_ns == before_ns


def time_before_the_chips_clock_ns(silicon: Silicon, cause: ResetCause) -> int:
    """Return the time from the release of the chip, with the firmware, to its timer's zero."""
    board = EmulatedPico(image_under_test().path, silicon=silicon)
    board.run_for(2 * NS_PER_S)
    board.reset(cause)
    released_ns = board.now_ns
    board.run_for(NS_PER_S)
    return board.now_ns - board.device_time_ns - released_ns


@pytest.mark.parametrize(
    ("miss_cycles", "after_bite_ms"),
    [pytest.param(0, 9.7, id="quick flash"), pytest.param(66, 29, id="flash as slow as silicon's")],
)
def test_the_firmwares_clock_starts_after_boot_rom_slow_cycles_and_crystal(miss_cycles, after_bite_ms):
    """Half of it is copying what lies in memory from flash, at the ring oscillator's speed."""
    silicon = replace(SLOW_START, miss_cycles=miss_cycles)
    after_bite_ns = time_before_the_chips_clock_ns(silicon, ResetCause.WATCHDOG)
    cold_ns = time_before_the_chips_clock_ns(silicon, ResetCause.POWER_ON)
    assert after_bite_ns == pytest.approx(after_bite_ms * NS_PER_MS, rel=0.1)
    assert cold_ns == pytest.approx(after_bite_ns + CRYSTAL_NS, abs=NS_PER_MS)


def test_the_ideal_boards_clock_starts_with_the_reset():
    assert time_before_the_chips_clock_ns(IDEAL, ResetCause.WATCHDOG) == 0
