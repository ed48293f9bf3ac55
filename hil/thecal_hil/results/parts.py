"""Runs as files, one each: how a writer leaves a run without asking anybody.

Promises: a part appears under its name whole or not at all, and its bytes are on the disk before it does, so a writer
that is killed at any instant loses no run that it has finished and leaves none that is half there; writers never wait
for one another; what was damaged since is reported by name and is not taken.
"""

from __future__ import annotations

import gzip
import json
import os
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from thecal_hil.results.run import Run, RunFormatError, as_document, from_document

SUFFIX: Final = ".run"
_PARTIAL: Final = ".partial"
_STALE_S: Final = 86_400
"""What a killed writer has begun is removed once no writer can be at it any more."""


class DamagedPartError(Exception):
    """A part that can't be read; the message says what is wrong with it."""


def write_part(folder: Path, run: Run) -> Path:
    """Leave a finished run in a folder, which is made."""
    content = gzip.compress(json.dumps(as_document(run), allow_nan=False).encode(), 6, mtime=0)
    return write_whole(folder / f"{run.id}{SUFFIX}", content)


def write_whole(path: Path, content: bytes) -> Path:
    """Write a file so that it is there whole, and kept through a loss of power, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=_PARTIAL, delete=False) as partial:
        partial.write(content)
        partial.flush()
        os.fchmod(partial.fileno(), 0o644)
        os.fsync(partial.fileno())
    Path(partial.name).replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return path


def parts_in(folder: Path) -> Iterator[Path]:
    """Yield all parts, the oldest first: an identity begins with its instant."""
    yield from sorted(folder.glob(f"*{SUFFIX}"))


def read_part(path: Path) -> Run:
    """Raise DamagedPartError, or FileNotFoundError where somebody else has merged it meanwhile."""
    try:
        run = from_document(json.loads(gzip.decompress(path.read_bytes())))
    except FileNotFoundError:
        raise
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise DamagedPartError(f"{path} is damaged: {error}") from error
    except RunFormatError as error:
        raise DamagedPartError(f"{path} {error}") from error
    if run.id != path.name.removesuffix(SUFFIX):
        raise DamagedPartError(f"{path} holds the run {run.id}")
    return run


def sweep(folder: Path, now_s: float) -> None:
    """Remove what writers that were killed have begun."""
    for path in folder.glob(f"*{_PARTIAL}"):
        try:
            if now_s - path.stat().st_mtime > _STALE_S:
                path.unlink()
        except FileNotFoundError:
            continue
