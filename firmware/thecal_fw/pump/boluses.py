"""The doses beside the basal rate, and the timeline of all that is to be delivered.

Doses of the clock (``clock_doses``) are part of the timeline and need nobody to begin them. What is given beside the
plan is here: doses on demand (``on_demand``), doses of the clock that continue or are made up for after a setting of
it, and a temporary rate.
"""

from thecal_fw.core import events
from thecal_fw.core.alarms import RESPONSE_BLOCK_BOLUSES
from thecal_fw.core.bolus import KIND_PRIME, KIND_SCHEDULED, KIND_TEMPORARY, Bolus
from thecal_fw.core.carried import KIND_WAITS, MOST_BOLUSES, Carried
from thecal_fw.core.limits import Limits
from thecal_fw.core.pump_state import STATE_DELIVERING
from thecal_fw.core.schedule import longest_bolus_minutes
from thecal_fw.core.timeline import NO_BOLUSES, Timeline
from thecal_fw.pump.clock_doses import ClockDoses
from thecal_fw.pump.judging import Judging
from thecal_fw.pump.on_demand import DosesOnDemand
from thecal_fw.pump.orders import Orders
from thecal_fw.pump.reports import Reports
from thecal_fw.pump.timekeeper import Timekeeper

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.pump.contracts import BridgeLead, Delivery, Doses, Meter, Notes, Therapy


