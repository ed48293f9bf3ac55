"""The causes for which the emulated chip starts again, and what each kind of reset leaves of it.

Promise: registers that survive a reset hold afterwards what they hold on silicon; docs/silicon.md has the sources.
SYSCFG outlives a debugger's reset only, and the boot ROM clears its masks of interrupts even then.

| cause | RAM | watchdog's REASON, scratch | crystal |
|---|---|---|---|
| power_on, bootsel | lost | cleared | starts |
| brown_out | kept | cleared | starts |
| run_pin | kept | cleared | starts |
| watchdog | kept | timer, kept | runs |
| tool | kept | forced, scratch 4 cleared | runs |
| usb_boot | kept | timer, scratch 0, 1, 4 as the boot ROM leaves them | runs |
| debugger | kept | kept, and the watchdog continues | runs, and so does the fast clock |

`bootsel` and `usb_boot` are stays in the boot ROM's USB boot loader, entered with the button at power-on or from a
running program; either is left by a reset of its own. A brown-out keeps RAM here since that is the harder case.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, Final, NamedTuple

from rp2040py.peripherals import watchdog
from rp2040py.peripherals.vreg_and_chip_reset import HAD_POR, HAD_RUN

from .fixes import SYSCFG

_WATCHDOG_CTRL: Final = 0x00
_AIRCR: Final = 0xD0C
_VECTKEY: Final = 0x05FA_0000
_SYSRESETREQ: Final = 1 << 2
_BOOT_TO_ADDRESS: Final = 0xB007_C0D3
"""What asks the boot ROM, in scratch 4, to go to the address in scratch 7: its own USB boot loader, for one."""
_SCRATCH_OF_BOOT_LOADER: Final = {0: 0, 1: 0, 4: 0}
"""The pins and interfaces that the boot loader is to use, none named, and no more address to go to."""


class ResetCause(StrEnum):
    POWER_ON = "power_on"
    BROWN_OUT = "brown_out"
    RUN_PIN = "run_pin"
    WATCHDOG = "watchdog"
    """The program did not feed it."""
    TOOL = "tool"
    """``machine.reset()``, which a tool at the prompt calls."""
    USB_BOOT = "usb_boot"
    BOOTSEL = "bootsel"
    DEBUGGER = "debugger"
    """SYSRESETREQ, by a debugger or the processor itself: the processor alone."""


class Reset(NamedTuple):
    t_ns: int
    cause: ResetCause


LOSES_RAM: Final = frozenset({ResetCause.POWER_ON, ResetCause.BOOTSEL})
STARTS_CRYSTAL: Final = frozenset({ResetCause.POWER_ON, ResetCause.BROWN_OUT, ResetCause.RUN_PIN})
"""A stay in the boot loader has started it already."""
KEEPS_FAST_CLOCK: Final = frozenset({ResetCause.DEBUGGER})
_CHIP_RESETS: Final = {
    ResetCause.POWER_ON: HAD_POR,
    ResetCause.BOOTSEL: HAD_POR,
    ResetCause.BROWN_OUT: HAD_POR,
    ResetCause.RUN_PIN: HAD_RUN,
}
_REASONS: Final = {
    ResetCause.WATCHDOG: watchdog.TIMER,
    ResetCause.USB_BOOT: watchdog.TIMER,
    ResetCause.BOOTSEL: watchdog.TIMER,
    ResetCause.TOOL: watchdog.FORCE,
}


def watch_processor(chip: Any, on_reset: Callable[[], None]) -> None:
    """Have `on_reset` called when the processor asks for a reset of its own (AIRCR.SYSRESETREQ), as a debugger does for
    it. The emulator lacks the register."""
    write = chip.ppb.write_uint32

    def write_ppb(offset: int, value: int) -> None:
        if offset == _AIRCR and value == _VECTKEY | _SYSRESETREQ:
            on_reset()
        else:
            write(offset, value)

    chip.ppb.write_uint32 = write_ppb


def cause_of_trigger(chip: Any) -> ResetCause:
    """Return why the watchdog has just triggered: a bite, or a program that asked for a reset."""
    if chip.watchdog.read_uint32(watchdog.REASON) == watchdog.FORCE:
        return ResetCause.TOOL
    if chip.watchdog.scratch_data[4] == _BOOT_TO_ADDRESS:
        return ResetCause.USB_BOOT
    return ResetCause.WATCHDOG


def carry_out(chip: Any, cause: ResetCause) -> None:
    """Put the chip into reset, with what survives as that cause leaves it."""
    chip.enter_reset(from_watchdog=cause is ResetCause.WATCHDOG)
    if cause is ResetCause.DEBUGGER:
        chip.peripherals[SYSCFG].enter_boot_rom()
        return
    chip.peripherals[SYSCFG].reset()
    # Taken as off after any other reset, until the firmware starts it again.
    chip.watchdog.write_uint32(_WATCHDOG_CTRL, 0)
    if cause in _CHIP_RESETS:
        chip.watchdog.reset()
        chip.vreg_and_chip_reset.record_reset_cause(_CHIP_RESETS[cause])
    if cause in _REASONS:
        chip.watchdog._reason = _REASONS[cause]
    if cause in (ResetCause.USB_BOOT, ResetCause.BOOTSEL):
        for number, value in _SCRATCH_OF_BOOT_LOADER.items():
            chip.watchdog.scratch_data[number] = value
    elif cause is ResetCause.TOOL:
        chip.watchdog.scratch_data[4] = 0
