"""Plans pulses ahead of time and says at any instant how many of them are due.

The plan runs from an anchor tick along a timeline. Each planned pulse is an interval from the pulse before
it, kept in a ring until it is due. What the plan says is compared with what the sense counter saw by
whoever calls this; what has been planned but not delivered can be withdrawn at any time, and ``phase_at``
shows what of the prescribed volume is then still owed, so that nothing is lost and nothing given twice over
any sequence of changes and stops.

Planning from pulse to pulse, ``settle`` and the instants they keep use small integers only and allocate
nothing. Crossing from one segment of constant rate to the next does allocate.
"""

from array import array

from thecal_fw.core.calibration import Calibration
from thecal_fw.core.instant import (
    TICK_US,
    TICKS_PER_SECOND,
    microsecond_of_ticks,
    second_of_ticks,
    small,
)
from thecal_fw.core.metering import Metering
from thecal_fw.core.timeline import NO_DELIVERY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    class PulseQueue(Protocol):
        def push(self, __ticks: int) -> None: ...

    class RateSegments(Protocol):
        """Rates in nL/day, each up to a tick."""

        def segment_at(self, __tick: int) -> tuple[int, int]: ...


_MOST_CROSSINGS = 512
"""Segments in a row without a pulse: more than a week has, so nothing will ever come."""


