"""Reads a prescription file for the oracle: what is prescribed, as exact rationals in nanolitres.

A reader of its own, apart from the host's, so that a mistake in one of them shows as a disagreement. It trusts that
the file is a good one; explaining to a person what is wrong with a bad one is the host's task.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from thecal_sim.ideal import DayBoluses, DayRates, Periodic, Regimen
from thecal_sim.units import MINUTES_PER_DAY, NL_PER_ML

MINIMUM_RATE_NL_PER_DAY = 6_000
"""What "minimum rate" means on the bench pump: six microlitres a day."""

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True)
class Prescription:
    """The prescription in a file; a stopped pump's regimen is a constant zero."""

    regimen: Regimen
    reservoir_nl: Fraction
    low_reservoir_nl: Fraction


def read_prescription(path: Path | str) -> Prescription:
    """Return what a prescription file asks for, exactly as written."""
    return prescription_in(Path(path).read_text(encoding="utf-8"))


def prescription_in(text: str) -> Prescription:
    """Return what the text of a prescription file asks for."""
    return prescription_of(tomllib.loads(text, parse_float=Decimal))


def prescription_of(fields: dict[str, Any]) -> Prescription:
    """Return what the fields of a prescription ask for, read with decimals for fractions."""
    reservoir = fields.get("reservoir", {})
    return Prescription(
        regimen=_regimen(fields),
        reservoir_nl=Fraction(reservoir.get("capacity_ml", 0)) * NL_PER_ML,
        low_reservoir_nl=Fraction(reservoir.get("low_alarm_ml", 0)) * NL_PER_ML,
    )


def _regimen(fields: dict[str, Any]) -> Regimen:
    mode = fields["mode"]
    if mode == "stopped":
        return Regimen.constant(0)
    if mode == "minimum rate":
        return Regimen.constant(MINIMUM_RATE_NL_PER_DAY)
    mcg_per_ml = Fraction(fields["concentration_mcg_per_ml"])
    if mode == "simple continuous":
        basal = Regimen.constant(_nl_per_day(fields["dose_mcg_per_day"], mcg_per_ml))
        return Regimen(basal.week, periodic=_periodic(fields, mcg_per_ml))
    if mode == "flex":
        days = {name: _day_rates(steps, mcg_per_ml) for name, steps in fields["pattern"].items()}
        boluses = {
            name: _day_boluses(fields.get("bolus", {}).get(name, []), mcg_per_ml)
            for name in fields["pattern"]
        }
        week = [fields["week"][day] for day in _DAYS]
        return Regimen(tuple(days[name] for name in week), tuple(boluses[name] for name in week))
    raise ValueError(f"mode = {mode!r} is none of this pump's")


def _nl_per_day(dose_mcg_per_day: int | Decimal, mcg_per_ml: Fraction) -> Fraction:
    return Fraction(dose_mcg_per_day) / mcg_per_ml * NL_PER_ML


def _day_rates(steps: list[dict[str, Any]], mcg_per_ml: Fraction) -> DayRates:
    """Return the day's rates from minute to minute: at each time at which a step begins or ends, that of the step
    there."""
    spans = [(_minute(step["from"]), _minute(step["to"]), step["dose_mcg_per_day"]) for step in steps]
    turns = {0} | {minute % MINUTES_PER_DAY for begin, end, _ in spans for minute in (begin, end)}
    rates: list[tuple[int, Fraction]] = []
    for turn in sorted(turns):
        doses = [dose for begin, end, dose in spans if _covers(begin, end, turn)]
        if len(doses) != 1:
            raise ValueError(f"{len(doses)} steps prescribe something for minute {turn} of a day")
        rates.append((turn, _nl_per_day(doses[0], mcg_per_ml)))
    return tuple(rates)


def _day_boluses(boluses: list[dict[str, Any]], mcg_per_ml: Fraction) -> DayBoluses:
    return tuple(
        (_minute(bolus["at"]), _bolus_rate(bolus, mcg_per_ml), int(bolus["over_minutes"]))
        for bolus in boluses
    )


def _periodic(fields: dict[str, Any], mcg_per_ml: Fraction) -> Periodic | None:
    if "periodic_bolus" not in fields:
        return None
    bolus = fields["periodic_bolus"]
    interval_minutes = int(Fraction(bolus["every_hours"]) * 60)
    rate = _bolus_rate(bolus, mcg_per_ml)
    return Periodic(_minute(bolus["first"]), interval_minutes, rate, int(bolus["over_minutes"]))


def _bolus_rate(bolus: dict[str, Any], mcg_per_ml: Fraction) -> Fraction:
    return _nl_per_day(bolus["dose_mcg"], mcg_per_ml) * MINUTES_PER_DAY / int(bolus["over_minutes"])


def _covers(begin: int, end: int, minute: int) -> bool:
    """Return True if a step holds at a minute. One that ends no later than it begins runs past midnight."""
    if begin < end:
        return begin <= minute < end
    return minute >= begin or minute < end


def _minute(time_of_day: str) -> int:
    hours, minutes = time_of_day.split(":")
    return int(hours) * 60 + int(minutes)
