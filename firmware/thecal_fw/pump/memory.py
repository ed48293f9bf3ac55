"""The pump's heap: what is begun has room to end, and want of memory ends a request and never delivery."""

from thecal_fw.core.events import EVENT_OUT_OF_MEMORY
from thecal_fw.pump.pace import Pace
from thecal_fw.pump.reports import Reports

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.ports import Machine

_PIECE_BYTES = 1_300
"""More than anything that a request takes in one piece, an open file on a stock board being the longest."""

_MOST_GARBAGE_BYTES = 12_288
"""Garbage that is left lying. Collecting takes ten times as long as a look at how much of it there is."""

_NEVER_SEEN = 0x3FFFFFFF
"""More than any board has, so the first look tidies."""


class Memory:
    """Watches over the memory of one board."""

    def __init__(self, machine: "Machine", pace: Pace, reports: Reports) -> None:
        self._machine = machine
        self._pace = pace
        self._reports = reports
        self._is_tight = machine.room.is_tight
        self._least_free_bytes = _NEVER_SEEN

    def tidy(self) -> None:
        """Collect garbage, and learn how long that takes."""
        begun = self._pace.begin()
        self._machine.collect_garbage()
        self._pace.note_collected(self._pace.since(begun))

    def is_littered(self) -> bool:
        """Return True if much garbage lies about. What is made to stay would lie behind it, in the middle of what is
        free once it has been collected. Where memory is tight the heap is tidied at every need."""
        return not self._is_tight and self._machine.heap_free_bytes() < self._least_free_bytes

    def keep_tidy(self) -> None:
        """Tidy if the heap is littered, or memory is tight."""
        if self._is_tight:
            self.tidy()
        elif self.is_littered():
            self.tidy()
            self._least_free_bytes = self._machine.heap_free_bytes() - _MOST_GARBAGE_BYTES

    def need(self) -> None:
        """Raise MemoryError unless there is a piece of memory free: what changes something is only begun with one, so
        that it does not end half done. Where memory is tight it is tidied first."""
        if self._is_tight:
            self.tidy()
        bytearray(_PIECE_BYTES)

    def note_want(self, kind: int) -> None:
        """Note that a request of this kind, or a press of the button for kind 0, ended for want of memory. Delivery
        has not."""
        self.tidy()
        # What can't even be logged is no reason to stop either.
        try:
            self._reports.record(EVENT_OUT_OF_MEMORY, kind, self._machine.heap_free_bytes())
        except MemoryError:
            return
