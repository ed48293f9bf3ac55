"""A sequence: a pump with a program and a clock, and the steps that follow, as a short TOML file.

Steps (``do``), with their fields: ``wait`` seconds; ``give`` kind, rate, seconds; ``press`` seconds; ``cancel``
is_temporary_rate; ``commit`` program; ``refused commit``; ``start``; ``stop``; ``refill`` nl; ``shift clock`` seconds;
``set offset`` minutes; ``set time`` utc_s, minutes; ``acknowledge``; ``new tubing``; ``rinse``; ``hello`` times;
``watchdog``; ``hang``; ``power cut``; ``supply low``; ``supply good``. A kind of dose is its name or any number.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MONDAY_UTC_S = 1_772_409_600
"""Monday, 2 March 2026, 00:00 UTC."""

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
    """The sequence of a TOML text; SequenceError if it is none."""
    try:
        fields = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SequenceError(str(error)) from error
    unknown = set(fields) - {"about", "utc_s", "offset_minutes", "program", "steps"}
    if unknown or "program" not in fields or "steps" not in fields:
        raise SequenceError(f"needs program and steps, and knows no {', '.join(sorted(unknown)) or 'others'}")
    for number, step in enumerate(fields["steps"], 1):
        known = FIELDS.get(step.get("do", ""))
        if known is None or set(step) != {"do", *known}:
            raise SequenceError(f"step {number} is none: {step}")
    return Sequence(
        fields["program"],
        tuple(fields["steps"]),
        fields.get("utc_s", MONDAY_UTC_S),
        fields.get("offset_minutes", 0),
        fields.get("about", ""),
    )


def read_sequence(path: Path) -> Sequence:
    """The sequence of a file; SequenceError if it is none."""
    try:
        return sequence_in(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SequenceError(str(error)) from error


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {_inline(one)}" for name, one in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_inline(one) for one in value) + "]"
    return json.dumps(value)
