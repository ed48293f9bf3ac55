"""A sequence: a pump with a program and a clock, and the steps that follow, as a short TOML file.

Steps (``do``), with their fields: ``wait`` seconds; ``give`` kind, rate, seconds; ``press`` seconds; ``cancel``
is_temporary_rate; ``commit`` program; ``refused commit``; ``start``; ``stop``; ``refill`` nl; ``shift clock`` seconds;
``set offset`` minutes; ``set time`` utc_s, minutes; ``acknowledge``; ``new tubing``; ``rinse``; ``hello`` times;
``watchdog``; ``hang``; ``power cut``; ``supply low``; ``supply good``. A kind of dose is its name or any number.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from thecal.errors import BadInputError
from thecal.table import Table
from thecal.toml_file import read_toml, toml_in

MONDAY_UTC_S = 1_772_409_600
"""Monday, 2 March 2026, 00:00 UTC."""

_MOST_SECONDS = 2**32 - 1
_MOST_OFFSET = 840

FIELDS: Mapping[str, tuple[str, ...]] = {
    "wait": ("seconds",),
    "give": ("kind", "rate", "seconds"),
    "press": ("seconds",),
    "cancel": ("is_temporary_rate",),
    "commit": ("program",),
    "refused commit": (),
    "start": (),
    "stop": (),
    "refill": ("nl",),
    "shift clock": ("seconds",),
    "set offset": ("minutes",),
    "set time": ("utc_s", "minutes"),
    "acknowledge": (),
    "new tubing": (),
    "rinse": (),
    "hello": ("times",),
    "watchdog": (),
    "hang": (),
    "power cut": (),
    "supply low": (),
    "supply good": (),
}

Step = dict[str, Any]


class SequenceError(Exception):
    """A file is no sequence; the message says why."""


@dataclass(frozen=True)
class Sequence:
    """program: fields as of ``thecal_sim.therapy.plan.plan_of``. about: what it shows, in words."""

    program: dict[str, Any]
    steps: tuple[Step, ...]
    utc_s: int = MONDAY_UTC_S
    offset_minutes: int = 0
    about: str = ""

    def as_toml(self) -> str:
        lines = [
            f"about = {json.dumps(self.about)}",
            f"utc_s = {self.utc_s}",
            f"offset_minutes = {self.offset_minutes}",
            f"program = {_inline(self.program)}",
            "steps = [",
            *(f"    {_inline(step)}," for step in self.steps),
            "]",
        ]
        return "\n".join(lines) + "\n"


def sequence_in(text: str) -> Sequence:
    """Return the sequence of a TOML text; raise SequenceError if it is none."""
    try:
        return _sequence(toml_in(text, "sequence"))
    except BadInputError as error:
        raise SequenceError(str(error)) from error


def read_sequence(path: Path) -> Sequence:
    """Return the sequence of a file; raise SequenceError if it is none."""
    try:
        return _sequence(read_toml(path))
    except BadInputError as error:
        raise SequenceError(str(error)) from error


def _sequence(fields: dict[str, Any]) -> Sequence:
    table = Table(fields)
    found = Sequence(
        table.raw("program"),
        tuple(_step(entry) for entry in table.entries("steps")),
        _whole(table, "utc_s", (0, _MOST_SECONDS), MONDAY_UTC_S),
        _whole(table, "offset_minutes", (-_MOST_OFFSET, _MOST_OFFSET), 0),
        table.string("about", "what it shows", may_be_empty=True) if table.has("about") else "",
    )
    if problems := table.problems():
        raise SequenceError("\n".join(problems))
    return found


def _whole(table: Table, key: str, within: tuple[int, int], otherwise: int) -> int:
    value = table.whole(key, *within) if table.has(key) else None
    return otherwise if value is None else value


def _step(entry: Table) -> Step:
    do = entry.word("do", FIELDS)
    if do is None:
        entry.take_the_rest_as_it_is()
        return {}
    return {"do": do, **{key: entry.value(key, "its value") for key in FIELDS[do]}}


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {_inline(one)}" for name, one in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_inline(one) for one in value) + "]"
    return json.dumps(value)
