"""A bolus on the line of ticks: from when to when, and at what rate on top of the basal one.

Like every rate, that of a bolus is a whole number of nanolitres a day, so its pulses are as exact as all others. Its
volume is rate times time; what rounding the rate costs is less than half a nanolitre even over a whole day.
"""

from thecal_fw.core.instant import TICKS_PER_DAY
from thecal_fw.core.program import MINUTES_PER_DAY

KIND_SCHEDULED = 0
KIND_PATIENT = 1
KIND_CLINICIAN = 2
KIND_PRIME = 3
KIND_TEMPORARY = 4
"""No bolus in itself: a rate that takes the place of the basal one for a time, and is otherwise treated as they are."""
KINDS_ON_DEMAND = (KIND_PATIENT, KIND_CLINICIAN, KIND_PRIME, KIND_TEMPORARY)
"""What a person asks for; the clock alone begins the others."""
KIND_NAMES = ("scheduled", "patient", "clinician", "prime", "temporary rate")


class Bolus:
    """A bolus of one kind, from start_tick up to end_tick, at rate_nl_per_day. number: that of the dose, which rises
    by one over all lives of the pump; 0 before it has begun. end_reason: why it ends early, once that is decided.
    is_free: whether it is a prime that the line has room for, which counts for no limit. minute: of one that is made
    up, the local minute since 1970 at which the clock would have begun it."""

    def __init__(
        self, kind: int, start_tick: int, length_ticks: int, rate_nl_per_day: int, number: int = 0
    ) -> None:
        self.number = number
        self.end_reason = 0
        self.is_free = False
        self.minute = 0
        self.kind = kind
        self.rate_nl_per_day = rate_nl_per_day
        self.start_tick = start_tick
        self.end_tick = start_tick + length_ticks

    def begin_at(self, tick: int) -> None:
        """Begin at another tick, and last as long."""
        self.end_tick += tick - self.start_tick
        self.start_tick = tick

    def rate_at(self, tick: int) -> int:
        """Return what it adds to the rate at a tick, in nL/day."""
        return self.rate_nl_per_day if self.start_tick <= tick < self.end_tick else 0

    def next_turn(self, tick: int, otherwise: int) -> int:
        """Return the first tick after this one at which what it adds changes, if that is before the other tick
        given."""
        if tick < self.start_tick:
            return min(self.start_tick, otherwise)
        if tick < self.end_tick:
            return min(self.end_tick, otherwise)
        return otherwise

    def given_nl(self, tick: int) -> int:
        """Return the volume it prescribes before a tick, in nL, to the nearest."""
        ticks = max(0, min(tick, self.end_tick) - self.start_tick)
        return (2 * self.rate_nl_per_day * ticks + TICKS_PER_DAY) // (2 * TICKS_PER_DAY)


def volume_nl(rate_nl_per_day: int, minutes: int) -> int:
    """Return the volume of a bolus over so many minutes, in nL, rounded up."""
    return -(-rate_nl_per_day * minutes // MINUTES_PER_DAY)
