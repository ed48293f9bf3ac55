"""Judges doses shortly before they begin: one of the clock 5 s ahead, or before the change behind which it begins
sooner is prepared; one on demand when it is asked for.

A program keeps its limits by itself, and so do boluses on demand beside it. What was given before a discontinuity (a
clock set, another program, a time that becomes known) is of another plan: for 24 hours after it each dose is held
against what was really given, what is under way or waits, and the basal rate to come, tick by tick. The meter judges
every dose. For both the same line of rates is laid once. Nothing that has yet to be judged is ever planned.
"""

from thecal_fw.core import events
from thecal_fw.core.bolus import KIND_SCHEDULED, Bolus
from thecal_fw.core.bolus_history import REFUSED_DAY, REFUSED_HOUR, REFUSED_METER, REFUSED_NOT
from thecal_fw.core.counts import MOST_SECONDS
from thecal_fw.core.given_rates import GivenRates
from thecal_fw.core.instant import TICKS_PER_DAY, TICKS_PER_MINUTE, TICKS_PER_SECOND
from thecal_fw.core.limits import Limits
from thecal_fw.core.pump_state import STATE_DELIVERING
from thecal_fw.core.rate_line import RateLine
from thecal_fw.core.timeline import NO_DELIVERY, ChangingTimeline, Timeline
from thecal_fw.pump.orders import Orders
from thecal_fw.pump.timekeeper import Timekeeper

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.core.timeline import AnyTimeline
    from thecal_fw.pump.contracts import Delivery, Extra, Meter, Waiting

JUDGED_AHEAD_TICKS = 5 * TICKS_PER_SECOND
"""A dose of the clock is judged so long before it begins: more than a change takes that leaves it out."""
_NOTICE_TICKS = TICKS_PER_SECOND // 5
"""A change behind which a dose of the clock may begin is given so much longer notice: judging takes less."""
NOTHING_AGAINST = -1


