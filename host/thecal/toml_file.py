"""Reads a file that a person wrote in TOML, up to a size. ``table`` says what is in it."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

from thecal.errors import BadInputError

_MOST_BYTES = 1_000_000
"""Far more than any week, library or list needs; a device or a film named by mistake is not read to its end."""


def read_toml(path: Path) -> dict[str, Any]:
    """Return a file's content with decimals for fractions; raises BadInputError, with what to do, for what is no
    TOML."""
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise BadInputError([f"{path}: has more than {_MOST_BYTES} bytes; is it the right file?"])
        # Some editors begin a file with a byte order mark; it says nothing here.
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise BadInputError([f"{path}: can't be read: {error.strerror}"]) from error
    except UnicodeDecodeError as error:
        raise BadInputError([f"{path}: is not UTF-8 text (byte {error.start}); save it as UTF-8"]) from error
    if not text.strip():
        raise BadInputError([f"{path}: is empty; see the examples folder for what it looks like"])
    return toml_in(text, path)


def toml_in(text: str, path: object) -> dict[str, Any]:
    """Return a text's content, as of ``read_toml``. ``path``: names where it is from. Raise BadInputError for
    what is no TOML."""
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        # Not only TOMLDecodeError: numbers of thousands of digits and deep nesting have errors of their own.
        raise BadInputError([f"{path}: is not valid TOML: {error}"]) from error
