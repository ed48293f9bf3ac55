"""The firmware under test: its image, the image's digest, and the version and commit it must report.

Promises: what a rig flashes is the file that the build made, byte for byte, and the description beside it is of that
very file; an image with another description, or with none, is refused with what to do about it. With THECAL_UF2 set
it is that stock MicroPython image instead, with the compiled firmware on its file system.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

from thecal.pumps.constants import VARIABLE, chosen
from thecal_fw.version import VERSION

REPOSITORY = Path(__file__).resolve().parents[3]
BUILT = REPOSITORY / "build/firmware"
DEFAULT_UF2 = BUILT / "thecal.uf2"
STOCK_UF2 = BUILT / "stock.uf2"
FILES_FOR_STOCK = BUILT / "mpy"
_COMMIT = re.compile(rb"[0-9a-f]{10}\+?|unknown")


class ImageError(Exception):
    """There is no image to test; the message says how to get one."""


@dataclass(frozen=True)
class FirmwareImage:
    """A UF2 and what it must say of itself. ``files``: what goes onto its file system, for a stock image."""

    path: Path
    version: str
    commit: str
    sha256: str
    files: Path | None = None


def image_under_test(path: Path | None = None) -> FirmwareImage:
    """Return the image at a path, or the one the build leaves; raise ImageError if it can't be trusted."""
    stock = os.environ.get("THECAL_UF2")
    if path is None and stock:
        return stock_image(Path(stock))
    path = path or DEFAULT_UF2
    if not path.exists():
        raise ImageError(f"{path} is not there: build it with `make uf2`")
    description_path = path.with_suffix(".json")
    if not description_path.exists():
        raise ImageError(f"{description_path} is not there, so what {path.name} should report is unknown")
    description = json.loads(description_path.read_text(encoding="utf-8"))
    sha256 = _sha256_of(path)
    if sha256 != description["sha256"]:
        raise ImageError(
            f"{path.name} is not the image that {description_path.name} describes: build it again"
        )
    pump = description.get("pump", {"name": chosen().name, "digest": chosen().digest})
    if pump["digest"] != chosen().digest:
        raise ImageError(
            f"{path.name} is for the pump {pump['name']}, and this is about {chosen().name}, or another version of "
            f"its description: build it again, or name its pump in {VARIABLE}"
        )
    return FirmwareImage(path, description["version"], description["commit"], sha256)


def stock_image(path: Path | None = None) -> FirmwareImage:
    """Return a stock MicroPython image with the compiled firmware on its file system: that of THECAL_UF2 or the one
    that the build leaves, unless there is a path; raises ImageError if image or files are missing."""
    path = path or Path(os.environ.get("THECAL_UF2", STOCK_UF2))
    if not path.is_file():
        raise ImageError(f"the stock image {path} is not there: make it with `make stock`, or set THECAL_UF2")
    build_info = FILES_FOR_STOCK / "thecal_fw/_build_info.mpy"
    if not build_info.exists():
        raise ImageError(f"{FILES_FOR_STOCK} does not hold the compiled firmware: make it with `make mpy`")
    commit = _COMMIT.search(build_info.read_bytes())
    if commit is None:
        raise ImageError(f"{build_info} does not say which commit it was compiled from: run `make mpy` again")
    return FirmwareImage(path, VERSION, commit.group().decode(), _sha256_of(path), FILES_FOR_STOCK)


def _sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
