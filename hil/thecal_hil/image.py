"""The firmware image under test: its file, its digest, and the version and commit it must report.

Promises: what a rig flashes is the file that the build made, byte for byte, and the description beside it is of that
very file; an image with another description, or with none, is refused with what to do about it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
DEFAULT_UF2 = REPOSITORY / "build/firmware/thecal.uf2"


class ImageError(Exception):
    """There is no image to test; the message says how to get one."""


@dataclass(frozen=True)
class FirmwareImage:
    """A UF2 and what it says of itself."""

    path: Path
    version: str
    commit: str
    sha256: str


def image_under_test(path: Path | None = None) -> FirmwareImage:
    """The image at a path, or the one the build leaves; raises ImageError if it can't be trusted."""
    path = path or DEFAULT_UF2
    if not path.exists():
        raise ImageError(f"{path} is not there: build it with `make firmware`")
    description_path = path.with_suffix(".json")
    if not description_path.exists():
        raise ImageError(f"{description_path} is not there, so what {path.name} should report is unknown")
    description = json.loads(description_path.read_text(encoding="utf-8"))
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    if sha256 != description["sha256"]:
        raise ImageError(
            f"{path.name} is not the image that {description_path.name} describes: build it again"
        )
    return FirmwareImage(path, description["version"], description["commit"], sha256)
