"""The console's view of the pump at one instant, as a value that pages are made of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from thecal.clocks import Clocks, Wall, clocks_of
from thecal.filled import filled_at
from thecal.refill_dates import ReservoirOutlook, refill_dates
from thecal.reports.interrogation import Interrogation

if TYPE_CHECKING:
    from thecal.bolus import BolusState
    from thecal.client import Access, Event
    from thecal.dose_history import LastDose
    from thecal.service_outlook import ServiceOutlook
    from thecal.status import Status
    from thecal_fw.core.program import Program


class Link(StrEnum):
    """The state of the link to the pump."""

    LOOKING = "looking for the pump"
    LIVE = "live"
    GONE = "gone"
    OTHER_HOST = "another program has the pump"
    OTHER_PUMP = "another pump is attached"


@dataclass(frozen=True)
class Seen:
    """A pump. read_s, read_ms: when, by the computer's monotonic
    clock, and in milliseconds since 1970. log: as far as it has been read."""

    port: str
    board: str
    serial: str
    version: str
    commit: str
    is_practice: bool
    boards_attached: int
    read_s: float
    read_ms: int
    status: Status
    boluses: BolusState
    program: Program | None
    clocks: Clocks
    outlook: ReservoirOutlook | None = None
    service: ServiceOutlook | None = None
    access: Access | None = None
    last_dose: LastDose | None = None
    log: tuple[Event, ...] = ()
    is_log_whole: bool = False

    @property
    def title(self) -> str:
        return f"{self.board} {self.serial}, firmware {self.version} ({self.commit})"

    @property
    def patient(self) -> str:
        return self.program.patient if self.program is not None else ""


def clocks_seen(status: Status, log: tuple[Event, ...]) -> Clocks:
    """Return the clocks by the last event that has a time: the rest of a long log says nothing more of them."""
    known = next((event for event in reversed(log) if event.time_source), None)
    return clocks_of(status, Wall().now(), log=() if known is None else (known,))


def as_interrogation(seen: Seen) -> Interrogation | None:
    """Return the same as what an interrogation reads in one go; None until everything has been read once."""
    if seen.outlook is None or not seen.is_log_whole:
        return None
    log = list(seen.log)
    dates = None
    if seen.outlook.is_known:
        dates = refill_dates(seen.outlook, seen.clocks.now, filled_at(seen.status, log, seen.clocks))
    return Interrogation(
        seen.board,
        seen.serial,
        seen.version,
        seen.commit,
        seen.status,
        seen.program,
        seen.outlook,
        dates,
        log,
        seen.clocks,
        seen.boluses,
        seen.last_dose,
    )
