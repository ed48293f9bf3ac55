"""The self-test of the simulated board: the sense wire is really looked at, the rest fails when a test says so."""

from __future__ import annotations

from thecal_fw.core.self_test import TEST_SENSE
from thecal_sim.wire import Wire


class SimulatedSelfTest:
    """Implements ``SelfTest``. failed: bits of tests that are to fail from the next reset on."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.failed = 0

    def run(self) -> int:
        is_carried = self._wire.connected and self._wire.stuck is None
        return self.failed | (0 if is_carried else TEST_SENSE)
