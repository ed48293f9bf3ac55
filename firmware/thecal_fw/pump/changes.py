"""Two numbers that say whether what the pump knows has changed since it was last made to last.

Whoever owns a piece of state raises a number where the state changes. The keeper compares it with the number that it
wrote last, so nobody has to ask for a record, and none is forgotten.
"""

from thecal_fw.core.counts import MOST_COUNT


class Changes:
    """durable: of what has to outlive a power cut. carried: of what has to outlive a watchdog reset as well, the record
    apart: where delivery stands, and the doses under way."""

    def __init__(self) -> None:
        self.durable = 0
        self.carried = 0

    def note(self) -> None:
        """Note that something durable has changed."""
        self.durable = (self.durable + 1) & MOST_COUNT

    def note_carried(self) -> None:
        """Note that something has changed that outlives a watchdog reset only."""
        self.carried = (self.carried + 1) & MOST_COUNT
