"""The runs of a calibration from a table of text, a line for each run, in the order in which they were made.

Promises: columns are found by the words of the heading, whatever their order; a line that can't be read is refused with
its number, since a run that is passed over would not be missed; the amount is kept as it was typed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from thecal.calibration.runs import BACKWARD, FORWARD, Run
from thecal.errors import BadInputError
from thecal.number_table import cells_of, delimiter_of, number_of, numbered_lines, text_of

_AMOUNTS = {"ug": 1e-6, "mg": 0.001, "g": 1.0, "kg": 1_000.0, "ul": 0.001, "ml": 1.0, "l": 1_000.0}
_TIMES = {"s": 1.0, "min": 60.0, "h": 3_600.0}
_NAMES = {
    "turns": ("turns", "turn", "revolutions", "revs", "rev"),
    "steps": ("microsteps", "steps", "pulses"),
    "mass": ("mass", "weight", "gain", "net", "masse", "gewicht"),
    "before": ("before", "tare", "empty", "start"),
    "after": ("after", "gross", "full", "end"),
    "volume": ("volume", "vol"),
    "time": ("time", "duration", "took", "seconds", "minutes", "zeit"),
    "rate": ("rate", "speed", "rpm"),
    "direction": ("direction", "dir"),
    "temperature": ("temperature", "temp", "celsius"),
}
_UNITS_IN_NAMES = {"seconds": "s", "minutes": "min"}
_DIRECTIONS = {
    **dict.fromkeys(("forward", "fwd", "f", "+", "1", "+1", "cw", ""), FORWARD),
    **dict.fromkeys(("backward", "back", "reverse", "rev", "b", "r", "-", "-1", "ccw"), BACKWARD),
}
_LEAST_SECONDS = 1.0


@dataclass(frozen=True)
class RunTable:
    """reads_volume: amounts are millilitres, not grams. decimals: most that an amount has, for the scale's digit."""

    runs: tuple[Run, ...]
    reads_volume: bool
    digit: float


@dataclass(frozen=True)
class _Column:
    at: int
    unit: str


def read_runs(path: Path, microsteps_per_turn: float | None = None) -> RunTable:
    """Raise BadInputError saying what is wrong, line by line."""
    lines = numbered_lines(text_of(path))
    if len(lines) < 2:
        raise BadInputError(
            [f"{path}: a heading and a line for each run are needed, as in turns,time (s),mass (g)"]
        )
    delimiter = delimiter_of(path, [line for _, line in lines])
    heading = cells_of(lines[0][1], delimiter)
    columns = _columns(path, heading)
    reader = _RowReader(columns, len(heading), delimiter != ",", microsteps_per_turn)
    runs, problems = [], []
    for number, line in lines[1:]:
        try:
            runs.append(reader.run(cells_of(line, delimiter), f"line {number}"))
        except ValueError as error:
            problems.append(f"{path}, line {number}: {error}")
    if problems:
        raise BadInputError(problems)
    return RunTable(tuple(runs), "volume" in columns, reader.digit)


def _columns(path: Path, heading: list[str]) -> dict[str, _Column]:
    found: dict[str, _Column] = {}
    for at, name in enumerate(heading):
        words = [word for word in re.split(r"[^0-9a-zµμ]+", name.lower()) if word]
        kind = next((kind for kind, names in _NAMES.items() if words and words[0] in names), None)
        if kind is not None and kind not in found:
            unit = words[-1].replace("µ", "u").replace("μ", "u") if len(words) > 1 else ""
            found[kind] = _Column(at, unit or _UNITS_IN_NAMES.get(words[0], ""))
    problems = []
    if not {"turns", "steps"} & found.keys():
        problems.append("no column of the heading is turns, or microsteps")
    if "time" not in found:
        problems.append("no column of the heading is the time that a run took, as in time (s)")
    amounts = {"mass", "volume"} & found.keys()
    if len(amounts) != 1 and not (not amounts and {"before", "after"} <= found.keys()):
        problems.append("one column has to be mass (g), or volume (mL); or two, before (g) and after (g)")
    for kind, allowed in (
        ("mass", _AMOUNTS),
        ("volume", _AMOUNTS),
        ("before", _AMOUNTS),
        ("after", _AMOUNTS),
        ("time", _TIMES),
    ):
        if kind in found and found[kind].unit not in allowed:
            problems.append(
                f"{heading[found[kind].at]!r} has no unit: write it like {kind} ({_example(kind)})"
            )
    if problems:
        raise BadInputError([f"{path}: {problem}" for problem in problems])
    return found


