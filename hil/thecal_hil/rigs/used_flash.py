"""The contents of a board's flash before the image is written to it for the first time.

Flashing over USB writes the image and nothing else, so a board that was used before keeps what it had in the part that
the firmware has its journal in. Promise: the same description and image give the same bytes.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from random import Random

from thecal_fw.core.flash_map import STORAGE_AT
from thecal_hil.contract.image import BUILT, FirmwareImage, ImageError
from thecal_hil.contract.rig import Rig
from thecal_hil.course.course import Course, local_second
from thecal_hil.course.therapy import continuous
from thecal_hil.emulator import EmulatedPico
from thecal_hil.emulator.chip import FLASH_BYTES
from thecal_hil.emulator.silicon import IDEAL, FlashBefore, Silicon
from thecal_sim.units import NS_PER_S

STOCK_UF2 = BUILT / "stock.uf2"
_STORAGE_BYTES = FLASH_BYTES - STORAGE_AT
_KEPT = BUILT / "used-boards"
_FIRST_START_NS = 2 * NS_PER_S
"""A stock MicroPython makes its file system within a second."""


def flash_before(silicon: Silicon, image: FirmwareImage, used: Callable[[], bytes]) -> bytes | None:
    """Return the flash from address 0 on, or None for a blank one. Raise ImageError where an image it takes is
    missing.

    ``used``: makes the flash of a pump that runs the image and has delivered, where that is what the board held."""
    match silicon.flash_before:
        case FlashBefore.BLANK:
            return None
        case FlashBefore.ZEROS:
            return _with_storage(bytes(_STORAGE_BYTES))
        case FlashBefore.RANDOM:
            return _with_storage(Random(silicon.seed).randbytes(_STORAGE_BYTES))
        case FlashBefore.FILES:
            if not STOCK_UF2.exists():
                raise ImageError(
                    f"{STOCK_UF2} is not there, whose file system is wanted: build it with `make stock`"
                )
            return _kept("files", STOCK_UF2, _first_start_of_stock)
        case FlashBefore.OWN:
            return _kept("own", image.path, used)


def _with_storage(storage: bytes) -> bytes:
    return b"\xff" * (FLASH_BYTES - len(storage)) + storage


def _kept(name: str, uf2: Path, make: Callable[[], bytes]) -> bytes:
    """Return what was made from an image before, or is made now."""
    kept = _KEPT / f"{name}-{sha256(uf2.read_bytes()).hexdigest()[:24]}.flash"
    if not kept.exists():
        flash = make()
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=kept.parent, suffix=".partial", delete=False) as partial:
            partial.write(flash)
        os.replace(partial.name, kept)  # noqa: PTH105 - several may make it at the same time
    return kept.read_bytes()


def _first_start_of_stock() -> bytes:
    board = EmulatedPico(STOCK_UF2, silicon=IDEAL)
    board.run_for(_FIRST_START_NS)
    return board.flash_image


def deliver_a_little(rig: Rig) -> None:
    """Give a pump a program and have it deliver, so that its journal reports both."""
    course = Course(rig)
    course.set_time(local_second("2026-03-06 12:00"))
    course.refill(20_000_000)
    course.prescribe(continuous(424_000))
    course.start()
    rig.run_for(60)
