"""Putting an image on a board: finding its BOOTSEL drive, checking the chip, copying, and checking what came of it.

A Pico in BOOTSEL mode shows itself as a drive with a file INFO_UF2.TXT. A pump that runs can be sent there through the
link; it refuses while it delivers, and disables its motor driver first.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from thecal.bounded import RefusedFileError, read_bounded
from thecal.errors import BadInputError, ThecalError
from thecal.uf2 import LARGEST_BYTES, check_uf2

BOARD_ID = "RPI-RP2"
UNKNOWN_COMMIT = "unknown"
"""What the build writes where git does not name the commit: any such image says it, so it proves nothing."""
_PICO_2_ID = "RP2350"
_INFO = "INFO_UF2.TXT"
_MOUNTS = Path("/proc/mounts")
_DRIVE_GONE = (errno.EIO, errno.ENODEV, errno.ENOENT, errno.ENXIO)
_LARGEST_NOTE_BYTES = 100_000
"""Of the few lines that are said beside an image, or by a drive."""
DRIVE_TIMEOUT_S = 20.0
_LOOK_EVERY_S = 0.2
_OCTAL = re.compile(rb"\\([0-7]{3})")
"""How /proc/mounts writes spaces."""


class FlashError(ThecalError):
    """The image could not be put on a board."""


@dataclass(frozen=True)
class Image:
    """An image and what the build says of it; version and commit are empty where nothing is said."""

    path: Path
    content: bytes
    version: str
    commit: str


def load_image(path: Path) -> Image:
    """Read and check an image; the JSON file beside it says its version. Raise BadInputError if either can't be
    read or they do not belong together."""
    try:
        content = read_bounded(path, LARGEST_BYTES)
    except RefusedFileError as error:
        raise BadInputError([f"{path} {error}; build it with `make uf2`"]) from error
    check_uf2(str(path), content)
    version = commit = ""
    beside = path.with_suffix(".json")
    if beside.exists():
        try:
            said = json.loads(read_bounded(beside, _LARGEST_NOTE_BYTES).decode("utf-8"))
            version, commit, sha256 = (str(said.get(key, "")) for key in ("version", "commit", "sha256"))
        except (RefusedFileError, ValueError, AttributeError, RecursionError) as error:
            raise BadInputError([f"{beside} can't be read: {error}; build the image again"]) from error
        if sha256 and sha256 != hashlib.sha256(content).hexdigest():
            raise BadInputError([f"{beside} describes another image than {path}; build the image again"])
    return Image(path, content, version, commit)


def must_tell_its_commit(image: Image) -> None:
    """Raise FlashError for an image whose report could not be distinguished from that of any other."""
    if image.commit == UNKNOWN_COMMIT:
        raise FlashError(
            f"{image.path} was built without its commit, so no report of the board shows that it runs this image: the"
            " build says why git does not name it, build again; or flash with --no-check"
        )


def mounted_drives(places: Iterable[Path] | None = None) -> list[Path]:
    """Return folders that are drives of boards in BOOTSEL mode, whatever their chip."""
    return sorted({place for place in places or _mount_points() if _is_drive(place)})


def _is_drive(place: Path) -> bool:
    try:
        return (place / _INFO).is_file()
    except OSError:
        # Other people's mounts need not be ours to look into.
        return False


def _mount_points() -> Iterable[Path]:
    if _MOUNTS.exists():
        # A name may be in any encoding, or in none.
        for line in _MOUNTS.read_bytes().splitlines():
            yield Path(os.fsdecode(_OCTAL.sub(lambda match: bytes([int(match[1], 8)]), line.split()[1])))
    for pattern in ("Volumes/*", "media/*", "media/*/*", "run/media/*/*"):
        yield from Path("/").glob(pattern)


def choose_drive(drives: list[Path]) -> Path:
    """Return the one drive of an RP2040; raise FlashError otherwise."""
    if not drives:
        raise FlashError(
            "no board in BOOTSEL mode was found. Hold BOOTSEL while plugging the board in, mount its drive, or name it"
            " with --drive; without a desktop, `thecal flash` needs no drive where pyusb and libusb are installed"
        )
    if len(drives) > 1:
        raise FlashError(
            f"several boards are in BOOTSEL mode; choose with --drive: {', '.join(map(str, drives))}"
        )
    return drives[0]


def check_drive(drive: Path) -> None:
    """Raise FlashError unless the drive is an RP2040's."""
    info = drive / _INFO
    if not info.is_file():
        raise FlashError(f"{drive} is not the drive of a board in BOOTSEL mode: it has no INFO_UF2.TXT")
    try:
        lines = read_bounded(info, _LARGEST_NOTE_BYTES).decode("utf-8", "replace").splitlines()
    except RefusedFileError as error:
        raise FlashError(f"{info} {error}") from error
    board = next((line.partition(":")[2].strip() for line in lines if line.startswith("Board-ID")), "unknown")
    if board != BOARD_ID:
        raise FlashError(
            f"{drive} belongs to another chip: it says {board!r}, a Raspberry Pi Pico says {BOARD_ID!r}"
            + (". That is a Pico 2, for which there is no image" if board == _PICO_2_ID else "")
        )


def copy_image(image: Image, drive: Path) -> Path:
    """Write the image to the drive; the board restarts when it has all of it. Raise FlashError if the drive can't
    be written."""
    check_drive(drive)
    target = drive / image.path.name
    try:
        with target.open("wb") as file:
            file.write(image.content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        # A board restarts on the last block, and its drive may go before the system has finished with the file.
        if error.errno in _DRIVE_GONE and not (drive / _INFO).exists():
            return target
        with contextlib.suppress(OSError):
            target.unlink()
        raise FlashError(f"{drive} can't be written: {error.strerror or error}") from error
    return target


def wait_for_drive(find: Callable[[], list[Path]], timeout_s: float = DRIVE_TIMEOUT_S) -> Path:
    """Return the drive of a board that has just been sent to BOOTSEL mode. Raise FlashError if it does not appear
    in time."""
    deadline_s = time.monotonic() + timeout_s
    while time.monotonic() < deadline_s:
        drives = find()
        if drives:
            return choose_drive(drives)
        time.sleep(_LOOK_EVERY_S)
    raise FlashError(
        f"the board was sent to BOOTSEL mode, but its drive did not appear within {timeout_s:g} s; mount it and"
        " name it with --drive"
    )


def check_report(image: Image, version: str, commit: str) -> None:
    """Raise FlashError unless the board reports the image's version and commit, and that distinguishes it from
    others."""
    must_tell_its_commit(image)
    if image.version and (version, commit) != (image.version, image.commit):
        raise FlashError(
            f"the board reports firmware {version} ({commit}), the image is {image.version} ({image.commit}):"
            " it does not run what was just flashed"
        )
