"""All that a report is made of, read from a pump in one go; nothing here changes the pump."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from thecal.clocks import Clocks, Wall, clocks_of
from thecal.filled import filled_at
from thecal.refill_dates import RefillDates, ReservoirOutlook, refill_dates
from thecal_fw.core.events import EVENT_HELLO, EVENT_MORE, EVENT_REFILLED, MORE_CODE_SHIFT

if TYPE_CHECKING:
    from thecal.bolus import BolusState
    from thecal.client import Event, Pump
    from thecal.dose_history import LastDose
    from thecal.status import Status
    from thecal_fw.core.program import Program


@dataclass(frozen=True)
class Interrogation:
    """A pump at one instant. dates: local time on the wall, None if there are none to give. clocks: both, as they were.

    boluses: what was given on demand, and how long the drug before continues yet. last_dose: the daily dose last
    delivered, None before the first.
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
    clocks: Clocks
    boluses: BolusState
    last_dose: LastDose | None

    @property
    def bridge_left_s(self) -> int:
        return self.boluses.bridge_left_s

    @property
    def local_read_at(self) -> datetime:
        """Return when it was read, as a person reads it off the wall."""
        return self.clocks.now.replace(tzinfo=None)


def interrogate(pump: Pump, wall: Wall | None = None) -> Interrogation:
    """Read everything. wall: the time on the wall, this computer's unless a person has read another one."""
    wall = wall or Wall()
    log = pump.log()
    # The clocks are read in the same instant, as far as a request allows.
    status, now = pump.interrogate(), wall.now()
    clocks = clocks_of(status, now, is_told=wall.is_told, log=log)
    outlook = pump.outlook()
    return Interrogation(
        pump.board,
        pump.serial,
        pump.version,
        pump.commit,
        status,
        pump.read_program(),
        outlook,
        refill_dates(outlook, now, filled_at(status, log, clocks)) if outlook.is_known else None,
        log,
        clocks,
        pump.boluses(),
        pump.last_dose(),
    )


def events_since_last_visit(log: list[Event], before_sequence: int | None = None) -> list[Event]:
    """Return events from the last refill on; of a visit, from the refill before its own. Sessions are left out: each
    look at the pump opens one. before_sequence: the first event that belongs to this visit."""
    earlier = [
        event
        for event in log
        if event.code == EVENT_REFILLED and (before_sequence is None or event.sequence < before_sequence)
    ]
    first = earlier[-1].sequence if earlier else 0
    return [event for event in log if event.sequence >= first and not is_of_sessions(event)]


def is_of_sessions(event: Event) -> bool:
    """Return True if it only says that somebody has looked at the pump."""
    is_number_of_them = event.code == EVENT_MORE and event.second >> MORE_CODE_SHIFT == EVENT_HELLO
    return event.code == EVENT_HELLO or is_number_of_them
