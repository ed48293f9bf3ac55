"""The sheet of a calibration: which pump, head and tubing, liquid and room, balance, and what is to be run.

One TOML file for a bench, of which little changes from one calibration to the next. Promise: whatever is wrong in it is
reported at once, each line with its field; a field that nobody knows is refused, so that no unit passes for a comment.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

from thecal.calibration.runs import DensityCheck, Liquid, Scale, Setting
from thecal.calibration.water import Air
from thecal.errors import BadInputError
from thecal.table import Table
from thecal.toml_file import read_toml

WHO_AND_WHAT = ("pump", "head", "tubing_lot", "operator", "balance", "balance_calibrated", "note")
_TYPED_DENSITY_U = 0.001
"""Standard uncertainty, as a part, of a density that somebody wrote down."""


@dataclass(frozen=True)
class Procedure:
    """The procedure to run. nominal_ul_per_turn: as far as known. rates: turns a minute. repeats: of each rate."""

    nominal_ul_per_turn: float = 50.0
    rates: tuple[float, ...] = (0.5, 1.0, 2.0)
    turns: float = 20.0
    repeats: int = 5
    blanks: int = 3
    scatter_percent: float = 0.3


@dataclass(frozen=True)
class Sheet:
    about: dict[str, str] = field(default_factory=dict)
    setting: Setting = field(default_factory=Setting)
    procedure: Procedure = field(default_factory=Procedure)
    microsteps_per_turn: float | None = None
    knows_digit: bool = False
    knows_noise: bool = False

    def for_amounts(self, reads_volume: bool, digit: float) -> Sheet:
        """Return the sheet with what the file of runs shows of the scale, where the sheet says nothing of it."""
        scale = replace(self.setting.scale, reads_volume=reads_volume)
        if not self.knows_digit and digit:
            scale = replace(scale, digit=digit)
        if not self.knows_noise:
            scale = replace(scale, noise=scale.digit)
        return replace(self, setting=replace(self.setting, scale=scale))


def read_sheet(path: Path) -> Sheet:
    """Raise BadInputError with everything that is wrong with the file."""
    fields = read_toml(path)
    try:
        return sheet_of(fields)
    except BadInputError as error:
        raise BadInputError([f"{path}: {problem}" for problem in error.problems]) from error


def sheet_of(fields: dict[str, Any]) -> Sheet:
    """Return the sheet that a table holds; raise BadInputError with everything that is wrong in it."""
    table = Table(_with_dates_as_text(fields))
    about = _about(table.table("about"))
    setting = replace(_setting(table), scale=Scale())
    scale, knows_digit, knows_noise = _scale(table)
    procedure = _procedure(table)
    steps = None
    if table.has("microsteps_per_turn"):
        steps = _number(table, "microsteps_per_turn", 1, 1_000_000_000)
    if table.has("reference_turns_per_min"):
        reference = _number(table, "reference_turns_per_min", Fraction(1, 100_000), 1_000)
        setting = replace(setting, reference_turns_per_min=reference)
    problems = table.problems()
    if problems:
        raise BadInputError(problems)
    return Sheet(about, replace(setting, scale=scale), procedure, steps, knows_digit, knows_noise)


def _with_dates_as_text(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the tables with each date as text. A date without quotes is a date in TOML; here all of them are words."""
    about = fields.get("about")
    if not isinstance(about, dict):
        return fields
    return {**fields, "about": {k: v.isoformat() if isinstance(v, date) else v for k, v in about.items()}}


def _about(table: Table) -> dict[str, str]:
    found = {}
    for name in WHO_AND_WHAT:
        if table.has(name):
            found[name] = table.sentence(name, "words") or ""
    calibrated = found.get("balance_calibrated", "")
    if calibrated:
        try:
            date.fromisoformat(calibrated)
        except ValueError:
            table.complain(
                f'{table.name("balance_calibrated")} = {calibrated!r} is no date; write "2026-01-31"'
            )
    return found


def _number(table: Table, key: str, least: Fraction | int, most: Fraction | int) -> float | None:
    value = table.number(key, Fraction(least), Fraction(most))
    return None if value is None else float(value)


def _optional(table: Table, key: str, least: Fraction | int, most: Fraction | int, default: float) -> float:
    if not table.has(key):
        return default
    value = _number(table, key, least, most)
    return default if value is None else value


def _setting(table: Table) -> Setting:
    room = table.table("room")
    usual = Air()
    celsius = _number(room, "celsius", 5, 40) or usual.celsius
    air = Air(
        celsius,
        _optional(room, "hpa", 500, 1_100, usual.hpa),
        _optional(room, "humidity_percent", 0, 100, usual.humidity_percent),
        _optional(room, "u_hpa", 0, 100, usual.u_hpa),
        _optional(room, "u_humidity_percent", 0, 50, usual.u_humidity_percent),
    )
    liquid = Liquid()
    if table.has("liquid"):
        liquid = _liquid(table.table("liquid"))
    return Setting(air=air, u_celsius=_optional(room, "u_celsius", 0, 10, 0.5), liquid=liquid)


def _liquid(table: Table) -> Liquid:
    density, u_relative, check = None, Liquid.u_relative, None
    if table.has("g_per_ml"):
        density = _number(table, "g_per_ml", Fraction(1, 2), 2)
        u_relative = _TYPED_DENSITY_U
    u_percent = _optional(table, "u_percent", 0, 10, 100 * u_relative)
    if table.has("density_check"):
        known = table.table("density_check")
        values = [_number(known, key, least, 10_000) for key, least in _CHECK]
        if all(value is not None for value in values):
            check = DensityCheck(*(value or 0.0 for value in values))
    return Liquid(density, u_percent / 100, check)


_CHECK = (("volume_ml", Fraction(1, 10)), ("tolerance_ml", 0), ("mass_g", Fraction(1, 100)))


def _scale(table: Table) -> tuple[Scale, bool, bool]:
    if not table.has("balance"):
        return Scale(), False, False
    part = table.table("balance")
    knows_digit, knows_noise = part.has("digit_mg"), part.has("noise_mg")
    digit = _optional(part, "digit_mg", 0, 100_000, 1_000 * Scale.digit) / 1_000
    noise = _optional(part, "noise_mg", 0, 100_000, 1_000 * digit) / 1_000
    u = _optional(part, "u_percent", 0, 10, 100 * Scale.u_relative) / 100
    tolerance = _optional(part, "cylinder_tolerance_ml", 0, 1_000, 0.0)
    return Scale(False, digit, noise, u, tolerance), knows_digit, knows_noise


def _procedure(table: Table) -> Procedure:
    usual = Procedure()
    if not table.has("procedure"):
        return usual
    part = table.table("procedure")
    least = Fraction(1, 100_000)
    slowest = _optional(part, "slowest_turns_per_min", least, 1_000, usual.rates[0])
    fastest = _optional(part, "fastest_turns_per_min", least, 1_000, max(usual.rates[-1], slowest))
    if fastest < slowest:
        part.complain(f"{part.name('fastest_turns_per_min')} is below slowest_turns_per_min")
    middle = (slowest * fastest) ** 0.5
    return Procedure(
        _optional(part, "nominal_ul_per_turn", Fraction(1, 1_000), 100_000, usual.nominal_ul_per_turn),
        (slowest, middle, fastest) if fastest > slowest else (slowest,),
        _optional(part, "turns", Fraction(1, 100), 1_000_000, usual.turns),
        int(_optional(part, "repeats", 2, 100, usual.repeats)),
        int(_optional(part, "blanks", 0, 100, usual.blanks)),
        _optional(part, "scatter_percent", 0, 10, usual.scatter_percent),
    )
