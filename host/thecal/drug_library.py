"""The drug library: per drug and concentration the limits a clinic has agreed on, each figure with its source.

A hard limit refuses, a soft limit asks for a reason. A library is a TOML file with a name and a version; what names
it is the SHA-256 of its content, so neither comments nor the order of its entries matter and every figure does. The
first eight bytes of that digest go into each program that was checked against it. A figure without a source is a
fault of the file: one that nobody can trace says "bench default".
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from thecal.amounts import beyond, dose_mcg, plain
from thecal.errors import BadInputError
from thecal.judgement import Finding, Kind
from thecal.table import Table
from thecal.toml_file import read_toml
from thecal_fw.core.program import DRUG_NAME_BYTES, LIBRARY_DIGEST_BYTES

# field: least and most that can be meant at all; the pump's own ranges where it has one.
FIGURES: dict[str, tuple[int, int]] = {
    "concentration_mcg_per_ml": (1, 4_000),
    "hard_least_mcg_per_day": (0, 100_000),
    "soft_least_mcg_per_day": (0, 100_000),
    "soft_most_mcg_per_day": (0, 100_000),
    "hard_most_mcg_per_day": (0, 100_000),
    "soft_most_bolus_mcg": (0, 100_000),
    "hard_most_bolus_mcg": (0, 100_000),
    "soft_most_change_percent": (0, 1_000),
    "hard_most_change_percent": (0, 1_000),
    "stability_days": (1, 3_650),
    "accuracy_permille": (1, 500),
}
_WHOLE = ("stability_days", "accuracy_permille")
# No figure of a row may be below the one before it.
_RISING = (
    ("hard_least_mcg_per_day", "soft_least_mcg_per_day", "soft_most_mcg_per_day", "hard_most_mcg_per_day"),
    ("soft_most_bolus_mcg", "hard_most_bolus_mcg"),
    ("soft_most_change_percent", "hard_most_change_percent"),
)
# Rates are rounded to whole nanolitres a day, which adds less than this to a day's dose or to a bolus: a dose that is
# prescribed at a limit is within it.
_ROUNDING_NL = Fraction(3, 2)
_SOURCE = 'where the figure is from, or "bench default"'


@dataclass(frozen=True)
class Figure:
    """A number and where it is from."""

    value: Fraction
    source: str


@dataclass(frozen=True)
class Entry:
    """The agreement on one drug in one concentration."""

    drug: str
    figures: dict[str, Figure]

    def __getitem__(self, name: str) -> Fraction:
        return self.figures[name].value

    @property
    def _rounding_mcg(self) -> Fraction:
        return dose_mcg(_ROUNDING_NL, 1_000) * self["concentration_mcg_per_ml"]

    def judge_daily_dose(self, least_mcg_per_day: Fraction, most_mcg_per_day: Fraction) -> list[Finding]:
        """Judge a program's smallest and largest dose in 24 hours."""
        found = self._most("dose_mcg_per_day", most_mcg_per_day, "most_mcg_per_day", "in 24 hours")
        for kind, limit in ((Kind.HARD, "hard_least_mcg_per_day"), (Kind.SOFT, "soft_least_mcg_per_day")):
            if least_mcg_per_day < self[limit] - self._rounding_mcg:
                least = beyond(least_mcg_per_day, self[limit])
                text = f"{least} mcg in 24 hours is less than {plain(self[limit])}"
                found.append(self._finding(kind, "dose_mcg_per_day", least_mcg_per_day, limit, text))
                break
        return found

    def judge_bolus(self, dose_mcg: Fraction, field: str = "dose_mcg") -> list[Finding]:
        return self._most(field, dose_mcg, "most_bolus_mcg", "in one bolus")

    def judge_most_in_a_day(self, dose_mcg: Fraction, field: str) -> list[Finding]:
        """Judge what may be given in 24 hours, whether or not it is prescribed."""
        return self._most(field, dose_mcg, "most_mcg_per_day", "in 24 hours")

    def judge_change(self, old_mcg_per_day: Fraction, new_mcg_per_day: Fraction) -> list[Finding]:
        """Judge a change of the daily dose by the drug's own limits; a patient group's are in ``titration``."""
        if not old_mcg_per_day:
            return []
        percent = abs(new_mcg_per_day - old_mcg_per_day) / old_mcg_per_day * 100
        name, limits = "change_percent", ("hard_most_change_percent", "soft_most_change_percent")
        for kind, limit in zip((Kind.HARD, Kind.SOFT), limits, strict=True):
            if percent > self[limit] + 200 * self._rounding_mcg / old_mcg_per_day:
                changes = beyond(percent, self[limit], 3)
                text = f"the daily dose changes by {changes} %, more than {plain(self[limit])} %"
                return [self._finding(kind, name, percent, limit, text)]
        return []

    def _most(self, field: str, value: Fraction, limit: str, when: str) -> list[Finding]:
        for kind, name in ((Kind.HARD, f"hard_{limit}"), (Kind.SOFT, f"soft_{limit}")):
            if value > self[name] + self._rounding_mcg:
                text = f"{beyond(value, self[name])} mcg {when} is more than {plain(self[name])}"
                return [self._finding(kind, field, value, name, text)]
        return []

    def _finding(self, kind: Kind, field: str, value: Fraction, limit: str, text: str) -> Finding:
        return Finding(
            kind, field, value, f"{text}, {limit} of the drug library ({self.figures[limit].source})"
        )


