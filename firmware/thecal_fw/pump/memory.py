"""The pump's heap: what is begun has room to end, and want of memory ends a request and never delivery."""

from thecal_fw.core.events import EVENT_OUT_OF_MEMORY
from thecal_fw.pump.pace import Pace
from thecal_fw.pump.reports import Reports

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.ports import Machine

_PIECE_BYTES = 1_300
"""More than anything that a request takes in one piece, an open file on a stock board being the longest."""


class Memory:
    """Of one board."""

    def __init__(self, machine: "Machine", pace: Pace, reports: Reports) -> None:
        self._machine = machine
        self._pace = pace
        self._reports = reports
        self._is_tight = machine.room.is_tight

    def tidy(self) -> None:
        """Collect garbage, and learn how long that takes."""
        begun = self._pace.begin()
        self._machine.collect_garbage()
        self._pace.note_collected(self._pace.since(begun))

    def need(self) -> None:
        """Raise MemoryError unless there is a piece of memory free: what changes something is only begun with one, so
        that it does not end half done.

        Where memory is tight it is tidied first. What the request keeps then lies beside what was kept before it, and
        not behind its garbage in the middle of the longest free piece.
        """
        if self._is_tight:
            self.tidy()
        bytearray(_PIECE_BYTES)

    def note_want(self, kind: int) -> None:
        """A request of this kind, or a press of the button for kind 0, ended for want of memory. Delivery has not."""
        self.tidy()
        # What can't even be logged is no reason to stop either.
        try:
            self._reports.record(EVENT_OUT_OF_MEMORY, kind, self._machine.heap_free_bytes())
        except MemoryError:
            return
