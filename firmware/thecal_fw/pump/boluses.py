"""Boluses of one pump: which are to be given, by the clock and on demand, and what a setting of the clock does to them.

Boluses by the clock are part of the timeline and need nobody to begin them. One on demand is written to the log before
its first microstep comes out, so that no reset makes the pump forget that it was given.
"""

from thecal_fw.core import alarms as alarm_table
from thecal_fw.core import events
from thecal_fw.core.bolus import (
    KIND_PATIENT,
    KIND_PRIME,
    KIND_SCHEDULED,
    KIND_TEMPORARY,
    KINDS_ON_DEMAND,
    Bolus,
)
from thecal_fw.core.bolus_history import (
    REFUSED_BLOCKED,
    REFUSED_BRIDGE,
    REFUSED_METER,
    REFUSED_NO_SUCH_BOLUS,
    REFUSED_NOT,
    REFUSED_NOT_DELIVERING,
    REFUSED_NOT_READ,
    REFUSED_RATE,
    REFUSED_UNDER_WAY,
    REFUSED_WEEK_UNKNOWN,
    Allowance,
    BolusHistory,
)
from thecal_fw.core.calibration import Calibration
from thecal_fw.core.carried import KIND_WAITS, MOST_BOLUSES, Carried
from thecal_fw.core.dose_record import DoseRecord
from thecal_fw.core.instant import (
    TICKS_PER_MINUTE,
    TICKS_PER_SECOND,
)
from thecal_fw.core.ledger import Ledger
from thecal_fw.core.line_room import LineRoom
from thecal_fw.core.lived_minutes import LivedMinutes, is_within
from thecal_fw.core.program import Program
from thecal_fw.core.pump_state import STATE_DELIVERING, STATE_STOPPED
from thecal_fw.core.schedule import (
    count_boluses,
    extremes_of,
    highest_rate,
    longest_bolus_minutes,
    lowest_basal_rate,
    next_bolus,
)
from thecal_fw.core.timeline import NO_BOLUSES, Timeline
from thecal_fw.core.validation import Limits
from thecal_fw.core.wall_clock import WallClock
from thecal_fw.pump.bolus_recall import BolusRecall
from thecal_fw.pump.changes import Changes
from thecal_fw.pump.judging import Judging
from thecal_fw.pump.orders import Orders
from thecal_fw.pump.reports import Reports
from thecal_fw.pump.timekeeper import Timekeeper

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.ports import Sense, Supply
    from thecal_fw.pump.contracts import BridgeLead, Delivery, Doses, Keeping, Meter, Notes, Quantum, Therapy

MOST_JUMP_MINUTES = 120
"""A clock is corrected by this or less, daylight-saving time included; further is a new time."""


