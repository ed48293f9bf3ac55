"""Finding boards in their boot loader on USB, and opening them, with pyusb; no drive has to be mounted for it.

Promises: only devices that say they are a Raspberry Pi boot loader are opened, and that of an RP2350, as a Pico 2 has,
is named and left alone.
"""

from __future__ import annotations

import errno
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from thecal.flash import FlashError
from thecal.picoboot import UsbGoneError, UsbStallError

HOW_TO_INSTALL = 'pip install "thecal[flash]", and libusb 1.0 (on Debian: apt-get install libusb-1.0-0)'
_RASPBERRY_PI = 0x2E8A
_RP2040_BOOT, _RP2350_BOOT = 0x0003, 0x000F
_VENDOR_CLASS = 0xFF
_OUT_OF_INTERFACE, _IN_OF_INTERFACE = 0x41, 0xC1
_INTERFACE_RESET, _GET_STATUS = 0x41, 0x42
_STATUS_BYTES = 16
_TIMEOUT_MS = 3_000


@dataclass(frozen=True)
class BootBoard:
    """A board in its boot loader. handle: of the library."""

    location: str
    is_rp2040: bool
    handle: Any


def is_available() -> bool:
    """Return True if this computer has what it takes to get at a boot loader."""
    try:
        import usb.backend.libusb1
    except ModuleNotFoundError:
        return False
    return usb.backend.libusb1.get_backend() is not None


def boot_boards() -> list[BootBoard]:
    """Return every board in its boot loader, in the order of where it is plugged in."""
    import usb.core

    devices: Any = usb.core.find(find_all=True, idVendor=_RASPBERRY_PI)
    found = [
        BootBoard(_location(device), device.idProduct == _RP2040_BOOT, device)
        for device in devices or ()
        if device.idProduct in (_RP2040_BOOT, _RP2350_BOOT)
    ]
    return sorted(found, key=lambda board: board.location)


def _location(device: Any) -> str:
    return f"{device.bus}-{'.'.join(map(str, device.port_numbers or ()))}"


def open_board(board: BootBoard) -> UsbBootDevice:
    """Raise FlashError saying what is in the way."""
    if not board.is_rp2040:
        raise FlashError(
            f"the board at USB port {board.location} is a Pico 2, or another board with an RP2350: no image is for it"
        )
    return UsbBootDevice(board)


class UsbBootDevice:
    """Implements ``BootDevice``."""

    def __init__(self, board: BootBoard) -> None:
        """Raise FlashError if the boot loader can't be opened."""
        import usb.core
        import usb.util

        self.location = board.location
        self._device = board.handle
        self._errors = usb.core
        self._dispose = usb.util.dispose_resources
        try:
            interface: Any = usb.util.find_descriptor(
                self._device.get_active_configuration(), bInterfaceClass=_VENDOR_CLASS
            )
            if interface is None:
                raise FlashError(
                    f"the boot loader at USB port {self.location} has no interface to write through"
                )
            self._interface: int = interface.bInterfaceNumber
            ends = {bool(end.bEndpointAddress & 0x80): end.bEndpointAddress for end in interface}
            self._out, self._in = ends[False], ends[True]
            usb.util.claim_interface(self._device, self._interface)
        except usb.core.USBError as error:
            if error.errno in (errno.EACCES, errno.EPERM):
                raise FlashError(
                    f"no permission to open the boot loader at USB port {self.location}: docs/wiring.md has a rule for"
                    " udev that gives it"
                ) from error
            raise FlashError(
                f"the boot loader at USB port {self.location} can't be opened: {error}"
            ) from error

    def write(self, data: bytes) -> None:
        self._tried(lambda: self._device.write(self._out, data, _TIMEOUT_MS))

    def read(self, size: int) -> bytes:
        return bytes(self._tried(lambda: self._device.read(self._in, size, _TIMEOUT_MS)))

    def status(self) -> bytes:
        return bytes(
            self._tried(
                lambda: self._device.ctrl_transfer(
                    _IN_OF_INTERFACE, _GET_STATUS, 0, self._interface, _STATUS_BYTES, _TIMEOUT_MS
                )
            )
        )

    def reset_interface(self) -> None:
        for end in (self._out, self._in):
            self._tried(lambda end=end: self._device.clear_halt(end))
        wanted = (_OUT_OF_INTERFACE, _INTERFACE_RESET, 0, self._interface, None, _TIMEOUT_MS)
        self._tried(lambda: self._device.ctrl_transfer(*wanted))

    def _tried(self, transfer: Any) -> Any:
        try:
            return transfer()
        except self._errors.USBError as error:
            if error.errno == errno.EPIPE:
                raise UsbStallError from error
            raise UsbGoneError(str(error)) from error

    def close(self) -> None:
        with suppress(self._errors.USBError):
            self._dispose(self._device)
