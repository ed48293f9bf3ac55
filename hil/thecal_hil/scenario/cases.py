"""One scenario file, many cases: a list or a range for each parameter, and every combination is a scenario of its own.

    [parameters]
    rate = [0.048, 0.424, 2.0]                      # a list
    minutes = { from = 10, to = 30, step = 10 }     # or a range, both ends included

Anywhere else in the file "$rate" stands for the value, as it is, and {rate} within a text for its words; $seed is a
whole number that follows from the file's and the case's name. Promises: a case has the same name and seed on every
machine, whatever other cases there are; a parameter that nothing uses, and a value that nothing gives, are reported.
"""

from __future__ import annotations

import hashlib
import re
from decimal import Decimal
from fractions import Fraction
from itertools import product
from typing import Any, Final, NamedTuple

from thecal.table import Table

KEY: Final = "parameters"
SEED: Final = "seed"
MOST_CASES: Final = 1_000
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_VALUE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:+-]*")
_WITHIN: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_BOUND: Final = Fraction(10**9)


class Case(NamedTuple):
    """values: by the parameters' names. seed: for whatever the case draws."""

    name: str
    values: dict[str, Any]
    seed: int


def cases_of(file: str, fields: Table) -> list[Case]:
    """Return every combination, the last parameter changing first; what is wrong is reported to the table."""
    if not fields.has(KEY) or (given := fields.part(KEY)) is None:
        return []
    names = given.keys()
    lists = [_values(given, name) for name in names]
    if not names or not all(lists):
        if not names:
            fields.complain(f"{KEY} is empty: give each parameter a list or a range")
        return []
    count = 1
    for values in lists:
        count *= len(values)
    if count > MOST_CASES:
        fields.complain(f"{KEY}: {count:,} cases, and {MOST_CASES:,} is the most that a file may have")
        return []
    return [_case(file, dict(zip(names, values, strict=True))) for values in product(*lists)]


def _case(file: str, values: dict[str, Any]) -> Case:
    name = ",".join(f"{key}={value}" for key, value in values.items())
    digest = hashlib.sha256(f"{file}@{name}".encode()).digest()
    return Case(name, values, int.from_bytes(digest[:4]) >> 1)


def _values(given: Table, name: str) -> list[Any]:
    if not _NAME.fullmatch(name) or name == SEED:
        given.peek(name)
        given.complain(
            f"{given.name(name)}: a parameter is named in small letters, digits and underscores, not {SEED}"
        )
        return []
    value = given.peek(name)
    if isinstance(value, dict):
        return _range(given, name)
    value = given.value(name, "a list or a range of values")
    if not isinstance(value, list) or not value or len({str(one) for one in value}) != len(value):
        given.complain(f"{given.name(name)} is no list of values that differ")
        return []
    for one in value:
        if (
            isinstance(one, bool)
            or not isinstance(one, int | Decimal | str)
            or not _VALUE.fullmatch(str(one))
        ):
            given.complain(
                f"{given.name(name)} = {one!r}: a value is a number from zero, or a word of letters, digits and . : + -"
            )
            return []
    return value


def _range(given: Table, name: str) -> list[Any]:
    part = given.table(name)
    first, last = part.number("from", Fraction(0), _BOUND), part.number("to", Fraction(0), _BOUND)
    step = part.number("step", Fraction(1, 10**9), _BOUND)
    if unknown := set(part.keys()) - {"from", "to", "step"}:
        part.complain(f"{part.name(min(unknown))} is not known; known here: from, to, step")
    if first is None or last is None or step is None:
        return []
    if first > last:
        part.complain(f"{part.name('from')} lies behind {part.name('to')}")
        return []
    count = int((last - first) / step) + 1
    if count > MOST_CASES:
        part.complain(f"{given.name(name)}: {count:,} values, and {MOST_CASES:,} is the most")
        return []
    values = [first + step * place for place in range(count)]
    # The bounds have few decimals each, so the quotients are exact.
    return [
        int(one) if one.denominator == 1 else Decimal(one.numerator) / Decimal(one.denominator)
        for one in values
    ]


def filled(content: dict[str, Any], case: Case, fields: Table) -> dict[str, Any]:
    """Return the file's content with a case's values in it; what is missing or unused is reported to the table."""
    used: set[str] = set()
    known = {**case.values, SEED: case.seed}

    def fill(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: fill(one) for key, one in value.items()}
        if isinstance(value, list):
            return [fill(one) for one in value]
        if not isinstance(value, str):
            return value
        if value.startswith("$"):
            return take(value[1:], value)
        return _WITHIN.sub(lambda found: str(take(found[1], found[0])), value)

    def take(name: str, text: str) -> Any:
        if name not in known:
            fields.complain(f"{text} is no parameter; known here: {', '.join(known)}")
            return text
        used.add(name)
        return known[name]

    result = fill({key: value for key, value in content.items() if key != KEY})
    for name in case.values.keys() - used:
        fields.complain(f"{KEY}.{name} is used by nothing; write ${name} or {{{name}}}, or remove it")
    return result
