"""Doses of the clock: from which minute on they begin, which have had their time, and what a setting of the clock does
to them.

A dose of the clock is known by its local date and minute. Promises: over any sequence of clocks, restarts, commits and
refills each is given once, or reported as passed over with the reason. Those that come at their time are part of the
timeline and need nobody to begin them.
"""

from thecal_fw.core import events
from thecal_fw.core.alarms import RESPONSE_BLOCK_BOLUSES
from thecal_fw.core.bolus import KIND_SCHEDULED, Bolus
from thecal_fw.core.carried import MOST_BOLUSES
from thecal_fw.core.dose_record import DoseRecord
from thecal_fw.core.instant import TICKS_PER_MINUTE
from thecal_fw.core.lived_minutes import LivedMinutes, is_within
from thecal_fw.core.program import Program
from thecal_fw.core.pump_state import STATE_DELIVERING, STATE_STOPPED
from thecal_fw.core.schedule import count_boluses, longest_bolus_minutes, next_bolus
from thecal_fw.core.timeline import NO_BOLUSES
from thecal_fw.core.wall_clock import WallClock
from thecal_fw.pump.changes import Changes
from thecal_fw.pump.orders import Orders
from thecal_fw.pump.reports import Reports
from thecal_fw.pump.timekeeper import Timekeeper

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.pump.contracts import BridgeLead, Delivery, Doses, GivenBeside, Meter, Notes, Therapy

MOST_JUMP_MINUTES = 120
"""A clock is corrected by this or less, daylight-saving time included; further is a new time."""


