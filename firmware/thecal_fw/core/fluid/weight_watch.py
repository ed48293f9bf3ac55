"""The flow that the weight of a vessel shows, be it the reservoir or the one that receives, whatever the cause.

``ExpectedMass`` is what the counted microsteps should have moved. ``FreeFlowWatch`` compares readings minutes apart:
what is too much there runs by itself. ``TrendWatch`` compares hours days apart: a load cell drifts as a random walk, so
the longer one waits the smaller a lasting error shows. A deviation is what was weighed less what was expected, positive
where too much has come out.
"""

from array import array

from thecal_fw.core.fluid.thresholds import (
    FREE_FLOW_BLOCK,
    FREE_FLOW_UG,
    KNOCKED_UG,
    TREND_FINDING,
    TREND_WINDOWS,
)

(TREND_EVEN, TREND_FOUND, TREND_ALARM) = range(3)

_LEAPS_OF_A_FLOW = 2
"""In a row, and all upward: a hand that rests comes to rest, a torrent does not."""

UG_PER_UL_25C = 997
"""Water at 25 degrees, 0.9970 g/mL."""


class ExpectedMass:
    """Adds up what microsteps should weigh, and loses nothing to rounding."""

    def __init__(self, nl_per_rev: int, microsteps_per_rev: int, ug_per_ul: int = UG_PER_UL_25C) -> None:
        self._nl_per_rev, self._microsteps_per_rev, self._ug_per_ul = (
            nl_per_rev,
            microsteps_per_rev,
            ug_per_ul,
        )
        self._left_microsteps = self._left_ug = 0

    def of(self, microsteps: int) -> int:
        """Return the mass of so many microsteps more, in ug; at most 20,000 at a time keep clear of the heap."""
        volume = microsteps * self._nl_per_rev + self._left_microsteps
        nl = volume // self._microsteps_per_rev
        self._left_microsteps = volume - nl * self._microsteps_per_rev
        mass = nl * self._ug_per_ul + self._left_ug
        ug = mass // 1_000
        self._left_ug = mass - ug * 1_000
        return ug


class FreeFlowWatch:
    """off_ug: of the latest reading, how much more has come out than was commanded since the block it is compared with.

    A reading in one block is compared with the mean of the block before the last, so that a siphon, which fills blocks
    too, is always seen against readings from before it."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Begin anew: a refill, or somebody has touched the vessel."""
        self.off_ug = 0
        self._first_ug = self._latest_ug = 0
        self._sum_ug = self._taken = self._blocks = 0
        self._mean_1 = self._mean_2 = 0
        self._leaps = 0

    def take(self, deviation_ug: int) -> bool:
        """Return True if fluid runs by itself, by a reading's deviation."""
        leap_ug = deviation_ug - self._latest_ug
        if self._taken == self._blocks == 0:
            self._first_ug = deviation_ug
        elif not -KNOCKED_UG < leap_ug < KNOCKED_UG:
            leaps = self._leaps + 1 if leap_ug > 0 else 0
            self.begin()
            self._leaps, self._first_ug, self._latest_ug, self._taken = leaps, deviation_ug, deviation_ug, 1
            return leaps >= _LEAPS_OF_A_FLOW
        else:
            self._leaps = 0
        self._latest_ug = deviation_ug
        # Sums are of what has changed since the beginning, so that they stay small.
        self._sum_ug += deviation_ug - self._first_ug
        self._taken += 1
        if self._blocks >= 2:
            self.off_ug = deviation_ug - self._first_ug - self._mean_2
        if self._taken == FREE_FLOW_BLOCK:
            self._mean_2, self._mean_1 = self._mean_1, self._sum_ug // FREE_FLOW_BLOCK
            self._sum_ug = self._taken = 0
            if self._blocks < 2:
                self._blocks += 1
        return self._blocks >= 2 and self.off_ug >= FREE_FLOW_UG


class TrendWatch:
    """off_ug: by how much the latest window that counts is off, positive where too much has come out. blocks: how long
    that window is."""

    def __init__(self) -> None:
        self._means = array("l", [0] * (TREND_FINDING[0] + 1))
        self.begin()

    def begin(self) -> None:
        """Begin anew: a refill, another vessel, or somebody has touched it."""
        self.off_ug = self.blocks = 0
        self._kept = self._next = 0

    def take(self, mean_ug: int) -> int:
        """Judge the mean deviation of a block of three hours."""
        means, length = self._means, len(self._means)
        means[self._next] = mean_ug
        self._next = (self._next + 1) % length
        self._kept = min(length, self._kept + 1)
        for blocks, bound_ug in TREND_WINDOWS:
            if self._is_off(blocks, bound_ug):
                return TREND_ALARM
        return TREND_FOUND if self._is_off(TREND_FINDING[0], TREND_FINDING[1]) else TREND_EVEN

    def _is_off(self, blocks: int, bound_ug: int) -> bool:
        if self._kept <= blocks:
            return False
        length = len(self._means)
        off_ug = self._means[self._next - 1] - self._means[(self._next - 1 - blocks) % length]
        if -bound_ug < off_ug < bound_ug:
            return False
        self.off_ug, self.blocks = off_ug, blocks
        return True
