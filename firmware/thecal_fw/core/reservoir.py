"""The contents of the reservoir, by calculation: the volume filled less the microsteps since.

The volume is known or it is not; there is no made-up number in between. The pulse at which a threshold is
reached is computed once, exactly, so an alarm comes on that very pulse.
"""

from thecal_fw.core.calibration import Calibration
from thecal_fw.core.counts import MOST_COUNT

NEVER_STEP = 0x3FFFFFFF
"""A microstep that is never reached: the threshold of a reservoir whose contents are unknown."""

EMPTY_NL = 0
"""Calculated volume at which the reservoir counts as empty."""


class Reservoir:
    """Ledger of the reservoir. Steps are counted from reset, as the sense counter does.

    filled_at_step: the microstep of the last refill; below zero if that was before the reset.
    refilled_day: local day since 1970 of that refill, 0 if it was not known.
    low_step, empty_step: the microstep on which the calculated volume reaches the threshold, or NEVER_STEP.
    """

    def __init__(self, calibration: Calibration) -> None:
        self._calibration = calibration
        self.is_known = False
        self.fill_nl = 0
        self.low_reservoir_nl = 0
        self.filled_at_step = 0
        self.refilled_day = 0
        self.low_step = NEVER_STEP
        self.empty_step = NEVER_STEP

    def refill(self, fill_nl: int, counted_steps: int, day: int = 0) -> None:
        """Take the reservoir as holding this volume as of this microstep, and this local day since 1970, 0 if it is
        not known."""
        self.is_known = True
        self.fill_nl = fill_nl
        self.filled_at_step = counted_steps
        self.refilled_day = day
        self._set_thresholds()

    def set_low_threshold(self, low_reservoir_nl: int) -> None:
        self.low_reservoir_nl = low_reservoir_nl
        self._set_thresholds()

    def keep_count_small(self, counted_steps: int) -> None:
        """Have the microsteps since the refill stand still at MOST_COUNT, as of this count: sixteen litres, and a
        record has room for four times as many."""
        oldest = counted_steps - MOST_COUNT
        if self.filled_at_step < oldest:
            self.filled_at_step = oldest
            self._set_thresholds()

    def steps_since_refill(self, counted_steps: int) -> int:
        return counted_steps - self.filled_at_step

    def residual_nl(self, counted_steps: int) -> int:
        """Return calculated volume left, never below zero; meaningless while not ``is_known``."""
        used_nl = self._calibration.volume_nl(self.steps_since_refill(counted_steps))
        return max(0, self.fill_nl - used_nl)

    def _set_thresholds(self) -> None:
        if not self.is_known:
            return
        reaching = self._calibration.steps_reaching
        self.low_step = self.filled_at_step + reaching(max(0, self.fill_nl - self.low_reservoir_nl))
        self.empty_step = self.filled_at_step + reaching(self.fill_nl - EMPTY_NL)
