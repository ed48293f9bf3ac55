"""A watch for a closed line, from its pressure and the volume moved since the line was last known to be open.

A closed line's pressure rises with what is moved into it. How far, depends on how soft the line is, which nobody knows;
so it is measured on the way: volume over rise. What the line may have stored is then bounded from above: all that was
moved since it was last known to be open, and what it took to get there from the lowest pressure that it opens into.
What the rollers' pulsation may add, is added. That bound is what may come out at once when the line opens.

A pressure that the volume moved can't explain, too fast or too flat, is the sensor's and not the line's.
"""

from thecal_fw.core.fluid.thresholds import (
    CEILING_NL_PER_KPA,
    CLOSED_PA,
    FLOOR_PA,
    LEAST_RISE_PA,
    MOST_LEAP_PERMILLE,
    MOST_STORED_NL,
    OPEN_PA,
    RIPPLE_NL,
    SOFTEST_NL_PER_KPA,
    STIFFEST_NL_PER_KPA,
)

(LINE_OPEN, LINE_RISING, LINE_CLOSED, LINE_DOUBTED) = range(4)

_PA_PER_KPA = 1_000


class LineWatch:
    """moved_nl: since the line was last known to be open. stored_bound_nl: the line has stored no more than that."""

    def __init__(self, ripple_nl: int = RIPPLE_NL) -> None:
        """``ripple_nl``: of the head, between any two of its angles."""
        self._ripple_nl = ripple_nl
        self._begin(0)

    def _begin(self, pa: int) -> None:
        self.moved_nl = 0
        self.stored_bound_nl = 0
        self._from_pa = self._latest_pa = pa
        self._leap_pa = 0

    def begin(self) -> None:
        """Forget what was: the line has been let down, or delivery begins."""
        self._begin(0)

    def take(self, pa: int, moved_nl: int) -> int:
        """Judge a sample of pressure that its sensor stands by, and the volume moved since the sample before."""
        if pa <= OPEN_PA:
            self._begin(pa)
            return LINE_OPEN
        self.moved_nl += moved_nl
        rise_pa = pa - self._from_pa
        if pa - self._latest_pa > self._leap_pa:
            self._leap_pa = pa - self._latest_pa
        self._latest_pa = pa
        self.stored_bound_nl = self.moved_nl + self._ripple_nl + self._before_nl(rise_pa)
        if pa >= CLOSED_PA:
            return LINE_DOUBTED if self._is_too_fast(rise_pa) else LINE_CLOSED
        if self.stored_bound_nl < MOST_STORED_NL:
            return LINE_RISING
        # But for its greatest leap, the pressure has to have risen as the softest line's does.
        pumped_nl = self.moved_nl - self._ripple_nl
        is_flat = (rise_pa - self._leap_pa) * CEILING_NL_PER_KPA < pumped_nl * _PA_PER_KPA
        return LINE_DOUBTED if is_flat else LINE_CLOSED

    def _is_too_fast(self, rise_pa: int) -> bool:
        explained_pa = (self.moved_nl + 1) * _PA_PER_KPA // STIFFEST_NL_PER_KPA + OPEN_PA
        return rise_pa > explained_pa or self._leap_pa > rise_pa // 1_000 * MOST_LEAP_PERMILLE

    def _before_nl(self, rise_pa: int) -> int:
        """Return what may have been stored before, between the lowest pressure the line opens into and the latest at
        which it was taken for open."""
        span_kpa = max(0, self._from_pa - FLOOR_PA + _PA_PER_KPA - 1) // _PA_PER_KPA
        soft = SOFTEST_NL_PER_KPA
        if rise_pa >= LEAST_RISE_PA:
            # A line softer than any taken for granted shows; one that can't be so soft is not taken for it.
            seen = self.moved_nl * _PA_PER_KPA // rise_pa
            most = (self.moved_nl + self._ripple_nl) * _PA_PER_KPA // rise_pa
            soft = min(max(soft, seen), most, CEILING_NL_PER_KPA) + 1
        return span_kpa * soft
