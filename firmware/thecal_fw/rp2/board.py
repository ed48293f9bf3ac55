"""The board as a whole: its identity, why it was reset, and the ways to leave the pump's program."""

import gc
import os

import machine
from ubinascii import hexlify

from thecal_fw.core.events import RESET_POWER_ON, RESET_WATCHDOG


class LeaveForPrompt(BaseException):
    """Ends the main loop for the MicroPython prompt."""


class Machine:
    """See ``thecal_fw.ports``."""

    def __init__(self):
        by_watchdog = machine.reset_cause() == machine.WDT_RESET
        self.reset_cause = RESET_WATCHDOG if by_watchdog else RESET_POWER_ON
        self.serial = hexlify(machine.unique_id())

    def heap_free_bytes(self) -> int:
        return gc.mem_free()

    def collect_garbage(self) -> None:
        gc.collect()

    def random_bytes(self, count: int) -> bytes:
        return os.urandom(count)

    def bootloader(self) -> None:
        machine.bootloader()

    def prompt(self) -> None:
        raise LeaveForPrompt
