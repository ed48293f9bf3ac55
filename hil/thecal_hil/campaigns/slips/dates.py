"""Pages printed beside wrong clocks, held against an oracle that has its own calendar.

A pump is filled, delivers, and is read by a computer. Wrong by up to 400 days is the pump's clock, when it was filled
or when it is read, or the computer's; or the pump's offset is wrong; or a power cut took its time. A script prints only
where the rules let it; then a person, who has a right clock on the wall and gives it when asked, prints too. The oracle
knows when the drug was really filled in and calculates with exact rationals from the prescription; it shares nothing
with what it judges but the words of a date. Not drawn: both clocks wrong alike, which nobody can notice.
"""

from __future__ import annotations

import os
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from fractions import Fraction
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from thecal.cli.wall import need_settled
from thecal.client import Pump
from thecal.clocks import Wall
from thecal.errors import BadInputError
from thecal.prescription import compile_prescription
from thecal.reports.handout import date_text, handout
from thecal.reports.interrogation import interrogate
from thecal_fw.core.events import RESET_POWER_ON
from thecal_fw.core.program import Program
from thecal_sim.model import ModelPump

KINDS = ("right", "pump wrong", "pump wrong at the fill", "computer wrong", "offset wrong", "time unknown")
_ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Sydney", "Pacific/Honolulu")
_MOST_DAYS = 400
_FILL_NL, _ALARM_NL, _PERMILLE = 20_000_000, 2_000_000, 145
_NS_PER_S = 1_000_000_000
_SLACK = timedelta(minutes=3)
"""The pump reports whole minutes, reads what it has counted, and is asked a few seconds before it answers."""


class Age(Enum):
    """The way in which the age of the fill is known: without a power cut, by the day that the pump wrote down, or not
    at all, when the drug counts as too old at once."""

    BY_THE_SECOND = "by the second"
    BY_THE_DAY = "by the day"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class PretendWall(Wall):
    """A computer's clock, or one on a wall, that shows what it is set to."""

    shows: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.shows.astimezone()


@dataclass
class Printed:
    """pages: printed by a script, and by a person. refused: scripts that were not let print. wrong: dates, in words."""

    pages: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def print_pages(seed: int, count: int) -> Printed:
    random, printed = Random(seed), Printed()
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        zone = random.choice(_ZONES)
        with _living_in(zone):
            _print_one(random, kind, ZoneInfo(zone), printed, f"page {number}, {kind}, {zone}")
    return printed


