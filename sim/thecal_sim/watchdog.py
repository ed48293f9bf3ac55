"""The board's watchdog: unless it is fed, it resets the board after 8.3 seconds.

It is off after a reset and starts to count when it is first fed: on the board, the program arms it as it begins.
"""

from __future__ import annotations

from collections.abc import Callable

from thecal_sim.processor import Processor
from thecal_sim.units import NS_PER_MS

BITE_NS = 8_300 * NS_PER_MS


class SimulatedWatchdog:
    """Implements ``Watchdog``. ``bite`` is called when the food runs out."""

    def __init__(self, processor: Processor, bite: Callable[[], None]) -> None:
        self._processor = processor
        self.timer = processor.env.timer(bite)
        """When it bites."""

    def feed(self) -> None:
        self.feed_at(self._processor.now_ns)

    def feed_at(self, t_ns: int) -> None:
        """Note that the watchdog is certain to be fed at an instant, and until then often enough."""
        self.timer.due_ns = t_ns + BITE_NS

    def stop(self) -> None:
        """Stop the watchdog, which a reset leaves off until it is fed again."""
        self.timer.due_ns = None
