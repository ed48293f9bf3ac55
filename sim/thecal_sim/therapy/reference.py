"""The reference: from what is asked of a pump and when each change takes effect, it says what is given and what is not.

Change instants come from the pump's answers; everything that follows from them is worked out here. Where the document
leaves an instant open (a request that is judged for one of two seconds, ages after a power cut), the verdict says so.
"""

from __future__ import annotations

from fractions import Fraction

from thecal_sim.therapy.curve import sum_of
from thecal_sim.therapy.dose import Dose, End, Kind, Passed, PassedOver
from thecal_sim.therapy.forecast import next_basal_turn, planned
from thecal_sim.therapy.judging import is_within_room, limited_rate, overfull, verdict
from thecal_sim.therapy.metering import must_hold
from thecal_sim.therapy.plan import MOST_RATE_NL_PER_DAY, ClockDose, Plan
from thecal_sim.therapy.state import MOST_AT_ONCE, Response, State
from thecal_sim.therapy.verdict import Verdict
from thecal_sim.units import NS_PER_DAY, NS_PER_MINUTE, NS_PER_S, TICK_NS

MOST_MADE_UP_NS = 2 * 3_600 * NS_PER_S
"""A jump forward further than this makes up for nothing."""

_PASSED_WHEN = {
    End.STOP: Passed.STOPPED,
    End.ALARM: Passed.BLOCKED,
    End.PROGRAM: Passed.CLOCK,
    End.CANCEL: Passed.CANCELLED,
    End.POWER_CUT: Passed.TIME_UNKNOWN,
    End.HELD: Passed.STOPPED,
}


