"""The board as a whole: its identity, why it was reset, and the ways to leave the pump's program."""

import gc
import os

import machine
from ubinascii import hexlify

from thecal_fw.core.events import RESET_POWER_ON, RESET_WATCHDOG

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.rp2.retained import Retained


class LeaveForPrompt(BaseException):
    """Ends the main loop for the MicroPython prompt."""


class Machine:
    """See ``thecal_fw.ports``."""

    def __init__(self, was_bitten: bool, retained: "Retained"):
        self.reset_cause = RESET_WATCHDOG if was_bitten else RESET_POWER_ON
        self._retained = retained
        self.serial = hexlify(machine.unique_id())

    def heap_free_bytes(self) -> int:
        return gc.mem_free()

    def random_bytes(self, count: int) -> bytes:
        return os.urandom(count)

    def bootloader(self) -> None:
        self._retained.void()
        machine.bootloader()

    def prompt(self) -> None:
        self._retained.void()
        raise LeaveForPrompt
