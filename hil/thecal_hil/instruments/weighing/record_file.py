"""Time and mass from a text file that anybody's balance, logger or spreadsheet has written.

Promises: a number is taken as it stands there or its line is reported; nothing is guessed at where two readings of
the file are possible. Byte order marks, decimal commas, tabs and semicolons, headings with units, and times of day
or with a date are read; comments and empty lines are passed over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite
from pathlib import Path

from thecal.errors import BadInputError
from thecal.number_table import cells_of, delimiter_of, number_of, numbered_lines, text_of

_SECONDS_OF = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3_600.0, "d": 86_400.0}
_GRAMS_OF = {"ug": 1e-6, "mg": 0.001, "g": 1.0, "kg": 1_000.0}
TIME_UNITS, MASS_UNITS = tuple(_SECONDS_OF), tuple(_GRAMS_OF)
_WRITTEN_OTHERWISE = {
    **dict.fromkeys(("sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("m", "mins", "minute", "minutes"), "min"),
    **dict.fromkeys(("hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("day", "days"), "d"),
    **dict.fromkeys(("gram", "grams", "gramm"), "g"),
    **dict.fromkeys(("µg", "μg", "mcg"), "ug"),
}
_TIMES = ("time", "t", "elapsed", "timestamp", "date", "datetime", "clock", "zeit", "temps")
_MASSES = ("mass", "weight", "m", "w", "balance", "reading", "net", "masse", "gewicht", "poids")
_CLOCK = re.compile(r"(\d{1,3}):([0-5]\d)(?::([0-5]\d(?:[.,]\d+)?))?")
_DAY_S = 86_400.0


@dataclass
class MassRecord:
    """As the file has it, in its order. mass_g is nan where the file has none. unread: what could not be read."""

    time_s: list[float] = field(default_factory=list)
    mass_g: list[float] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    units: tuple[str, str] = ("s", "g")
    took_units_for_granted: bool = False


def read_record(path: Path, time_unit: str | None = None, mass_unit: str | None = None) -> MassRecord:
    """Return the record in a file. Units given go before those of its heading. Raise BadInputError saying what is
    wrong."""
    lines = numbered_lines(text_of(path))
    if not lines:
        raise BadInputError(
            [f"{path}: there is nothing in it; a line for each reading is needed: time, mass"]
        )
    delimiter = delimiter_of(path, [line for _, line in lines])
    rows = [(number, cells_of(line, delimiter)) for number, line in lines]
    has_commas = delimiter != ","
    columns, units = (0, 1), (None, None)
    if not _is_data(rows[0][1], has_commas):
        columns, units = _columns(path, rows[0][1])
        rows = rows[1:]
    found = MassRecord(units=(time_unit or units[0] or "s", mass_unit or units[1] or "g"))
    found.took_units_for_granted = not ((time_unit or units[0]) and (mass_unit or units[1]))
    _read_rows(found, rows, columns, has_commas)
    if len(found.time_s) < 2:
        raise BadInputError(
            [f"{path}: two readings are needed, there is {len(found.time_s)}", *found.unread[:3]]
        )
    return found


def _is_data(cells: list[str], has_commas: bool) -> bool:
    return _time_s(cells[0], "s", has_commas) is not None


def _columns(path: Path, names: list[str]) -> tuple[tuple[int, int], tuple[str | None, str | None]]:
    """Return which columns of a heading are time and mass, and their units as far as it says them."""
    words = [[word for word in re.split(r"[^0-9a-zµμ]+", name.lower()) if word] for name in names]
    times = [index for index, found in enumerate(words) if _is_called(found, _TIMES, _SECONDS_OF)]
    masses = [index for index, found in enumerate(words) if _is_called(found, _MASSES, _GRAMS_OF)]
    if not times and not masses and len(names) == 2:
        times, masses = [0], [1]
    masses = [index for index in masses if index not in times[:1]]
    if not times or not masses:
        missing = "time" if not times else "mass"
        raise BadInputError(
            [
                f"{path}: no column of its heading is the {missing}: {', '.join(names)}; call them time and mass"
            ]
        )
    return (times[0], masses[0]), (
        _unit(words[times[0]], _SECONDS_OF),
        _unit(words[masses[0]], _GRAMS_OF),
    )


def _is_called(words: list[str], names: tuple[str, ...], units: dict[str, float]) -> bool:
    return bool(words) and (words[0] in names or (len(words) == 1 and _unit(words, units) is not None))


def _unit(words: list[str], units: dict[str, float]) -> str | None:
    named = [_WRITTEN_OTHERWISE.get(word, word) for word in (words if len(words) == 1 else words[1:])]
    return next((word for word in named if word in units), None)


def _read_rows(
    found: MassRecord, rows: list[tuple[int, list[str]]], columns: tuple[int, int], has_commas: bool
) -> None:
    day_s, last_s = 0.0, -1.0
    for number, cells in rows:
        if len(cells) <= max(columns):
            found.unread.append(f"line {number}: {len(cells)} columns, {max(columns) + 1} are needed")
            continue
        time_s = _time_s(cells[columns[0]], found.units[0], has_commas)
        mass = _number(cells[columns[1]], has_commas)
        if time_s is None:
            found.unread.append(f"line {number}: {cells[columns[0]]!r} is no time")
            continue
        if _CLOCK.fullmatch(cells[columns[0]]):
            # A clock that goes past midnight; one that goes back a little was set, and is reported with the order.
            if last_s - time_s - day_s > _DAY_S / 2:
                day_s += _DAY_S
            time_s += day_s
            last_s = time_s
        if mass is None:
            found.unread.append(f"line {number}: {cells[columns[1]]!r} is no mass")
            continue
        found.time_s.append(time_s)
        found.mass_g.append(mass * _GRAMS_OF[found.units[1]])


def _time_s(text: str, unit: str, has_commas: bool) -> float | None:
    """Return the seconds of a time; of a date since 1970, of a time of day since midnight."""
    if clock := _CLOCK.fullmatch(text):
        seconds = float((clock[3] or "0").replace(",", "."))
        return int(clock[1]) * 3_600.0 + int(clock[2]) * 60.0 + seconds
    number = _number(text, has_commas)
    if number is not None:
        return number * _SECONDS_OF[unit] if isfinite(number) else None
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        return None
    # Without an offset all are local alike: only differences count.
    return given.timestamp() if given.tzinfo else (given - datetime(1970, 1, 1)).total_seconds()


def _number(text: str, has_commas: bool) -> float | None:
    """Return a number; nan where the cell says that there is none; None if it is something else."""
    return number_of(re.sub(r"\s*(kg|mg|ug|µg|g)$", "", text.strip()), has_commas=has_commas)
