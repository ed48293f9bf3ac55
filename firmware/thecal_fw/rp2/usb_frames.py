"""The interrupts at the start of each USB frame, a thousand a second while the host sends frames.

TinyUSB keeps them enabled for as long as a reply waits to be taken, so that no packet is offered in the last fifth of a
frame (erratum RP2040-E15, lib/tinyusb/.../rp2040_usb.c). A host that has closed the port, or does not read, would keep
the processor awake with them until somebody reads.

Promise: while a packet is offered and not taken they are not needed, since the packet is with the hardware already, and
`let_be` switches them off. Whatever is sent next switches them on again.
"""

import micropython
from micropython import const

from thecal_fw.rp2 import chip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micropython import ptr32  # type: ignore[attr-defined]

FRAMES_TO_TAKE_IT = const(64)
"""A host that reads takes a packet within a frame or two; MicroPython itself waits 16 frames after a port is opened."""

_ENDPOINT = const(2)
"""Endpoint 0x82 carries what the pump sends: shared/tinyusb/tusb_config.h."""
_BUFFER_CONTROL = const(chip.IN_0_BUFFER_CONTROL + _ENDPOINT * chip.ENDPOINT_WORDS)


@micropython.viper
def let_be():
    """Switch the interrupts of frames off if a packet waits for a host that does not take it. Interrupts are masked."""
    if ptr32(chip.USB_DPRAM)[_BUFFER_CONTROL] & chip.BUFFER_AVAILABLE:
        bit = 1
        bit <<= chip.USB_DEV_SOF_BIT
        ptr32(chip.USB)[chip.CLEAR + chip.USB_INTE] = bit
