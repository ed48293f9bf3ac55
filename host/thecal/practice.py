"""Practice pumps of this computer: where a program that plays a pump says which port leads to it.

A practice pump is a model or an emulated board behind a pseudo-terminal or a socket. No USB device speaks for it, so
it keeps a small file in this user's state folder for as long as it runs, and finding boards looks there too.

Promises: a file that its program has left behind counts for nothing, however that program ended: the program holds a
lock on it, which ends with the process and not with its number, so no other program that comes by that number or by
that port is ever taken for a pump. Nor does a file of another computer count, where the folder is shared.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from thecal.bounded import RefusedFileError, read_bounded

DESCRIPTION = "Thecal practice pump"
_LARGEST_BYTES = 100_000
_LOCKED_BYTE = 1 << 30
"""Beyond the text: on Windows nobody can read what is locked."""


@dataclass(frozen=True)
class PracticePump:
    """device: what to open, a path or a ``socket://`` address. pid: number of its process on ``computer``."""

    device: str
    serial_number: str
    rig: str
    pid: int
    computer: str


def folder() -> Path:
    """Return where this user's practice pumps are written down."""
    home = Path.home()
    if sys.platform == "win32":
        state = Path(os.environ.get("LOCALAPPDATA") or home / "AppData/Local")
    elif sys.platform == "darwin":
        state = home / "Library/Application Support"
    else:
        state = Path(os.environ.get("XDG_STATE_HOME") or home / ".local/state")
    return state / "thecal" / "practice"


def running() -> list[PracticePump]:
    """Return the practice pumps that run on this computer, in the order of their serial numbers."""
    found = [pump for path in _files() if (pump := _read(path)) is not None and _is_held(path)]
    return sorted(found, key=lambda pump: pump.serial_number)


@contextmanager
def registered(device: str, serial_number: str, rig: str) -> Iterator[PracticePump]:
    """Have a pump of this process be found for as long as the context is entered."""
    pump = PracticePump(device, serial_number, rig, os.getpid(), platform.node())
    place = folder()
    place.mkdir(parents=True, exist_ok=True)
    _remove_stale()
    path = place / f"{pump.computer}-{pump.pid}.json"
    with path.open("w", encoding="utf-8") as file:
        _lock(file)
        file.write(json.dumps(asdict(pump)) + "\n")
        file.flush()
        try:
            yield pump
        finally:
            with contextlib.suppress(OSError):
                path.unlink()


def _files() -> list[Path]:
    return sorted(folder().glob(f"{platform.node()}-*.json"))


def _read(path: Path) -> PracticePump | None:
    """Return what a file says; None if it can't be read, or is just being written."""
    try:
        said = json.loads(read_bounded(path, _LARGEST_BYTES).decode("utf-8"))
        device, serial_number, rig = str(said["device"]), str(said["serial_number"]), str(said["rig"])
        return PracticePump(device, serial_number, rig, int(said["pid"]), str(said["computer"]))
    except (RefusedFileError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _remove_stale() -> None:
    for path in _files():
        if not _is_held(path):
            with contextlib.suppress(OSError):
                path.unlink()


def _is_held(path: Path) -> bool:
    """Return True if the program that wrote a file still runs."""
    try:
        with path.open("r+", encoding="utf-8") as file:
            _lock(file, only_look=True)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def _lock(file: IO[str], *, only_look: bool = False) -> None:
    """Take the lock of a file. only_look: OSError if another has it; two that look are not in each other's way."""
    if sys.platform == "win32":
        import msvcrt

        place = file.tell()
        file.seek(_LOCKED_BYTE)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        file.seek(place)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB if only_look else fcntl.LOCK_EX)
