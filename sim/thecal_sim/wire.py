"""The wire from STEP to the sense pin, and the counter that listens at its far end.

The counter counts rising edges it sees, whatever makes them: a wire that is cut carries none, one that is stuck
carries none, and one that picks up noise adds some.
"""

from __future__ import annotations

from collections.abc import Callable

_COUNTER_MODULUS = 1 << 30


class Wire:
    """Carries STEP to the sense pin, unless it is cut or stuck."""

    def __init__(self, source_rises: Callable[[], int], source_level: Callable[[], int]) -> None:
        """``source_rises`` counts rising edges of the source up to now; ``source_level`` is its level now."""
        self._source_rises = source_rises
        self._source_level = source_level
        self._connected = True
        self._stuck: int | None = None
        self._carried = 0
        self.on_change: Callable[[], None] = lambda: None
        self._carried_from = source_rises()

    @property
    def connected(self) -> bool:
        return self._connected

    @connected.setter
    def connected(self, connected: bool) -> None:
        self._change(connected, self._stuck)

    @property
    def stuck(self) -> int | None:
        """Return 0 or 1 holds the far end at that level, whatever the source does; None carries the source."""
        return self._stuck

    @stuck.setter
    def stuck(self, level: int | None) -> None:
        self._change(self._connected, level)

    @property
    def is_whole(self) -> bool:
        """Return True if the far end sees exactly the edges that the source makes."""
        return self._connected and self._stuck is None

    def pick_up_noise(self, edges: int = 1) -> None:
        """Let so many rising edges appear at the far end now that the source did not make."""
        self._carried += edges
        self.on_change()

    def rises(self) -> int:
        """Return rising edges at the far end up to now."""
        if self.is_whole:
            return self._carried + self._source_rises() - self._carried_from
        return self._carried

    def _level(self) -> int:
        if self._stuck is not None:
            return self._stuck
        # The sense pin is pulled low, so a cut wire reads as low.
        return self._source_level() if self._connected else 0

    def _change(self, connected: bool, stuck: int | None) -> None:
        level = self._level()
        self._carried = self.rises()
        self._connected, self._stuck = connected, stuck
        self._carried_from = self._source_rises()
        if self._level() > level:
            self._carried += 1
        self.on_change()


class SenseCounter:
    """Implements ``Sense``: rising edges at the end of a wire since the board's reset."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._at_reset = wire.rises()

    def count(self) -> int:
        return (self._wire.rises() - self._at_reset) % _COUNTER_MODULUS

    def reset(self) -> None:
        self._at_reset = self._wire.rises()
