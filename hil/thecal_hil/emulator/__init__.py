"""An emulated Raspberry Pi Pico in exact virtual time: see `EmulatedPico`."""

from .flash_chip import FlashTiming
from .pico import EmulatedPico
from .pins import Wire
from .pty import EmulatedPty
from .resets import Reset, ResetCause
from .serial_port import EmulatedUsbSerial

__all__ = [
    "EmulatedPico",
    "EmulatedPty",
    "EmulatedUsbSerial",
    "FlashTiming",
    "Reset",
    "ResetCause",
    "Wire",
]
