"""The ideal delivery: what a perfect pump would have delivered by any instant, as exact rationals.

It is written from what a prescription means and shares nothing with the firmware: no module, no constant, no
rounding. A history says what was prescribed from when on and how local time ran; between its entries nothing changes.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from thecal_sim.units import MINUTES_PER_DAY, NS_PER_DAY, NS_PER_MINUTE

_DAYS_PER_WEEK = 7
_EPOCH_WEEKDAY = 3
"""1 January 1970 was a Thursday; days of the week are counted from Monday."""

STEP_DUE_AT = Fraction(1, 2)
"""A microstep is due once half of it is prescribed: what has been delivered is then always what has been prescribed,
rounded to the nearest microstep."""

DayRates = tuple[tuple[int, Fraction], ...]
"""(minute of day, nL/day from then on), beginning with minute 0."""

DayBoluses = tuple[tuple[int, Fraction, int], ...]
"""(minute of day at which it begins, nL/day on top of the basal rate, minutes)."""


class Span(NamedTuple):
    """A bolus that nothing but its own instants decides on."""

    start_ns: int
    end_ns: int
    nl_per_day: Fraction


class Periodic(NamedTuple):
    """A bolus that begins at every local minute since 1970 which lies a whole number of intervals after the first."""

    first_minute: int
    interval_minutes: int
    nl_per_day: Fraction
    minutes: int


@dataclass(frozen=True)
class Regimen:
    """The regimen of each day of the week, Monday first, as volume rates, and the boluses on top of them."""

    week: tuple[DayRates, ...]
    boluses: tuple[DayBoluses, ...] = ((),) * _DAYS_PER_WEEK
    periodic: Periodic | None = None

    def __post_init__(self) -> None:
        if len(self.week) != _DAYS_PER_WEEK:
            raise ValueError(f"a week has 7 days, not {len(self.week)}")
        for day in self.week:
            minutes = [minute for minute, _ in day]
            if minutes != sorted(set(minutes)) or minutes[:1] != [0] or minutes[-1] >= MINUTES_PER_DAY:
                raise ValueError(
                    f"a day's rates begin at minutes {minutes}; they must rise from 0 and stay below 1440"
                )

    @classmethod
    def constant(cls, nl_per_day: Fraction | int) -> Regimen:
        """Return the same rate at all times."""
        return cls((((0, Fraction(nl_per_day)),),) * _DAYS_PER_WEEK)

    @property
    def is_constant(self) -> bool:
        has_boluses = self.periodic is not None or any(self.boluses)
        return not has_boluses and len({rate for day in self.week for _, rate in day}) == 1

    def mean_nl_per_day(self) -> Fraction:
        """Return the week's volume spread evenly."""
        total = Fraction(0)
        for day in self.week:
            ends = [minute for minute, _ in day[1:]] + [MINUTES_PER_DAY]
            total += sum(
                (rate * (end - begin) for (begin, rate), end in zip(day, ends, strict=True)), Fraction(0)
            )
        for day in self.boluses:
            total += sum((rate * minutes for _, rate, minutes in day), Fraction(0))
        mean = total / (_DAYS_PER_WEEK * MINUTES_PER_DAY)
        if self.periodic is not None:
            mean += self.periodic.nl_per_day * self.periodic.minutes / self.periodic.interval_minutes
        return mean

    def rate_at(self, local_ns: int) -> tuple[Fraction, int]:
        """Return the rate in nL/day at a local time (since the beginning of 1970), and the local time it holds
        until."""
        day, ns_of_day = divmod(local_ns, NS_PER_DAY)
        rates = self.week[(day + _EPOCH_WEEKDAY) % _DAYS_PER_WEEK]
        index = bisect_right([minute * NS_PER_MINUTE for minute, _ in rates], ns_of_day)
        end_minute = rates[index][0] if index < len(rates) else MINUTES_PER_DAY
        return rates[index - 1][1], day * NS_PER_DAY + end_minute * NS_PER_MINUTE

    def boluses_from(self, local_ns: int, until_local_ns: int) -> list[Span]:
        """Return every bolus that begins in a span of local time, in local time."""
        found: list[Span] = []
        for day in range(local_ns // NS_PER_DAY, until_local_ns // NS_PER_DAY + 1):
            for minute, nl_per_day, minutes in self.boluses[(day + _EPOCH_WEEKDAY) % _DAYS_PER_WEEK]:
                start_ns = day * NS_PER_DAY + minute * NS_PER_MINUTE
                found.append(Span(start_ns, start_ns + minutes * NS_PER_MINUTE, nl_per_day))
        if self.periodic is not None:
            first, interval, nl_per_day, minutes = self.periodic
            number = -(-(local_ns - first * NS_PER_MINUTE) // (interval * NS_PER_MINUTE))
            start_ns = (first + number * interval) * NS_PER_MINUTE
            while start_ns < until_local_ns:
                found.append(Span(start_ns, start_ns + minutes * NS_PER_MINUTE, nl_per_day))
                start_ns += interval * NS_PER_MINUTE
        return [span for span in found if local_ns <= span.start_ns < until_local_ns]


@dataclass(frozen=True)
class Epoch:
    """The regimen and clock that hold from an instant on.

    regimen: what is prescribed; None while the pump is to deliver nothing.
    local_minus_t_ns: local time less the time base of the history; None while the pump does not know the time,
        when the week's mean is what is prescribed.
    boluses_from_local_ns: boluses of the regimen that would begin before this local time are not given; ``None`` if
        none of them is.
    extra: boluses besides those of the regimen.
    """

    start_ns: int
    regimen: Regimen | None
    local_minus_t_ns: int | None = None
    boluses_from_local_ns: int | None = 0
    extra: tuple[Span, ...] = ()


class Segment(NamedTuple):
    """A stretch of constant rate: ``steps_before`` were due by its start, then ``steps_per_ns`` until the next."""

    start_ns: int
    steps_before: Fraction
    steps_per_ns: Fraction


class IdealDelivery:
    """The ideal course of a history. Its times are nanoseconds of whatever base the history uses."""

    def __init__(self, history: Sequence[Epoch], microsteps_per_nl: Fraction) -> None:
        """Raise ValueError unless there is an epoch, and all are in order of time."""
        starts = [epoch.start_ns for epoch in history]
        if not starts or starts != sorted(starts):
            raise ValueError("a history needs at least one epoch, and its epochs in order of time")
        self.history = tuple(history)
        self.microsteps_per_nl = microsteps_per_nl
        self._segments: list[Segment] = []
        self._starts: list[int] = []
        self._end_ns = starts[0]
        self._end_steps = Fraction(0)

    def segments_until(self, t_ns: int) -> list[Segment]:
        """Return all segments that begin before an instant, and the one that begins at it if any."""
        while self._end_ns <= t_ns:
            self._extend()
        return self._segments[: bisect_right(self._starts, t_ns)]

    def steps_at(self, t_ns: int | Fraction) -> Fraction:
        """Return microsteps that should have been delivered by an instant: a rational, not rounded."""
        segments = self.segments_until(int(t_ns))
        if not segments:
            return Fraction(0)
        start_ns, steps_before, steps_per_ns = segments[-1]
        return steps_before + steps_per_ns * (Fraction(t_ns) - start_ns)

    def steps_due_by(self, t_ns: int | Fraction) -> int:
        """Return whole microsteps that are due by an instant."""
        return int(self.steps_at(t_ns) + 1 - STEP_DUE_AT)

    def volume_nl_at(self, t_ns: int | Fraction) -> Fraction:
        """Return the volume that should have been delivered by an instant."""
        return self.steps_at(t_ns) / self.microsteps_per_nl

    def rate_nl_per_day_at(self, t_ns: int) -> Fraction:
        """Return the prescribed rate from an instant on."""
        segments = self.segments_until(t_ns)
        return segments[-1].steps_per_ns * NS_PER_DAY / self.microsteps_per_nl if segments else Fraction(0)

    def instant_of_step(self, number: int, horizon_ns: int) -> Fraction | None:
        """Return when the n-th microstep (from 1) is due, or None if it is not due by the horizon."""
        due_steps = number - 1 + STEP_DUE_AT
        segments = self.segments_until(horizon_ns)
        index = bisect_left(segments, due_steps, key=lambda segment: segment.steps_before) - 1
        if index < 0 or not segments[index].steps_per_ns:
            return None
        start_ns, steps_before, steps_per_ns = segments[index]
        due_ns = start_ns + (due_steps - steps_before) / steps_per_ns
        return due_ns if due_ns <= horizon_ns else None

    def _extend(self) -> None:
        start_ns = self._end_ns
        index = bisect_right([epoch.start_ns for epoch in self.history], start_ns) - 1
        epoch = self.history[index]
        next_start_ns = self.history[index + 1].start_ns if index + 1 < len(self.history) else None
        nl_per_day, end_ns = _rate_and_end(epoch, start_ns)
        if next_start_ns is not None:
            end_ns = min(end_ns, next_start_ns)
        steps_per_ns = nl_per_day * self.microsteps_per_nl / NS_PER_DAY
        self._segments.append(Segment(start_ns, self._end_steps, steps_per_ns))
        self._starts.append(start_ns)
        self._end_steps += steps_per_ns * (end_ns - start_ns)
        self._end_ns = end_ns


def _rate_and_end(epoch: Epoch, t_ns: int) -> tuple[Fraction, int]:
    """Return the rate in nL/day at an instant of an epoch, and an instant up to which it holds."""
    if epoch.regimen is None:
        return Fraction(0), t_ns + NS_PER_DAY
    local_minus_t_ns = epoch.local_minus_t_ns
    spans = list(epoch.extra)
    if local_minus_t_ns is None or epoch.regimen.is_constant:
        nl_per_day, end_ns = epoch.regimen.mean_nl_per_day(), t_ns + NS_PER_DAY
    else:
        nl_per_day, local_end_ns = epoch.regimen.rate_at(t_ns + local_minus_t_ns)
        end_ns = local_end_ns - local_minus_t_ns
        if epoch.boluses_from_local_ns is not None:
            # None lasts longer than a day.
            first_local_ns = max(t_ns + local_minus_t_ns - NS_PER_DAY, epoch.boluses_from_local_ns)
            for span in epoch.regimen.boluses_from(first_local_ns, local_end_ns):
                spans.append(
                    Span(span.start_ns - local_minus_t_ns, span.end_ns - local_minus_t_ns, span.nl_per_day)
                )
    for span in spans:
        if span.start_ns <= t_ns < span.end_ns:
            nl_per_day += span.nl_per_day
        for turn_ns in (span.start_ns, span.end_ns):
            if t_ns < turn_ns < end_ns:
                end_ns = turn_ns
    return nl_per_day, end_ns
