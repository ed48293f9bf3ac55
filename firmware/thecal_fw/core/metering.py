"""The instant of each pulse: exact integer arithmetic from a rate to a train of step times.

Volume is counted in a unit small enough that everything is whole: each tick at rate r adds
``weight = r x weight_per_rate`` units and a microstep is due whenever ``step_weight`` units have gathered.
``phase`` is what has gathered towards the next step. Within a segment of constant rate pulse k is due
``(k x step_weight - phase) / weight`` ticks after the segment began; it is placed on the nearest whole tick,
so no pulse is more than half a tick from its ideal instant and no error is carried from one to the next.

Only the start of a segment needs large integers. From pulse to pulse it is one addition and one comparison of
small ones, and allocates nothing. Where a weight needs more than the board's small integers, as with most gears, what
has gathered is kept as two words of 29 bits, and the addition carries from one to the other: as exact, and a little
slower.
"""

from thecal_fw.core.calibration import Calibration
from thecal_fw.core.instant import TICKS_PER_DAY, small

_WORD_BITS = 29
_WORD = 1 << _WORD_BITS
"""Two words and a carry add up to less than the 30 bits of a small integer."""
MOST_ONE_WORD_WEIGHT = (1 << 28) - 1
"""The running remainder stays below four weights: with more, it takes two words."""
MOST_WEIGHT_PER_RATE = (1 << 28) - 1
"""The highest rate has 28 bits, and four weights must fit two words."""


def _greatest_common_divisor(a: int, b: int) -> int:
    while b:
        a, b = b, a % b
    return a


def weight_per_rate(calibration: Calibration) -> int:
    """Return units of volume that one tick adds for each nL/day of rate."""
    return calibration.microsteps_per_rev // _common_factor(calibration)


def step_weight(calibration: Calibration) -> int:
    """Return units of volume in one microstep."""
    return calibration.nl_per_rev * TICKS_PER_DAY // _common_factor(calibration)


def _common_factor(calibration: Calibration) -> int:
    return _greatest_common_divisor(calibration.nl_per_rev * TICKS_PER_DAY, calibration.microsteps_per_rev)


def _words(value: int, bits: int) -> "tuple[int, int]":
    """Return a number as small integers: what is above so many bits, and those bits."""
    return small(value >> bits), small(value & (1 << bits) - 1)


class Metering:
    """Pulse times of one segment of constant rate after the other.

    After ``begin``: ``pulses_left`` pulses are still to come in this segment, ``phase_after`` is the phase
    at its end, and ``next_ticks`` gives the ticks to the next pulse from the one before (from the segment's
    start for the first). Until then there is no
    pulse. is_first: whether the segment's first is to come. Each one behind it comes ``ticks_each`` after the pulse
    before, and a tick later whenever what has ``gathered``, ``remainder`` with each pulse, reaches ``double_weight``.
    These are the upper words: where ``is_wide``, lower ones belong to them, and only ``next_ticks`` meters.
    """

    def __init__(self, calibration: Calibration) -> None:
        self.step_weight = step_weight(calibration)
        self._weight_per_rate = weight_per_rate(calibration)
        self.begin(0, 0, 0)

    def weight(self, rate_nl_per_day: int) -> int:
        """Return units of volume a tick adds at a rate."""
        return rate_nl_per_day * self._weight_per_rate

    def begin(self, rate_nl_per_day: int, phase: int, length_ticks: int) -> None:
        """Meter a segment of so many ticks. Pulses due at its very end belong to it.

        phase may be negative (a pulse came out early) or exceed a step (pulses are overdue): then the first
        pulse lies later, or before the segment's start, and the caller places it as soon as it can.
        """
        weight = rate_nl_per_day * self._weight_per_rate
        if not weight:
            self._pulses = self.pulses_left = 0
            self.phase_after = phase
            return
        self._pulses, self.phase_after = divmod(weight * length_ticks + phase, self.step_weight)
        if self._pulses < 0:
            self.phase_after += self._pulses * self.step_weight
            self._pulses = 0
        self.pulses_left = small(self._pulses)
        self.is_first = True
        self._offset = weight - 2 * phase
        ticks_each, remainder = divmod(self.step_weight, weight)
        self.ticks_each = small(ticks_each)
        self._first_ticks, gathered = divmod(2 * self.step_weight + self._offset, 2 * weight)
        self.is_wide = weight > MOST_ONE_WORD_WEIGHT
        bits = _WORD_BITS if self.is_wide else 0
        self._whole_double_weight = 2 * weight
        # Of one word, the upper one is all there is.
        self.double_weight, self._low_weight = _words(2 * weight, bits)
        self.remainder, self._low_remainder = _words(2 * remainder, bits)
        self.gathered, self._low_gathered = _words(gathered, bits)

    def next_ticks(self) -> int:
        """Return ticks from the pulse before (or the segment's start) to the next pulse. Allocates nothing."""
        self.pulses_left -= 1
        if self.is_first:
            self.is_first = False
            return self._first_ticks
        gathered = self.gathered + self.remainder
        if self.is_wide:
            return self._next_of_two_words(gathered)
        if gathered < self.double_weight:
            self.gathered = gathered
            return self.ticks_each
        self.gathered = gathered - self.double_weight
        return self.ticks_each + 1

    def pass_evenly(self, pulses: int, gathered: int) -> None:
        """Pass so many pulses behind the first that have been metered by whoever goes by the attributes; this has
        gathered."""
        self.pulses_left -= pulses
        self.gathered = gathered

    def _next_of_two_words(self, high: int) -> int:
        low, ticks = self._low_gathered + self._low_remainder, self.ticks_each
        if low >= _WORD:
            low -= _WORD
            high += 1
        if high > self.double_weight or (high == self.double_weight and low >= self._low_weight):
            ticks += 1
            high -= self.double_weight
            low -= self._low_weight
            if low < 0:
                low += _WORD
                high -= 1
        self.gathered, self._low_gathered = high, low
        return ticks

    def last_pulse_ticks(self) -> int:
        """Return ticks from the segment's start to its last pulse; 0 if it has none."""
        if not self._pulses:
            return 0
        return (2 * self._pulses * self.step_weight + self._offset) // self._whole_double_weight
