"""The board's watchdog: unless it is fed, it resets the board after 8.3 seconds.

It is off after a reset and starts to count when it is first fed: on the board, the program arms it as it begins.
"""

from __future__ import annotations

from collections.abc import Callable

from simpy import Event

from thecal_sim.processor import Processor
from thecal_sim.units import NS_PER_MS

BITE_NS = 8_300 * NS_PER_MS


class SimulatedWatchdog:
    """Implements ``Watchdog``. ``bite`` is called when the food runs out."""

    def __init__(self, processor: Processor, bite: Callable[[], None]) -> None:
        self._processor = processor
        self._bite = bite
        self._deadline_ns = -1
        self._due: Event | None = None

    def feed(self) -> None:
        self._deadline_ns = self._processor.now_ns + BITE_NS
        if self._due is None:
            self._look_again_at_deadline()

    def stop(self) -> None:
        """A reset leaves the watchdog off until it is fed again."""
        self._due = None

    def _look_again_at_deadline(self) -> None:
        env = self._processor.env
        self._due = env.timeout(self._deadline_ns - env.now_ns)
        self._due.callbacks.append(self._look)

    def _look(self, event: Event) -> None:
        if event is not self._due:
            return
        if self._processor.env.now_ns < self._deadline_ns:
            self._look_again_at_deadline()
        else:
            self._due = None
            self._bite()
