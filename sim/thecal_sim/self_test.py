"""The self-test of the simulated board: the sense wire is really looked at, the rest fails when a test says so."""

from __future__ import annotations

from thecal_fw.core.self_test import TEST_IMAGE, TEST_SENSE
from thecal_sim.wire import Wire

PIECES = 512
"""Those that the largest image is looked at in while the pump runs."""
_MANY_CALLS = 1 << 30


class SimulatedSelfTest:
    """Implements ``SelfTest``. failed: bits of tests that are to fail from the next reset on.
    image_has_changed: what the pieces that are looked at while running find at the end of the image."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.failed = 0
        self.image_has_changed = False
        self._found = 0
        self._piece = 0

    def run(self) -> int:
        self._found = self._piece = 0
        is_carried = self._wire.connected and self._wire.stuck is None
        failed = self.failed | (0 if is_carried else TEST_SENSE)
        return failed | (TEST_IMAGE if self.image_has_changed else 0)

    def calls_without_news(self) -> int:
        """Return how many further calls of ``go_on`` are certain to return what the latest one did."""
        is_news_ahead = self.image_has_changed and self._found != TEST_IMAGE
        return PIECES - 1 - self._piece if is_news_ahead else _MANY_CALLS

    def pass_over(self, calls: int) -> None:
        """Make so many calls without news at once."""
        self._piece = (self._piece + calls) % PIECES

    def go_on(self) -> int:
        self._piece = (self._piece + 1) % PIECES
        if self._piece == 0 and self.image_has_changed:
            self._found = TEST_IMAGE
        return self._found
