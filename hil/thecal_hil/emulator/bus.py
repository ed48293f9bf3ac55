"""The memory bus of the emulated chip, and a way to make it several times faster.

Promise: `BusPort` reads and writes exactly what the processor would, at the present instant.

Why `quicken` exists: the emulator's chip class lets Python code override its bus methods, so every single
instruction fetch first looks the method up as a Python attribute and builds a bound method object, only to find
that nothing was overridden. A chip instance has a dictionary of its own, so placing the class's own (unbound)
method there makes that look-up cheap and still recognisable as "not overridden": the same C code runs, two to
three times as many instructions a second. The price: *Python* code can no longer call `chip.read_uint32(...)`, since
it would reach the unbound method. Such callers go through a `BusPort`, which was bound before.
"""

from __future__ import annotations

from typing import Any, Final

_BUS_METHODS: Final = (
    "read_uint32",
    "read_uint16",
    "read_uint8",
    "write_uint32",
    "write_uint16",
    "write_uint8",
)


class BusPort:
    """Bus access for Python code: DMA channels, and tests that look into memory."""

    __slots__ = (
        "_chip",
        "clock",
        "read_uint8",
        "read_uint16",
        "read_uint32",
        "write_uint8",
        "write_uint16",
        "write_uint32",
    )

    def __init__(self, chip: Any) -> None:
        self._chip = chip
        self.clock = chip.clock
        self.read_uint8 = chip.read_uint8
        self.read_uint16 = chip.read_uint16
        self.read_uint32 = chip.read_uint32
        self.write_uint8 = chip.write_uint8
        self.write_uint16 = chip.write_uint16
        self.write_uint32 = chip.write_uint32


def quicken(chip: Any) -> BusPort:
    """Make the chip's bus fast and return the port Python code has to use from now on."""
    port = BusPort(chip)
    for channel in chip.dma.channels:
        channel.rp2040 = port
    for name in _BUS_METHODS:
        setattr(chip, name, getattr(type(chip), name))
    return port