@dataclass(frozen=True)
class Library:
    name: str
    version: int
    entries: tuple[Entry, ...]

    def entry(self, drug: str, concentration_ng_per_ml: int) -> Entry:
        """Return what has been agreed on for this; raise BadInputError if nothing has."""
        wanted = Fraction(concentration_ng_per_ml, 1_000)
        for entry in self.entries:
            if entry.drug == drug and entry["concentration_mcg_per_ml"] == wanted:
                return entry
        known = ", ".join(
            f"{entry.drug} {plain(entry['concentration_mcg_per_ml'])} mcg/mL" for entry in self.entries
        )
        raise BadInputError(
            [
                f"{drug} at {plain(wanted)} mcg/mL is not in drug library {self.name} version {self.version}, which"
                f" has: {known}. Correct the prescription, or have the library extended"
            ]
        )

    def full_digest(self) -> bytes:
        """Return the SHA-256 of the content, 32 bytes."""
        content = {
            "name": self.name,
            "version": self.version,
            "entries": [
                {
                    "drug": entry.drug,
                    **{name: [str(figure.value), figure.source] for name, figure in entry.figures.items()},
                }
                for entry in sorted(self.entries, key=lambda one: (one.drug, one["concentration_mcg_per_ml"]))
            ],
        }
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(text.encode()).digest()

    def digest(self) -> bytes:
        """Return what a program holds of it: the first bytes of the full digest."""
        return self.full_digest()[:LIBRARY_DIGEST_BYTES]


def load_library(path: Path | str) -> Library:
    """Read a library file; raises BadInputError with everything that is wrong with it."""
    path = Path(path)
    table = Table(read_toml(path))
    name = table.text("name")
    version = table.number("version", Fraction(1), Fraction(10**6))
    entries = [
        entry
        for drug, parts in table.tables_of_lists("drug", "concentration")
        for part in parts
        if (entry := _entry(drug, part)) is not None
    ]
    if version is not None and version.denominator != 1:
        table.complain(f"version = {plain(version)}, allowed: whole numbers from 1 on")
    _complain_about_twins(table, entries)
    problems = table.problems()
    if problems or name is None or version is None:
        raise BadInputError([f"{path}: {problem}" for problem in problems])
    return Library(name, int(version), tuple(entries))


def _entry(drug: str, part: Table) -> Entry | None:
    if not 0 < len(drug) <= DRUG_NAME_BYTES or not drug.isascii() or not drug.isprintable():
        part.complain(f"drug name {drug!r}, allowed: 1 to {DRUG_NAME_BYTES} plain letters")
    figures: dict[str, Figure] = {}
    for name, (least, most) in FIGURES.items():
        figure = part.table(name)
        value = figure.number("value", Fraction(least), Fraction(most))
        source = figure.sentence("source", _SOURCE)
        if value is not None and name in _WHOLE and value.denominator != 1:
            part.complain(f"{part.name(name)}.value = {plain(value)}, allowed: whole numbers")
        if value is not None and source is not None:
            figures[name] = Figure(value, source)
    if len(figures) < len(FIGURES):
        return None
    for row in _RISING:
        for lower, upper in pairwise(row):
            if figures[lower].value > figures[upper].value:
                part.complain(
                    f"{part.name(lower)} = {plain(figures[lower].value)} is more than {upper} ="
                    f" {plain(figures[upper].value)}; a soft limit lies within the hard one"
                )
    return Entry(drug, figures)


def _complain_about_twins(table: Table, entries: list[Entry]) -> None:
    seen: set[tuple[str, Fraction]] = set()
    for entry in entries:
        key = entry.drug, entry["concentration_mcg_per_ml"]
        if key in seen:
            table.complain(f"{key[0]} at {plain(key[1])} mcg/mL is there twice; remove one of them")
        seen.add(key)
