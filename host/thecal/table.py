"""Reading a TOML table of any kind of file so that nothing in it is overlooked and everything wrong with it is
reported.

Fields that nobody asked for are problems too, with the nearest known name, so a wrong unit never passes for a comment.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection
from typing import Any

from thecal.fields import Fields, shown
from thecal.printable import printable

MOST_UNKNOWN = 20
"""Fields told of one table; to look for the nearest known name takes long."""
_LONGEST_NAME = 60


class Table(Fields):
    """One table of the file. ``place`` names it in messages; subtables share their parent's list of problems."""

    def __init__(self, fields: dict[str, Any], place: str = "", found: list[str] | None = None) -> None:
        super().__init__(fields, place, [] if found is None else found)
        self._parts: list[Table] = []

    def found(self) -> list[str]:
        """Return what is wrong with the fields that were asked for."""
        return list(self._found)

    def problems(self) -> list[str]:
        """Return everything wrong so far, here and below, unknown fields included."""
        return [*self._found, *self._unknown()]

    def _unknown(self) -> list[str]:
        lines = []
        unknown = [key for key in self._fields if key not in self._known]
        for key in unknown[:MOST_UNKNOWN]:
            near = difflib.get_close_matches(key[:_LONGEST_NAME], self._known, 1)
            hint = f"; did you mean {near[0]}?" if near else f"; known here: {', '.join(self._known)}"
            lines.append(f"{self.name(key[:_LONGEST_NAME])} is not known{hint}")
        if len(unknown) > MOST_UNKNOWN:
            place = self._place.rstrip(". :") or "the file"
            lines.append(f"{place}: {len(unknown) - MOST_UNKNOWN:,} more fields are not known")
        for part in self._parts:
            lines += part._unknown()
        return lines

    def table(self, key: str) -> Table:
        """Return a table within this one; an empty one that complains of nothing if there is none, once that is
        reported."""
        # What a missing table lacks need not be listed as well.
        return self.part(key) or Table({}, f"{self.name(key)}.", [])

    def part(self, key: str) -> Table | None:
        """Return a table within this one, if there is one."""
        if (value := self._table_in(key)) is None:
            return None
        part = Table(value, f"{self.name(key)}.", self._found)
        self._parts.append(part)
        return part

    def raw(self, key: str) -> dict[str, Any]:
        """Return a table that another reader takes over as it stands."""
        return self._table_in(key) or {}

    def _table_in(self, key: str) -> dict[str, Any] | None:
        value = self._take(key, f"a table [{self.name(key)}]")
        if value is not None and not isinstance(value, dict):
            self.complain(
                f"{self.name(key)} = {shown(value)} is not a table; begin it with [{self.name(key)}]"
            )
            return None
        return value

    def entries(self, key: str, named_by: Collection[str] = ()) -> list[Table]:
        """Return a list of tables, each written as [[key]]. named_by: fields whose first is shown beside an entry's
        number."""
        value = self._take(key, f"at least one [[{self.name(key)}]]")
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
            self.complain(f"{self.name(key)} is not a list; write [[{key}]] before each")
            return []
        parts: list[Table] = []
        for at, entry in enumerate(value, 1):
            called = next((f" ({_name(entry[name])})" for name in named_by if entry.get(name)), "")
            parts.append(Table(entry, f"{key} {at}{called}: ", self._found))
        self._parts += parts
        return parts

    def tables_of_lists(self, key: str, entry_name: str = "step") -> list[tuple[str, list[Table]]]:
        """Return named lists of tables: ``[[pattern.weekend]]`` and so on. entry_name: what one entry is called."""
        value = self._take(key, f"at least one [[{self.name(key)}.NAME]]")
        named: list[tuple[str, list[Table]]] = []
        if value is not None and not isinstance(value, dict):
            self.complain(f"{self.name(key)} = {shown(value)} is not a table")
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


def _name(value: object) -> str:
    """Return what an entry calls itself, however it does."""
    return printable(value if isinstance(value, str) else shown(value))[:_LONGEST_NAME]
