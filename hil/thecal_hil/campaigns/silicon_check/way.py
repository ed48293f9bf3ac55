"""The way to a board: its port, this computer's clock, and how it is found again after a reset.

Promise: nothing is written to any port but that of the board named; after a reset the board is known by the serial
number of its USB device where it has one, whatever its port is called by then.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from typing import Any, Final, Protocol

from serial import Serial

from thecal.client import Pump
from thecal.errors import NoAnswerError, NotAPumpError, PortError, ThecalError
from thecal.keys import Keys, NoKeys
from thecal.ports import candidates, open_port

FIND_WITHIN_S: Final = 30.0
_LOOK_EVERY_S: Final = 0.2
_LOADER_WITHIN_S: Final = 120.0
_PICOTOOL_TIMEOUT_S: Final = 20.0


class Way(Protocol):
    def port(self) -> Any:
        """Return the board's port, opened if it is not."""
        ...

    def now_ns(self) -> int:
        """Return this computer's clock."""
        ...

    def sleep(self, seconds: float) -> None: ...

    def leave_unread(self, unread: bool) -> None:
        """Leave the port unread from now on, or read it again."""
        ...

    def emptied_port(self) -> Any:
        """Return the port, with everything read that the board has sent."""
        ...

    def find_pump(self, within_s: float = FIND_WITHIN_S) -> Pump:
        """Return a session with the pump, which may be starting just now. Raise ThecalError if it does not come."""
        ...

    def leave_boot_loader(self) -> None:
        """Have a board in its USB boot loader start again, or wait until somebody does."""
        ...


class SerialWay:
    """A board on a serial port of this computer."""

    def __init__(
        self, device: str, keys: Keys | None = None, say: Callable[[str], None] = lambda text: None
    ) -> None:
        """say: shows a person at the board what to do."""
        self._device = device
        self._keys = keys or NoKeys()
        self._say = say
        self._port: Serial | None = None
        self._usb_serial = next(
            (
                one.serial_number
                for one in candidates()
                if os.path.realpath(device) == os.path.realpath(one.device)
            ),
            "",
        )

    def port(self) -> Any:
        if self._port is None:
            self._port = open_port(self._present_device())
        return self._port

    def now_ns(self) -> int:
        return time.monotonic_ns()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def leave_unread(self, unread: bool) -> None:
        """Leave the port unread: without a call of `read` it is, once the operating system's buffers are full."""

    def emptied_port(self) -> Any:
        port = self.port()
        while port.in_waiting:
            port.read(port.in_waiting)
            self.sleep(_LOOK_EVERY_S)
        return port

    def find_pump(self, within_s: float = FIND_WITHIN_S) -> Pump:
        """Return a session with the pump; raise ThecalError if it is not found again in time."""
        self.close()
        deadline_s = time.monotonic() + within_s
        while True:
            try:
                return Pump(self.port(), clock=time.monotonic, keys=self._keys)
            except (PortError, NoAnswerError, NotAPumpError, OSError) as error:
                self.close()
                if not within_s:
                    raise
                if time.monotonic() > deadline_s:
                    raise ThecalError(
                        f"the board on {self._device} was not found again within {within_s:g} s ({error});"
                        " unplug it and plug it in again"
                    ) from error
                self.sleep(_LOOK_EVERY_S)

    def leave_boot_loader(self) -> None:
        """Leave the boot loader; raise ThecalError if the board does not in time."""
        self.close()
        picotool = shutil.which("picotool")
        if picotool is not None:
            self.sleep(2)
            done = subprocess.run(
                [picotool, "reboot"], capture_output=True, timeout=_PICOTOOL_TIMEOUT_S, check=False
            )
            if done.returncode == 0:
                return
        self._say(
            "the board is in its boot loader: have it leave with `picotool reboot`, or copy its image onto it"
        )
        deadline_s = time.monotonic() + _LOADER_WITHIN_S
        while time.monotonic() < deadline_s:
            try:
                self.port()
            except PortError:
                self.sleep(_LOOK_EVERY_S)
            else:
                return
        raise ThecalError(f"the board did not leave its boot loader within {_LOADER_WITHIN_S:g} s")

    def close(self) -> None:
        if self._port is not None:
            self._port.close()
            self._port = None

    def _present_device(self) -> str:
        """Return the port that the board has now."""
        for one in candidates():
            if self._usb_serial and one.serial_number == self._usb_serial:
                return one.device
        return self._device
