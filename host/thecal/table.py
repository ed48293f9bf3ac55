"""Reading a TOML table so that nothing in it is overlooked and everything wrong with it is told.

Each accessor takes one field, checks its type and range, and notes a problem instead of raising. Fields that nobody
asked for are problems too, with the nearest known name, so a wrong unit never passes for a comment.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Sequence
from datetime import time
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from thecal.errors import BadInputError
from thecal.printable import printable

_MOST_BYTES = 1_000_000
"""Far more than any week or library needs; a device or a film named by mistake is not read to its end."""
_MOST_DECIMALS = 12
_MOST_SHOWN = 40
_TIME_OF_DAY = re.compile(r"([01]\d|2[0-4]):([0-5]\d)")


def read_toml(path: Path) -> dict[str, Any]:
    """A file's content with decimals for fractions; raises BadInputError, with what to do, for what is no TOML."""
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
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        # Not only TOMLDecodeError: numbers of thousands of digits and deep nesting have errors of their own.
        raise BadInputError([f"{path}: is not valid TOML: {error}"]) from error


class Table:
    """One table of the file. ``place`` names it in messages; subtables share their parent's list of problems."""

    def __init__(self, fields: dict[str, Any], place: str = "", found: list[str] | None = None) -> None:
        self._fields = fields
        self._place = place
        self._found: list[str] = [] if found is None else found
        self._known: list[str] = []
        self._parts: list[Table] = []

    def found(self) -> list[str]:
        """What is wrong with the fields that were asked for."""
        return list(self._found)

    def problems(self) -> list[str]:
        """Everything wrong so far, here and below, unknown fields included."""
        return [*self._found, *self._unknown()]

    def _unknown(self) -> list[str]:
        lines = []
        for key in self._fields:
            if key not in self._known:
                near = difflib.get_close_matches(key, self._known, 1)
                hint = f"; did you mean {near[0]}?" if near else f"; known here: {', '.join(self._known)}"
                lines.append(f"{self.name(key)} is not known{hint}")
        for part in self._parts:
            lines += part._unknown()
        return lines

    def complain(self, problem: str) -> None:
        self._found.append(problem)

    def name(self, key: str) -> str:
        """A field's name in messages, with its place."""
        return f"{self._place}{printable(key)}"

    def _take(self, key: str, what: str) -> Any:
        self._known.append(key)
        if key not in self._fields:
            self.complain(f"{self.name(key)} is missing; give {what}")
            return None
        return self._fields[key]

    def has(self, key: str) -> bool:
        """Whether something is there that may be left out."""
        self._known.append(key)
        return key in self._fields

    def number(self, key: str, least: Fraction, most: Fraction) -> Fraction | None:
        """A number within a range, exact."""
        value = self._take(key, f"a number from {least} to {most}")
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            self.complain(
                f"{self.name(key)} = {_shown(value)} is not a number; its unit is in its name already"
            )
            return None
        if isinstance(value, Decimal) and not value.is_finite():
            self.complain(f"{self.name(key)} = {value} is not a finite number")
            return None
        # Compared before anything is worked out: 1e999999 as a fraction would fill the memory.
        if not least <= value <= most:
            self.complain(f"{self.name(key)} = {_shown(value)}, allowed {least} to {most}")
            return None
        if isinstance(value, Decimal) and int(value.as_tuple().exponent) < -_MOST_DECIMALS:
            self.complain(
                f"{self.name(key)} = {_shown(value)} has more than {_MOST_DECIMALS} decimals; round it"
            )
            return None
        return Fraction(value)

    def text(self, key: str) -> str | None:
        value = self._take(key, "a name of up to 16 letters")
        if value is None:
            return None
        if (
            not isinstance(value, str)
            or not 0 < len(value) <= 16
            or not value.isascii()
            or not value.isprintable()
            or value != value.strip()
        ):
            self.complain(f"{self.name(key)} = {_shown(value)}, allowed: 1 to 16 plain letters")
            return None
        return value

    def sentence(self, key: str, what: str) -> str | None:
        """Words for people, not for the pump: up to 300 characters on one line."""
        value = self._take(key, what)
        if value is None:
            return None
        if not isinstance(value, str) or not value.strip() or len(value) > 300 or not value.isprintable():
            self.complain(f"{self.name(key)} = {_shown(value)}, allowed: {what}, up to 300 characters")
            return None
        return value.strip()

    def choice(self, key: str, choices: Sequence[str]) -> int | None:
        """Position of a word among those allowed."""
        allowed = ", ".join(f'"{choice}"' for choice in choices)
        value = self._take(key, f"one of {allowed}")
        if value is None:
            return None
        if value not in choices:
            self.complain(f"{self.name(key)} = {_shown(value)}, allowed: {allowed}")
            return None
        return choices.index(value)

    def minute_of_day(self, key: str, *, may_be_midnight: bool = False) -> int | None:
        """Minutes after midnight of a time such as "06:30"; "24:00" only where a step may end."""
        value = self._take(key, 'a time of day such as "06:30"')
        if value is None:
            return None
        if isinstance(value, time):
            self.complain(f'{self.name(key)} = {value} needs quotes: write "{value:%H:%M}"')
            return None
        match = _TIME_OF_DAY.fullmatch(value) if isinstance(value, str) else None
        minute = 60 * int(match[1]) + int(match[2]) if match else -1
        if not 0 <= minute <= 24 * 60 or (minute == 24 * 60 and not may_be_midnight):
            last = "24:00" if may_be_midnight else "23:59"
            self.complain(
                f'{self.name(key)} = {_shown(value)}, allowed: times of day from "00:00" to "{last}"'
            )
            return None
        return minute

    def table(self, key: str) -> Table:
        """A table within this one."""
        value = self._take(key, f"a table [{self.name(key)}]")
        if value is not None and not isinstance(value, dict):
            self.complain(f"{self.name(key)} = {_shown(value)} is not a table")
        part = Table(value if isinstance(value, dict) else {}, f"{self.name(key)}.", self._found)
        if isinstance(value, dict):
            self._parts.append(part)
            return part
        # What a missing table lacks need not be listed as well.
        return Table({}, part._place, [])

    def tables_of_lists(self, key: str, entry_name: str = "step") -> list[tuple[str, list[Table]]]:
        """Named lists of tables: ``[[pattern.weekend]]`` and so on. entry_name: what one entry is called."""
        value = self._take(key, f"at least one [[{self.name(key)}.NAME]]")
        named: list[tuple[str, list[Table]]] = []
        if value is not None and not isinstance(value, dict):
            self.complain(f"{self.name(key)} = {_shown(value)} is not a table")
        for name, entries in value.items() if isinstance(value, dict) else ():
            if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
                self.complain(
                    f"{self.name(key)}.{printable(name)} is not a list; write [[{key}.{name}]] before each"
                )
                continue
            parts = [
                Table(entry, f'{key} "{printable(name)}", {entry_name} {at + 1}: ', self._found)
                for at, entry in enumerate(entries)
            ]
            self._parts += parts
            named.append((name, parts))
        return named


def _shown(value: object) -> str:
    """A value for a message, however long it is."""
    if isinstance(value, int) and value.bit_length() > 128:
        return f"an integer of {value.bit_length()} bits"
    text = str(value) if isinstance(value, Decimal) else repr(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."
