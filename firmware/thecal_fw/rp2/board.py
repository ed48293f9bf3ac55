"""The board as a whole: its identity, why it was reset, and the ways to leave the pump's program."""

import gc
import os
import sys

import machine
from ubinascii import hexlify

from thecal_fw.core.events import RESET_POWER_ON, RESET_WATCHDOG
from thecal_fw.core.program_place import ROOM_FOR_ANY_PROGRAM, ROOM_ON_A_STOCK_IMAGE


def is_own_image() -> bool:
    """Whether this is the pump's own image, with the firmware frozen in. A stock one loads it from files."""
    return "Thecal" in sys.implementation._machine


class LeaveForPrompt(BaseException):
    """Ends the main loop for the MicroPython prompt."""


class Machine:
    """See ``thecal_fw.ports``."""

    def __init__(self):
        by_watchdog = machine.reset_cause() == machine.WDT_RESET
        self.reset_cause = RESET_WATCHDOG if by_watchdog else RESET_POWER_ON
        self.serial = hexlify(machine.unique_id())
        self.room = ROOM_FOR_ANY_PROGRAM if is_own_image() else ROOM_ON_A_STOCK_IMAGE

    def heap_free_bytes(self) -> int:
        return gc.mem_free()

    def random_bytes(self, count: int) -> bytes:
        return os.urandom(count)

    def bootloader(self) -> None:
        machine.bootloader()

    def prompt(self) -> None:
        raise LeaveForPrompt
