"""Whether the line is open to the surroundings before its tip: it has lost the pressure that it opened into.

Blocks of equal volume are compared. In a broken line all of two blocks lie below the least of the block before the one
in which it broke; coughing and straining only ever raise a pressure, and a longer strain that ends leaves the least of
its own block where it was. A line without any pressure of its own, as on a bench whose tip hangs in the open, has none
to lose: nothing is found there, and the weight has to tell.
"""

from thecal_fw.core.fluid.thresholds import LEAST_FALL_PA

_NONE_PA = 1 << 28


class OpenLineWatch:
    """fall_pa: of the latest block, how far even its highest reading lies below the least before."""

    def __init__(self, samples_a_block: int) -> None:
        self.begin(samples_a_block)

    def begin(self, samples_a_block: int) -> None:
        """Begin anew, with blocks of so many samples: the rate has changed, or the line has been seen to."""
        self._samples = samples_a_block
        self._taken = 0
        self._least_pa, self._most_pa = _NONE_PA, -_NONE_PA
        self._least_1 = self._least_2 = self._least_3 = -_NONE_PA
        self._most_1 = _NONE_PA
        self.fall_pa = 0

    def take(self, pa: int) -> bool:
        """Whether the line is found to be open, with a sample that its sensor stands by."""
        if pa < self._least_pa:
            self._least_pa = pa
        if pa > self._most_pa:
            self._most_pa = pa
        self._taken += 1
        if self._taken < self._samples:
            return False
        return self._end_block()

    def _end_block(self) -> bool:
        most_pa = max(self._most_pa, self._most_1)
        self.fall_pa = 0 if self._least_3 == -_NONE_PA else self._least_3 - most_pa
        self._least_3, self._least_2, self._least_1 = self._least_2, self._least_1, self._least_pa
        self._most_1 = self._most_pa
        self._least_pa, self._most_pa, self._taken = _NONE_PA, -_NONE_PA, 0
        return self.fall_pa >= LEAST_FALL_PA