def _print_one(random: Random, kind: str, zone: ZoneInfo, printed: Printed, what: str) -> None:
    filled = datetime(2026, 6, 1, tzinfo=UTC) + timedelta(seconds=random.randrange(2 * 365 * 86_400))
    program = _program(random)
    lasts_s = random.randrange(60, 6 * 3_600)
    error = timedelta(seconds=random.choice((-1, 1)) * random.randrange(120, _MOST_DAYS * 86_400))
    model = ModelPump()
    pump = Pump(model.serial, host_nonce=1)
    at_fill = error if kind == "pump wrong at the fill" else timedelta()
    _set(pump, filled + at_fill, _offset(filled, zone))
    pump.program(program)
    begun_ns = model.now_ns
    pump.refill(_FILL_NL)
    pump.start(program.digest())
    model.run_for(lasts_s * _NS_PER_S)
    if kind == "time unknown":
        model.reset(RESET_POWER_ON)
        model.run_for(20 * _NS_PER_S)
        model.serial.close()
        model.serial.open()
        pump = Pump(model.serial, host_nonce=2)

    def now() -> datetime:
        return filled + timedelta(microseconds=(model.now_ns - begun_ns) // 1_000)

    if kind == "pump wrong at the fill":
        _set(pump, now(), _offset(now(), zone))
    if kind == "pump wrong":
        _set(pump, now() + error, _offset(now(), zone))
    if kind == "offset wrong":
        offset = _offset(now(), zone)
        wrong = random.choice([minutes for minutes in range(-720, 781, 30) if minutes != offset])
        _set(pump, now(), wrong)
    computer = now() + (error if kind == "computer wrong" else timedelta())
    for who, wall in (
        ("script", PretendWall(shows=computer)),
        ("person", PretendWall(is_told=True, shows=now())),
    ):
        read = interrogate(pump, wall)
        try:
            need_settled(read.clocks, "")
        except BadInputError:
            printed.refused[kind] += 1
            continue
        printed.pages[who] += 1
        page = handout(read, None)
        age = Age.BY_THE_SECOND
        if kind == "time unknown":
            # A clock that is not right after the cut does not know whether the day that was written down is.
            is_right = read.status.time_source and abs(read.status.utc_s - now().timestamp()) <= 60
            age = Age.BY_THE_DAY if is_right else Age.UNKNOWN
        right = _right_dates(program, filled, now(), read.status.residual_nl, age)
        for label, allowed in right.items():
            found = re.search(rf"<th>{label}</th><td>([^<]*)</td>", page)
            if found is None or found[1] not in allowed:
                printed.wrong.append(
                    f"{what}, {who}: {label} {found and found[1]}, right: {' or '.join(allowed)}"
                )


def _right_dates(
    program: Program, filled: datetime, now: datetime, left_nl: int, age: Age
) -> dict[str, list[str]]:
    """Return the right dates, by the calendar of the zone that this process lives in."""
    per_s = Fraction(program.rate_nl_per_day, 86_400)
    given = _FILL_NL - left_nl
    worst = Fraction(_FILL_NL - _ALARM_NL) / (per_s * (1 + Fraction(_PERMILLE, 1_000)))
    worst -= Fraction(given) / per_s
    low = Fraction(left_nl - _ALARM_NL) / per_s
    at_worst = now + timedelta(seconds=float(worst))
    expires = {
        Age.BY_THE_SECOND: filled,
        Age.BY_THE_DAY: filled.astimezone().replace(hour=0, minute=0, second=0, tzinfo=None).astimezone(),
        Age.UNKNOWN: now - timedelta(days=program.stability_days),
    }[age] + timedelta(days=program.stability_days)
    by = min(at_worst, expires) if program.stability_days else at_worst
    return {"Refill by": _texts(by), "Low-reservoir alarm": _texts(now + timedelta(seconds=float(low)))}


def _texts(instant: datetime) -> list[str]:
    """Return the date of an instant; two where midnight is nearer than what the pump's minutes resolve."""
    around = (instant - _SLACK, instant + _SLACK)
    return list(dict.fromkeys(date_text(one.astimezone().replace(tzinfo=None)) for one in around))


def _program(random: Random) -> Program:
    fields: dict[str, Any] = {
        "drug": "baclofen",
        "concentration_mcg_per_ml": 500,
        "mode": "simple continuous",
        "dose_mcg_per_day": random.randrange(60, 600),
        "reservoir": {"capacity_ml": 20, "low_alarm_ml": 2},
        "limits": {"most_mcg_per_hour": 100, "most_mcg_per_day": 1_000},
    }
    if random.random() < 0.5:
        fields["reservoir"]["stability_days"] = random.randrange(10, 180)
    return compile_prescription(fields).program


def _set(pump: Pump, instant: datetime, offset_minutes: int) -> None:
    pump.set_time(int(instant.timestamp()), offset_minutes, instant.microsecond)


def _offset(instant: datetime, zone: ZoneInfo) -> int:
    offset = instant.astimezone(zone).utcoffset()
    assert offset is not None
    return round(offset.total_seconds() / 60)


@contextmanager
def _living_in(zone: str) -> Iterator[None]:
    """Make this a computer of this time zone, within the block."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = zone
    time.tzset()
    try:
        yield
    finally:
        os.environ.pop("TZ")
        if before is not None:
            os.environ["TZ"] = before
        time.tzset()
