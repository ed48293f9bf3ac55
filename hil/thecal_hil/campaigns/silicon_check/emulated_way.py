"""An emulated board reached directly, in virtual time: what tests and trials measure on.

Promise: the clock is the emulator's, so that figures against it are the same on any machine.
"""

from __future__ import annotations

from typing import Any, Final

from thecal.client import Pump
from thecal_hil.emulator import EmulatedPico
from thecal_sim.units import NS_PER_S

from .way import FIND_WITHIN_S

_TIMEOUT_S: Final = 1.0
_NONCE: Final = 1


class EmulatedWay:
    def __init__(self, board: EmulatedPico) -> None:
        self._board = board
        board.serial.timeout = board.serial.write_timeout = _TIMEOUT_S

    def port(self) -> Any:
        port = self._board.serial
        if not port.is_open:
            port.open()
        return port

    def now_ns(self) -> int:
        return self._board.now_ns

    def sleep(self, seconds: float) -> None:
        self._board.run_for(round(seconds * NS_PER_S))

    def leave_unread(self, unread: bool) -> None:
        self._board.serial.paused = unread

    def emptied_port(self) -> Any:
        port = self.port()
        while port.in_waiting:
            port.read(port.in_waiting)
            self.sleep(0.2)
        return port

    def find_pump(self, within_s: float = FIND_WITHIN_S) -> Pump:
        self._board.serial.close()
        return Pump(self.port(), host_nonce=_NONCE)

    def leave_boot_loader(self) -> None:
        self.sleep(1)
        # A board on which no boot ROM is imposed has come back by itself.
        if self._board.silicon.boot_rom:
            self._board.leave_reset()
