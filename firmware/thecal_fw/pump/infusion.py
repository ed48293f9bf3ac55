"""The delivery under way, and every change of it: start, splice, stop, and the queue of pulses behind them.

A change asked for by the host or forced by an alarm becomes a *change tick*, a whole second of the pump's clock, at
which the plan is spliced from the old timeline to the new one with no pulse lost, doubled or moved. Stopping alone
is immediate.
"""

from thecal_fw.core import alarms as alarm_table
from thecal_fw.core import described, events
from thecal_fw.core.calibration import Calibration
from thecal_fw.core.delivery import Delivery
from thecal_fw.core.instant import (
    NEVER_S,
    SECONDS_PER_DAY,
    TICK_US,
    TICKS_PER_SECOND,
    is_before,
    microsecond_of_ticks,
    second_of_ticks,
    ticks_at,
)
from thecal_fw.core.ledger import Ledger
from thecal_fw.core.program import Program
from thecal_fw.core.pump_state import STATE_DELIVERING, STATE_STARTING, STATE_STOPPED
from thecal_fw.core.timeline import NO_DELIVERY, ChangingTimeline, Timeline
from thecal_fw.pump.changes import Changes
from thecal_fw.pump.memory import Memory
from thecal_fw.pump.pace import Pace
from thecal_fw.pump.reports import Reports
from thecal_fw.pump.timekeeper import Timekeeper

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.core.timeline import AnyTimeline
    from thecal_fw.ports import Hardware
    from thecal_fw.pump.contracts import Armed, ClockPlan, DoseEnds, Minutes, Motor, Plans, StartGrants

_CLEAR_BEFORE_ANCHOR_TICKS = 100
_CLEAR_AFTER_ANCHOR_TICKS = 20
"""No pulse of the old queue is due so close before or after an anchor: there the new queue takes its place."""
_FIRST_BLOCK_TICKS = TICKS_PER_SECOND
_FIRST_BLOCK_PULSES = 64
"""At least, see ``_first_block_pulses``."""
_BLOCK_TICKS = 60 * TICKS_PER_SECOND
"""What a block spans at least, unless it is full before that."""
_FEW_PULSES = 64
_LASTS_BEYOND_CHANGE_S = 5
"""A change that is put off comes up to two seconds later."""
_LASTS_BEYOND_FILLING_S = 30
"""Of the queue: longer than the watchdog waits. Until then it is filled when the pump is polled for something else."""
_LONG_BLOCK_TICKS = 240 * TICKS_PER_SECOND
"""A block of fewer pulses spans up to this: the fewer blocks, the more seldom does the processor wake for one."""


def _first_block_pulses(calibration: Calibration, most: int) -> int:
    """Return the pulses of the first block of a plan: enough for 0.9 s at the pump's highest rate, in which the
    blocks behind it are made, but no more than a block holds. A power of two."""
    pulses = _FIRST_BLOCK_PULSES
    needed = described.MOST_RATE_NL_PER_DAY * calibration.microsteps_per_rev * 9
    of_a_pulse = calibration.nl_per_rev * SECONDS_PER_DAY * 10
    while pulses < most and needed > pulses * of_a_pulse:
        pulses *= 2
    return pulses


