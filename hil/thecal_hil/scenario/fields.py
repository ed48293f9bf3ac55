"""Reading a scenario's tables: the host's strict table, with the kinds of field that scenarios have besides.

Promise: as for prescriptions, whatever is wrong is told with field, value and what is allowed, all of it at once, and a
field that nobody asked for is a fault.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from thecal.durations import duration_ns
from thecal.table import Table

_DURATION = 'a duration such as "1h30m", "2.5s" or "48h"'
_LONGEST_TEXT = 600


class Fields(Table):
    """One table of a scenario file."""

    def duration(self, key: str) -> int | None:
        """Nanoseconds."""
        value = self._take(key, _DURATION)
        if value is None:
            return None
        ns = duration_ns(value) if isinstance(value, str) else None
        if ns is None:
            self.complain(f"{self.name(key)} = {value!r}, allowed: {_DURATION}, up to 400d")
        return ns

    def whole(self, key: str, least: int, most: int) -> int | None:
        value = self._take(key, f"a whole number from {least} to {most}")
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self.complain(f"{self.name(key)} = {value!r}, allowed: whole numbers from {least} to {most}")
            return None
        return value

    def flag(self, key: str) -> bool:
        """A field that is true, or left out."""
        if not self.has(key):
            return False
        if self._fields[key] is not True:
            self.complain(f"{self.name(key)} = {self._fields[key]!r}, allowed: true, or leave it out")
        return True

    def prose(self, key: str, what: str) -> str | None:
        """One or two sentences; line breaks count as spaces."""
        value = self._take(key, what)
        if value is None:
            return None
        text = " ".join(value.split()) if isinstance(value, str) else ""
        if not text or len(text) > _LONGEST_TEXT:
            self.complain(f"{self.name(key)} = {value!r}, allowed: {what}, up to {_LONGEST_TEXT} characters")
            return None
        return text

    def word(self, key: str, choices: Collection[str]) -> str | None:
        """One of some words."""
        position = self.choice(key, list(choices))
        return None if position is None else list(choices)[position]

    def words(self, key: str, choices: Collection[str] | None = None) -> tuple[str, ...]:
        """A list of words, each of those allowed, none twice; empty if the field is left out."""
        if not self.has(key):
            return ()
        value = self._fields[key]
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            self.complain(f"{self.name(key)} = {value!r} is no list of words")
            return ()
        for word in value:
            if choices is not None and word not in choices:
                allowed = ", ".join(f'"{choice}"' for choice in choices)
                self.complain(f"{self.name(key)} = {word!r}, allowed: {allowed}")
        if len(set(value)) != len(value):
            self.complain(f"{self.name(key)} names something twice")
        return tuple(value)

    def local_time(self, key: str) -> datetime | None:
        """What the pump's clock shows, written without quotes: 2026-03-06 23:58:30."""
        value = self._take(key, "a local time such as 2026-03-06 23:58:30")
        if value is None:
            return None
        if not isinstance(value, datetime) or value.tzinfo is not None or value.microsecond:
            self.complain(
                f"{self.name(key)} = {value!s}, allowed: whole seconds of local time without quotes or zone,"
                " such as 2026-03-06 23:58:30"
            )
            return None
        return value

    def part(self, key: str, *, optional: bool = False) -> Fields | None:
        """A table within this one."""
        if optional and not self.has(key):
            return None
        value = self._take(key, f"a table [{self.name(key)}]")
        if not isinstance(value, dict):
            if value is not None:
                self.complain(f"{self.name(key)} = {value!r} is not a table")
            return None
        part = Fields(value, f"{self.name(key)}.", self._found)
        self._parts.append(part)
        return part

    def entries(self, key: str) -> list[Fields]:
        """A list of tables, each written as [[key]]."""
        value = self._take(key, f"at least one [[{self.name(key)}]]")
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
            self.complain(f"{self.name(key)} is not a list; write [[{key}]] before each")
            return []
        parts = [Fields(entry, f"{key} {at + 1}: ", self._found) for at, entry in enumerate(value)]
        self._parts += parts
        return parts

    def raw(self, key: str) -> dict[str, Any]:
        """A table that another reader takes over as it stands."""
        value = self._take(key, f"a table [{self.name(key)}]")
        if not isinstance(value, dict):
            if value is not None:
                self.complain(f"{self.name(key)} = {value!r} is not a table")
            return {}
        return value

    def peek(self, key: str) -> Any:
        """A value as it stands, without having asked for it; None if there is none."""
        return self._fields.get(key)

    def take_the_rest_as_it_is(self) -> None:
        """For a table whose kind can't be read: which fields belong to it, nobody can tell."""
        self._known += self._fields

    def keys(self) -> tuple[str, ...]:
        return tuple(self._fields)
