"""The kinds of value that an action or a measure of a scenario takes, each with how it is read and put into words.

Promise: a value is read once, strictly, and carried in the unit its key names; what it means to the pump is the affair
of the action or measure that takes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from thecal.amounts import plain
from thecal.durations import duration_text
from thecal.table import Table

Given = Mapping[str, Any]
"""Values of an action or a measure, by key; those that were left out are not in it, or have their default."""


@dataclass(frozen=True)
class Kind:
    """The way to read a value, and its default; ``needed`` if there is none and it may not be left out."""

    read: Callable[[Table, str], Any]
    needed: bool = True
    default: Any = None

    def or_else(self, default: Any = None) -> Kind:
        """Return the same kind of value, which may be left out."""
        return Kind(self.read, False, default)


Params = Mapping[str, Kind]

DURATION = Kind(lambda fields, key: fields.duration(key))
LOCAL_TIME = Kind(lambda fields, key: fields.local_time(key))
TEXT = Kind(lambda fields, key: fields.sentence(key, "words that the answer holds"))


def number(least: Fraction | int, most: Fraction | int) -> Kind:
    return Kind(lambda fields, key: fields.number(key, Fraction(least), Fraction(most)))


def whole(least: int, most: int) -> Kind:
    return Kind(lambda fields, key: fields.whole(key, least, most))


def word(*choices: str) -> Kind:
    return Kind(lambda fields, key: fields.word(key, choices))


def words(*choices: str) -> Kind:
    return Kind(lambda fields, key: fields.words(key, choices), False, ())


def read_given(params: Params, fields: Table) -> dict[str, Any]:
    """Return the values of all parameters. What is wrong with them is noted with the fields."""
    given: dict[str, Any] = {}
    for key, kind in params.items():
        if kind.needed or fields.has(key):
            given[key] = kind.read(fields, key)
        elif kind.default is not None:
            given[key] = kind.default
    return given


def told(value: Any, key: str) -> str:
    """Return a value in words."""
    if isinstance(value, Fraction):
        return plain(value)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, tuple):
        return ", ".join(value)
    if isinstance(value, int) and key in ("at", "after", "until", "over", "lasting", "to", "begins"):
        return duration_text(value)
    return str(value)


def in_words(template: str, given: Given) -> str:
    """Return a sentence with values in it. A part in [brackets] is left out if a value in it was not given."""
    whole_text = ""
    rest = template
    while "[" in rest:
        before, _, rest = rest.partition("[")
        part, _, rest = rest.partition("]")
        whole_text += before
        if all(f"{{{key}}}" not in part or given.get(key) for key in _keys_in(part)):
            whole_text += part
    whole_text += rest
    return whole_text.format(**{key: told(value, key) for key, value in given.items()})


def _keys_in(part: str) -> list[str]:
    return [piece.partition("}")[0] for piece in part.split("{")[1:]]
