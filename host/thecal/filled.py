"""The time on the wall at which the drug in the reservoir was filled in, found from what the pump has lived through
since.

The pump's calendar may be wrong and may have been set in between, so the age of a fill is made of running time: of the
seconds since the reset within one life, and from life to life of a clock that continued by itself. Where neither
shows it, the day that the pump wrote down counts, but only if its clock is right today and the day is not yet to come.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from thecal_fw.core.events import EVENT_REFILLED, EVENT_TIME_SET
from thecal_fw.core.wall_clock import TIME_CARRIED_OVER

if TYPE_CHECKING:
    from thecal.client import Event
    from thecal.clocks import Clocks
    from thecal.status import Status

# (number of the life, seconds since its reset, UTC or None, whether the clock continued from the life before)
_Mark = tuple[int, int, int | None, bool]


def filled_at(status: Status, log: Sequence[Event], clocks: Clocks) -> datetime | None:
    """Return None where the time is not known, so that the drug counts as old; the latest that it can have been is
    never given."""
    at = next((index for index in range(len(log) - 1, -1, -1) if log[index].code == EVENT_REFILLED), None)
    age_s = _age_s(status, log[at:]) if at is not None else None
    if age_s is not None:
        return clocks.now - timedelta(seconds=age_s)
    was_set = any(event.code == EVENT_TIME_SET and event.first for event in log[at or 0 :])
    written_down = status.earliest_fill
    if written_down is None or not clocks.agree or was_set:
        return None
    filled = written_down.astimezone()
    return filled if filled <= clocks.now else None


def _age_s(status: Status, since: Sequence[Event]) -> int | None:
    """Return the seconds from the first of these events to the status; None where they can't be known."""
    utc_s = status.utc_s if status.time_source else None
    marks = [_mark(event) for event in since]
    marks.append((status.boots, status.boot_s, utc_s, status.time_source == TIME_CARRIED_OVER))
    # Each instant is known to the second below it, so a second is added: no date comes out late.
    age_s = 1
    for (life, boot_s, before_s, _), (next_life, next_boot_s, after_s, went_on) in pairwise(marks):
        if life == next_life:
            age_s += max(0, next_boot_s - boot_s)
        elif went_on and before_s is not None and after_s is not None:
            age_s += max(0, after_s - before_s)
        else:
            return None
    return age_s


def _mark(event: Event) -> _Mark:
    utc_s = event.utc_s if event.time_source else None
    return event.boots, event.boot_s, utc_s, event.time_source == TIME_CARRIED_OVER
