"""The plan that a program prescribes, in the terms of docs/therapy.md: basal rate, doses of the clock, limits,
patient bolus.

Read from plain fields, as a sequence file has them, so that firmware and reference are given the same numbers and share
nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import accumulate
from operator import sub
from typing import Any

from thecal.pumps.constants import chosen
from thecal_sim.units import MINUTES_PER_DAY

MINUTES_PER_WEEK = 7 * MINUTES_PER_DAY
_FIRST_WEEKDAY = 3
"""1 January 1970 was a Thursday; weekdays are counted from Monday."""
_LIMITS = chosen().limits
MINIMUM_RATE_NL_PER_DAY = _LIMITS.minimum_nl_per_day
MOST_RATE_NL_PER_DAY = _LIMITS.most_nl_per_day
LEAST_BASAL_NL_PER_DAY = _LIMITS.least_basal_nl_per_day
MOST_BASAL_NL_PER_DAY = _LIMITS.most_basal_nl_per_day
PUMP_TUBING_NL = chosen().line.pump_tubing_nl


@dataclass(frozen=True)
class ClockDose:
    """One that the clock begins, at a local minute since 1970."""

    minute: int
    rate_nl_per_day: int
    minutes: int


@dataclass(frozen=True)
class Patient:
    rate_nl_per_day: int
    minutes: int
    lockout_minutes: int
    most_per_day: int


@dataclass(frozen=True)
class Plan:
    """A program. days: of each weekday, Monday first, the basal steps (minute, rate); boluses: (minute, rate, minutes).

    periodic: (first minute, interval, rate, minutes). bridge: (seconds, rate). A plan without days delivers nothing.
    """

    days: tuple[tuple[tuple[int, int], ...], ...]
    boluses: tuple[tuple[tuple[int, int, int], ...], ...]
    periodic: tuple[int, int, int, int] | None
    patient: Patient | None
    bridge: tuple[int, int] | None
    catheter_nl: int
    most_nl_per_bolus: int
    most_nl_per_hour: int
    most_nl_per_day: int
    is_flex: bool

    @property
    def delivers(self) -> bool:
        return bool(self.days)

    @property
    def follows_the_clock(self) -> bool:
        return self.is_flex or self.periodic is not None

    @property
    def line_nl(self) -> int:
        return PUMP_TUBING_NL + self.catheter_nl

    @property
    def fault(self) -> str | None:
        """Return why the program has to be refused when it is staged, of what a sequence may get wrong."""
        if self.bridge is not None and Fraction(self.bridge[0] * self.bridge[1], 86_400) > self.line_nl:
            return "the bridge is larger than the line"
        return None

    def basal_at(self, minute: int) -> int:
        """Return the basal rate in a local minute since 1970."""
        rate = 0
        for begin, step_rate in self.days[_weekday(minute)]:
            if begin > minute % MINUTES_PER_DAY:
                break
            rate = step_rate
        return rate

    def next_step(self, minute: int) -> int:
        """Return the first local minute after this one at which the basal rate may change."""
        for begin, _ in self.days[_weekday(minute)]:
            if begin > minute % MINUTES_PER_DAY:
                return minute - minute % MINUTES_PER_DAY + begin
        return minute - minute % MINUTES_PER_DAY + MINUTES_PER_DAY

    def doses_between(self, first: int, until: int) -> list[ClockDose]:
        """Return doses of the clock that begin at a local minute from first on and before another."""
        found: list[ClockDose] = []
        for day in range(
            first // MINUTES_PER_DAY, (until - 1) // MINUTES_PER_DAY + 1 if until > first else 0
        ):
            for minute, rate, minutes in self.boluses[_weekday(day * MINUTES_PER_DAY)]:
                found.append(ClockDose(day * MINUTES_PER_DAY + minute, rate, minutes))
        if self.periodic is not None:
            first_minute, interval, rate, minutes = self.periodic
            minute = first + (first_minute - first) % interval
            found += [ClockDose(at, rate, minutes) for at in range(minute, until, interval)]
        return sorted((dose for dose in found if first <= dose.minute < until), key=lambda dose: dose.minute)

    @cached_property
    def least_basal(self) -> int:
        return min(rate for day in self.days for _, rate in day)

    @cached_property
    def highest(self) -> int:
        """Return the highest rate that the program names by the clock, basal rate and dose added."""
        highest = max(rate for day in self.days for _, rate in day)
        rates = [rate for day in self.boluses for _, rate, _ in day] + [0]
        if self.periodic is not None:
            rates.append(self.periodic[2])
        return highest + max(rates)

    @cached_property
    def mean_rate(self) -> int:
        """Return the week's volume spread evenly, boluses included, rounded down to a whole nanolitre a day."""
        if not self.is_flex:
            volume = Fraction(self.days[0][0][1])
        else:
            volume = Fraction(sum(self._minute_by_minute()), MINUTES_PER_WEEK)
        if self.periodic is not None:
            volume += Fraction(self.periodic[2] * self.periodic[3], self.periodic[1])
        return int(volume)

    @cached_property
    def most_by_the_clock(self) -> dict[int, int]:
        """Return the most that the program gives by the clock in any so-many minutes, rounded up to a nanolitre.

        Rates change on whole minutes, so the fullest window begins on one. Periodic doses come beside a constant rate
        only, so their fullest window begins with one of them.
        """
        most = {}
        week = self._minute_by_minute() if self.is_flex else []
        volumes = [0, *accumulate(week + week[:MINUTES_PER_DAY])]
        for window in (60, MINUTES_PER_DAY):
            if self.is_flex:
                fullest = max(map(sub, volumes[window:], volumes[: MINUTES_PER_WEEK + 1]))
            else:
                fullest = self.days[0][0][1] * window
            if self.periodic is not None:
                _, interval, rate, minutes = self.periodic
                fullest += rate * sum(1 for at in range(window) if at % interval < minutes)
            most[window] = -(-fullest // MINUTES_PER_DAY)
        return most

    def _minute_by_minute(self) -> list[int]:
        """Return the rate in each minute of the week from Monday on, periodic doses left out."""
        rates = [
            self.basal_at((minute - _FIRST_WEEKDAY * MINUTES_PER_DAY) % MINUTES_PER_WEEK)
            for minute in range(MINUTES_PER_WEEK)
        ]
        for weekday, day in enumerate(self.boluses):
            for begin, rate, minutes in day:
                for minute in range(begin, begin + minutes):
                    rates[(weekday * MINUTES_PER_DAY + minute) % MINUTES_PER_WEEK] += rate
        return rates


def _weekday(minute: int) -> int:
    return (minute // MINUTES_PER_DAY + _FIRST_WEEKDAY) % 7


def plan_of(fields: Mapping[str, Any]) -> Plan:
    """Return the plan that plain fields say; raise KeyError if one is missing.

    mode: "stopped", "minimum rate", "continuous" with a rate, or "flex" with patterns (of each a list of (minute,
    rate)), boluses (of each a list of (minute, rate, minutes)) and weekdays (the pattern of each day from Monday on).
    periodic: first minute, interval, rate, minutes. patient: rate, minutes, lockout in minutes, most in 24 hours.
    bridge: seconds, rate. catheter, most_per_bolus, most_per_hour, most_per_day: nL. Rates are nL/day.
    """
    mode = fields["mode"]
    patterns: list[Any] = []
    boluses: list[Any] = []
    if mode == "continuous":
        patterns, boluses = [[(0, fields["rate"])]], [[]]
    elif mode == "minimum rate":
        patterns, boluses = [[(0, MINIMUM_RATE_NL_PER_DAY)]], [[]]
    elif mode == "flex":
        patterns, boluses = fields["patterns"], fields.get("boluses", [[] for _ in fields["patterns"]])
    weekdays = fields.get("weekdays", [0] * 7)
    patient = fields.get("patient")
    periodic = fields.get("periodic")
    bridge = fields.get("bridge")
    return Plan(
        tuple(tuple((at, rate) for at, rate in patterns[index]) for index in weekdays) if patterns else (),
        tuple(tuple((at, rate, minutes) for at, rate, minutes in boluses[index]) for index in weekdays)
        if boluses
        else ((),) * 7,
        tuple(periodic) if periodic else None,  # type: ignore[arg-type]
        Patient(*patient) if patient else None,
        (bridge[0], bridge[1]) if bridge else None,
        fields.get("catheter", 0),
        fields.get("most_per_bolus", 0),
        fields.get("most_per_hour", 0),
        fields.get("most_per_day", 0),
        mode == "flex",
    )
