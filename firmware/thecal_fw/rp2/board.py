"""The board as a whole: its identity, why it was reset, and the ways to leave the pump's program."""

import gc
import os
import sys

import machine
from ubinascii import hexlify

from thecal_fw.core.events import RESET_POWER_ON, RESET_WATCHDOG
from thecal_fw.core.program_place import ROOM_FOR_ANY_PROGRAM, ROOM_ON_A_STOCK_IMAGE


def is_own_image() -> bool:
    """Return True on the pump's own image, with the firmware frozen in; a stock one loads it from files."""
    return "Thecal" in sys.implementation._machine


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
        self.room = ROOM_FOR_ANY_PROGRAM if is_own_image() else ROOM_ON_A_STOCK_IMAGE

    def heap_free_bytes(self) -> int:
        return gc.mem_free()

    def collect_garbage(self) -> None:
        # A stock board has had the collector run often until now. Delivery decides by itself when there is time for it.
        gc.threshold(-1)
        gc.collect()

    def let_collect(self, may_collect: bool) -> None:
        if may_collect:
            gc.enable()
        else:
            gc.disable()

    def random_bytes(self, count: int) -> bytes:
        return os.urandom(count)

    def bootloader(self) -> None:
        self._retained.void()
        machine.bootloader()

    def prompt(self) -> None:
        """Leave for the prompt; raise LeaveForPrompt always."""
        self._retained.void()
        raise LeaveForPrompt
