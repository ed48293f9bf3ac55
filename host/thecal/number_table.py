"""Numbers in a text file that anybody's balance, logger or spreadsheet has written, cell by cell.

Promises: byte order marks, UTF-8, UTF-16, decimal commas, and commas, semicolons, tabs or blanks between columns are
read; a number is taken as it stands there or is None, and nothing is guessed at where two readings of a file are
possible.
"""

from __future__ import annotations

import csv
import re
from math import isfinite, nan
from pathlib import Path

from thecal.bounded import RefusedFileError, read_bounded
from thecal.errors import BadInputError

_LARGEST_BYTES = 200_000_000
"""A reading a second for two months has a hundred million."""
_NOTHING = {"", "nan", "na", "n/a", "null", "none", "-", "--", "---", "err", "error", "ol"}


def text_of(path: Path) -> str:
    """Raise BadInputError for what can't be read or is larger than any record."""
    try:
        data = read_bounded(path, _LARGEST_BYTES)
    except RefusedFileError as error:
        raise BadInputError([f"{path}: {error}"]) from error
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        # Units such as a micro sign in the code page of an older program; figures read the same in all of them.
        return data.decode("latin-1")


def numbered_lines(text: str) -> list[tuple[int, str]]:
    """Return the lines that say something, with their numbers; comments and empty lines are passed over."""
    return [
        (number, line)
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip() and not line.lstrip().startswith(("#", "//"))
    ]


def delimiter_of(path: Path, lines: list[str]) -> str:
    """Return what stands between the columns. Raise BadInputError where commas may be that or decimal: a heading with
    as many of them as the lines decides it."""
    some = lines[:50]
    for delimiter in (";", "\t", "|"):
        if sum(delimiter in line for line in some) * 2 > len(some):
            return delimiter
    with_comma = [line for line in some if "," in line]
    if not with_comma:
        return " "
    data = [line for line in with_comma if re.match(r"\s*[-+\d]", line)]
    has_heading = lines[0] not in data and lines[0].count(",") == 3
    if (
        data
        and not has_heading
        and all(line.count(",") == 3 and "." not in line and ":" not in line for line in data)
    ):
        raise BadInputError(
            [
                f"{path}: commas may be between columns or in numbers, as in {data[0].strip()!r}: write the"
                " columns with semicolons between them"
            ]
        )
    # A blank between two numbers with decimal commas.
    if data and all(re.fullmatch(r"\s*[-+]?\d+(,\d+)?\s+[-+]?\d+(,\d+)?\s*", line) for line in data):
        return " "
    return ","


def cells_of(line: str, delimiter: str) -> list[str]:
    if delimiter == " ":
        return line.split()
    return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter))]


def number_of(text: str, *, has_commas: bool) -> float | None:
    """Return a number; nan where the cell says that there is none; None if it is something else. has_commas: commas
    may be decimal, as nothing else is between columns."""
    text = text.strip()
    if text.lower() in _NOTHING:
        return nan
    if has_commas and "," in text:
        if "." in text or text.count(",") > 1:
            return None
        text = text.replace(",", ".")
    try:
        number = float(text)
    except ValueError:
        return None
    return number if isfinite(number) else nan