class Delivery:
    """The plan of pulses.

    most_pulses: how many it can hold that are not yet due, and one more: two full blocks, or the beginning of a plan. A
    power of two, so that the place of a pulse is its number masked.
    planned: number of the last pulse planned, counted from reset.
    due: number of the last pulse that was due at the latest ``settle``.
    head_s, head_us: when the next pulse is due; meaningless while planned == due.
    step_weight, half_a_step: phase of a microstep, and of half of one.
    tail_s, tail_us: when the last planned pulse is due, or the anchor if there is none.
    """

    def __init__(self, calibration: Calibration, least_interval_ticks: int, most_pulses: int) -> None:
        self._metering = Metering(calibration)
        self.step_weight = self._metering.step_weight
        self.half_a_step = self.step_weight // 2
        self._least_interval_ticks = least_interval_ticks
        # Of any contents: made of a list or of bytes, it would need the board's largest free piece of heap twice over.
        self._intervals = array("I", range(most_pulses))
        self._planned_intervals = memoryview(self._intervals)
        self._mask = most_pulses - 1
        self._timeline: "RateSegments" = NO_DELIVERY
        self.planned = 0
        self.due = 0
        self.head_s = 0
        self.head_us = 0
        self.tail_s = 0
        self.tail_us = 0

    def begin(self, anchor_tick: int, phase: int, delivered: int, timeline: "RateSegments") -> None:
        """Plan afresh from an anchor: ``delivered`` pulses are out, ``phase`` is owed towards the next."""
        self._timeline = timeline
        # (tick, phase, pulses planned before, rate) where each segment not yet fully due begins
        self._starts = []
        self.planned = self.due = delivered
        self.tail_s = self.head_s = second_of_ticks(anchor_tick)
        self.tail_us = self.head_us = microsecond_of_ticks(anchor_tick)
        # Ticks that belong to the next interval besides its own: what has passed of a segment since its last
        # pulse, less what the pulse before came late.
        self._lead_ticks = 0
        self._begin_segment(anchor_tick, phase, delivered)

    def adopt(self, prepared: "Delivery") -> None:
        """Go by another plan from now on, of which nothing is due yet. That one is void until its next ``begin``."""
        self._timeline, self._starts = prepared._timeline, prepared._starts
        self.planned, self.due = prepared.planned, prepared.due
        self.head_s, self.head_us = prepared.head_s, prepared.head_us
        self.tail_s, self.tail_us = prepared.tail_s, prepared.tail_us
        self._lead_ticks, self._segment_end = prepared._lead_ticks, prepared._segment_end
        self._metering, prepared._metering = prepared._metering, self._metering
        mask, prepared_mask = self._mask, prepared._mask
        for number in range(self.due + 1, self.planned + 1):
            self._intervals[number & mask] = prepared._intervals[number & prepared_mask]

    def withdraw(self, delivered: int) -> None:
        """Forget what was planned beyond the pulses that came out."""
        self.planned = self.due = delivered

    def rate_at(self, tick: int) -> int:
        """Return the rate in nL/day that the plan follows at a tick."""
        return self._timeline.segment_at(tick)[0]

    def phase_at(self, tick: int, delivered: int) -> int:
        """Return the volume prescribed by a tick and not yet delivered, in the units of ``Metering``.

        ``tick`` must not lie before the oldest segment still kept, that is before the latest ``settle``.
        """
        start_tick, phase, pulses_before, rate_nl_per_day = self._starts[0]
        for start in self._starts:
            if start[0] > tick:
                break
            start_tick, phase, pulses_before, rate_nl_per_day = start
        phase += self._metering.weight(rate_nl_per_day) * (tick - start_tick)
        return phase - self.step_weight * (delivered - pulses_before)

    def bounded(self, phase: int) -> int:
        """Return a phase within one microstep of nothing owed: what a stop may leave for the next start.

        More than that is a fault's doing. Making up for it would be a burst or a long pause, and either one is
        a hazard of its own; the fault is reported instead.
        """
        return max(-self.step_weight, min(self.step_weight, phase))

    def plan(self, train: "PulseQueue", most_pulses: int, span_ticks: int) -> int:
        """Plan pulses until there are so many or they span so many ticks; how many there are: 0 if the
        timeline holds none.

        train: gets the interval of each, in ticks from the pulse before it, through its ``push``.
        """
        metering, push = self._metering, train.push
        planned_before = self.planned
        last = planned_before + most_pulses
        crossings_left = _MOST_CROSSINGS
        while self.planned < last and span_ticks > 0:
            if not metering.pulses_left:
                if not crossings_left:
                    break
                crossings_left -= 1
                self._cross_to_next_segment(self.planned)
                continue
            crossings_left = _MOST_CROSSINGS
            if metering.is_first or metering.is_wide or self._lead_ticks or self.planned == self.due:
                span_ticks -= self._plan_one(push)
            else:
                span_ticks = self._plan_evenly(
                    push, min(last - self.planned, metering.pulses_left), span_ticks
                )
        return self.planned - planned_before

    def _plan_one(self, push: "Callable[[int], None]") -> int:
        """Plan the next pulse, wherever it lies; return its interval."""
        ticks, least_ticks = self._metering.next_ticks(), self._least_interval_ticks
        if self._lead_ticks:
            ticks = small(ticks + self._lead_ticks)
            self._lead_ticks = 0
        if ticks < least_ticks:
            # A pulse can't come before the one ahead of it is over. What it comes late is taken off the
            # next interval, so lateness never adds up.
            self._lead_ticks = ticks - least_ticks
            ticks = least_ticks
        push(ticks)
        us = self.tail_us + ticks * TICK_US
        self.tail_s += us // 1_000_000
        self.tail_us = us % 1_000_000
        if self.planned == self.due:
            self.head_s, self.head_us = self.tail_s, self.tail_us
        self.planned += 1
        self._intervals[self.planned & self._mask] = ticks
        return ticks

    def _plan_evenly(self, push: "Callable[[int], None]", most_pulses: int, span_ticks: int) -> int:
        """Plan pulses of one segment behind its first, with names of the function's own: nearly all pulses are planned
        here. Return what is left of the span."""
        metering, intervals, mask = self._metering, self._intervals, self._mask
        each, remainder, whole = metering.ticks_each, metering.remainder, metering.double_weight
        pulses = min(most_pulses, span_ticks // (each + 1))
        if not pulses or each < self._least_interval_ticks:
            return span_ticks - self._plan_one(push)
        gathered, longer, longer_ones = metering.gathered, each + 1, 0
        for number in range(self.planned + 1, self.planned + 1 + pulses):
            gathered += remainder
            if gathered < whole:
                push(each)
                intervals[number & mask] = each
            else:
                gathered -= whole
                longer_ones += 1
                push(longer)
                intervals[number & mask] = longer
        metering.pass_evenly(pulses, gathered)
        ticks = pulses * each + longer_ones
        us = self.tail_us + ticks % TICKS_PER_SECOND * TICK_US
        self.tail_s += ticks // TICKS_PER_SECOND + us // 1_000_000
        self.tail_us = us % 1_000_000
        self.planned += pulses
        return span_ticks - ticks

    def room(self) -> int:
        """Return pulses that can be planned before the ring is full."""
        return self._mask - (self.planned - self.due)

    def settle(self, now_s: int, now_us: int) -> int:
        """Return the number of the last pulse due by now."""
        due, planned = self.due, self.planned
        s, us = self.head_s, self.head_us
        if due == planned or now_s < s or (now_s == s and now_us < us):
            return due
        # Every heartbeat comes through here: names of its own are found faster than an object's, and what has passed is
        # made into seconds and microseconds once.
        intervals, mask = self._intervals, self._mask
        since = left = ((now_s - s) * 1_000_000 + now_us - us) // TICK_US
        while left >= 0:
            due += 1
            if due == planned:
                break
            left -= intervals[(due + 1) & mask]
        else:
            us += (since - left) * TICK_US
            self.head_s, self.head_us = s + us // 1_000_000, us % 1_000_000
        self.due = due
        return due

    def instant_of(self, pulse: int) -> "tuple[int, int]":
        """Return when a planned pulse that is not yet due will be: (s, us)."""
        mask, planned = self._mask, self._planned_intervals
        begin, end = (self.due + 2) & mask, (pulse & mask) + 1
        if pulse < self.due + 2:
            ticks = 0
        elif begin < end:
            ticks = sum(planned[begin:end])
        else:
            ticks = sum(planned[begin:]) + sum(planned[:end])
        us = self.head_us + small(ticks % TICKS_PER_SECOND) * TICK_US
        return self.head_s + small(ticks // TICKS_PER_SECOND) + us // 1_000_000, us % 1_000_000

    def _begin_segment(self, tick: int, phase: int, planned: int) -> None:
        rate_nl_per_day, end = self._timeline.segment_at(tick)
        # A segment whose successor already has a pulse due can't be asked about any more.
        while len(self._starts) > 1 and self._starts[1][2] < self.due:
            self._starts.pop(0)
        self._starts.append((tick, phase, planned, rate_nl_per_day))
        self._segment_end = end
        self._metering.begin(rate_nl_per_day, phase, end - tick)

    def _cross_to_next_segment(self, planned: int) -> None:
        begin = self._starts[-1][0]
        self._lead_ticks += self._segment_end - begin - self._metering.last_pulse_ticks()
        self._begin_segment(self._segment_end, self._metering.phase_after, planned)