class Boluses:
    """extra: boluses beside those of the plan that are not over. judging: judges each shortly before it begins.
    are_allowed: whether the timeline made last has any."""

    def __init__(
        self,
        time: Timekeeper,
        limits: Limits,
        orders: Orders,
        reports: Reports,
        clock_doses: ClockDoses,
        on_demand: DosesOnDemand,
    ) -> None:
        self._time = time
        self._orders = orders
        self._alarms = reports.alarms
        self._clock_doses = clock_doses
        self._on_demand = on_demand
        self._history = on_demand.history
        self.extra: "list[Bolus]" = []
        self.judging = Judging(time, orders, limits)
        self.are_allowed = True

    def connect(
        self,
        infusion: "Delivery",
        notes: "Notes",
        bridging: "BridgeLead",
        doses: "Doses",
        meter: "Meter",
        therapy: "Therapy",
    ) -> None:
        self._infusion = infusion
        self._notes = notes
        self._bridging = bridging
        self._doses = doses
        self._therapy = therapy
        self.judging.connect(infusion, self, self._clock_doses, meter)

    # --- what is to be given

    def timeline(self, change_tick: int) -> Timeline:
        """Return what is to be delivered from a tick on, as the program, the clock, the alarms and the boluses are
        now."""
        were_allowed, self.are_allowed = self.are_allowed, not self.are_blocked()
        if self.are_allowed and not were_allowed:
            self._clock_doses.settle(self._time.wall, change_tick, events.PASSED_BLOCKED)
            self._clock_doses.begin_from(change_tick)
        if not self.are_allowed:
            self._end_what_has_not_begun(change_tick)
        bridge = self._bridging.lead(change_tick)
        minute, extra = NO_BOLUSES, ()
        if self.are_allowed:
            minute, extra = self._clock_doses.minute, tuple(self.extra)
            if bridge is not None and self._time.wall.is_known():
                minute = max(minute, self._time.wall.first_local_minute(bridge[1]))
        coming_again = ()
        if minute != NO_BOLUSES:
            coming_again = self._clock_doses.lived.coming_again(self._time.wall, change_tick)
        timeline = Timeline(
            self._orders.wanted(),
            self._time.wall,
            minute,
            extra,
            bridge,
            coming_again,
        )
        for minute, _ in self._clock_doses.held:
            timeline.leave_out(minute)
        for start_tick, passed, _ in self._infusion.timeline_at(change_tick - 1).passed:
            # Their time has come by then: what is still to come is judged anew.
            if start_tick < change_tick:
                timeline.leave_out(passed)
        return timeline

    def _end_what_has_not_begun(self, tick: int) -> None:
        """End what is under way with the change at this tick; what begins only then would not be seen to end."""
        for bolus in list(self.extra):
            if bolus.start_tick >= tick:
                self._notes.ended(bolus, tick, events.END_ALARM)

    def are_blocked(self) -> bool:
        """Return True if an alarm keeps boluses of all kinds from being given."""
        return self._alarms.response() >= RESPONSE_BLOCK_BOLUSES

    def are_concerned(self) -> bool:
        """Return True if the alarms, as they are now, change anything about boluses while delivering."""
        infusion = self._infusion
        if infusion.state != STATE_DELIVERING or self.are_blocked() != self.are_allowed:
            return False
        program = self._orders.program
        return bool(self.extra) or (program is not None and longest_bolus_minutes(program) > 0)

    def extra_rate(self) -> int:
        """Return what boluses on demand add to the rate at most, in nL/day."""
        rate_nl_per_day = 0
        for bolus in self.extra:
            rate_nl_per_day += bolus.rate_nl_per_day
        return rate_nl_per_day

    def under_way(self, tick: int) -> "Bolus | None":
        """Return the bolus on demand that is under way or about to begin, or else the one that the clock began; None
        if there is neither."""
        infusion = self._infusion
        if infusion.state != STATE_DELIVERING:
            return None
        for bolus in self.extra:
            if tick < bolus.end_tick and bolus.kind != KIND_TEMPORARY:
                return bolus
        for bolus in infusion.timeline.boluses_near(tick, tick):
            if bolus.start_tick <= tick < bolus.end_tick and bolus.kind != KIND_TEMPORARY:
                return bolus
        return None

    def cancel(self, is_temporary_rate: bool) -> int:
        """End the bolus on demand, or the temporary rate; the tick from which that holds."""
        for bolus in list(self.extra):
            if bolus.kind != KIND_SCHEDULED and (bolus.kind == KIND_TEMPORARY) == is_temporary_rate:
                self._drop(bolus, events.END_PERSON)
        return self._therapy.replan()

    def end_with_program(self) -> None:
        """End the doses of a program that another one takes over from: nothing that was given beside the one before
        continues, and of its own boluses none that would have begun earlier is given."""
        tick = self._infusion.change_tick_from_now()
        self._clock_doses.begin_from(tick)
        self.judging.begin(tick)
        for bolus in list(self.extra):
            self._drop(bolus, events.END_PROGRAM)

    def _drop(self, bolus: Bolus, reason: int) -> None:
        """Give a bolus no more from the next change on. What has begun ends when that comes."""
        tick = self._infusion.change_tick_from_now()
        bolus.end_reason = reason
        if bolus.start_tick >= tick:
            self._notes.ended(bolus, tick, reason)
        else:
            self.extra.remove(bolus)

    # --- over a reset

    def to_carry(self) -> "list[tuple[int, int, int, int, int]]":
        """Return those that must outlive a watchdog reset: what is under way, and what waits beside the plan."""
        carried = []
        for bolus in self._notes.under_way:
            plan = 0 if self._has_extra(bolus) else _BY_PLAN
            carried.append(_to_carry(bolus, _FREE_PRIME if bolus.is_free else bolus.kind | plan))
        for bolus in self.extra:
            if bolus not in self._notes.under_way and not bolus.number:
                kind, late = bolus.kind, 0
                if kind == KIND_SCHEDULED:
                    late_minutes = self._time.wall.first_local_minute(bolus.start_tick) - bolus.minute
                    kind, late = KIND_WAITS, max(0, late_minutes)
                carried.append((kind, bolus.start_tick, bolus.end_tick, bolus.rate_nl_per_day, late))
        return carried if len(carried) <= MOST_BOLUSES else carried[:MOST_BOLUSES]

    def _has_extra(self, bolus: Bolus) -> bool:
        return any([other is bolus for other in self.extra])

    def take_over(self, carried: Carried, reset_ticks: int) -> None:
        """Continue with the boluses of the life before this one, which lasted so many ticks."""
        self._doses.go_on_after(carried.next_dose)
        for kind, start_tick, end_tick, rate_nl_per_day, number in carried.boluses:
            is_free, is_extra, kind = kind == _FREE_PRIME, not kind & _BY_PLAN, kind & ~_BY_PLAN
            start_tick, end_tick, minute = start_tick - reset_ticks, end_tick - reset_ticks, 0
            if is_free:
                kind = KIND_PRIME
            elif kind == KIND_WAITS:
                minute, kind, number = (
                    self._time.wall.first_local_minute(start_tick) - number,
                    KIND_SCHEDULED,
                    0,
                )
            bolus = Bolus(kind, start_tick, end_tick - start_tick, rate_nl_per_day, number)
            bolus.is_free, bolus.minute = is_free, minute
            if number:
                self._notes.under_way.append(bolus)
            if is_extra:
                self.extra.append(bolus)
            # A prime counts only if the record says so.
            if number and kind not in (KIND_PRIME, KIND_SCHEDULED):
                self._history.put(
                    self._on_demand.on_top(bolus) if self._orders.program is not None else bolus
                )
        self._notes.go_on_from(carried.noted_tick - reset_ticks)


_BY_PLAN = 8
"""In the kind of one that is carried: the clock's plan gives it, so it is not given beside the plan as well."""
_FREE_PRIME = 7
"""The kind of one that is carried, of a prime that the line has room for."""


def _to_carry(bolus: Bolus, kind: int) -> "tuple[int, int, int, int, int]":
    return kind, bolus.start_tick, bolus.end_tick, bolus.rate_nl_per_day, bolus.number
