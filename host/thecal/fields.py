"""The fields of a TOML table, each read by what it is to be.

Each accessor takes one field, checks its type and range, and notes a problem with field, value and what is allowed
instead of raising, so that everything wrong is reported at once.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import datetime, time
from decimal import Decimal
from fractions import Fraction
from typing import Any

from thecal.durations import duration_ns
from thecal.printable import printable

_MOST_DECIMALS = 12
_MOST_SHOWN = 40
_MOST_IN_SENTENCE = 300
_MOST_IN_PROSE = 600
_DURATION = 'a duration such as "1h30m", "2.5s" or "48h"'
_TIME_OF_DAY = re.compile(r"([01]\d|2[0-4]):([0-5]\d)")


class Fields:
    """The fields of one table. ``place`` names it in messages."""

    def __init__(self, fields: dict[str, Any], place: str, found: list[str]) -> None:
        self._fields = fields
        self._place = place
        self._found = found
        self._known: dict[str, None] = {}

    def complain(self, problem: str) -> None:
        self._found.append(problem)

    def name(self, key: str) -> str:
        """Return a field's name in messages, with its place."""
        return f"{self._place}{printable(key)}"

    def _take(self, key: str, what: str) -> Any:
        self._known[key] = None
        if key not in self._fields:
            self.complain(f"{self.name(key)} is missing; give {what}")
            return None
        return self._fields[key]

    def has(self, key: str) -> bool:
        """Return True if something is there that may be left out."""
        self._known[key] = None
        return key in self._fields

    def number(self, key: str, least: Fraction, most: Fraction) -> Fraction | None:
        """Return a number within a range, exact."""
        value = self._take(key, f"a number from {least} to {most}")
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            self.complain(
                f"{self.name(key)} = {shown(value)} is not a number; its unit is in its name already"
            )
            return None
        if isinstance(value, Decimal) and not value.is_finite():
            self.complain(f"{self.name(key)} = {value} is not a finite number")
            return None
        # Compared before anything is worked out: 1e999999 as a fraction would fill the memory.
        if not least <= value <= most:
            self.complain(f"{self.name(key)} = {shown(value)}, allowed {least} to {most}")
            return None
        if isinstance(value, Decimal) and int(value.as_tuple().exponent) < -_MOST_DECIMALS:
            self.complain(
                f"{self.name(key)} = {shown(value)} has more than {_MOST_DECIMALS} decimals; round it"
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
            self.complain(f"{self.name(key)} = {shown(value)}, allowed: 1 to 16 plain letters")
            return None
        return value

    def sentence(self, key: str, what: str) -> str | None:
        """Return words for people, not for the pump: on one line, up to a length."""
        value = self._take(key, what)
        if value is None:
            return None
        if (
            not isinstance(value, str)
            or not value.strip()
            or len(value) > _MOST_IN_SENTENCE
            or not value.isprintable()
        ):
            self.complain(
                f"{self.name(key)} = {shown(value)}, allowed: {what}, up to {_MOST_IN_SENTENCE} characters"
            )
            return None
        return value.strip()

    def choice(self, key: str, choices: Sequence[str]) -> int | None:
        """Return the position of a word among those allowed."""
        allowed = ", ".join(f'"{choice}"' for choice in choices)
        value = self._take(key, f"one of {allowed}")
        if value is None:
            return None
        if value not in choices:
            self.complain(f"{self.name(key)} = {shown(value)}, allowed: {allowed}")
            return None
        return choices.index(value)

    def minute_of_day(self, key: str, *, may_be_midnight: bool = False) -> int | None:
        """Return the minutes after midnight of a time such as "06:30"; "24:00" only where a step may end."""
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
                f'{self.name(key)} = {shown(value)}, allowed: times of day from "00:00" to "{last}"'
            )
            return None
        return minute

    def duration(self, key: str) -> int | None:
        """Return the nanoseconds of a duration."""
        value = self._take(key, _DURATION)
        if value is None:
            return None
        ns = duration_ns(value) if isinstance(value, str) else None
        if ns is None:
            self.complain(f"{self.name(key)} = {shown(value)}, allowed: {_DURATION}, up to 400d")
        return ns

    def whole(self, key: str, least: int, most: int) -> int | None:
        value = self._take(key, f"a whole number from {least} to {most}")
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self.complain(f"{self.name(key)} = {shown(value)}, allowed: whole numbers from {least} to {most}")
            return None
        return value

    def flag(self, key: str) -> bool:
        """Return a field that is true, or left out."""
        if not self.has(key):
            return False
        if self._fields[key] is not True:
            self.complain(f"{self.name(key)} = {shown(self._fields[key])}, allowed: true, or leave it out")
        return True

    def prose(self, key: str, what: str) -> str | None:
        """Return one or two sentences; line breaks count as spaces."""
        value = self._take(key, what)
        if value is None:
            return None
        text = " ".join(value.split()) if isinstance(value, str) else ""
        if not text or len(text) > _MOST_IN_PROSE:
            self.complain(
                f"{self.name(key)} = {shown(value)}, allowed: {what}, up to {_MOST_IN_PROSE} characters"
            )
            return None
        return text

    def word(self, key: str, choices: Collection[str]) -> str | None:
        """Return one of some words."""
        position = self.choice(key, list(choices))
        return None if position is None else list(choices)[position]

    def words(self, key: str, choices: Collection[str] | None = None) -> tuple[str, ...]:
        """Return a list of words, each of those allowed, none twice; empty if the field is left out."""
        if not self.has(key):
            return ()
        value = self._fields[key]
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            self.complain(f"{self.name(key)} = {shown(value)} is no list of words")
            return ()
        for word in value:
            if choices is not None and word not in choices:
                allowed = ", ".join(f'"{choice}"' for choice in choices)
                self.complain(f"{self.name(key)} = {shown(word)}, allowed: {allowed}")
        if len(set(value)) != len(value):
            self.complain(f"{self.name(key)} names something twice")
        return tuple(value)

    def local_time(self, key: str) -> datetime | None:
        """Return what the pump's clock shows, written without quotes: 2026-03-06 23:58:30."""
        value = self._take(key, "a local time such as 2026-03-06 23:58:30")
        if value is None:
            return None
        if not isinstance(value, datetime) or value.tzinfo is not None or value.microsecond:
            self.complain(
                f"{self.name(key)} = {shown(value)}, allowed: whole seconds of local time without quotes or zone,"
                " such as 2026-03-06 23:58:30"
            )
            return None
        return value

    def string(self, key: str, what: str, *, may_be_empty: bool = False) -> str:
        """Return the text exactly as it stands."""
        value = self._take(key, what)
        if value is not None and (not isinstance(value, str) or not (value or may_be_empty)):
            self.complain(f"{self.name(key)} = {shown(value)}, allowed: {what}")
        return value if isinstance(value, str) else ""

    def strings(self, key: str, what: str, *, may_be_empty: bool = False) -> tuple[str, ...]:
        """Return a list of texts exactly as they stand, none of them empty."""
        value = self._take(key, f"a list of {what}")
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
            self.complain(f"{self.name(key)} = {shown(value)}, allowed: a list of {what}")
            return ()
        if not value and not may_be_empty:
            self.complain(f"{self.name(key)} is empty; give a list of {what}")
        return tuple(value)

    def value(self, key: str, what: str) -> Any:
        """Return a value as it stands, whose reader judges it."""
        return self._take(key, what)

    def peek(self, key: str) -> Any:
        """Return a value as it stands, without having asked for it; None if there is none."""
        return self._fields.get(key)

    def take_the_rest_as_it_is(self) -> None:
        """Take the rest of a table whose kind can't be read as it is: nobody can say which fields belong to it."""
        self._known.update(dict.fromkeys(self._fields))

    def keys(self) -> tuple[str, ...]:
        return tuple(self._fields)


def shown(value: object) -> str:
    """Return a value for a message, however long it is."""
    if isinstance(value, int) and value.bit_length() > 128:
        return f"an integer of {value.bit_length()} bits"
    try:
        text = str(value) if isinstance(value, Decimal) else repr(value)
    except ValueError:
        # Python writes no integers of thousands of digits, also where one is part of a list.
        return "a value with a number of thousands of digits"
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."
