"""Tables of a pump's description, read so that every fault is reported at once and nothing in them is overlooked.

As ``thecal.table`` for prescriptions, and apart from it: the firmware's constants come from here, and that one reads
them.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

from thecal.bounded import RefusedFileError, read_bounded, toml_of

MOST_BYTES = 20_000
"""Far more than any description needs; a device or a film named by mistake is not read to its end."""
_MOST_WORDS = 300
_MOST_UNKNOWN = 20
"""Fields told of one table; to look for the nearest known name takes long."""
_RATIO = re.compile(r"(\d{1,12})(?:/(\d{1,12}))?")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


class DescriptionError(ValueError):
    """A description can't be used; ``problems`` has one line for each fault."""

    def __init__(self, place: str, problems: Sequence[str]) -> None:
        super().__init__("\n".join(f"{place}: {problem}" for problem in problems))
        self.problems = list(problems)


def read_tables(path: Path) -> tuple[dict[str, Any], bytes]:
    """Return the content of a file, and its bytes; raise DescriptionError for what is no TOML of a sensible size."""
    try:
        content = read_bounded(path, MOST_BYTES)
        return toml_of(content.decode("utf-8-sig")), content
    except RefusedFileError as error:
        raise DescriptionError(str(path), [str(error)]) from error
    except UnicodeDecodeError as error:
        raise DescriptionError(str(path), [f"is not valid TOML in UTF-8: {error}"]) from error


class Fields:
    """One table. What is wrong is noted in ``problems``, shared with the tables around it, and a value that passes for
    the field is returned, so that reading continues."""

    def __init__(self, fields: dict[str, Any], place: str, problems: list[str]) -> None:
        self._fields = fields
        self._place = place
        self._known: list[str] = []
        self.problems = problems

    def finish(self) -> None:
        """Report every field that nobody asked for."""
        for key in [key for key in self._fields if key not in self._known][:_MOST_UNKNOWN]:
            near = difflib.get_close_matches(key, self._known, 1)
            hint = f"did you mean {near[0]}?" if near else f"known here: {', '.join(self._known)}"
            self.complain(key, f"is not known; {hint}")

    def complain(self, key: str, problem: str) -> None:
        self.problems.append(f"{self._place}{key} {problem}")

    def has(self, key: str) -> bool:
        self._known.append(key)
        return key in self._fields

    def table(self, key: str) -> Fields:
        """Return a table within this one; an empty one, without further faults, where there is none."""
        value = self._take(key, f"a table [{self._place}{key}]")
        if isinstance(value, dict):
            return Fields(value, f"{self._place}{key}.", self.problems)
        if value is not None:
            self._refuse(key, value, "a table")
        return Fields({}, f"{self._place}{key}.", [])

    def whole(self, key: str, least: int, most: int) -> int:
        value = self._take(key, f"a whole number from {least:,} to {most:,}")
        if value is None:
            return least
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self._refuse(key, value, f"a whole number from {least:,} to {most:,}")
            return least
        return value

    def power_of_two(self, key: str, most: int) -> int:
        value = self.whole(key, 1, most)
        if value & (value - 1):
            self._refuse(key, value, f"a power of two up to {most}")
        return value

    def ratio(self, key: str, least: int, most: int) -> Fraction:
        """Return an exact number: ``"25792/405"``, ``"50"`` or 50. One with a decimal point is refused: it is none."""
        what = f'an exact ratio such as "25792/405" or 50, from {least:,} to {most:,}'
        value = self._take(key, what)
        if value is None:
            return Fraction(least)
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        text = str(value) if is_whole and 0 <= value <= most else value
        match = _RATIO.fullmatch(text) if isinstance(text, str) else None
        if match is None or (match[2] is not None and not int(match[2])):
            self._refuse(key, value, what)
            return Fraction(least)
        found = Fraction(int(match[1]), int(match[2] or 1))
        if not least <= found <= most:
            self._refuse(key, value, what)
            return Fraction(least)
        return found

    def choice(self, key: str, choices: Sequence[str]) -> str:
        allowed = "one of " + ", ".join(f'"{choice}"' for choice in choices)
        value = self._take(key, allowed)
        if value is not None and value not in choices:
            self._refuse(key, value, allowed)
        return value if isinstance(value, str) and value in choices else choices[0]

    def flag(self, key: str) -> bool:
        value = self._take(key, "true or false")
        if value is not None and not isinstance(value, bool):
            self._refuse(key, value, "true or false")
        return value is True

    def name(self, key: str) -> str:
        what = "up to 32 of a-z, 0-9 and -"
        value = self._take(key, what)
        if value is None:
            return ""
        if not isinstance(value, str) or not _NAME.fullmatch(value):
            self._refuse(key, value, what)
            return ""
        return value

    def words(self, key: str) -> str:
        """Return one line of text for people."""
        what = f"one line of up to {_MOST_WORDS} characters"
        value = self._take(key, what)
        if value is None:
            return ""
        if not isinstance(value, str) or not 0 < len(value) <= _MOST_WORDS or not value.isprintable():
            self._refuse(key, value, what)
            return ""
        return value

    def day(self, key: str) -> date:
        value = self._take(key, "a date such as 2026-03-07")
        # A date with a time is a date, too.
        if type(value) is date:
            return value
        if value is not None:
            self._refuse(key, value, "a date such as 2026-03-07")
        return date.min

    def wholes(self, key: str, least: int, most: int, most_count: int) -> tuple[int, ...]:
        """Return several whole numbers that rise."""
        what = f"1 to {most_count} whole numbers from {least:,} to {most:,} that rise"
        value = self._take(key, what)
        if value is None:
            return (least,)
        is_right = (
            isinstance(value, list)
            and 0 < len(value) <= most_count
            and all(type(one) is int and least <= one <= most for one in value)
            and value == sorted(set(value))
        )
        if not is_right:
            self._refuse(key, value, what)
            return (least,)
        return tuple(value)

    def _take(self, key: str, what: str) -> Any:
        self._known.append(key)
        if key not in self._fields:
            self.complain(key, f"is missing; give {what}")
            return None
        return self._fields[key]

    def _refuse(self, key: str, value: object, what: str) -> None:
        try:
            shown = repr(value)
        except ValueError:
            # Python writes no integers of thousands of digits.
            shown = "a number of thousands of digits"
        self.complain(key, f"= {shown if len(shown) <= 40 else shown[:40] + '...'}, allowed: {what}")