class Judging:
    """given: what was given. until: tick before which doses are held against that. waiting: doses of the clock that
    begin with the change under way, or shortly after it, and have yet to be judged."""

    def __init__(self, time: Timekeeper, orders: Orders, limits: Limits) -> None:
        self._time = time
        self._orders = orders
        self._limits = limits
        self.given = GivenRates()
        self.until = 0
        self.waiting: "list[Bolus]" = []
        self._line = RateLine()
        self._laid_at = 0

    def connect(self, infusion: "Delivery", boluses: "Extra", clock_doses: "Waiting", meter: "Meter") -> None:
        self._infusion = infusion
        self._extra = boluses.extra
        self._clock_doses = clock_doses
        self._meter = meter

    # --- after a discontinuity

    def begin(self, tick: int) -> None:
        """Follow another plan from a tick on than what has been given so far."""
        if self.given.count:
            self.until = tick + TICKS_PER_DAY

    def until_s(self) -> int:
        """Return the same in seconds of the pump's running time, as it is kept."""
        until_s = self._time.base_lifetime_s - -self.until // TICKS_PER_SECOND
        return min(max(0, until_s), MOST_SECONDS)

    def restore(self, until_s: int) -> None:
        self.until = (until_s - self._time.base_lifetime_s) * TICKS_PER_SECOND

    def forget_given(self) -> None:
        """Note anew what was given from the beginning of this life on: nothing continues from before."""
        self.given.begin_anew()

    # --- doses that begin with a change

    def notice_ticks(self) -> int:
        """Return how much longer notice a change needs, for doses that begin with it to be judged."""
        return _NOTICE_TICKS if self._clock_doses.may_begin_by_clock() else 0

    def wait_for(self, timeline: "AnyTimeline", change_tick: int) -> None:
        """Make the doses of the clock wait that begin too soon after the tick of a take-over to be judged when they
        come."""
        self.waiting = []
        until_tick = change_tick + JUDGED_AHEAD_TICKS
        for bolus in timeline.boluses_near(change_tick, until_tick):
            if bolus.kind == KIND_SCHEDULED and change_tick <= bolus.start_tick <= until_tick:
                self.waiting.append(bolus)

    def wait_for_none(self) -> None:
        """Note that no change is under way any more."""
        self.waiting = []

    def judge_one(self, timeline: Timeline) -> None:
        """Judge one of those that wait, the earliest, and have the timeline that is to take over leave it out if it may
        not begin."""
        bolus = self.waiting[0]
        for other in self.waiting:
            if other.start_tick < bolus.start_tick:
                bolus = other
        self.waiting.remove(bolus)
        reason = self.reason_against(bolus)
        if reason == NOTHING_AGAINST:
            return
        if bolus in self._extra:
            timeline.drop(bolus)
            self._clock_doses.pass_over_waiting(bolus, reason)
        else:
            # It is noted as passed over when its time has come: the change may be put off, or another take its place.
            minute = timeline.wall_clock.first_local_minute(bolus.start_tick)
            timeline.pass_over(bolus, minute, reason)

    # --- one dose

    def reason_against(self, bolus: Bolus) -> int:
        """Return why a dose of the clock may not begin, as *passed over* has it; NOTHING_AGAINST if it may."""
        is_after_discontinuity = bolus.start_tick < self.until
        self._lay(bolus, is_after_discontinuity)
        if self._line.highest(bolus.start_tick, bolus.end_tick) > self._limits.most_rate_nl_per_day:
            return events.PASSED_RATE
        if is_after_discontinuity and self._overfull(bolus) != REFUSED_NOT:
            return events.PASSED_LIMIT
        return events.PASSED_METER if self._is_held_by_meter(bolus) else NOTHING_AGAINST

    def refusal(self, bolus: Bolus) -> int:
        """Return why a dose on demand may not be given; REFUSED_NOT if it may."""
        is_after_discontinuity = bolus.start_tick < self.until
        self._lay(bolus, is_after_discontinuity)
        refusal = self._overfull(bolus) if is_after_discontinuity else REFUSED_NOT
        if refusal == REFUSED_NOT and self._is_held_by_meter(bolus):
            return REFUSED_METER
        return refusal

    def _overfull(self, bolus: Bolus) -> int:
        program, line = self._orders.in_force(), self._line
        begin, end = bolus.start_tick, bolus.end_tick
        if line.is_overfull(begin, end, 60 * TICKS_PER_MINUTE, program.most_nl_per_hour):
            return REFUSED_HOUR
        if line.is_overfull(begin, end, TICKS_PER_DAY, program.most_nl_per_day):
            return REFUSED_DAY
        return REFUSED_NOT

    def _is_held_by_meter(self, bolus: Bolus) -> bool:
        return self._meter.holds(bolus, self._line, self._laid_at)

    def _lay(self, bolus: Bolus, has_given: bool) -> None:
        """Lay what was given in the last 24 hours, if asked for, and what is to come until a day after a dose, with it
        and without what the clock begins later."""
        infusion, line = self._infusion, self._line
        self._meter.take()
        now = self._laid_at = self._time.ticks_now()
        line.begin(now - TICKS_PER_DAY if has_given else now)
        if has_given:
            line.add_given(self.given)
        change_tick, timeline = infusion.change_tick, infusion.timeline_at(max(infusion.change_tick, now))
        before = infusion.timeline if infusion.state == STATE_DELIVERING else NO_DELIVERY
        if infusion.goes_on and infusion.state != STATE_DELIVERING:
            before = timeline
        line.add_timeline(before, max(change_tick, now))
        doses = []
        for other in timeline.boluses_near(line.end, max(line.end, bolus.start_tick)):
            if not self._is_judged_later(other, bolus):
                doses.append(other)
        if bolus.kind != KIND_SCHEDULED:
            doses.append(bolus)
        plan = timeline.after if isinstance(timeline, ChangingTimeline) else timeline
        line.add_plan(plan, doses, bolus.end_tick + TICKS_PER_DAY + TICKS_PER_MINUTE)

    def _is_judged_later(self, other: Bolus, bolus: Bolus) -> bool:
        """Return True if a dose of the clock has yet to be judged when another dose is. Of those that begin together
        one that is made up comes first."""
        if other.kind != KIND_SCHEDULED or other is bolus or other.start_tick < bolus.start_tick:
            return False
        return other.start_tick > bolus.start_tick or bolus in self._extra
