"""Puts a file in place whole or not at all, and in place of nothing but a regular file.

Promises: who reads meanwhile sees the file of before or the new one; two that write at once do not mix; a link, a pipe
or a device of that name is left as it is and reported; after a failure nothing unfinished is left behind.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
from pathlib import Path

_USUAL_MODE = 0o666


def why_not_replaced(path: Path) -> str:
    """Return what is in the place of a file that can't be replaced, in words; empty if nothing or a regular file is."""
    try:
        mode = path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return ""
    if stat.S_ISREG(mode):
        return ""
    if stat.S_ISLNK(mode):
        return "is a link; name the file that is meant itself"
    if stat.S_ISDIR(mode):
        return "is a folder; name a file in it"
    return "is no file but a device or a pipe; name a file"


def write_whole(path: Path, content: str | bytes) -> None:
    """Write it, text in UTF-8; raise OSError, of which ``strerror`` is made for a person."""
    if why := why_not_replaced(path):
        raise OSError(errno.EEXIST, why, str(path))
    data = content.encode("utf-8") if isinstance(content, str) else content
    descriptor, unfinished = tempfile.mkstemp(
        prefix=f".{path.name[:40]}.", suffix=".partial", dir=path.parent
    )
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(unfinished).chmod(_mode_for(path))
        Path(unfinished).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(unfinished).unlink()
        raise


def _mode_for(path: Path) -> int:
    """Return that of the file of before, or what this process gives a new one."""
    with contextlib.suppress(OSError):
        return stat.S_IMODE(path.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return _USUAL_MODE & ~mask
