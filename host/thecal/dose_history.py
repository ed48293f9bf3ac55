"""The dose that a pump last gave and since when, as far as its log shows.

A program that was only committed gave nobody anything, and a stopped one says nothing of the dose before it. So a new
dose is held against what was delivered: the program that runs, or else the rate with which delivery last began or
changed. Of that the log has the volume and the instant; it names neither drug nor concentration, nor the other steps of
the day. Whatever it does not show stays None, and is said to be unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

from thecal_fw.core.events import EVENT_PROGRAM_COMMITTED, EVENT_PROGRAM_EFFECTIVE, EVENT_STARTED
from thecal_fw.core.limits import MINIMUM_RATE_NL_PER_DAY

if TYPE_CHECKING:
    from thecal.client import Event
    from thecal.status import Status

_SECONDS_PER_HOUR = 3_600
_BEGINS = (EVENT_PROGRAM_EFFECTIVE, EVENT_STARTED)


@dataclass(frozen=True)
class LastDose:
    """A rate that was given. local: when it began, by the pump's local time, or None if it had none."""

    rate_nl_per_day: int
    local: datetime | None


@dataclass(frozen=True)
class DoseHistory:
    """The history of what a pump has given. The defaults are those of a pump that has never given anything, or
    delivers its program.

    hours_since_change: since the dose last changed on a pump that delivers. was_delivered: whether the program that it
    has was ever delivered. last: the dose before, of a pump whose program was not. has_given: whether it ever gave any.
    """

    hours_since_change: Fraction | None = None
    was_delivered: bool = True
    last: LastDose | None = None
    has_given: bool = False


def dose_history(status: Status, log: Sequence[Event]) -> DoseHistory:
    return DoseHistory(
        _hours_since_change(status, log),
        _was_delivered(status, log),
        _last_dose(status, log),
        bool(status.lifetime_steps),
    )


def _hours_since_change(status: Status, log: Sequence[Event]) -> Fraction | None:
    changes = [event for event in log if event.code in _BEGINS]
    if not status.is_delivering or not changes:
        return None
    last = changes[-1]
    if last.boots == status.boots:
        return Fraction(max(0, status.boot_s - last.boot_s), _SECONDS_PER_HOUR)
    if last.time_source and status.time_source:
        return Fraction(max(0, status.utc_s - last.utc_s), _SECONDS_PER_HOUR)
    return None


def _was_delivered(status: Status, log: Sequence[Event]) -> bool:
    """Return True if the log shows that it was delivered; where that does not go back to the commit, a pump that has
    given anything has given this."""
    if status.is_delivering or not status.lifetime_steps:
        return status.is_delivering
    for event in reversed(log):
        if event.code in _BEGINS:
            return True
        if event.code == EVENT_PROGRAM_COMMITTED:
            return False
    return True


def _last_dose(status: Status, log: Sequence[Event]) -> LastDose | None:
    """Return the latest rate above the minimum one, which is no dose that is meant to act."""
    begun = [event for event in log if event.code in _BEGINS and event.second > MINIMUM_RATE_NL_PER_DAY]
    if not begun:
        return None
    last = begun[-1]
    local = None
    if last.time_source:
        local = datetime.fromtimestamp(last.utc_s, UTC) + timedelta(minutes=status.offset_minutes)
    return LastDose(last.second, local)
