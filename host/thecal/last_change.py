"""How long a pump has been giving its present dose, as far as its log tells."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from thecal_fw.core.events import EVENT_PROGRAM_EFFECTIVE, EVENT_STARTED

if TYPE_CHECKING:
    from thecal.client import Event
    from thecal.status import Status

_SECONDS_PER_HOUR = 3_600


def hours_since_change(status: Status, log: list[Event]) -> Fraction | None:
    """Hours since the dose last changed; None on a pump that does not deliver, or where the log does not tell."""
    if not status.is_delivering:
        return None
    changes = [event for event in log if event.code in (EVENT_PROGRAM_EFFECTIVE, EVENT_STARTED)]
    if not changes:
        return None
    last = changes[-1]
    if last.boots == status.boots:
        return Fraction(max(0, status.boot_s - last.boot_s), _SECONDS_PER_HOUR)
    if last.time_source and status.time_source:
        return Fraction(max(0, status.utc_s - last.utc_s), _SECONDS_PER_HOUR)
    return None
