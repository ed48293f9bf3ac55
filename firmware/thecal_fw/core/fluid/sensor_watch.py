"""A judge of one sensor by its own samples: each kind of fault after its own number of them.

A fault of a sensor stops no therapy by itself: what it would have said is unknown from then on. It is believed again
after a run of good samples.
"""

from thecal_fw.core.fluid.thresholds import (
    BAND_SAMPLES,
    GARBLED_SAMPLES,
    GOOD_SAMPLES,
    MISSING_SAMPLES,
    STUCK_SAMPLES,
)

(SENSOR_GOOD, SENSOR_MISSING, SENSOR_GARBLED, SENSOR_OUT_OF_BAND, SENSOR_STUCK, SENSOR_DRIFTS) = range(6)

NO_ANSWER = 1 << 28
GARBLED = NO_ANSWER + 1
"""In place of a sample: nothing came, or its check did not fit. No sensor's own figures are so large."""


class SensorWatch:
    """fault: what is held against the sensor now, SENSOR_GOOD if nothing is."""

    def __init__(self, least: int, most: int, stuck_samples: int = STUCK_SAMPLES) -> None:
        """``least`` and ``most`` bound its diagnostic band, in its own counts. ``stuck_samples``: of the same figure in
        a row; a sensor whose counts are coarser than its noise has to be given more."""
        self._least, self._most, self._stuck_samples = least, most, stuck_samples
        self.fault = SENSOR_GOOD
        self._suspected = SENSOR_GOOD
        self._run = self._same = self._good = 0
        self._latest = NO_ANSWER

    def take(self, sample: int) -> bool:
        """Return True if a sample is to be concluded from."""
        found = self._of(sample)
        if found == SENSOR_GOOD:
            self._run = 0
            self._suspected = SENSOR_GOOD
            self._good += 1
            if self._good >= GOOD_SAMPLES:
                self.fault = SENSOR_GOOD
            return self.fault == SENSOR_GOOD
        self._good = 0
        if found != self._suspected:
            self._suspected = found
            self._run = 0
        self._run += 1
        if self._run >= _SAMPLES_OF[found]:
            self.fault = found
        return False

    def doubt(self) -> None:
        """Hold a drift against a sensor that says what cannot be, until it has been good for long enough."""
        self.fault = SENSOR_DRIFTS
        self._good = 0

    def _of(self, sample: int) -> int:
        if sample == NO_ANSWER:
            return SENSOR_MISSING
        if sample == GARBLED:
            return SENSOR_GARBLED
        if sample == self._latest:
            self._same += 1
        else:
            self._latest = sample
            self._same = 1
        if not self._least <= sample <= self._most:
            return SENSOR_OUT_OF_BAND
        return SENSOR_STUCK if self._same >= self._stuck_samples else SENSOR_GOOD


_SAMPLES_OF = (0, MISSING_SAMPLES, GARBLED_SAMPLES, BAND_SAMPLES, 1, 1)
"""In a row, before a fault is held against the sensor; a sensor is called stuck by a run of its own."""
