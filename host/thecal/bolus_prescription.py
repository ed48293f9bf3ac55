"""The parts of a prescription that say something of boluses: by the clock, and for the patient.

A dose over some minutes becomes a rate, rounded to a whole nanolitre a day like every rate; how far is reported.
Each field has one unit, in its name: an interval of hours can't be typed into a field of minutes, as happened before
the recall of 2004 (FDA, card of the 8870).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise

from thecal.day_pattern import clock
from thecal.prescription_faults import modes_with
from thecal.table import Table
from thecal_fw.core.limits import BENCH_LIMITS
from thecal_fw.core.modes import OWN_PATTERNS
from thecal_fw.core.program import MINUTES_PER_DAY, PatientBolus, PeriodicBolus

_MOST_NUMBER = Fraction(10**6)
_HOURS_PER_DAY = 24

ToRate = Callable[[str, Fraction], int]
"""From a place in the file and an exact rate in nL/day to the whole one, with the rounding noted."""


class BolusReader:
    """Reads boluses of one prescription. nl_of: volume in nL that holds a dose in mcg."""

    def __init__(self, table: Table, nl_of: Callable[[Fraction], Fraction], to_rate: ToRate) -> None:
        self._table = table
        self._nl_of = nl_of
        self._to_rate = to_rate

    def patient(self) -> PatientBolus | None:
        """Return what a patient may ask for."""
        if not self._table.has("patient_bolus"):
            return None
        part = self._table.table("patient_bolus")
        rate, minutes = self._rate(part, "patient_bolus.dose_mcg")
        lockout = self._whole(part, "lockout_minutes", BENCH_LIMITS.least_lockout_minutes, MINUTES_PER_DAY)
        most = self._whole(part, "most_per_24_h", 1, BENCH_LIMITS.most_patient_boluses_per_day)
        if rate is None or minutes is None or lockout is None or most is None:
            return None
        if lockout < minutes:
            part.complain(
                f"{part.name('lockout_minutes')} = {lockout} is less than the bolus lasts, {minutes} minutes:"
                " make the lockout longer"
            )
        return PatientBolus(rate, minutes, lockout, most)

    def periodic(self) -> PeriodicBolus | None:
        """Return what comes again and again, at the same times every day."""
        if not self._table.has("periodic_bolus"):
            return None
        part = self._table.table("periodic_bolus")
        rate, minutes = self._rate(part, "periodic_bolus.dose_mcg")
        first = part.minute_of_day("first")
        hours = part.number("every_hours", Fraction(1, 4), Fraction(_HOURS_PER_DAY))
        if rate is None or minutes is None or first is None or hours is None:
            return None
        interval = hours * 60
        if interval.denominator != 1 or MINUTES_PER_DAY % int(interval):
            part.complain(
                f"{part.name('every_hours')} = {float(hours):g} does not divide the 24 hours of a day, so the times"
                " would differ from day to day: choose 0.25, 0.5, 1, 2, 3, 4, 6, 8, 12 or 24"
            )
            return None
        if minutes > interval:
            part.complain(
                f"{part.name('every_hours')} = {float(hours):g} is over before the bolus is, which lasts {minutes}"
                " minutes: make the interval longer"
            )
        return PeriodicBolus(first % int(interval), int(interval), rate, minutes)

    def scheduled(self, pattern_names: Sequence[str]) -> list[list[tuple[int, int, int]]]:
        """Return for each day pattern its boluses in rising order of time."""
        days: list[list[tuple[int, int, int]]] = [[] for _ in pattern_names]
        if not self._table.has("bolus"):
            return days
        if not pattern_names:
            self._table.complain(
                f"[[bolus.NAME]] goes with {modes_with(OWN_PATTERNS)}: leave it out, or make it a day of patterns"
            )
            return days
        for name, entries in self._table.tables_of_lists("bolus", "bolus"):
            if name not in pattern_names:
                self._table.complain(
                    f'bolus "{name}": there is no pattern of this name; there are {", ".join(pattern_names)}'
                )
                continue
            for number, entry in enumerate(entries, 1):
                at = entry.minute_of_day("at")
                rate, minutes = self._rate(entry, f'bolus "{name}", bolus {number}: dose_mcg')
                if at is not None and rate is not None and minutes is not None:
                    days[pattern_names.index(name)].append((at, rate, minutes))
        for name, day in zip(pattern_names, days, strict=True):
            day.sort()
            for (at, _, minutes), (following, _, _) in pairwise(day):
                if following < at + minutes:
                    self._table.complain(
                        f'bolus "{name}": the one at {clock(following)} begins before the one at {clock(at)} is over,'
                        " move one of them"
                    )
        return days

    def _rate(self, part: Table, place: str) -> tuple[int | None, int | None]:
        dose = part.number("dose_mcg", Fraction(0), _MOST_NUMBER)
        minutes = self._whole(part, "over_minutes", 1, MINUTES_PER_DAY)
        if dose is None or minutes is None:
            return None, None
        return self._to_rate(place, self._nl_of(dose) * MINUTES_PER_DAY / minutes), minutes

    @staticmethod
    def _whole(part: Table, key: str, least: int, most: int) -> int | None:
        number = part.number(key, Fraction(least), Fraction(most))
        if number is not None and number.denominator != 1:
            part.complain(f"{part.name(key)} = {float(number):g} is no whole number")
            return None
        return None if number is None else int(number)