class Therapy:
    """One pump's therapy. state: as of ``state.now_ns``; the doses so far are in ``state.doses``."""

    def __init__(self) -> None:
        self.state = State()
        self._following: int | None = None

    # --- requests that take effect at an instant

    def commit(self, t_ns: int, plan: Plan) -> None:
        self._come_to(t_ns)
        state = self.state
        self._end_all(t_ns, End.PROGRAM)
        state.plan = plan
        if not plan.delivers:
            state.is_delivering = False
        state.is_bridge_doubtful = False
        state.bridge_left = plan.bridge[0] * plan.bridge[1] * NS_PER_S if plan.bridge else 0
        state.note_discontinuity(t_ns)
        self._plan_from(t_ns)
        self._settle()

    def start(self, t_ns: int) -> None:
        self._come_to(t_ns)
        self.state.is_delivering = True
        self.state.delivering_from_ns = t_ns
        self._settle()

    def stop(self, t_ns: int, reason: End = End.STOP) -> None:
        """Stop at once, also before a change that is under way takes effect."""
        self._come_to(t_ns)
        state = self.state
        state.is_delivering = False
        for dose in list(state.doses):
            # The end of one that never begins was decided when it was cancelled.
            if dose.end is None or (dose.end_ns > t_ns and dose.end_ns > dose.begin_ns):
                self._finish(dose, t_ns, reason)
        state.now_ns = t_ns
        self._settle()

    def set_clock(self, t_ns: int, local_minus_t_ns: int | None) -> None:
        """Let the pump's local clock show t plus this, or no time, from an instant on."""
        self._come_to(t_ns)
        state, clock = self.state, self.state.clock
        before = clock.local_minus_t_ns
        following = clock.first_minute_from(t_ns) if before is not None else None
        clock.set(t_ns, local_minus_t_ns)
        state.note_discontinuity(t_ns)
        if before is not None and local_minus_t_ns is not None and following is not None:
            jump_ns = local_minus_t_ns - before
            if jump_ns > 0 and state.plan is not None:
                jumped = state.plan.doses_between(following, clock.first_minute_from(t_ns))
                self._deal_with_jumped(t_ns, jump_ns, jumped)
        self._plan_from(t_ns)
        self._settle()

    def verdict(
        self, asked_ns: int, begins_ns: tuple[int, ...], kind: Kind | None, rate: int, seconds: int
    ) -> Verdict:
        """Return the verdict on a request for a dose; see ``judging``."""
        self.advance(asked_ns)
        return verdict(self.state, asked_ns, begins_ns, kind, rate, seconds)

    def begin(self, t_ns: int, kind: Kind, rate: int, seconds: int) -> Dose:
        """Begin a dose on demand that the pump has said it gives."""
        self._come_to(t_ns)
        state, plan = self.state, self.state.plan
        assert plan is not None
        if kind is Kind.PATIENT and plan.patient is not None:
            rate, seconds = plan.patient.rate_nl_per_day, 60 * plan.patient.minutes
        dose = Dose(kind, t_ns, t_ns + seconds * NS_PER_S, rate)
        is_free = kind is Kind.PRIME and is_within_room(state, dose)
        dose.limited_rate = 0 if is_free else limited_rate(plan, kind, rate)
        state.doses.append(dose)
        self._settle()
        return dose

    def cancel(self, t_ns: int, is_temporary_rate: bool) -> None:
        self._come_to(t_ns)
        for dose in self.state.beside_the_plan():
            if (dose.kind is Kind.TEMPORARY) == is_temporary_rate:
                self._finish(dose, t_ns, End.CANCEL)
        self._settle()

    def refill(self, t_ns: int) -> None:
        """Refill."""
        if not self.state.was_ever_filled:
            self.line_is_empty(t_ns)
        self.state.was_ever_filled = True

    def line_is_empty(self, t_ns: int) -> None:
        """Take the line as empty: new tubing, or a line that was rinsed."""
        self.state.unfilled_since_ns = t_ns

    # --- events

    def alarms(self, t_ns: int, response: Response, doubt_ns: int = 0) -> None:
        """Give the active alarms this response from an instant on; it may have been so much sooner."""
        self._come_to(t_ns)
        self.state.alarm = response
        if self.state.response >= Response.BLOCK_BOLUSES:
            self._end_all(t_ns, End.ALARM, doubt_ns)
        if response is Response.STOP:
            self.state.is_delivering = False
        self._settle()

    def watchdog_reset(self) -> None:
        """Reset by the watchdog: everything continues; what is left of a bridge is known to a microstep from now on."""
        self.state.restarts.append((self.state.now_ns, False))
        self.state.is_bridge_doubtful = self.state.is_bridging()

    def bridge_over(self, t_ns: int) -> Fraction:
        """Note that the pump says a bridge was over at an instant that only it can know; return what was left of it
        then, in nL."""
        self._come_to(t_ns)
        state = self.state
        left_nl = Fraction(state.bridge_left, NS_PER_DAY)
        state.is_bridge_doubtful, state.bridge_left = False, 0
        self._settle()
        return left_nl

    def power_cut(self, t_ns: int, recorded_ns: int) -> None:
        """Cut the power at an instant and give it back at once; the pump's running time continues from one it had
        recorded."""
        self._come_to(t_ns)
        state = self.state
        for dose in state.open_doses():
            dose.counts_whole = True
            self._finish(dose, t_ns, End.POWER_CUT)
        state.is_bridge_doubtful = state.is_bridging()
        state.restarts.append((t_ns, True))
        state.age_doubt_ns += t_ns - recorded_ns
        state.doubt_until_ns = t_ns
        state.clock.set(t_ns, None)
        state.interrupt()
        self._settle()

    def held(self, t_ns: int, doubt_ns: int = 0) -> None:
        """Hold delivery at the end of the grant; it may have been so much sooner."""
        self._come_to(t_ns)
        self._end_all(t_ns, End.HELD, doubt_ns)
        self.state.interrupt()
        self._settle()

    def wait_to_start(self) -> None:
        """Let a start that has not taken effect wait for the supply, until it is said to have resumed."""
        self.state.interrupt()
        self._settle()

    def resumed(self, t_ns: int) -> None:
        """Deliver from an instant on, after a power cut or a hold."""
        self._come_to(t_ns)
        self.state.delivering_from_ns = t_ns
        self._settle()

    # --- time

    def advance(self, to_ns: int) -> None:
        """Let time pass until an instant; what begins or ends at it has begun or ended."""
        if to_ns >= self.state.now_ns:
            self._pass(to_ns, begins_at_end=True)

    def _come_to(self, t_ns: int) -> None:
        """Come to a change: what ends at its instant has ended, what the clock begins at it has not begun."""
        if t_ns >= self.state.now_ns:
            self._pass(t_ns, begins_at_end=False)

    def _pass(self, to_ns: int, begins_at_end: bool) -> None:
        state = self.state
        self._judge_made_up(state.now_ns)
        while True:
            t_ns = min(self._next_turn(), to_ns)
            self._give_of_the_bridge(t_ns)
            state.now_ns = t_ns
            for dose in state.open_doses():
                if dose.planned_end_ns <= t_ns:
                    dose.finish(t_ns, End.WHOLE)
            if t_ns < to_ns or begins_at_end:
                self._begin_by_the_clock(t_ns)
            self._settle()
            if t_ns == to_ns:
                return

    def _give_of_the_bridge(self, until_ns: int) -> None:
        state, plan = self.state, self.state.plan
        if not (state.is_bridging() and self._is_bridge_running(state.now_ns)) or until_ns == state.now_ns:
            return
        assert plan is not None
        assert plan.bridge is not None
        _, rate = plan.bridge
        state.bridge_left -= rate * (until_ns - state.now_ns)
        state.bridged.append((state.now_ns, until_ns, rate))

    def _is_bridge_running(self, t_ns: int) -> bool:
        return self.state.delivers_at(t_ns) and self.state.response is not Response.MINIMUM_RATE

    def _next_turn(self) -> int:
        """Return the first instant after now at which something changes by itself."""
        state, now_ns = self.state, self.state.now_ns
        turns = [1 << 62]
        for dose in state.open_doses():
            turns += [turn for turn in (dose.begin_ns, dose.planned_end_ns) if turn > now_ns]
        basal = next_basal_turn(state, now_ns)
        if basal is not None:
            turns.append(basal)
        is_bridge_known = state.is_bridging() and not state.is_bridge_doubtful
        if is_bridge_known and self._is_bridge_running(now_ns) and state.plan is not None:
            assert state.plan.bridge is not None
            turns.append(now_ns + -(-state.bridge_left // (state.plan.bridge[1] * TICK_NS)) * TICK_NS)
        dose = self._next_by_the_clock()
        if dose is not None:
            turns.append(max(now_ns, state.clock.instant_of(dose.minute)))
        return min(turns)

    def _settle(self) -> None:
        """Set the rate from now on to what things are now."""
        self.state.curve.set(self.state.now_ns, self.state.rate_at(self.state.now_ns))

    def _end_all(self, t_ns: int, reason: End, doubt_ns: int = 0) -> None:
        for dose in self.state.open_doses():
            dose.end_doubt_ns = doubt_ns
            self._finish(dose, t_ns, reason)

    def _finish(self, dose: Dose, t_ns: int, reason: End) -> None:
        """End a dose. One of the clock that was only waiting never began, and is passed over."""
        if dose.local_minute is not None and dose.begin_ns >= t_ns:
            self.state.doses.remove(dose)
            self.state.passed.append(PassedOver(dose.local_minute, _PASSED_WHEN[reason], t_ns))
        else:
            dose.finish(t_ns, reason)

    # --- doses of the clock

    def _plan_from(self, t_ns: int) -> None:
        """Begin the doses of the clock from an instant on."""
        clock = self.state.clock
        self._following = clock.first_minute_from(t_ns) if clock.local_minus_t_ns is not None else None

    def _next_by_the_clock(self) -> ClockDose | None:
        plan, following = self.state.plan, self._following
        if plan is None or following is None or self.state.clock.local_minus_t_ns is None:
            return None
        for days in (1, 8):
            doses = plan.doses_between(following, following + days * 1_440)
            if doses:
                return doses[0]
        return None

    def _begin_by_the_clock(self, t_ns: int) -> None:
        self._judge_made_up(t_ns)
        dose = self._next_by_the_clock()
        while dose is not None and self.state.clock.instant_of(dose.minute) <= t_ns:
            self._following = dose.minute + 1
            is_late = self._has_had_its_time(dose.minute, t_ns)
            self._decide(dose, t_ns, Passed.GIVEN_ALREADY if is_late else None, is_made_up=False)
            dose = self._next_by_the_clock()

    def _has_had_its_time(self, minute: int, t_ns: int) -> bool:
        """Return True if a local minute was lived through, or its dose made up, in the last 24 hours."""
        state = self.state
        return state.clock.lived_through(minute, t_ns) or any(
            made_up == minute and begin_ns > t_ns - NS_PER_DAY for made_up, begin_ns in state.made_up
        )

    def _deal_with_jumped(self, t_ns: int, jump_ns: int, jumped: list[ClockDose]) -> None:
        """Deal with the doses whose minutes the clock was set past: make them up one after the other, or pass them
        over."""
        state = self.state
        fresh = [dose for dose in jumped if not self._has_had_its_time(dose.minute, t_ns)]
        under_way = [dose.end_ns for dose in state.open_doses() if not dose.is_on_demand]
        begin_ns = max([t_ns, *under_way])
        for dose in fresh:
            against = Passed.CLOCK if jump_ns > MOST_MADE_UP_NS else None
            if self._decide(dose, begin_ns, against, is_made_up=True):
                begin_ns += dose.minutes * NS_PER_MINUTE
        self._judge_made_up(t_ns)

    def _judge_made_up(self, t_ns: int) -> None:
        """Judge the doses that are made up as they begin."""
        state, plan = self.state, self.state.plan
        for dose in [dose for dose in state.open_doses() if dose.is_to_be_judged and dose.begin_ns <= t_ns]:
            assert plan is not None
            assert dose.local_minute is not None
            state.doses.remove(dose)
            reason = self._too_much(plan, dose)
            if reason is None:
                dose.is_to_be_judged = False
                state.doses.append(dose)
            else:
                state.passed.append(PassedOver(dose.local_minute, reason, state.now_ns))
        self._settle()

    def _decide(self, dose: ClockDose, begin_ns: int, against: Passed | None, is_made_up: bool) -> bool:
        """Begin a dose of the clock or pass it over; whether it begins."""
        state, plan = self.state, self.state.plan
        assert plan is not None
        wanted = Dose(
            Kind.SCHEDULED,
            begin_ns,
            begin_ns + dose.minutes * NS_PER_MINUTE,
            dose.rate_nl_per_day,
            local_minute=dose.minute,
            is_made_up=is_made_up,
            is_to_be_judged=is_made_up,
        )
        reason = against or self._reason_against(wanted)
        if reason is None and not is_made_up:
            reason = self._too_much(plan, wanted)
        if reason is not None:
            state.passed.append(PassedOver(dose.minute, reason, state.now_ns))
            return False
        if is_made_up:
            state.made_up.append((dose.minute, begin_ns))
        state.doses.append(wanted)
        return True

    def _reason_against(self, wanted: Dose) -> Passed | None:
        state = self.state
        if not state.delivers_at(state.now_ns):
            return Passed.STOPPED
        if state.response >= Response.BLOCK_BOLUSES:
            return Passed.BLOCKED
        if state.is_bridging():
            return Passed.BRIDGE
        # A place is left for one on demand.
        if wanted.is_made_up and len(state.beside_the_plan()) >= MOST_AT_ONCE - 1:
            return Passed.TOO_MANY
        return None

    def _too_much(self, plan: Plan, wanted: Dose) -> Passed | None:
        state = self.state
        spans = planned(state, wanted.begin_ns, wanted.end_ns, with_clock=False)
        highest = sum_of(spans).highest(wanted.begin_ns, wanted.end_ns)
        if highest + wanted.rate_nl_per_day > MOST_RATE_NL_PER_DAY:
            return Passed.RATE
        if state.is_after_discontinuity(wanted.begin_ns) and overfull(state, plan, wanted, with_clock=False):
            return Passed.LIMIT
        return Passed.METER if must_hold(state, plan, wanted) else None
