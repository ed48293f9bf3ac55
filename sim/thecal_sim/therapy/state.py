"""Everything the reference knows at one instant: the program, the clock, the doses and the rate so far."""

from __future__ import annotations

from enum import IntEnum
from fractions import Fraction

from thecal_sim.therapy.curve import Curve
from thecal_sim.therapy.dose import Dose, Kind, PassedOver
from thecal_sim.therapy.local_time import LocalTime
from thecal_sim.therapy.plan import MINIMUM_RATE_NL_PER_DAY, Plan
from thecal_sim.units import NS_PER_DAY

MOST_AT_ONCE = 6
"""Doses besides those of the clock's plan that are under way or waiting."""


_NOT_YET_NS = 1 << 62


class Response(IntEnum):
    """The response of delivery to the active alarms; the most restrictive one holds."""

    NONE = 0
    BLOCK_BOLUSES = 1
    MEAN_RATE = 2
    MINIMUM_RATE = 3
    STOP = 4


class State:
    """alarm: response of all active alarms but *time unknown*, which follows from the clock. delivering_from_ns: the
    tick from which a start, or a restart, delivers. bridge_left: volume in nL/day x ns. age_doubt_ns: by how much the
    pump may hold what was given before doubt_until_ns for younger than it is. restarts: when, and whether after a power
    cut. made_up: local minutes whose doses were to be made up, and when each was to begin."""

    def __init__(self) -> None:
        self.now_ns = 0
        self.curve = Curve()
        self.clock = LocalTime()
        self.plan: Plan | None = None
        self.is_delivering = False
        self.delivering_from_ns = 0
        self.alarm = Response.NONE
        self.is_supply_low = False
        self.bridge_left = 0
        self.is_bridge_doubtful = False
        self.bridged: list[tuple[int, int, int]] = []
        self.doses: list[Dose] = []
        self.passed: list[PassedOver] = []
        self.made_up: list[tuple[int, int]] = []
        self.discontinuity_ns: int | None = None
        self.unfilled_since_ns: int | None = None
        self.was_ever_filled = False
        self.restarts: list[tuple[int, bool]] = []
        self.age_doubt_ns = 0
        self.doubt_until_ns = -1

    @property
    def response(self) -> Response:
        is_blind = self.plan is not None and self.plan.delivers and self.plan.follows_the_clock
        if is_blind and self.clock.local_minus_t_ns is None:
            return max(self.alarm, Response.MEAN_RATE)
        return self.alarm

    @property
    def is_waiting_for_power(self) -> bool:
        """Return True if delivery was interrupted and continues by itself once it can."""
        return self.is_delivering and self.delivering_from_ns == _NOT_YET_NS

    def interrupt(self) -> None:
        self.delivering_from_ns = _NOT_YET_NS

    def delivers_at(self, t_ns: int) -> bool:
        return (
            self.is_delivering
            and t_ns >= self.delivering_from_ns
            and self.plan is not None
            and self.plan.delivers
            and self.response is not Response.STOP
        )

    def open_doses(self) -> list[Dose]:
        """Return the doses under way, or waiting to begin."""
        return [dose for dose in self.doses if dose.end is None]

    def beside_the_plan(self) -> list[Dose]:
        """Open doses that are not of the clock's plan."""
        return [dose for dose in self.open_doses() if dose.is_on_demand or dose.is_made_up]

    def temporary_at(self, t_ns: int) -> Dose | None:
        for dose in self.open_doses():
            if dose.kind is Kind.TEMPORARY and dose.begin_ns <= t_ns < dose.end_ns:
                return dose
        return None

    def is_bridging(self) -> bool:
        return self.bridge_left > 0 or self.is_bridge_doubtful

    def basal_at(self, t_ns: int) -> int:
        """Return the basal rate at an instant, or what takes its place, as things are now."""
        plan = self.plan
        if plan is None or not self.delivers_at(t_ns):
            return 0
        if self.response is Response.MINIMUM_RATE:
            return MINIMUM_RATE_NL_PER_DAY
        temporary = self.temporary_at(t_ns)
        if temporary is not None:
            return temporary.rate_nl_per_day
        if self.is_bridging() and plan.bridge is not None:
            return plan.bridge[1]
        return self.planned_basal_at(plan, t_ns)

    def planned_basal_at(self, plan: Plan, t_ns: int) -> int:
        """Return what the program gives by the clock at an instant, doses left out."""
        if self.clock.local_minus_t_ns is None:
            return plan.mean_rate
        return plan.basal_at(self.clock.minute_at(t_ns))

    def rate_at(self, t_ns: int) -> int:
        """Return everything together at an instant, as things are now."""
        rate = self.basal_at(t_ns)
        for dose in self.open_doses():
            if dose.kind is not Kind.TEMPORARY and dose.begin_ns <= t_ns < dose.end_ns:
                rate += dose.rate_nl_per_day
        return rate

    def room_nl(self, t_ns: int) -> Fraction | None:
        """Return how much of the line is known to be unfilled; None if nothing is known."""
        if self.unfilled_since_ns is None or self.plan is None:
            return None
        given = Fraction(self.curve.volume(self.unfilled_since_ns, t_ns), NS_PER_DAY)
        return max(Fraction(0), self.plan.line_nl - given)

    def note_discontinuity(self, t_ns: int) -> None:
        """Note that from an instant on the program gives something else by the clock than what has been given so
        far."""
        if self.curve.volume(t_ns - NS_PER_DAY, t_ns):
            self.discontinuity_ns = t_ns

    def is_after_discontinuity(self, t_ns: int) -> bool:
        return self.discontinuity_ns is not None and t_ns - NS_PER_DAY < self.discontinuity_ns
