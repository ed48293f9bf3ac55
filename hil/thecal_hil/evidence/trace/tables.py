"""Rows of a TOML file whose form is known beforehand.

Promises: every key that is missing, unknown, empty or of another kind is a fault that names its row; a misspelt key is
never passed over, since it would be a link that is silently missing.
"""

from __future__ import annotations

from typing import Any

MAY_BE_EMPTY = (("requirement", "answers"), ("pending", "answers"), ("mutant", "becomes"))
_KINDS = {str: "string", list: "list of strings", bool: "true or false"}


class Tables:
    """Takes rows from a file's tables and notes what does not fit."""

    def __init__(self, content: dict[str, Any], faults: list[str]) -> None:
        self._content = content
        self._faults = faults
        self.known: set[str] = set()

    def rows(
        self, table: str, needed: dict[str, type], optional: dict[str, type] | None = None
    ) -> list[dict[str, Any]]:
        """The rows of a table that are in form, with lists made tuples."""
        self.known.add(table)
        entries = self._content.get(table, [])
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            self._faults.append(f"{table!r} has to be written as [[{table}]]")
            return []
        kinds = {**needed, **(optional or {})}
        good = []
        for number, entry in enumerate(entries, 1):
            place = f"{table} {number} ({_name_of(entry)})"
            found = [f"{place}: {key!r} is missing" for key in needed if key not in entry]
            found += [f"{place}: no such key as {key!r}" for key in entry if key not in kinds]
            found += [
                f"{place}: {key!r} is no {_KINDS[kinds[key]]}"
                for key, value in entry.items()
                if key in kinds and not _is_a(value, kinds[key])
            ]
            found += [
                f"{place}: {key!r} is empty"
                for key, value in entry.items()
                if value in ("", []) and (table, key) not in MAY_BE_EMPTY
            ]
            self._faults += found
            if not found:
                good.append({key: tuple(v) if isinstance(v, list) else v for key, v in entry.items()})
        return good


def _name_of(entry: dict[str, Any]) -> str:
    names = (entry.get(key) for key in ("id", "topic", "what", "mistake"))
    return next((str(name) for name in names if name), "?")


def _is_a(value: object, kind: type) -> bool:
    if kind is list:
        return isinstance(value, list) and all(isinstance(part, str) and part for part in value)
    return isinstance(value, kind)
