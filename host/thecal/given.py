"""The delivery of a pump lately, against what its program prescribes for that time.

The time begins with the last event after which the program alone says what is given by the clock: a start, or a change
of program that took effect; at most it is the last 24 hours. Delivered is what was counted behind the driver,
prescribed what the program gives in that time by the pump's own clock, with what was given on demand. Where the pump
does not know, nothing is made up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

from thecal.amounts import dose_mcg
from thecal.bolus import BolusState
from thecal.status import Status
from thecal_fw.core import events
from thecal_fw.core.bolus import KIND_CLINICIAN, KIND_PATIENT, KIND_PRIME
from thecal_fw.core.program import Program
from thecal_fw.core.schedule import boluses_between, longest_bolus_minutes, rate_at

if TYPE_CHECKING:
    from thecal.client import Event

_BEGINS = (events.EVENT_PROGRAM_EFFECTIVE, events.EVENT_STARTED)
_BREAKS = (
    events.EVENT_STOPPED,
    events.EVENT_RESET,
    events.EVENT_TIME_SET,
    events.EVENT_PASSED_OVER,
    events.EVENT_HELD,
)
_ON_DEMAND = (KIND_CLINICIAN, KIND_PATIENT, KIND_PRIME)
_DAY_S = 86_400
_EPOCH = datetime(1970, 1, 1)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Given:
    """since: by the pump's local time. delivered, prescribed, on_demand: mcg; prescribed has on_demand in it."""

    since: datetime
    is_whole_day: bool
    delivered_mcg: Fraction
    prescribed_mcg: Fraction
    on_demand_mcg: Fraction


def given_lately(
    status: Status, boluses: BolusState, program: Program | None, log: Sequence[Event]
) -> Given | None:
    """Return none where the two can't be held against each other: not delivering, no clock, a bridge, or the log has
    something in that time that changed what was due."""
    local = status.local_time
    if local is None or program is None or not status.is_delivering or boluses.bridge_left_s:
        return None
    begun = next((event for event in reversed(log) if event.code in _BEGINS), None)
    if begun is None or begun.boots != status.boots:
        return None
    age_s = status.boot_s - begun.boot_s
    window_s = min(age_s, _DAY_S)
    recent = [event for event in log if event.sequence > begun.sequence]
    if any(event.code in _BREAKS and event.boot_s >= status.boot_s - window_s for event in recent):
        return None
    since = local - timedelta(seconds=window_s)
    if age_s >= _DAY_S:
        delivered_nl = Fraction(boluses.metered_day_nl)
    else:
        delivered_nl = Fraction(
            (status.counted_steps - begun.first) * status.nl_per_rev, status.microsteps_per_rev
        )
    on_demand_nl = Fraction(_on_demand_nl(recent, status.boot_s - window_s))
    if boluses.under_way:
        on_demand_nl += boluses.bolus_given_nl
    prescribed_nl = by_the_clock_nl(program, since, local) + on_demand_nl
    concentration = program.concentration_ng_per_ml
    return Given(
        since,
        age_s >= _DAY_S,
        dose_mcg(delivered_nl, concentration),
        dose_mcg(prescribed_nl, concentration),
        dose_mcg(on_demand_nl, concentration),
    )


def _on_demand_nl(recent: Sequence[Event], from_boot_s: int) -> int:
    return sum(
        event.first
        for event in recent
        if event.code == events.EVENT_BOLUS_ENDED
        and event.boot_s >= from_boot_s
        and event.second >> events.KIND_SHIFT in _ON_DEMAND
    )


def by_the_clock_nl(program: Program, since: datetime, until: datetime) -> Fraction:
    """Return the volume that a program gives by the clock from one local time to another."""
    total = Fraction(0)
    at = since
    while at < until:
        end = min(until, at.replace(second=0, microsecond=0) + _MINUTE)
        seconds = Fraction((end - at) // timedelta(microseconds=1), 10**6)
        total += rate_at(program, at.weekday(), 60 * at.hour + at.minute) * seconds / _DAY_S
        at = end
    first, last = (since - _EPOCH) / _MINUTE, (until - _EPOCH) / _MINUTE
    for begin, rate, minutes in boluses_between(
        program, int(first) - longest_bolus_minutes(program), int(last) + 1
    ):
        overlap = min(Fraction(last), Fraction(begin + minutes)) - max(Fraction(first), Fraction(begin))
        total += rate * max(Fraction(0), overlap) / 1_440
    return total
