"""A watch for a line that is open before its tip: it has lost the pressure that it opened into.

Blocks of equal volume are compared. In a broken line all of two blocks lie below the least of the four before the one
in which it broke; coughing and straining only ever raise a pressure, and a strain that ends has to have filled all four
to be taken for the usual. A line without any pressure of its own, as on a bench whose tip hangs in the open, has none
to lose: nothing is found there, and the weight has to show it.
"""

from thecal_fw.core.fluid.thresholds import LEAST_FALL_PA

_NONE_PA = 1 << 28
_BEFORE = 4
"""Blocks whose least is the usual."""
_BLOCKS = _BEFORE + 2
"""Kept: those, the one in which the line may have broken, and the one after it."""


class OpenLineWatch:
    """fall_pa: of the latest block, how far even its highest reading lies below the least before."""

    def __init__(self, samples_a_block: int) -> None:
        self._leasts = [0] * _BLOCKS
        self.begin(samples_a_block)

    def begin(self, samples_a_block: int) -> None:
        """Begin anew, with blocks of so many samples: the rate has changed, or the line has been seen to."""
        self._samples = samples_a_block
        self._taken = 0
        self._least_pa, self._most_pa = _NONE_PA, -_NONE_PA
        self._place = 0
        for place in range(_BLOCKS):
            self._leasts[place] = -_NONE_PA
        self._most_1 = _NONE_PA
        self.fall_pa = 0

    def take(self, pa: int) -> bool:
        """Return True if the line is found to be open, with a sample that its sensor stands by."""
        if pa < self._least_pa:
            self._least_pa = pa
        if pa > self._most_pa:
            self._most_pa = pa
        self._taken += 1
        if self._taken < self._samples:
            return False
        least_pa, most_pa = self._least_pa, self._most_pa
        self._least_pa, self._most_pa, self._taken = _NONE_PA, -_NONE_PA, 0
        return self.take_block(least_pa, most_pa)

    def take_block(self, least_pa: int, most_pa: int) -> bool:
        """Return the same for the least and the highest reading of a whole block."""
        leasts, place = self._leasts, self._place
        usual_pa = _NONE_PA
        for back in range(_BLOCKS - _BEFORE, _BLOCKS):
            usual_pa = min(usual_pa, leasts[(place - 1 - back) % _BLOCKS])
        highest_pa = max(most_pa, self._most_1)
        self.fall_pa = 0 if usual_pa == -_NONE_PA else usual_pa - highest_pa
        leasts[place] = least_pa
        self._place = (place + 1) % _BLOCKS
        self._most_1 = most_pa
        return self.fall_pa >= LEAST_FALL_PA
