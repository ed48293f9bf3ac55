"""Files that somebody else made, read up to a bound; and TOML that takes no longer to read than it is long.

Promises: only a regular file is read, and no more of it than its kind can have, so a device, a pipe or a film named by
mistake ends in words. What a reader is handed is small: bounded in lines, tables and values, and nested no deeper than
any file of this project's. What reads a pump's description needs this module, so it needs
nobody.
"""

from __future__ import annotations

import os
import re
import stat
import tomllib
from collections.abc import Callable
from decimal import InvalidOperation
from pathlib import Path
from typing import Any

TOML_BYTES = 1_000_000
"""Far more than any week, library or list needs."""
_MOST_PARTS = 6
"""Of a dotted key. The files of this project have four."""
_DEEPEST = 12
"""Tables and lists in each other."""
_MOST_LINES = 25_000
_MOST_HEADINGS = 6_000
"""Lines that begin a table. A drug library of 400 entries has 5,000."""
_MOST_VALUES = 50_000
_MOST_LINE = 20_000
"""Of characters. The longest line with a meaning is a sentence of some hundred, each of which may be escaped."""
_PART = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')"""
# Reading a dotted key takes tomllib the square of its parts, so those are counted first.
_DEEP_KEY = re.compile(rf"(?<![A-Za-z0-9_-]){_PART}(?:[ \t]*\.[ \t]*{_PART}){{{_MOST_PARTS}}}")


class RefusedFileError(Exception):
    """A file is not read; the message says why, without its name."""


def read_bounded(path: Path, most_bytes: int) -> bytes:
    """Return all of a regular file; raise RefusedFileError for anything else, for more, and where it can't be read."""
    try:
        # Opening a pipe that nobody writes to would wait for ever.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise RefusedFileError("can't be read: it is no file but a device, a pipe or a folder")
            content = file.read(most_bytes + 1)
    except OSError as error:
        raise RefusedFileError(f"can't be read: {error.strerror or error}") from error
    except ValueError as error:
        # A name with a zero byte in it.
        raise RefusedFileError(f"can't be read: {error}") from error
    if len(content) > most_bytes:
        raise RefusedFileError(f"has more than {most_bytes} bytes; is it the right file?")
    return content


def toml_of(text: str, parse_float: Callable[[str], Any] = float) -> dict[str, Any]:
    """Return what a text in TOML holds; raise RefusedFileError for what is none, and for what no file needs."""
    lines = text.split("\n")
    for what, count, most in (
        ("lines", len(lines), _MOST_LINES),
        ("headings", sum(line.lstrip(" \t").startswith("[") for line in lines), _MOST_HEADINGS),
        ("characters in a line", max(map(len, lines)), _MOST_LINE),
    ):
        if count > most:
            raise RefusedFileError(f"is not read: it has {count:,} {what}, allowed: {most:,}")
    if _DEEP_KEY.search(text):
        raise RefusedFileError(f"is not read: a key has more than {_MOST_PARTS} parts")
    try:
        content = tomllib.loads(text, parse_float=parse_float)
    except (ValueError, RecursionError, InvalidOperation) as error:
        # Not only TOMLDecodeError: numbers of thousands of digits and deep nesting have errors of their own.
        why = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise RefusedFileError(f"is not valid TOML: {why[:300]}") from error
    _must_be_small(content)
    return content


def _must_be_small(content: dict[str, Any]) -> None:
    level: list[Any] = [content]
    values = 0
    for _ in range(_DEEPEST):
        below: list[Any] = []
        values += len(level)
        if values > _MOST_VALUES:
            raise RefusedFileError(f"is not read: it has more than {_MOST_VALUES:,} values")
        for value in level:
            if isinstance(value, dict):
                below += value.values()
            elif isinstance(value, list):
                below += value
        if not below:
            return
        level = below
    raise RefusedFileError(f"is not read: more than {_DEEPEST} tables or lists lie in each other")
