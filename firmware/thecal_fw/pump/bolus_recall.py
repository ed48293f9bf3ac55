"""Recalls which boluses were given on demand in the last 24 hours, once, on a board that keeps no record of doses yet
(``DoseKeeper``): older firmware left them to the event log.

The log is read a few events at a time while nothing else is due; until that is done no bolus on demand is given. Where
events are missing none is given on demand for 24 hours.
"""

from thecal_fw.core.bolus_history import BolusHistory
from thecal_fw.core.events import EventLog
from thecal_fw.core.instant import TICKS_PER_DAY
from thecal_fw.pump.timekeeper import Timekeeper

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.core.bolus import Bolus
    from thecal_fw.pump.contracts import Doses, Events, Notes
    from thecal_fw.pump.older_log import OlderLog

STEP_US = 30_000
"""More than reading a few events takes."""


class BolusRecall:
    """is_done: whether the log has been read as far as needed.
    unknown_until: tick before which boluses may have been given of which nothing is known."""

    def __init__(self, time: Timekeeper, log: EventLog, history: BolusHistory) -> None:
        self._time = time
        self._log = log
        self._history = history
        self.is_done = False
        self.unknown_until = 0
        self._older: "OlderLog | None" = None

    def connect(self, events_kept: "Events", extra: "list[Bolus]", notes: "Notes", doses: "Doses") -> None:
        self._events = events_kept
        self._extra = extra
        self._notes = notes
        self._doses = doses

    def begin(self, is_age_known: bool) -> None:
        """Begin at the newest event of the life before this one. is_age_known: whether it can be known how long ago it
        was."""
        sequence = self._log.oldest() - 1
        if sequence <= 0:
            self.is_done = True
        elif not is_age_known:
            self.end(TICKS_PER_DAY)
        else:
            # Needed once in the life of a board, if ever. Where the firmware is loaded into memory, that stays free.
            from thecal_fw.pump.older_log import OlderLog

            self._older = OlderLog(
                sequence, self._time, self._history, self._events, self._extra, self._notes
            )

    def end(self, unknown_until: int) -> None:
        """End the reading: nothing more is needed."""
        self.unknown_until = unknown_until
        self.is_done = True

    def step(self) -> None:
        """Read a few events more."""
        older = self._older
        if older is not None and older.read_some():
            self.end(max(self.unknown_until, older.gap_until))
            self._older = None
            self._doses.note_change()
