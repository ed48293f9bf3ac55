"""The event log over memory and flash: what is only in memory is written, and both are read as one.

Promises: an event that was read by a host is in flash, so that it is not lost afterwards and its number not used again.
"""

import struct

from thecal_fw.core.events import CAPACITY, EVENT_FORMAT, EVENT_LOST_EVENTS
from thecal_fw.pump.reports import Reports
from thecal_fw.store.journal import Journal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.pump.contracts import Writing


class RecordedEvents:
    """Serves the recorded events of one pump."""

    def __init__(self, reports: Reports, journal: Journal, writing: "Writing") -> None:
        self._reports = reports
        self._log = reports.log
        self._journal = journal
        self._writing = writing

    def are_written(self) -> bool:
        """Return True if all events are in flash."""
        return self._journal.latest_event >= self._log.latest

    def latest_written(self) -> int:
        return self._journal.latest_event

    def write(self, most: int = CAPACITY) -> None:
        """Write events that are in memory only, oldest first."""
        log, journal = self._log, self._journal
        if not self._writing.may_write():
            return
        for _ in range(most):
            if journal.latest_event + 1 < log.oldest():
                # More came while nothing could be written than memory holds. Reporting it costs one more.
                self._reports.record(EVENT_LOST_EVENTS, journal.latest_event + 1, log.oldest())
                journal.skip_events(log.oldest() - 1)
            sequence = journal.latest_event + 1
            if sequence > log.latest:
                return
            event = log.get(sequence)
            assert event is not None
            is_written = journal.append_event(*event[1:])
            if journal.latest_event != sequence:
                # A slot was spoiled. The place in flash goes by the number, so the number is the later one.
                log.renumber(sequence, journal.latest_event)
            if not is_written:
                return

    def oldest(self) -> int:
        """Return the sequence of the oldest event that may still be there."""
        return min(self._journal.oldest_event(), self._log.oldest())

    def is_left_out(self, sequence: int) -> bool:
        """Return True if no event ever had this number."""
        return self._journal.is_left_out(sequence)

    def get(self, sequence: int) -> "tuple[int, ...] | None":
        """Return an event from memory or else from the journal; None if it was lost."""
        if sequence >= self._log.oldest():
            return self._log.get(sequence)
        return self._journal.event(sequence)

    def copy(self, sequence: int, enough_bytes: int, found: bytearray) -> int:
        """Add the events from a number on to a bytearray, as ``EVENT_FORMAT`` packs them, until there are enough; the
        number to continue from."""
        log = self._log
        sequence = self._journal.copy_events(sequence, log.oldest() - 1, enough_bytes, found)
        if len(found) < enough_bytes:
            sequence = max(sequence, log.oldest())
        while sequence <= log.latest and len(found) < enough_bytes:
            event = log.get(sequence)
            if event is not None:
                found.extend(struct.pack(EVENT_FORMAT, *event))
            sequence += 1
        return sequence