def _example(kind: str) -> str:
    return {"time": "s", "volume": "mL"}.get(kind, "g")


class _RowReader:
    """digit: the last one of the finest amount that was read."""

    def __init__(
        self, columns: dict[str, _Column], width: int, has_commas: bool, microsteps_per_turn: float | None
    ) -> None:
        self._columns = columns
        self._width = width
        self._has_commas = has_commas
        self._microsteps_per_turn = microsteps_per_turn
        self.digit = 0.0

    def run(self, cells: list[str], place: str) -> Run:
        if len(cells) != self._width:
            raise ValueError(
                f"{len(cells)} cells, and the heading has {self._width}; with decimal commas, put"
                f" semicolons between columns"
            )
        turns = self._turns(cells)
        seconds = self._number(cells, "time") * _TIMES[self._columns["time"].unit]
        if seconds < _LEAST_SECONDS:
            raise ValueError(
                f"a run of {seconds:g} s is none; the unit of the time is {self._columns['time'].unit}"
            )
        rate = 60.0 * turns / seconds
        if turns and self._given(cells, "rate"):
            rate = self._number(cells, "rate")
            if rate <= 0:
                raise ValueError(f"a rate of {rate:g} turns a minute is none")
        amount, typed = self._amount(cells)
        celsius = self._number(cells, "temperature") if self._given(cells, "temperature") else None
        if celsius is not None and not 0 < celsius < 40:
            raise ValueError(f"{celsius:g} degrees Celsius, allowed 0 to 40")
        return Run(turns, seconds, amount, self._direction(cells), rate, celsius, typed, place)

    def _turns(self, cells: list[str]) -> float:
        if "turns" in self._columns:
            turns = self._number(cells, "turns")
        elif self._microsteps_per_turn is None:
            raise ValueError(
                "how many microsteps a turn has is not known: give microsteps_per_turn in the sheet"
            )
        else:
            turns = self._number(cells, "steps") / self._microsteps_per_turn
        if turns < 0:
            raise ValueError(f"{turns:g} turns: which way they go is said by a column direction")
        return turns

    def _direction(self, cells: list[str]) -> int:
        if "direction" not in self._columns:
            return FORWARD
        word = self._cell(cells, "direction").lower()
        if word not in _DIRECTIONS:
            raise ValueError(f"direction {word!r}, allowed: forward, backward")
        return _DIRECTIONS[word]

    def _amount(self, cells: list[str]) -> tuple[float, str]:
        kind = next((kind for kind in ("mass", "volume") if kind in self._columns), "")
        if kind:
            self._note_digit(cells, kind)
            return self._number(cells, kind) * _AMOUNTS[self._columns[kind].unit], self._cell(cells, kind)
        self._note_digit(cells, "after")
        before, after = (
            self._number(cells, one) * _AMOUNTS[self._columns[one].unit] for one in ("before", "after")
        )
        return after - before, f"{self._cell(cells, 'before')} to {self._cell(cells, 'after')}"

    def _note_digit(self, cells: list[str], kind: str) -> None:
        decimals = re.search(r"[.,](\d+)", self._cell(cells, kind))
        digit = 10.0 ** -(len(decimals[1]) if decimals else 0) * _AMOUNTS[self._columns[kind].unit]
        self.digit = min(self.digit or digit, digit)

    def _number(self, cells: list[str], kind: str) -> float:
        number = number_of(self._cell(cells, kind), has_commas=self._has_commas)
        if number is None or not isfinite(number):
            raise ValueError(f"{self._cell(cells, kind)!r} is no {kind}")
        return number

    def _given(self, cells: list[str], kind: str) -> bool:
        return kind in self._columns and bool(self._cell(cells, kind))

    def _cell(self, cells: list[str], kind: str) -> str:
        return cells[self._columns[kind].at].strip()
