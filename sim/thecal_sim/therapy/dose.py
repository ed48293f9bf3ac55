"""A dose: what is given on top of the basal rate or in its place, from its begin to its only end."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from thecal_sim.units import NS_PER_DAY


class Kind(StrEnum):
    """The kind of a dose. Periodic boluses are scheduled ones."""

    SCHEDULED = "scheduled"
    PATIENT = "patient"
    CLINICIAN = "clinician"
    PRIME = "prime"
    TEMPORARY = "temporary rate"


class End(StrEnum):
    """The reason why a dose ended."""

    WHOLE = "whole"
    STOP = "stop"
    ALARM = "alarm"
    PROGRAM = "another program"
    CANCEL = "cancel"
    POWER_CUT = "power cut"
    HELD = "held delivery"


class Refusal(StrEnum):
    """The reason why a dose on demand may not begin."""

    NO_SUCH = "the program has no such bolus"
    NOT_DELIVERING = "nothing is being delivered"
    BLOCKED = "blocked by an alarm"
    UNDER_WAY = "a bolus is under way"
    LOCKOUT = "lockout"
    MOST_PER_DAY = "most boluses in 24 hours"
    VOLUME = "limit of a single bolus"
    HOUR = "limit of an hour"
    DAY = "limit of 24 hours"
    RATE = "highest rate of the pump"
    BRIDGE = "a bridge is under way"
    METER = "limit by the meter"
    RANGE = "value out of range"


class Passed(StrEnum):
    """The reason why a dose of the clock did not begin."""

    CLOCK = "clock set past it"
    STOPPED = "stopped"
    BLOCKED = "blocked by an alarm"
    BRIDGE = "bridge"
    LIMIT = "limit"
    METER = "limit by the meter"
    RATE = "highest rate"
    TIME_UNKNOWN = "time unknown"
    GIVEN_ALREADY = "given already"
    TOO_MANY = "too many at once"
    CANCELLED = "cancelled"


@dataclass
class Dose:
    """One dose. planned_end_ns: what it was begun for. end_ns: until when it was given, or will be. end: why it ended,
    None while under way or waiting.

    local_minute: of one that the clock began. is_made_up: begun late, after a jump of the clock. is_to_be_judged: it
    waits, and whether it may begin is known once it does. limited_rate: what of its rate counts for the limits on
    demand. counts_whole: after a power cut.
    end_doubt_ns: by how much it may have ended sooner.
    """

    kind: Kind
    begin_ns: int
    planned_end_ns: int
    rate_nl_per_day: int
    local_minute: int | None = None
    is_made_up: bool = False
    is_to_be_judged: bool = False
    limited_rate: int = 0
    counts_whole: bool = False
    end_doubt_ns: int = 0
    end_ns: int = -1
    end: End | None = None

    def __post_init__(self) -> None:
        self.end_ns = self.planned_end_ns

    def finish(self, t_ns: int, reason: End) -> None:
        """End the dose at an instant; one that has not begun by then gives nothing."""
        self.end_ns = max(self.begin_ns, min(self.planned_end_ns, t_ns))
        self.end = reason

    def given_nl_until(self, t_ns: int) -> Fraction:
        """Return what it gives before an instant, exactly."""
        ns = max(0, min(t_ns, self.end_ns) - self.begin_ns)
        return Fraction(self.rate_nl_per_day * ns, NS_PER_DAY)

    @property
    def given_nl(self) -> int:
        """Return what it gave, rounded to the nearest nanolitre."""
        return nearest(self.given_nl_until(self.end_ns))

    @property
    def counted_end_ns(self) -> int:
        """Return the instant until which it counts as given: whole after a power cut."""
        return self.planned_end_ns if self.counts_whole else self.end_ns

    @property
    def is_on_demand(self) -> bool:
        return self.kind is not Kind.SCHEDULED


@dataclass(frozen=True)
class PassedOver:
    """A dose of the clock that did not begin: its local minute, why, and when that was decided."""

    local_minute: int
    reason: Passed
    t_ns: int


def nearest(value: Fraction) -> int:
    """Return the nearest whole number, half rounded up."""
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)
