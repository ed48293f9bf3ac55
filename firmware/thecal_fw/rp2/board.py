"""The board as a whole: its identity, why it was reset, and the ways to leave the pump's program."""

import gc

import machine
import micropython
from micropython import const
from ubinascii import hexlify

from thecal_fw.core.events import RESET_POWER_ON, RESET_WATCHDOG

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micropython import ptr32  # type: ignore[attr-defined]

_WATCHDOG = const(0x4005_8000)
_SCRATCH2 = const(0x14 >> 2)
"""Kept over a watchdog reset. Scratch 4 to 7 belong to the SDK and the boot ROM, which also uses 0 and 1."""
_WAS_DELIVERING = const(0xD05E)


class LeaveForPrompt(BaseException):
    """Ends the main loop for the MicroPython prompt."""


@micropython.viper
def _noted_delivering() -> bool:
    return ptr32(_WATCHDOG)[_SCRATCH2] == _WAS_DELIVERING


@micropython.viper
def _note(delivering: bool):
    ptr32(_WATCHDOG)[_SCRATCH2] = _WAS_DELIVERING if delivering else 0


class Machine:
    """See ``thecal_fw.ports``."""

    def __init__(self):
        by_watchdog = machine.reset_cause() == machine.WDT_RESET
        self.reset_cause = RESET_WATCHDOG if by_watchdog else RESET_POWER_ON
        self.was_delivering = by_watchdog and _noted_delivering()
        self.serial = hexlify(machine.unique_id())

    def note_delivering(self, delivering: bool) -> None:
        _note(delivering)

    def heap_free_bytes(self) -> int:
        return gc.mem_free()

    def bootloader(self) -> None:
        machine.bootloader()

    def prompt(self) -> None:
        raise LeaveForPrompt