class ClockDoses:
    """minute: local minute since 1970 from which doses begin by the clock. lived: minutes that have had their time.
    settled_minute: those of the clock before it have begun or were reported as passed over. passed_over, passed_reason:
    how many since the last refill, and the latest reason.
    held: the minutes whose doses were passed over last when they were judged, two at most, each as a span.
    """

    def __init__(self, time: Timekeeper, orders: Orders, reports: Reports, changes: Changes) -> None:
        self._time = time
        self._orders = orders
        self._reports = reports
        self._alarms = reports.alarms
        self._changes = changes
        self.lived = LivedMinutes()
        self.minute = NO_BOLUSES
        self.settled_minute = NO_BOLUSES
        self.passed_over = 0
        self.passed_reason = 0
        self.held: "tuple[tuple[int, int], ...]" = ()

    def connect(
        self,
        infusion: "Delivery",
        boluses: "GivenBeside",
        notes: "Notes",
        bridging: "BridgeLead",
        doses: "Doses",
        meter: "Meter",
        therapy: "Therapy",
    ) -> None:
        self._infusion = infusion
        self._boluses = boluses
        self._extra = boluses.extra
        self._judging = boluses.judging
        self._notes = notes
        self._bridging = bridging
        self._doses = doses
        self._meter = meter
        self._therapy = therapy

    def begin_reservoir(self) -> None:
        """Count the doses that are passed over from here on, since the reservoir has been refilled."""
        self.passed_over = 0
        self._doses.note_change()

    def restore(self, told: "DoseRecord") -> None:
        """Continue after a reset."""
        self.settled_minute = told.settled_minute
        self.passed_over, self.passed_reason = told.passed_over, told.passed_reason

    def restore_minute(self, minute: int) -> None:
        """Take over the local minute from which boluses by the clock began before the reset, and begin after it."""
        self.minute = minute

    def begin_from(self, tick: int) -> None:
        """Begin boluses by the clock from a tick on; one that would have begun earlier is not given."""
        wall = self._time.wall
        minute = wall.first_local_minute(tick) if wall.is_known() else NO_BOLUSES
        if minute != self.minute:
            self.minute = minute
            self._changes.note()

    def clock_is_set(self, before: WallClock, after: WallClock, tick: int) -> None:
        """Follow another clock from a tick on. A bolus is known by its local date and minute: each is given once.

        One that is under way continues. What the clock comes to again is not begun again. What it jumps over is
        given at once, one after the other, if the jump is one of those that correct a clock; a longer one makes up
        for nothing.
        """
        if before.is_known():
            self.settle(before, tick)
        else:
            self.settle(after, tick, events.PASSED_TIME_UNKNOWN)
        if before.is_known():
            self.lived.end(before.first_local_minute(tick), tick)
        self.lived.begin(after.first_local_minute(tick))
        self._judging.begin(tick)
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
        """Keep what is under way at its own ticks."""
        for bolus in self._infusion.timeline_at(tick).boluses_near(tick, tick):
            is_by_clock = bolus.kind == KIND_SCHEDULED and bolus not in self._extra
            has_begun = bolus.start_tick < tick < bolus.end_tick
            if is_by_clock and has_begun and len(self._extra) < MOST_BOLUSES:
                self._extra.append(self._notes.begun_as(bolus))

    def _program_with_boluses(self) -> "Program | None":
        """Return the program in force, if it begins boluses by the clock; else None."""
        program = self._orders.program
        return program if program is not None and longest_bolus_minutes(program) > 0 else None

    def may_begin_by_clock(self) -> bool:
        """Return True if a bolus of the clock may begin soon, one that is made up among them."""
        program = self._program_with_boluses()
        return program is not None or any([bolus.kind == KIND_SCHEDULED for bolus in self._extra])

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
        """Give, as the clock jumps over these minutes, what was to begin in them, or log that it is not given."""
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
        for bolus in self._extra:
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
            if why < 0 and len(self._extra) >= MOST_BOLUSES - 1:
                why = events.PASSED_TOO_MANY
            if why >= 0:
                if not passed:
                    passed_first, passed_reason = start_minute, why
                passed += 1
                continue
            # Whether it fits is judged shortly before it begins.
            bolus = Bolus(KIND_SCHEDULED, tick, minutes * TICKS_PER_MINUTE, rate_nl_per_day)
            bolus.minute = start_minute
            self._extra.append(bolus)
            tick = bolus.end_tick
            # What is not made up comes at its time if the clock is set back.
            self.lived.add(start_minute, start_minute + 1, self._time.ticks_now())
        if passed:
            self.pass_over(passed, passed_first, passed_reason)

    def _reason_not_to_make_up(self, jump_ticks: int) -> int:
        """Return why nothing that is jumped over is given now; -1 if it is."""
        # What would not have been given at its time is not given later either.
        if jump_ticks > MOST_JUMP_MINUTES * TICKS_PER_MINUTE:
            return events.PASSED_BY_CLOCK
        if self._infusion.state == STATE_STOPPED:
            return events.PASSED_STOPPED
        if self._bridging.end is not None:
            return events.PASSED_BRIDGE
        return events.PASSED_BLOCKED if self._alarms.response() >= RESPONSE_BLOCK_BOLUSES else -1

    def settle(self, wall: WallClock, tick: int, reason: int = -1) -> None:
        """Pass over the doses of the clock that have come by a tick and have not begun: for this reason, or for what
        keeps them from beginning now."""
        if not wall.is_known():
            return
        if reason < 0:
            if self._infusion.state != STATE_DELIVERING:
                reason = events.PASSED_STOPPED
            elif not self._boluses.are_allowed:
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
        """Note that the doses of the clock that come by a tick have begun, if they are given now."""
        if self._boluses.are_allowed and self._time.wall.is_known() and self._bridging.end is None:
            self.settled_minute = self._time.wall.first_local_minute(tick + 1)

    def hold_back(self, bolus: Bolus, reason: int) -> None:
        """Pass over the bolus of the clock that is about to begin."""
        if bolus in self._extra:
            self.pass_over_waiting(bolus, reason)
        else:
            minute = self._time.wall.first_local_minute(bolus.start_tick)
            self.note_passed_over(minute, reason)
        self._therapy.replan()

    def pass_over_waiting(self, bolus: Bolus, reason: int) -> None:
        """Pass over a bolus that was to be made up."""
        self._extra.remove(bolus)
        self.note_passed_over(bolus.minute, reason)

    def note_passed_over(self, minute: int, reason: int) -> None:
        """Note that the bolus of the clock of a local minute was judged and is passed over."""
        # The next one may be judged before the end of what would have been its time.
        self.held = self.held[-1:] + ((minute, minute + 1),)
        if reason == events.PASSED_METER:
            self._meter.note_held(KIND_SCHEDULED)
        self.pass_over(1, minute, reason)

    def pass_over(self, number: int, first_minute: int, reason: int) -> None:
        number = min(number, (1 << events.PASSED_OVER_SHIFT) - 1)
        self.passed_over = min(self.passed_over + number, 0xFFFF)
        self.passed_reason = reason
        self._doses.note_change()
        self._reports.record(
            events.EVENT_PASSED_OVER, first_minute, reason << events.PASSED_OVER_SHIFT | number
        )
