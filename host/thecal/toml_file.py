"""Reads a file that a person wrote in TOML. ``bounded`` says how large it may be, and ``table`` what is in it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from thecal.bounded import TOML_BYTES, RefusedFileError, read_bounded, toml_of
from thecal.errors import BadInputError


def read_toml(path: Path) -> dict[str, Any]:
    """Return a file's content with decimals for fractions; raises BadInputError, with what to do, for what is no
    TOML."""
    try:
        # Some editors begin a file with a byte order mark; it says nothing here.
        text = read_bounded(path, TOML_BYTES).decode("utf-8-sig")
    except RefusedFileError as error:
        raise BadInputError([f"{path}: {error}"]) from error
    except UnicodeDecodeError as error:
        raise BadInputError([f"{path}: is not UTF-8 text (byte {error.start}); save it as UTF-8"]) from error
    if not text.strip():
        raise BadInputError([f"{path}: is empty; see the examples folder for what it looks like"])
    return toml_in(text, path)


def toml_in(text: str, path: object) -> dict[str, Any]:
    """Return a text's content, as of ``read_toml``. ``path``: names where it is from. Raise BadInputError for
    what is no TOML."""
    try:
        return toml_of(text, Decimal)
    except RefusedFileError as error:
        raise BadInputError([f"{path}: {error}"]) from error
