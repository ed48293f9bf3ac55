"""The boot loader of an RP2040 over USB, by its own commands: erase, write, read back, start again.

Written from the maker's documentation (RP2040 datasheet, 2.8.5, "USB PICOBOOT interface"): a command of 32 bytes to the
bulk endpoint, then its data, then an empty packet the other way as the answer. What it can't do it answers with a
stall; why is asked over the control endpoint, and the interface is reset before the next command.

Promises: a command whose answer is not as documented raises; nothing is sent after it.
"""

from __future__ import annotations

import struct
from typing import Protocol

from thecal.errors import ThecalError

SECTOR_BYTES = 4_096
_MAGIC = 0x431FD10B
_COMMAND = "<IIBBHI"
_ARGUMENT_BYTES = 16
_STATUS = "<IIBB6x"
_TO_HOST = 0x80

EXCLUSIVE_ACCESS = 0x01
REBOOT = 0x02
FLASH_ERASE = 0x03
READ = 0x84
WRITE = 0x05
EXIT_XIP = 0x06
_NAMES = {
    EXCLUSIVE_ACCESS: "have it for this program alone",
    REBOOT: "start again",
    FLASH_ERASE: "erase",
    READ: "read back",
    WRITE: "write",
    EXIT_XIP: "get at its flash",
}
_EXCLUSIVE_AND_EJECT = 2
_REBOOT_AFTER_MS = 500
_STATUS_NAMES = (
    "no error",
    "it does not know the command",
    "the command has another length",
    "the transfer has another length",
    "there is no such address",
    "the address is not at a boundary",
    "another write is under way",
    "it is starting again",
    "an error it has no name for",
)


class PicobootError(ThecalError):
    """The boot loader did not do what it was asked to."""


class UsbStallError(Exception):
    """The device refuses a transfer."""


class UsbGoneError(Exception):
    """The device is not there any more, or takes no transfer in time."""


class BootDevice(Protocol):
    """A boot loader's USB device, opened. Transfers raise UsbStallError or UsbGoneError."""

    location: str
    """Bus and ports that lead to it, as in 1-1.2: the same as that of the board's serial port."""

    def write(self, data: bytes) -> None:
        """Write to the bulk endpoint; an empty write is an empty packet."""

    def read(self, size: int) -> bytes:
        """Read from the bulk endpoint, up to so much; return empty for an empty packet."""
        ...

    def status(self) -> bytes:
        """Return what the interface says of the last command."""
        ...

    def reset_interface(self) -> None: ...
    def close(self) -> None: ...


class Picoboot:
    """A session with a boot loader."""

    def __init__(self, device: BootDevice) -> None:
        self._device = device
        self._token = 0

    def begin(self) -> None:
        """End whatever another program, or an error, has left half done. Raise PicobootError if the boot loader
        does not answer."""
        try:
            self._device.reset_interface()
        except (UsbStallError, UsbGoneError) as error:
            raise PicobootError(f"the boot loader does not answer: {error}") from error

    def take(self) -> None:
        """Have it for this program alone, its drive ejected, and its flash ready to be changed."""
        self._command(EXCLUSIVE_ACCESS, struct.pack("<B", _EXCLUSIVE_AND_EJECT))
        self._command(EXIT_XIP)

    def erase(self, address: int) -> None:
        """Erase one sector of flash."""
        self._command(FLASH_ERASE, struct.pack("<II", address, SECTOR_BYTES))

    def write(self, address: int, data: bytes) -> None:
        """Write whole pages of flash that has been erased."""
        self._command(WRITE, struct.pack("<II", address, len(data)), out=data)

    def read(self, address: int, size: int) -> bytes:
        return self._command(READ, struct.pack("<II", address, size), size=size)

    def reboot(self) -> None:
        """Have it start what is in its flash, soon."""
        self._command(REBOOT, struct.pack("<III", 0, 0, _REBOOT_AFTER_MS))

    def _command(self, number: int, arguments: bytes = b"", *, out: bytes = b"", size: int = 0) -> bytes:
        self._token += 1
        header = struct.pack(_COMMAND, _MAGIC, self._token, number, len(arguments), 0, size or len(out))
        try:
            self._device.write(header + arguments.ljust(_ARGUMENT_BYTES, b"\0"))
            if number & _TO_HOST:
                data = self._read(size)
                self._device.write(b"")
                return data
            if out:
                self._device.write(out)
            if self._device.read(1):
                raise PicobootError(f"asked to {_NAMES[number]}, the boot loader answers with data")
            return b""
        except UsbStallError as error:
            raise PicobootError(
                f"asked to {_NAMES[number]}, the boot loader refuses: {self._why()}"
            ) from error
        except UsbGoneError as error:
            raise PicobootError(
                f"asked to {_NAMES[number]}, the boot loader does not answer: {error}"
            ) from error

    def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            part = self._device.read(size - len(data))
            if not part:
                raise PicobootError(f"the boot loader sent {len(data)} bytes of {size}")
            data += part
        return data

    def _why(self) -> str:
        try:
            token, code, _, _ = struct.unpack(_STATUS, self._device.status())
            self._device.reset_interface()
        except (UsbStallError, UsbGoneError, struct.error):
            return "it does not say why"
        if token != self._token or code >= len(_STATUS_NAMES):
            return f"status {code}"
        return _STATUS_NAMES[code]
