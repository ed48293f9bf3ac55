"""The scale of pressure, from the sum of sixteen conversions to Pa: a ratiometric sensor, behind a divider on an ADC
pin.

Zero and span are calibrated. Both ends of its range are no pressures but faults: below 2.5 and above 97.5 % of the span
of its supply a wire is off or shorted.
"""

CONVERSIONS = 16
_SHIFT = 10


class PressureScale:
    """least, most: diagnostic band, in sums of sixteen conversions."""

    def __init__(self, zero: int, full: int, span_pa: int, threshold_pa: int, supply: int) -> None:
        """``zero``, ``full``: sums at no pressure and at the end of the span; ``supply``: at the sensor's own supply.

        ValueError if a threshold lies above 80 % of the span: it would be passed where the sensor's own error and its
        diagnostic band begin.
        """
        if not 0 <= zero < full <= supply <= CONVERSIONS * 4_095:
            raise ValueError("zero < full <= supply: sums of sixteen conversions of twelve bits")
        if threshold_pa * 10 > span_pa * 8:
            raise ValueError("threshold_pa: above 80 % of the sensor's span; take one with a wider span")
        self._zero = zero
        self._gain = (span_pa << _SHIFT) // (full - zero)
        self.least, self.most = supply * 25 // 1_000, supply * 975 // 1_000

    def pa(self, conversions: int) -> int:
        """Return the pressure by a sum of sixteen conversions."""
        return (conversions - self._zero) * self._gain >> _SHIFT