class Infusion:
    """Delivery of one pump.

    change_tick: when a change under way takes effect, or -1.
    timeline: what is being delivered. plan_number: raised whenever the plan is another one, so that instants of its
    pulses have to be found anew.
    event_s, event_us: when that has to be prepared or noted.
    refill_s, refill_us: when the queue has to be filled, though nothing else is due then.
    must_end_life: whether counts since this reset are about to leave what the board can count with.
    owed_phase: what the next course begins with, in the units of ``Metering``.
    goes_on: whether the start under way is one after a reset that left everything known.
    """

    def __init__(
        self,
        hardware: "Hardware",
        time: Timekeeper,
        ledger: Ledger,
        calibration: Calibration,
        reports: Reports,
        pace: Pace,
        memory: Memory,
        changes: Changes,
    ) -> None:
        self._hardware = hardware
        self._train = hardware.train
        self._time = time
        self._ledger = ledger
        self._reports = reports
        self._pace = pace
        self._memory = memory
        self._changes = changes
        self.delivery = Delivery(calibration, self._train.LEAST_INTERVAL_TICKS, 2 * self._train.block_pulses)
        self._first_pulses = _first_block_pulses(calibration, self._train.block_pulses)
        # Of what is prepared beside the plan in force: a power of two.
        self._prepared = Delivery(calibration, self._train.LEAST_INTERVAL_TICKS, 2 * self._first_pulses)
        self.state = STATE_STOPPED
        self.change_tick = -1
        self.event_s = NEVER_S
        self.event_us = 0
        self.refill_s = NEVER_S
        self.refill_us = 0
        # Half a microstep to begin with: what has been delivered is then always what was prescribed, rounded to
        # the nearest microstep, and no more than half of one away from it.
        self.owed_phase = self.delivery.half_a_step
        self.timeline: "AnyTimeline" = NO_DELIVERY
        self.plan_number = 0
        self.must_end_life = False
        self.goes_on = False
        self._is_granted = False
        self._changed_timeline: Timeline = NO_DELIVERY
        self._splice_tick = -1
        self._queued_block_s = NEVER_S
        self._queued_block_us = 0

    def connect(
        self,
        boluses: "Plans",
        clock_doses: "ClockPlan",
        notes: "DoseEnds",
        keeper: "StartGrants",
        grants: "Armed",
        meter: "Minutes",
        motor: "Motor",
    ) -> None:
        self._boluses = boluses
        self._clock_doses = clock_doses
        self._judging = boluses.judging
        self._notes = notes
        self._keeper = keeper
        self._grants = grants
        self._meter = meter
        self._motor = motor

    # --- asked by the loop

    def is_sound(self, now_s: int) -> bool:
        """Return True if, while delivering, the plan reaches beyond the present second, or, while starting, the start
        is still to come. Once this life's counts are full nothing is sound, and the watchdog begins another one."""
        if self.must_end_life:
            return False
        state = self.state
        if state == STATE_DELIVERING:
            return self.delivery.tail_s > now_s
        return state == STATE_STOPPED or self.event_s != NEVER_S

    def is_change_within(self, us: int) -> bool:
        """Return True if the queue has to be spliced for a change of therapy within so many microseconds from now: what
        takes longer has to wait until that is done, or the change would be late."""
        if self._splice_tick < 0:
            return False
        clock = self._time.clock
        clock.read()
        us += clock.us
        return not is_before(clock.s + us // 1_000_000, us % 1_000_000, self.event_s, self.event_us)

    def is_spare_place_free(self) -> bool:
        """Return True if nothing is delivered from the bytes of a program that is replaced: that continues until the
        other one takes over."""
        return self.state != STATE_DELIVERING or self.change_tick < 0

    def end_life(self) -> None:
        """End this life, since the counts since this reset are about to leave what the board can count with."""
        self.must_end_life = True

    def note_starting(self) -> None:
        """Note that delivery is to begin at an instant that is not chosen yet."""
        self.state = STATE_STARTING

    def owe(self, phase: int) -> None:
        """Begin the next course with this phase, in the units of ``Metering``."""
        self.owed_phase = phase

    def withdraw(self) -> None:
        """Withdraw, after a reset, all that was planned beyond what was counted."""
        self.delivery.withdraw(self._ledger.counted)

    def is_change_ahead(self) -> bool:
        """Return True if the queue has still to be spliced for a change under way."""
        return self._splice_tick >= 0

    def judge_next(self) -> None:
        """Judge one of the doses that begin with the change under way."""
        self._judging.judge_one(self._changed_timeline)

    def advance(self, now_s: int, now_us: int) -> None:
        """Splice the queue ahead of the change tick; note the change once that has come."""
        if is_before(now_s, now_us, self.event_s, self.event_us):
            return
        self._time.clock.read()
        if self._splice_tick >= 0:
            if not self._is_granted:
                self._grant(self._splice_tick)
            else:
                self._splice_undisturbed()
            return
        self.event_s = NEVER_S
        self._note_change()

    def fill(self) -> None:
        """Keep the queue of the step generator full, but for one that is about to be replaced."""
        if self.state != STATE_DELIVERING:
            return
        train, clock = self._train, self._time.clock
        was_filled = False
        while train.has_room() and self.delivery.room() >= train.block_pulses // 2:
            if self._is_replaced_soon():
                self.refill_s, self.refill_us = self.event_s, self.event_us
                break
            clock.read()
            begun_s, begun_us = clock.s, clock.us
            self._fill_block()
            clock.read()
            self._pace.note_filled((clock.s - begun_s) * 1_000_000 + clock.us - begun_us)
            was_filled = True
        if was_filled:
            self._changes.note_carried()

    def _is_replaced_soon(self) -> bool:
        """Return True if filling the queue now would make the change late that replaces it. What is queued has to last
        for a change that is put off as well."""
        if not self.is_change_within(self._pace.fill_lead_us()):
            return False
        return self.delivery.tail_s > self.event_s + _LASTS_BEYOND_CHANGE_S

    def _fill_block(self) -> None:
        train, delivery = self._train, self.delivery
        pulses = delivery.plan(train, min(train.block_pulses, delivery.room()), _BLOCK_TICKS)
        if pulses < _FEW_PULSES:
            delivery.plan(train, _FEW_PULSES - pulses, _LONG_BLOCK_TICKS - _BLOCK_TICKS)
        train.release()
        # The block released before this one ends where this one begins; then there is room for the next.
        self.refill_s, self.refill_us = self._queued_block_s, self._queued_block_us
        late_s = delivery.tail_s - _LASTS_BEYOND_FILLING_S
        if late_s > self.refill_s:
            self.refill_s, self.refill_us = late_s, delivery.tail_us
        self._queued_block_s, self._queued_block_us = delivery.tail_s, delivery.tail_us

    # --- changes

    def start(self, tick: int, goes_on: bool = False) -> None:
        """Begin to deliver at a tick, with the driver off until shortly before it.

        goes_on: after a reset that left everything known, so that boluses under way continue.
        """
        self.state = STATE_STARTING
        self.goes_on = goes_on
        self._change_at(tick)

    def next_change_tick(self) -> int:
        """Return the whole second of the pump's clock on which a change asked for now takes effect."""
        notice = self._pace.notice_ticks() + self._judging.notice_ticks()
        if self.state != STATE_DELIVERING:
            notice += self._pace.grant_ticks()
        return self._time.wall.next_whole_second(self._time.ticks_now() + notice)

    def change_tick_from_now(self) -> int:
        """Return the tick at which a change takes effect if it is asked for now: that of the one under way if there
        is one."""
        return self._splice_tick if self._splice_tick >= 0 else self.next_change_tick()

    def timeline_at(self, tick: int) -> "AnyTimeline":
        """Return what holds at a tick that has not come yet: with a change under way, what that leads to."""
        return self._changed_timeline if 0 <= self.change_tick <= tick else self.timeline

    def follow(self) -> int:
        """Follow the program, the clock and the alarms as they are now; the tick from which that holds.

        What is due may be the same as before; then nothing is spliced.
        """
        tick = self.change_tick_from_now()
        changed = self._boluses.timeline(tick)
        if self.state == STATE_DELIVERING and self._splice_tick < 0:
            due = self._changed_timeline if self.change_tick >= 0 else self.timeline
            if due.gives_the_same_from(tick, changed):
                due.go_by_program_of(changed)
                # A dose that changes nothing has to outlive a watchdog reset too.
                self._changes.note_carried()
                return tick
        self._change_to(changed, tick)
        return self.change_tick

    def _change_at(self, tick: int) -> None:
        # A change already under way keeps its instant, or requests in a row could put it off for ever.
        if self._splice_tick >= 0:
            tick = self._splice_tick
        if self.state == STATE_STARTING and not self.goes_on:
            self._clock_doses.settle(self._time.wall, tick)
            self._clock_doses.begin_from(tick)
        self._change_to(self._boluses.timeline(tick), tick)

    def _change_to(self, timeline: Timeline, tick: int) -> None:
        if self._splice_tick < 0 <= self.change_tick:
            self._note_change()
            # What was noted may have ended a bolus.
            timeline = self._boluses.timeline(tick)
        self.change_tick = self._splice_tick = tick
        self._changed_timeline = timeline
        self._judging.wait_for(timeline, tick)
        self._is_granted = self.state == STATE_DELIVERING
        if self._is_granted:
            self._changes.note_carried()
        self._set_preparation(tick)

    def _put_off(self) -> None:
        """Put off the change under way to the next second on which it can take effect."""
        self.change_tick = -1
        self._change_at(self.next_change_tick())

    def _set_preparation(self, change_tick: int) -> None:
        """Set the instant of the preparation. What has changed by then is made durable before a first microstep, and
        that comes first."""
        pace = self._pace
        tick = change_tick - pace.lead_ticks() - pace.slack_ticks()
        if not self._is_granted:
            tick -= pace.grant_ticks()
        self._set_event(tick)

    def _set_event(self, tick: int) -> None:
        self.event_s, self.event_us = second_of_ticks(tick), microsecond_of_ticks(tick)

    def _note_change(self) -> None:
        before, tick = self.timeline, self.change_tick
        self.timeline = self._changed_timeline
        self.change_tick = -1
        self._reports.record(events.EVENT_PROGRAM_EFFECTIVE, self._ledger.counted, self._rate_now())
        self._notes.note_change(before, self.timeline, tick)
        if self.state == STATE_DELIVERING:
            self._changes.note_carried()

    def _grant(self, change_tick: int) -> None:
        """Have the journal allow a start; that may take an erase."""
        self._is_granted = self._keeper.grant_for_start()
        self._time.clock.read()
        if self._is_granted:
            self._set_preparation(change_tick)
        else:
            self._splice_tick = -1
            self._put_off()

    def _splice_undisturbed(self) -> None:
        """Splice with the heap tidied and the collector off: no collection comes between a preparation and its
        anchor, so its time need not be left for, however full the heap is and however often the collector would run."""
        machine = self._hardware.machine
        while self._judging.waiting:
            self.judge_next()
        self._memory.tidy()
        machine.let_collect(False)
        try:
            is_made = self._splice(self._splice_tick)
        finally:
            machine.let_collect(True)
        if not is_made:
            # With the collector on: what is to be done then needs memory.
            self._make_later()

    def _splice(self, change_tick: int) -> bool:
        """Have a new queue take over for a change; return whether it did."""
        self._splice_tick = -1
        delivery, prepared, pace = self.delivery, self._prepared, self._pace
        starting = self.state == STATE_STARTING
        begun = pace.begin()
        earliest = self._time.ticks_now() + pace.lead_ticks()
        if starting:
            # A little ahead, so that a pulse owed since the last stop can come on the very tick of the start.
            anchor, delivered = change_tick - _CLEAR_BEFORE_ANCHOR_TICKS, self._ledger.counted
            before = NO_DELIVERY
        else:
            anchor, delivered = self._clear_anchor(earliest)
            before = self.timeline
        if max(anchor, earliest) > change_tick:
            return False
        timeline = ChangingTimeline(before, change_tick, self._changed_timeline)
        phase = self.owed_phase if starting else delivery.phase_at(anchor, delivered)
        self._prepare(anchor, phase, delivered, timeline)
        if starting:
            self._energise()
        pace.note_prepared(pace.since(begun))
        if not self._train.start(second_of_ticks(anchor), microsecond_of_ticks(anchor)):
            if starting:
                self._hardware.driver.disable()
                self._hardware.gate.close()
            return False
        pace.note_taken_over()
        delivery.adopt(prepared)
        self.timeline = timeline
        self.refill_s = NEVER_S
        self._queued_block_s, self._queued_block_us = delivery.tail_s, delivery.tail_us
        self.plan_number += 1
        self.state = STATE_DELIVERING
        self._set_event(change_tick)
        if starting:
            self._hardware.annunciator.led(True)
            self._reports.record(events.EVENT_STARTED, delivered, delivery.rate_at(change_tick))
        return True

    def _prepare(self, anchor: int, phase: int, delivered: int, timeline: "AnyTimeline") -> None:
        """Plan afresh from an anchor, and load what comes first, both beside what is in force and plays."""
        self._prepared.begin(anchor, phase, delivered, timeline)
        self._train.load()
        self._prepared.plan(self._train, self._first_pulses, _FIRST_BLOCK_TICKS)
        self._train.release()

    def rehearse(self, program: Program) -> None:
        """Find out how long preparing a change to a program takes, by doing so and dropping it. The heap has to be
        tidy: the collector is off meanwhile."""
        machine = self._hardware.machine
        if not program.delivers():
            return
        timeline = Timeline(program, self._time.wall)
        machine.let_collect(False)
        try:
            begun = self._pace.begin()
            tick = self._time.ticks_now()
            self._prepare(tick, 0, 0, ChangingTimeline(timeline, tick + TICKS_PER_SECOND // 2, timeline))
            self._train.unload()
            self._pace.note_prepared(self._pace.since(begun))
        finally:
            machine.let_collect(True)

    def _make_later(self) -> None:
        """Leave things as they are for a moment more, and log that: it is too late to be exact."""
        self._reports.record(events.EVENT_CHANGE_LATE, self._ledger.counted, self._pace.prepare_us)
        self._reports.note_alarm(alarm_table.CHANGE_LATE)
        self._put_off()

    def _energise(self) -> None:
        """Let the motor move, for as many microsteps as the journal allows and no more."""
        ledger = self._ledger
        granted = ledger.granted - ledger.counted
        self._hardware.gate.arm(granted)
        self._grants.note_armed()
        self._hardware.driver.enable()
        self._motor.watch()
        self._reports.record(events.EVENT_GATE_ARMED, ledger.counted, granted)

    def _clear_anchor(self, anchor: int) -> "tuple[int, int]":
        """Return an anchor not before the one given with no old pulse close to it, and the pulses due before it."""
        delivery = self.delivery
        pulse = delivery.due + 1
        while pulse <= delivery.planned:
            tick = ticks_at(*delivery.instant_of(pulse))
            if tick >= anchor + _CLEAR_AFTER_ANCHOR_TICKS:
                break
            if tick >= anchor - _CLEAR_BEFORE_ANCHOR_TICKS:
                anchor = tick + _CLEAR_BEFORE_ANCHOR_TICKS
            pulse += 1
        return anchor, pulse - 1

    # --- ends

    def generator_ran_dry(self) -> None:
        """Note that the queue was late. What was not delivered stays undelivered: never made up for in a burst."""
        self._reports.record(events.EVENT_TIMING_FAULT, self._ledger.counted, self.delivery.planned)
        self._train.halt()
        self._hardware.gate.close()
        self._hardware.annunciator.led(False)
        self._count_at_halt()
        self._notes.cut_short(self.timeline, self._time.ticks_now(), events.END_TIMING_FAULT)
        self.state = STATE_STARTING
        self.goes_on = False
        self.owed_phase = self.delivery.half_a_step
        self.change_tick = -1
        self._reports.note_alarm(alarm_table.TIMING_FAULT)
        self._put_off()

    def hold(self) -> None:
        """Pause, and continue by itself on the first second at which more may be granted. What is owed is kept."""
        self._halt()
        self._hardware.annunciator.led(False)
        self._count_at_halt()
        self.owed_phase = self.delivery.bounded(
            self.delivery.phase_at(self._time.ticks_now(), self._ledger.counted)
        )
        self._notes.cut_short(self.timeline, self._time.ticks_now(), events.END_HELD)
        self.state = STATE_STARTING
        self.goes_on = False
        self._reports.record(events.EVENT_HELD, self._ledger.counted)
        self._put_off()

    def stop(self, reason: int = events.END_STOP) -> int:
        """Give no pulse from now on. Return the tick of the stop; what was owed by then is kept for the next start.
        reason: of the end of what was under way."""
        hardware = self._hardware
        self._halt()
        tick = self._time.ticks_now()
        if self.state == STATE_DELIVERING:
            self._count_at_halt()
            self.owed_phase = self.delivery.bounded(self.delivery.phase_at(tick, self._ledger.counted))
            self._notes.cut_short(self.timeline, tick, reason)
        # What was to continue, or to be made up for, with a start that does not come.
        self._notes.end_all(tick, reason)
        if self.state != STATE_STOPPED:
            self._reports.record(events.EVENT_STOPPED, self._ledger.counted)
        self.state = STATE_STOPPED
        self.event_s = NEVER_S
        self._splice_tick = self.change_tick = -1
        self._judging.wait_for_none()
        self.plan_number += 1
        hardware.annunciator.led(False)
        return tick

    def _halt(self) -> None:
        """Give no pulse from now on, and switch the motor off.

        The clock shows the instant of the halt afterwards: a pulse due while the rest was done did not come.
        """
        clock = self._time.clock
        self._train.halt()
        self._hardware.driver.disable()
        self._hardware.gate.close()
        clock.read()
        clock.set_back(self._train.since_halt_us(clock.s, clock.us))

    def _count_at_halt(self) -> None:
        """Settle what came out of a generator that has just been halted, and withdraw the rest of the plan."""
        clock, delivery, ledger = self._time.clock, self.delivery, self._ledger
        self._meter.pass_minutes(clock.s)
        due = delivery.settle(clock.s, clock.us)
        counted = ledger.seen(self._hardware.sense.count())
        # The very last pulse may have come due between the halt and the reading of the clock. Anything more
        # was commanded and not seen.
        if counted < due - 1:
            ledger.note_unseen(due - counted)
            counted = due
        ledger.note_counted(counted)
        delivery.withdraw(counted)

    def position(self, tick: int) -> int:
        """Return what is prescribed by a tick since this reset, in units of ``Metering``: the ideal that delivery
        follows."""
        delivered = self._ledger.counted
        position = delivered * self.delivery.step_weight
        if self.state == STATE_DELIVERING:
            return position + self.delivery.phase_at(tick, delivered)
        return position + self.owed_phase

    # --- what is being delivered

    def _rate_now(self) -> int:
        return self.delivery.rate_at(self._time.ticks_now())

    def rate_nl_per_day(self) -> int:
        """Return the rate that is being delivered now; 0 unless delivering."""
        return self._rate_now() if self.state == STATE_DELIVERING else 0

    def queued_ms(self) -> int:
        """Return milliseconds of pulses that are planned ahead of now."""
        if self.state != STATE_DELIVERING:
            return 0
        clock, delivery = self._time.clock, self.delivery
        return (delivery.tail_s - clock.s) * 1_000 + (delivery.tail_us - clock.us) // 1_000


assert TICK_US * TICKS_PER_SECOND == 1_000_000
