"""All that a report is made of, read from a pump in one go; nothing here changes the pump."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from thecal.refill_dates import RefillDates, ReservoirOutlook, refill_dates
from thecal_fw.core.events import EVENT_HELLO, EVENT_MORE, EVENT_REFILLED, MORE_CODE_SHIFT

if TYPE_CHECKING:
    from thecal.client import Event, Pump
    from thecal.status import Status
    from thecal_fw.core.program import Program


@dataclass(frozen=True)
class Interrogation:
    """A pump at one instant. dates are in the pump's local time, None if there are none to give.

    bridge_left_s: how long the drug before goes on yet; 0 if no bridge is under way.
    """

    board: str
    serial: str
    version: str
    commit: str
    status: Status
    program: Program | None
    outlook: ReservoirOutlook
    dates: RefillDates | None
    log: list[Event]
    read_at: datetime
    bridge_left_s: int = 0

    @property
    def local_read_at(self) -> datetime:
        """When it was read: by the pump's local clock if it has the time, else by this computer's."""
        return local_now(self.status, self.read_at)


def local_now(status: Status, read_at: datetime) -> datetime:
    """The pump's local time, or this computer's where the pump has none: a person reads dates by the calendar on the
    wall, and west of Greenwich a date in UTC can be a day too late."""
    return status.local_time or read_at.astimezone().replace(tzinfo=None)


def interrogate(pump: Pump, now: datetime | None = None) -> Interrogation:
    """Read everything. now: this computer's time, with its offset, for a pump that does not know its own."""
    read_at = now or datetime.now(UTC)
    status = pump.interrogate()
    outlook = pump.outlook()
    log = pump.log()
    return Interrogation(
        pump.board,
        pump.serial,
        pump.version,
        pump.commit,
        status,
        pump.read_program(),
        outlook,
        _dates(status, outlook, read_at),
        log,
        read_at,
        pump.boluses().bridge_left_s,
    )


def _dates(status: Status, outlook: ReservoirOutlook, read_at: datetime) -> RefillDates | None:
    if not outlook.is_known:
        return None
    now = local_now(status, read_at)
    return refill_dates(outlook, now.replace(second=0, microsecond=0), status.earliest_fill)


def events_since_last_visit(log: list[Event], before_sequence: int | None = None) -> list[Event]:
    """Events from the last refill on; of a visit, from the refill before its own. Sessions are left out: each look at
    the pump opens one. before_sequence: the first event that belongs to this visit."""
    earlier = [
        event
        for event in log
        if event.code == EVENT_REFILLED and (before_sequence is None or event.sequence < before_sequence)
    ]
    first = earlier[-1].sequence if earlier else 0
    return [event for event in log if event.sequence >= first and not _is_of_sessions(event)]


def _is_of_sessions(event: Event) -> bool:
    is_number_of_them = event.code == EVENT_MORE and event.second >> MORE_CODE_SHIFT == EVENT_HELLO
    return event.code == EVENT_HELLO or is_number_of_them