class Boluses:
    """history: those on demand of the last 24 hours. extra: those of them that are not over.

    minute: local minute since 1970 from which boluses begin by the clock. lived: minutes that have had their time.
    settled_minute: those of the clock before it have begun or were told to be passed over. passed_over, passed_reason:
    how many since the last refill, and the latest reason.
    held: the minutes whose boluses were passed over last when they were judged, two at most, each as a span.
    """

    def __init__(
        self,
        time: Timekeeper,
        ledger: Ledger,
        calibration: Calibration,
        limits: Limits,
        orders: Orders,
        reports: Reports,
        changes: Changes,
        sense: "Sense",
        supply: "Supply",
    ):
        self._time = time
        self._ledger = ledger
        self._limits = limits
        self._orders = orders
        self._reports = reports
        self._alarms = reports.alarms
        self._log = reports.log
        self._changes = changes
        self._sense = sense
        self._supply = supply
        self.history = BolusHistory()
        self.recall = BolusRecall(time, reports.log, self.history)
        self.extra: "list[Bolus]" = []
        self.lived = LivedMinutes()
        self.judging = Judging(time, orders, limits)
        self.line_room = LineRoom(calibration)
        self.minute = NO_BOLUSES
        self.settled_minute = NO_BOLUSES
        self.passed_over = 0
        self.passed_reason = 0
        self.held: "tuple[tuple[int, int], ...]" = ()
        self._are_allowed = True
        self._allowance: "Allowance | None" = None
        self._allowance_number = 0

    def connect(
        self,
        infusion: "Delivery",
        notes: "Notes",
        bridging: "BridgeLead",
        doses: "Doses",
        meter: "Meter",
        keeper: "Keeping",
        grants: "Quantum",
        therapy: "Therapy",
    ) -> None:
        self._infusion = infusion
        self._notes = notes
        self._bridging = bridging
        self._doses = doses
        self._meter = meter
        self._keeper = keeper
        self._grants = grants
        self._therapy = therapy
        self.judging.connect(infusion, self, meter)
        self.recall.connect(keeper.events, self.extra, notes, doses)

    def restore(self, told: "DoseRecord") -> None:
        """Go on after a reset."""
        self.settled_minute = told.settled_minute
        self.passed_over, self.passed_reason = told.passed_over, told.passed_reason

    def restore_minute(self, minute: int) -> None:
        """Boluses by the clock began from a local minute on before the reset, and do so after it."""
        self.minute = minute

    def begin_reservoir(self) -> None:
        """The reservoir has been refilled: boluses passed over, and primes, are counted from here on."""
        self.passed_over = 0
        self.line_room.begin_reservoir()
        self._doses.note_change()

    # --- what is to be given

    def timeline(self, change_tick: int) -> Timeline:
        """What is to be delivered from a tick on, as the program, the clock, the alarms and the boluses are now."""
        were_allowed, self._are_allowed = self._are_allowed, not self.are_blocked()
        if self._are_allowed and not were_allowed:
            self.settle(self._time.wall, change_tick, events.PASSED_BLOCKED)
            self.begin_from(change_tick)
        if not self._are_allowed:
            self._end_what_has_not_begun(change_tick)
        bridge = self._bridging.lead(change_tick)
        minute, extra = NO_BOLUSES, ()
        if self._are_allowed:
            minute, extra = self.minute, tuple(self.extra)
            if bridge is not None and self._time.wall.is_known():
                minute = max(minute, self._time.wall.first_local_minute(bridge[1]))
        timeline = Timeline(
            self._orders.wanted(),
            self._time.wall,
            self._limits.minimum_rate_nl_per_day,
            minute,
            extra,
            bridge,
            self.lived.coming_again(self._time.wall, change_tick) if minute != NO_BOLUSES else (),
        )
        for minute, _ in self.held:
            timeline.leave_out(minute)
        for start_tick, passed, _ in self._infusion.timeline_at(change_tick - 1).passed:
            # Their time has come by then: what is still to come is judged anew.
            if start_tick < change_tick:
                timeline.leave_out(passed)
        return timeline

    def may_begin_by_clock(self) -> bool:
        """Whether a bolus of the clock may begin soon, one that is made up among them."""
        program = self._program_with_boluses()
        return program is not None or any([bolus.kind == KIND_SCHEDULED for bolus in self.extra])

    def hold_back(self, bolus: Bolus, reason: int) -> None:
        """The bolus of the clock that is about to begin is passed over."""
        if bolus in self.extra:
            self.pass_over_waiting(bolus, reason)
        else:
            minute = self._time.wall.first_local_minute(bolus.start_tick)
            self.note_passed_over(minute, reason)
        self._therapy.replan()

    def pass_over_waiting(self, bolus: Bolus, reason: int) -> None:
        """A bolus that was to be made up is not given."""
        self.extra.remove(bolus)
        self.note_passed_over(bolus.minute, reason)

    def note_passed_over(self, minute: int, reason: int) -> None:
        """The bolus of the clock of a local minute was judged and is passed over."""
        # The next one may be judged before the end of what would have been its time.
        self.held = self.held[-1:] + ((minute, minute + 1),)
        if reason == events.PASSED_METER:
            self._meter.note_held(KIND_SCHEDULED)
        self.pass_over(1, minute, reason)

    def _end_what_has_not_begun(self, tick: int) -> None:
        """What is under way ends with the change at this tick; what begins only then would not be seen to end."""
        for bolus in list(self.extra):
            if bolus.start_tick >= tick:
                self._notes.ended(bolus, tick, events.END_ALARM)

    def are_blocked(self) -> bool:
        """Whether an alarm keeps boluses of all kinds from being given."""
        return self._alarms.response() >= alarm_table.RESPONSE_BLOCK_BOLUSES

    def are_concerned(self) -> bool:
        """Whether the alarms, as they are now, change anything about boluses while delivering."""
        infusion = self._infusion
        if infusion.state != STATE_DELIVERING or self.are_blocked() != self._are_allowed:
            return False
        program = self._orders.program
        return bool(self.extra) or (program is not None and longest_bolus_minutes(program) > 0)

    def begin_from(self, tick: int) -> None:
        """Boluses by the clock begin from a tick on; one that would have begun earlier is not given."""
        wall = self._time.wall
        minute = wall.first_local_minute(tick) if wall.is_known() else NO_BOLUSES
        if minute != self.minute:
            self.minute = minute
            self._changes.note()

    def clock_is_set(self, before: WallClock, after: WallClock, tick: int) -> None:
        """Another clock holds from a tick on. A bolus is known by its local date and minute: each is given once.

        One that is under way goes on. What the clock comes to again is not begun again. What it jumps over is given at
        once, one after the other, if the jump is one of those that correct a clock; a longer one makes up for nothing.
        """
        if before.is_known():
            self.settle(before, tick)
        else:
            self.settle(after, tick, events.PASSED_TIME_UNKNOWN)
        if before.is_known():
            self.lived.end(before.first_local_minute(tick), tick)
        self.lived.begin(after.first_local_minute(tick))
        self.judging.begin(tick)
        self._doses.note_change()
        is_delivering = self._infusion.state != STATE_STOPPED
        if is_delivering and before.is_known():
            self._keep_under_way(tick)
        if before.is_known() and self._program_with_boluses() is not None:
            following = before.first_local_minute(tick)
            if is_delivering and self.minute != NO_BOLUSES:
                following = max(following, self.minute)
            jump_ticks = before.boot_ticks_of_local_second(0) - after.boot_ticks_of_local_second(0)
            self._pass_over_or_make_up(following, after.first_local_minute(tick), jump_ticks, tick)
            self._note_coming_again(after, before.first_local_minute(tick), tick)
        self.settled_minute = after.first_local_minute(tick)
        if is_delivering:
            self.begin_from(tick)

    def _keep_under_way(self, tick: int) -> None:
        """What is under way goes on at its own ticks."""
        for bolus in self._infusion.timeline_at(tick).boluses_near(tick, tick):
            is_by_clock = bolus.kind == KIND_SCHEDULED and bolus not in self.extra
            has_begun = bolus.start_tick < tick < bolus.end_tick
            if is_by_clock and has_begun and len(self.extra) < MOST_BOLUSES:
                self.extra.append(self._notes.begun_as(bolus))

    def _program_with_boluses(self) -> "Program | None":
        """The program in force, if it begins boluses by the clock; else None."""
        program = self._orders.program
        return program if program is not None and longest_bolus_minutes(program) > 0 else None

    def _note_coming_again(self, wall: WallClock, until: int, tick: int) -> None:
        """Log how many boluses of the clock will not begin because it comes to their minutes again."""
        minute, count, first = wall.first_local_minute(tick), 0, 0
        spans = self.lived.coming_again(wall, tick)
        for begin, end in spans:
            found = next_bolus(self._orders.in_force(), begin, end)
            if found is not None:
                first = min(first, found[0]) if count else found[0]
                count += count_boluses(self._orders.in_force(), begin, end)
        if count and minute < until:
            self.pass_over(count, first, events.PASSED_LIVED)

    def _pass_over_or_make_up(self, first: int, until: int, jump_ticks: int, tick: int) -> None:
        """The clock jumps over these minutes: give what was to begin in them, or log that it is not given."""
        program = self._orders.in_force()
        if first >= until:
            return
        reason = self._reason_not_to_make_up(jump_ticks)
        if reason == events.PASSED_BY_CLOCK:
            # They have not been lived through: if the clock is set back, they come at their time.
            found = next_bolus(program, first, until)
            if found is not None:
                self.pass_over(count_boluses(program, first, until), found[0], reason)
            return
        lived = [(begin, end) for begin, end, _ in self.lived.spans]
        for bolus in self.extra:
            if bolus.kind == KIND_SCHEDULED:
                tick = max(tick, bolus.end_tick)
        passed, passed_first, passed_reason = 0, 0, reason
        minute = first
        while True:
            found = next_bolus(program, minute, until)
            if found is None:
                break
            start_minute, rate_nl_per_day, minutes = found
            minute = start_minute + 1
            if is_within(start_minute, lived):
                continue
            why = reason
            # A place is left for one on demand.
            if why < 0 and len(self.extra) >= MOST_BOLUSES - 1:
                why = events.PASSED_TOO_MANY
            if why >= 0:
                if not passed:
                    passed_first, passed_reason = start_minute, why
                passed += 1
                continue
            # Whether it fits is judged shortly before it begins.
            bolus = Bolus(KIND_SCHEDULED, tick, minutes * TICKS_PER_MINUTE, rate_nl_per_day)
            bolus.minute = start_minute
            self.extra.append(bolus)
            tick = bolus.end_tick
            # What is not made up comes at its time if the clock is set back.
            self.lived.add(start_minute, start_minute + 1, self._time.ticks_now())
        if passed:
            self.pass_over(passed, passed_first, passed_reason)

    def _reason_not_to_make_up(self, jump_ticks: int) -> int:
        """Why nothing that is jumped over is given now; -1 if it is."""
        # What would not have been given at its time is not given later either.
        if jump_ticks > MOST_JUMP_MINUTES * TICKS_PER_MINUTE:
            return events.PASSED_BY_CLOCK
        if self._infusion.state == STATE_STOPPED:
            return events.PASSED_STOPPED
        if self._bridging.end is not None:
            return events.PASSED_BRIDGE
        return events.PASSED_BLOCKED if self.are_blocked() else -1

    def _most_rate_with(self, wanted: Bolus) -> int:
        """The most that can come together at any tick with one more bolus, in nL/day: the highest basal or temporary
        rate, the highest bolus of the clock's plan, one that goes on beside the plan, and all on demand. Those beside
        the plan come one after the other."""
        program = self._orders.in_force()
        most = highest_rate(program)
        beside_plan = on_demand = 0
        for bolus in self.extra + [wanted]:
            rate_nl_per_day = bolus.rate_nl_per_day
            if bolus.kind == KIND_TEMPORARY:
                most = max(most, rate_nl_per_day + extremes_of(program).highest_bolus)
            elif bolus.kind == KIND_SCHEDULED:
                beside_plan = max(beside_plan, rate_nl_per_day)
            else:
                on_demand += rate_nl_per_day
        return most + beside_plan + on_demand

    def settle(self, wall: WallClock, tick: int, reason: int = -1) -> None:
        """Those of the clock that have come by a tick and have not begun are passed over: for this reason, or for what
        keeps them from beginning now."""
        if not wall.is_known():
            return
        if reason < 0:
            if self._infusion.state != STATE_DELIVERING:
                reason = events.PASSED_STOPPED
            elif not self._are_allowed:
                reason = events.PASSED_BLOCKED
            elif self._bridging.end is not None:
                reason = events.PASSED_BRIDGE
        first, self.settled_minute = self.settled_minute, wall.first_local_minute(tick)
        if reason >= 0 and first < self.settled_minute and self._program_with_boluses() is not None:
            found = next_bolus(self._orders.in_force(), first, self.settled_minute)
            if found is not None:
                self.pass_over(
                    count_boluses(self._orders.in_force(), first, self.settled_minute), found[0], reason
                )

    def note_settled(self, tick: int) -> None:
        """Those of the clock that come by a tick have begun, if they are given now."""
        if self._are_allowed and self._time.wall.is_known() and self._bridging.end is None:
            self.settled_minute = self._time.wall.first_local_minute(tick + 1)

    def pass_over(self, number: int, first_minute: int, reason: int) -> None:
        number = min(number, (1 << events.PASSED_OVER_SHIFT) - 1)
        self.passed_over = min(self.passed_over + number, 0xFFFF)
        self.passed_reason = reason
        self._doses.note_change()
        self._reports.record(
            events.EVENT_PASSED_OVER, first_minute, reason << events.PASSED_OVER_SHIFT | number
        )

    def extra_rate(self) -> int:
        """What boluses on demand add to the rate at most, in nL/day."""
        rate_nl_per_day = 0
        for bolus in self.extra:
            rate_nl_per_day += bolus.rate_nl_per_day
        return rate_nl_per_day

    def under_way(self, tick: int) -> "Bolus | None":
        """The bolus on demand that is under way or about to begin, or else the one that the clock began; None if there
        is neither."""
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

    # --- on demand

    def wanted(self, kind: int, rate_nl_per_day: int, seconds: int) -> Bolus:
        """The bolus that would be given if it were asked for now. A patient's is the program's."""
        infusion = self._infusion
        tick = infusion.change_tick_from_now()
        patient = self._orders.program.patient_bolus if self._orders.program is not None else None
        if kind == KIND_PATIENT and patient is not None:
            rate_nl_per_day, seconds = patient.rate_nl_per_day, 60 * patient.minutes
        return Bolus(kind, tick, seconds * TICKS_PER_SECOND, rate_nl_per_day)

    def refusal(self, bolus: Bolus) -> int:
        """Why a bolus may not be given now; REFUSED_NOT if it may."""
        program = self._orders.program
        if bolus.kind not in KINDS_ON_DEMAND or program is None:
            return REFUSED_NO_SUCH_BOLUS
        if bolus.kind == KIND_PATIENT and program.patient_bolus is None:
            return REFUSED_NO_SUCH_BOLUS
        if not bolus.rate_nl_per_day or bolus.end_tick == bolus.start_tick:
            return REFUSED_NO_SUCH_BOLUS
        if self._infusion.state != STATE_DELIVERING:
            return REFUSED_NOT_DELIVERING
        # At a low supply nothing can be made durable, and its alarm is active or about to be.
        if self.are_blocked() or not self._supply.is_good():
            return REFUSED_BLOCKED
        if self._bridging.end is not None:
            return REFUSED_BRIDGE
        # No more than outlive a watchdog reset: one that did not would end there, and nobody would be told.
        if self._is_like_it_under_way(bolus) or len(self.extra) >= MOST_BOLUSES:
            return REFUSED_UNDER_WAY
        if self._most_rate_with(bolus) > self._limits.most_rate_nl_per_day:
            return REFUSED_RATE
        if bolus.kind == KIND_TEMPORARY and not self._is_basal_rate(bolus.rate_nl_per_day):
            return REFUSED_RATE
        if self._only_fills_the_line(bolus):
            # What does not reach the patient counts for no limit of what does.
            return REFUSED_NOT
        if not self.is_history_known(bolus.start_tick):
            return REFUSED_NOT_READ
        if self._orders.lacks_week():
            return REFUSED_WEEK_UNKNOWN
        if self._allowance is None or self._allowance_number != self._orders.number:
            self._allowance_number = self._orders.number
            self._allowance = Allowance(program, self._orders.place.week)
        self.history.forget(bolus.start_tick)
        refusal = self.history.refusal(self._on_top(bolus), program, self._allowance)
        return self.judging.refusal(bolus) if refusal == REFUSED_NOT else refusal

    def _only_fills_the_line(self, bolus: Bolus) -> bool:
        """Return True for a prime that the line is known to have room for. Any other is a bolus under every limit."""
        if bolus.kind != KIND_PRIME or self._orders.program is None:
            return False
        room_nl = self.line_room.left_nl(
            self._orders.program.catheter_nl, self._ledger.lifetime_steps(self._sense.count())
        )
        return bolus.given_nl(bolus.end_tick) <= room_nl

    def note_empty_line(self) -> None:
        """A recorded event says that tubing and catheter are empty."""
        self.line_room.note_empty(self._ledger.lifetime_steps(self._sense.count()))
        self._doses.note_change()

    def _is_basal_rate(self, rate_nl_per_day: int) -> bool:
        limits = self._limits
        return limits.least_basal_nl_per_day <= rate_nl_per_day <= limits.most_basal_nl_per_day

    def is_history_known(self, tick: int) -> bool:
        """Whether it is known at a tick what was given on demand in the 24 hours before."""
        return self.recall.is_done and tick >= self.recall.unknown_until

    def give(self, bolus: Bolus) -> bool:
        """Give a bolus that is not refused; False if it could not be made durable first, and is not given."""
        keeper = self._keeper
        self.extra.append(bolus)
        self._notes.begun(bolus)
        sequence = self._log.latest
        counted = self._on_top(bolus)
        bolus.is_free = self._only_fills_the_line(bolus)
        if not bolus.is_free:
            self.history.add(counted)
        keeper.events.write()
        self._grants.size_quantum(self._orders.program)
        is_written = keeper.events.latest_written() >= sequence and self._doses.write()
        # The state as well, whatever came of those: its alarm says that the flash takes nothing.
        is_durable = keeper.save() and is_written
        # The alarm of a journal that takes nothing may have ended it already.
        if not is_durable or bolus not in self.extra:
            self._notes.ended(bolus, bolus.start_tick, events.END_ALARM)
            return False
        # Writing has taken its time: only now is the instant known at which the bolus can begin.
        self._time.clock.read()
        tick = self._infusion.change_tick_from_now()
        bolus.begin_at(tick)
        counted.begin_at(tick)
        self._doses.note_change()
        self._infusion.follow()
        return True

    def refuse(self, bolus: Bolus, reason: int) -> None:
        """Log that a bolus was asked for and is not given."""
        kind = min(bolus.kind, events.KIND_UNKNOWN)
        if reason == REFUSED_METER:
            self._meter.note_held(kind)
        self._reports.record(events.EVENT_BOLUS_REFUSED, reason, kind << events.KIND_SHIFT)

    def cancel(self, is_temporary_rate: bool) -> int:
        """End the bolus on demand, or the temporary rate; the tick from which that holds."""
        for bolus in list(self.extra):
            if bolus.kind != KIND_SCHEDULED and (bolus.kind == KIND_TEMPORARY) == is_temporary_rate:
                self._drop(bolus, events.END_PERSON)
        return self._therapy.replan()

    def end_with_program(self) -> None:
        """Another program takes over: nothing that was given beside the one before goes on, and of its own boluses none
        that would have begun earlier is given."""
        tick = self._infusion.change_tick_from_now()
        self.begin_from(tick)
        self.judging.begin(tick)
        for bolus in list(self.extra):
            self._drop(bolus, events.END_PROGRAM)

    def _drop(self, bolus: Bolus, reason: int) -> None:
        """From the next change on a bolus is not given any more. What has begun ends when that comes."""
        tick = self._infusion.change_tick_from_now()
        bolus.end_reason = reason
        if bolus.start_tick >= tick:
            self._notes.ended(bolus, tick, reason)
        else:
            self.extra.remove(bolus)

    def _is_like_it_under_way(self, wanted: Bolus) -> bool:
        """There is one bolus on demand at a time, and one temporary rate."""
        is_temporary_rate = wanted.kind == KIND_TEMPORARY
        return any(
            [
                bolus.kind != KIND_SCHEDULED and (bolus.kind == KIND_TEMPORARY) == is_temporary_rate
                for bolus in self.extra
            ]
        )

    def _on_top(self, bolus: Bolus) -> Bolus:
        """What counts against the limits: of a temporary rate, what it is above the lowest rate it may take the place
        of."""
        if bolus.kind != KIND_TEMPORARY:
            return bolus
        more = max(0, bolus.rate_nl_per_day - lowest_basal_rate(self._orders.in_force()))
        return Bolus(KIND_TEMPORARY, bolus.start_tick, bolus.end_tick - bolus.start_tick, more, bolus.number)

    # --- over a reset

    def to_carry(self) -> "list[tuple[int, int, int, int, int]]":
        """Those that must outlive a watchdog reset: what is under way, and what waits beside the plan."""
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
        return carried[:MOST_BOLUSES]

    def _has_extra(self, bolus: Bolus) -> bool:
        return any([other is bolus for other in self.extra])

    def take_over(self, carried: Carried, reset_ticks: int) -> None:
        """Go on with the boluses of the life before this one, which lasted so many ticks."""
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
                self.history.put(self._on_top(bolus) if self._orders.program is not None else bolus)
        self._notes.go_on_from(carried.noted_tick - reset_ticks)


_BY_PLAN = 8
"""In the kind of one that is carried: the clock's plan gives it, so it is not given beside the plan as well."""
_FREE_PRIME = 7
"""The kind of one that is carried, of a prime that the line has room for."""


def _to_carry(bolus: Bolus, kind: int) -> "tuple[int, int, int, int, int]":
    return kind, bolus.start_tick, bolus.end_tick, bolus.rate_nl_per_day, bolus.number
