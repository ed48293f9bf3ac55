"""The pump: one object that is polled, decides, and says when it next needs to run.

``poll`` never waits and never looks at a clock of its own: the instant comes in, and ``wake_s``, ``wake_us``
tell when the next poll is needed at the latest. Received bytes need one sooner. All changes of therapy meet
here: a change asked for by the host or forced by an alarm becomes a *change tick*, a whole second of the
pump's clock, at which the plan is spliced from the old timeline to the new one with no pulse lost, doubled or
moved. Stopping alone is immediate.
"""

from thecal_fw.core import alarms as alarm_table
from thecal_fw.core import events
from thecal_fw.core.alarms import Alarms
from thecal_fw.core.annunciation import Annunciation
from thecal_fw.core.calibration import BENCH_CALIBRATION, Calibration
from thecal_fw.core.delivery import Delivery
from thecal_fw.core.events import EventLog
from thecal_fw.core.instant import (
    NEVER_S,
    TICK_US,
    TICKS_PER_SECOND,
    is_before,
    microsecond_of_ticks,
    second_of_ticks,
    ticks_at,
)
from thecal_fw.core.program import MODE_FLEX, MODE_MINIMUM_RATE, MODE_STOPPED, Program
from thecal_fw.core.pump_state import STATE_DELIVERING, STATE_STARTING, STATE_STOPPED
from thecal_fw.core.reservoir import NEVER_STEP, Reservoir
from thecal_fw.core.timeline import NO_DELIVERY, ChangingTimeline, Timeline
from thecal_fw.core.validation import BENCH_LIMITS, Limits
from thecal_fw.core.wall_clock import WallClock, clock_set_to
from thecal_fw.link_server import LinkServer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.ports import Hardware

HEARTBEAT_S = 7
"""Longest time between polls; the watchdog of the board bites after 8.3 s, about its longest time."""

CHANGE_NOTICE_TICKS = TICKS_PER_SECOND // 5
"""A change takes effect no sooner than this after it was asked for."""

_SPLICE_LEAD_TICKS = 4_500
"""A change is prepared this long before it takes effect: time to fill a block and to wait for the anchor."""
_ANCHOR_LEAD_TICKS = 2_000
"""From the beginning of that preparation to the anchor at which the new queue takes over."""
_CLEAR_BEFORE_ANCHOR_TICKS = 100
_CLEAR_AFTER_ANCHOR_TICKS = 20
"""No pulse of the old queue is due so close before or after an anchor: the generator is re-armed there."""
_LONGEST_REQUEST_US = 150_000
"""No request takes longer to serve than this; the longest is checking a program of 7 x 48 steps."""
_FIRST_BLOCK_TICKS = TICKS_PER_SECOND
_FIRST_BLOCK_PULSES = 64
_BLOCK_TICKS = 60 * TICKS_PER_SECOND
"""What a block spans at least, unless it is full before that."""


class Controller:
    """A pump on some hardware. Public attributes are for ``commands`` and for tests to read."""

    def __init__(
        self,
        hardware: "Hardware",
        limits: Limits = BENCH_LIMITS,
        calibration: Calibration = BENCH_CALIBRATION,
    ):
        self.hardware = hardware
        self.limits = limits
        self.calibration = calibration
        self.state = STATE_STOPPED
        self.program = None
        self.wall = WallClock()
        self.reservoir = Reservoir(calibration)
        self.alarms = Alarms()
        self.log = EventLog()
        self.delivery = Delivery(calibration, hardware.train.LEAST_INTERVAL_TICKS)
        self.counted = 0
        self.unseen_steps = 0
        self.change_tick = -1
        self.worst_lateness_us = 0
        self.wake_s = 0
        self.wake_us = 0
        self._deadline_s = 0
        self._deadline_us = 0
        self._timeline = NO_DELIVERY
        self._changed_timeline = NO_DELIVERY
        self._splice_tick = -1
        self._event_s = NEVER_S
        self._event_us = 0
        self._refill_s = NEVER_S
        self._refill_us = 0
        self._queued_block_s = NEVER_S
        self._queued_block_us = 0
        self._threshold_s = NEVER_S
        self._threshold_us = 0
        self._threshold_step = NEVER_STEP
        # Half a microstep to begin with: what has been delivered is then always what was prescribed, rounded to
        # the nearest microstep, and no more than half of one away from it.
        self._owed_phase = self.delivery.half_a_step
        self._buzzer_on = False
        self._annunciation = Annunciation()
        self._link = LinkServer(self)
        self._begin()

    def _begin(self) -> None:
        hardware = self.hardware
        hardware.train.halt()
        hardware.driver.disable()
        hardware.annunciator.buzzer(False)
        hardware.annunciator.led(False)
        hardware.clock.read()
        machine = hardware.machine
        self.record(events.EVENT_RESET, machine.reset_cause, machine.was_delivering)
        self.counted = hardware.sense.count()
        self.delivery.withdraw(self.counted)
        if machine.was_delivering:
            # What was being delivered is not known any more. Neither nothing nor a guess would do.
            self.set_alarm(alarm_table.PROGRAM_LOST, True)
            self._start_delivering(self.ticks_now() + _SPLICE_LEAD_TICKS)

    # --- the loop

    def poll(self, now_s: int, now_us: int) -> bool:
        """Do everything that is due at this instant and set when to be polled next.

        Most polls are mere heartbeats, so that path is kept short. True if this was more than one.
        """
        if self.wake_s and now_s >= self.wake_s:
            late_us = (now_s - self.wake_s) * 1_000_000 + now_us - self.wake_us
            if late_us > self.worst_lateness_us:
                self.worst_lateness_us = late_us
        byte = self.hardware.port.read()
        is_more = byte >= 0 or not self._is_quiet(now_s, now_us)
        if is_more:
            self._poll_fully(now_s, now_us, byte)
        self.wake_s, self.wake_us = now_s + HEARTBEAT_S, now_us
        if self._deadline_s <= self.wake_s and is_before(
            self._deadline_s, self._deadline_us, self.wake_s, now_us
        ):
            self.wake_s, self.wake_us = self._deadline_s, self._deadline_us
        if self._is_sound(now_s):
            self.hardware.watchdog.feed()
        return is_more

    def _is_quiet(self, now_s: int, now_us: int) -> bool:
        """Whether nothing is due and every pulse so far was seen: all that a heartbeat has to find out."""
        if now_s >= self._deadline_s and not is_before(now_s, now_us, self._deadline_s, self._deadline_us):
            return False
        if self._link.has_held_frame:
            return False
        if self.state != STATE_DELIVERING:
            return True
        counted = self.hardware.sense.count() + self.unseen_steps
        if counted != self.delivery.settle(now_s, now_us) or self.hardware.train.starved():
            return False
        self.counted = counted
        return True

    def _poll_fully(self, now_s: int, now_us: int, byte: int) -> None:
        if not is_before(now_s, now_us, self._event_s, self._event_us):
            self._change_is_due()
        if self.state == STATE_DELIVERING:
            self._supervise(now_s, now_us)
            self._fill_blocks()
        has_input = self._link.serve(now_s, now_us, byte, self._change_is_near(now_s, now_us))
        self.alarms.end_silences(now_s)
        self._sound(now_s, now_us)
        if has_input:
            self._deadline_s, self._deadline_us = now_s, now_us
        else:
            self._set_deadline()

    def _set_deadline(self) -> None:
        """Find the first instant at which anything but input or the heartbeat needs the next poll."""
        self._deadline_s, self._deadline_us = self._event_s, self._event_us
        if self.state == STATE_DELIVERING:
            self._due_by(self._refill_s, self._refill_us)
            self._due_by(self._threshold_s, self._threshold_us)
        self._due_by(self._annunciation.next_s, self._annunciation.next_us)
        self._due_by(self._link.due_s, self._link.due_us)
        self._due_by(self.alarms.next_unsilencing_s(NEVER_S), 0)

    def _due_by(self, s: int, us: int) -> None:
        if is_before(s, us, self._deadline_s, self._deadline_us):
            self._deadline_s, self._deadline_us = s, us

    def _is_sound(self, now_s: int) -> bool:
        """The loop's own checks. If one fails the watchdog is not fed, and a reset follows.

        While delivering, the plan reaches beyond the present second; while starting, the start is still to come.
        """
        if self.state == STATE_DELIVERING:
            return self.delivery.tail_s > now_s
        return self.state == STATE_STOPPED or self._event_s != NEVER_S

    def has_time(self, needed_us: int) -> bool:
        """Whether nothing but the host's input is due within so many microseconds from now."""
        clock = self.hardware.clock
        clock.read()
        us = clock.us + needed_us
        return is_before(clock.s + us // 1_000_000, us % 1_000_000, self._deadline_s, self._deadline_us)

    def _change_is_near(self, now_s: int, now_us: int) -> bool:
        """Whether serving a request now could make a splice late; all but a stop then wait a moment."""
        if self._splice_tick < 0:
            return False
        us = now_us + _LONGEST_REQUEST_US
        return not is_before(now_s + us // 1_000_000, us % 1_000_000, self._event_s, self._event_us)

    def _sound(self, now_s: int, now_us: int) -> None:
        on = self._annunciation.update(now_s, now_us, self.alarms.audible_priority())
        if on != self._buzzer_on:
            self._buzzer_on = on
            self.hardware.annunciator.buzzer(on)

    # --- supervision of what comes out

    def _supervise(self, now_s: int, now_us: int) -> None:
        """Hold what the sense counter saw against what was due, and the ledger against its thresholds."""
        due = self.delivery.settle(now_s, now_us)
        counted = self.hardware.sense.count() + self.unseen_steps
        if counted != due:
            # Pulses may have come due since ``now`` was read. Only what lies outside both bounds is wrong.
            clock = self.hardware.clock
            clock.read()
            latest = self.delivery.settle(clock.s, clock.us)
            if counted > latest:
                self._count_is_wrong(alarm_table.PULSES_IN_EXCESS, counted, latest)
            elif counted < due:
                self._count_is_wrong(alarm_table.PULSES_MISSING, counted, due)
                # They were commanded and may well have been delivered, so they are never given again.
                self.unseen_steps += due - counted
                counted = due
        self.counted = counted
        if not is_before(now_s, now_us, self._threshold_s, self._threshold_us):
            self._threshold_s = NEVER_S
        if self.state == STATE_DELIVERING and self.hardware.train.starved():
            self._generator_ran_dry()
        self.check_reservoir()

    def _count_is_wrong(self, alarm: int, counted: int, due: int) -> None:
        if not self.alarms.is_active(alarm):
            self.record(events.EVENT_COUNT_MISMATCH, counted, due)
        self.set_alarm(alarm, True)
        self.set_alarm(alarm, False)

    def _generator_ran_dry(self) -> None:
        """The queue was late. What was not delivered stays undelivered: never made up for in a burst."""
        self.record(events.EVENT_TIMING_FAULT, self.counted, self.delivery.planned)
        self.hardware.train.halt()
        self._count_at_halt()
        self.state = STATE_STARTING
        self.change_tick = -1
        self._owed_phase = self.delivery.half_a_step
        self.set_alarm(alarm_table.TIMING_FAULT, True)
        self.set_alarm(alarm_table.TIMING_FAULT, False)
        self._change_at(self._next_change_tick())

    def check_reservoir(self) -> None:
        """Raise or clear the reservoir's alarms for what has been counted so far."""
        reservoir = self.reservoir
        low, empty = self.counted >= reservoir.low_step, self.counted >= reservoir.empty_step
        if low != self.alarms.is_active(alarm_table.LOW_RESERVOIR):
            self.set_alarm(alarm_table.LOW_RESERVOIR, low)
        if empty != self.alarms.is_active(alarm_table.EMPTY_RESERVOIR):
            self.set_alarm(alarm_table.EMPTY_RESERVOIR, empty)
        step = reservoir.empty_step if low else reservoir.low_step
        if empty:
            step = NEVER_STEP
        if step != self._threshold_step or self._threshold_s == NEVER_S:
            self._threshold_step = step
            self._threshold_s = NEVER_S
            if self.delivery.due < step <= self.delivery.planned:
                self._threshold_s, self._threshold_us = self.delivery.instant_of(step)

    # --- the queue

    def _fill_blocks(self) -> None:
        if self.state != STATE_DELIVERING:
            return
        train = self.hardware.train
        while train.has_room() and self.delivery.room() >= train.BLOCK_PULSES:
            self._fill_block(train.BLOCK_PULSES, _BLOCK_TICKS)

    def _fill_block(self, most_pulses: int, span_ticks: int) -> None:
        train, delivery = self.hardware.train, self.delivery
        delivery.plan(train, most_pulses, span_ticks)
        train.release()
        # The block released before this one ends where this one begins; then there is room for the next.
        self._refill_s, self._refill_us = self._queued_block_s, self._queued_block_us
        self._queued_block_s, self._queued_block_us = delivery.tail_s, delivery.tail_us

    # --- changes of what is delivered

    def ticks_now(self) -> int:
        clock = self.hardware.clock
        return ticks_at(clock.s, clock.us)

    def wanted_program(self) -> Program:
        """The program that the active alarms leave standing. One that delivers nothing always stands."""
        if self.program is not None and self.program.mode == MODE_STOPPED:
            return self.program
        if self.alarms.response() >= alarm_table.RESPONSE_MINIMUM_RATE or self.program is None:
            return Program(MODE_MINIMUM_RATE)
        return self.program

    def start(self) -> int:
        """Begin to deliver on the next whole second; the tick at which that is."""
        self._start_delivering(self._next_change_tick())
        return self.change_tick

    def _start_delivering(self, tick: int) -> None:
        self.state = STATE_STARTING
        self.set_alarm(alarm_table.STOPPED_BY_ALARM, False)
        self.set_alarm(alarm_table.RESERVOIR_UNKNOWN, not self.reservoir.is_known)
        self._note_time_unknown()
        self._change_at(tick)

    def replan(self) -> int:
        """Follow the program, the clock and the alarms as they are now; the tick from which that holds.

        Without delivery under way nothing changes and the tick is the present one.
        """
        if self.state == STATE_STOPPED:
            return self.ticks_now()
        if self.wanted_program().mode == MODE_STOPPED:
            return self.stop_on_purpose()
        self._note_time_unknown()
        self._change_at(self._next_change_tick())
        return self.change_tick

    def _next_change_tick(self) -> int:
        return self.wall.next_whole_second(self.ticks_now() + CHANGE_NOTICE_TICKS)

    def _change_at(self, tick: int) -> None:
        # A change already under way keeps its instant, or requests in a row could put it off for ever.
        if self._splice_tick >= 0:
            tick = self._splice_tick
        elif self.change_tick >= 0:
            self._note_change()
        self.change_tick = tick
        self._changed_timeline = Timeline(
            self.wanted_program(), self.wall, self.limits.minimum_rate_nl_per_day
        )
        self._set_event(tick - _SPLICE_LEAD_TICKS)
        self._splice_tick = tick

    def _set_event(self, tick: int) -> None:
        self._event_s, self._event_us = second_of_ticks(tick), microsecond_of_ticks(tick)

    def _change_is_due(self) -> None:
        """Splice the queue ahead of the change tick; note the change once that has come."""
        self.hardware.clock.read()
        if self._splice_tick >= 0:
            self._splice(self._splice_tick)
            return
        self._event_s = NEVER_S
        self._note_change()

    def _note_change(self) -> None:
        self._timeline = self._changed_timeline
        self.change_tick = -1
        self.record(events.EVENT_PROGRAM_EFFECTIVE, self.counted, self._rate_now())

    def _splice(self, change_tick: int) -> None:
        self._splice_tick = -1
        train, delivery = self.hardware.train, self.delivery
        starting = self.state == STATE_STARTING
        if starting:
            self.hardware.driver.enable()
            # A little ahead, so that a pulse owed since the last stop can come on the very tick of the start.
            anchor, delivered = change_tick - _CLEAR_BEFORE_ANCHOR_TICKS, self.counted
            phase = self._owed_phase
            timeline = ChangingTimeline(NO_DELIVERY, change_tick, self._changed_timeline)
        else:
            anchor, delivered = self._clear_anchor(self.ticks_now() + _ANCHOR_LEAD_TICKS)
            if anchor > change_tick:
                # Too late to be exact: the old program goes on a little, and the pump says so.
                self.record(events.EVENT_TIMING_FAULT, self.counted, delivery.planned)
                self.set_alarm(alarm_table.CHANGE_LATE, True)
                self.set_alarm(alarm_table.CHANGE_LATE, False)
                self.change_tick = -1
                self._change_at(self._next_change_tick())
                return
            phase = delivery.phase_at(anchor, delivered)
            timeline = ChangingTimeline(self._timeline, change_tick, self._changed_timeline)
        delivery.begin(anchor, phase, delivered, timeline)
        self._timeline = timeline
        self._threshold_s = self._refill_s = self._queued_block_s = NEVER_S
        train.load()
        self._fill_block(_FIRST_BLOCK_PULSES, _FIRST_BLOCK_TICKS)
        if not train.start(second_of_ticks(anchor), microsecond_of_ticks(anchor)):
            self.hardware.clock.read()
            self._generator_ran_dry()
            return
        self.state = STATE_DELIVERING
        self._set_event(change_tick)
        if starting:
            self.hardware.machine.note_delivering(True)
            self.hardware.annunciator.led(True)
            self.record(events.EVENT_STARTED, delivered, delivery.rate_at(change_tick))

    def _clear_anchor(self, anchor: int):
        """An anchor not before the one given with no old pulse close to it, and the pulses due before it."""
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

    def _count_at_halt(self) -> None:
        """Settle what came out of a generator that has just been halted, and withdraw the rest of the plan."""
        clock, delivery = self.hardware.clock, self.delivery
        due = delivery.settle(clock.s, clock.us)
        counted = self.hardware.sense.count() + self.unseen_steps
        # The very last pulse may have come due between the halt and the reading of the clock. Anything more
        # was commanded and not seen.
        if counted < due - 1:
            self.unseen_steps += due - counted
            counted = due
        self.counted = counted
        delivery.withdraw(counted)

    def _rate_now(self) -> int:
        return self.delivery.rate_at(self.ticks_now())

    def rate_nl_per_day(self) -> int:
        """Rate that is being delivered now; 0 unless delivering."""
        return self._rate_now() if self.state == STATE_DELIVERING else 0

    def stop(self) -> int:
        """No pulse from now on. The tick of the stop; what was owed by then is kept for the next start."""
        hardware = self.hardware
        hardware.train.halt()
        hardware.driver.disable()
        hardware.clock.read()
        tick = self.ticks_now()
        if self.state == STATE_DELIVERING:
            self._count_at_halt()
            self._owed_phase = self.delivery.bounded(self.delivery.phase_at(tick, self.counted))
        if self.state != STATE_STOPPED:
            self.record(events.EVENT_STOPPED, self.counted)
        self.state = STATE_STOPPED
        self._event_s = self._threshold_s = NEVER_S
        self._splice_tick = self.change_tick = -1
        hardware.machine.note_delivering(False)
        hardware.annunciator.led(False)
        self._note_time_unknown()
        return tick

    # --- what commands change

    def stop_on_purpose(self) -> int:
        """Stop because somebody wants it: nobody has to be reminded that an alarm had stopped the pump."""
        tick = self.stop()
        self.set_alarm(alarm_table.STOPPED_BY_ALARM, False)
        return tick

    def commit(self, program: Program) -> int:
        """Take a validated program; the tick from which it is delivered if delivery is under way."""
        self.program = program
        self.reservoir.set_low_threshold(program.low_reservoir_nl)
        self.record(events.EVENT_PROGRAM_COMMITTED, int.from_bytes(program.digest()[:4], "big"), program.mode)
        self.set_alarm(alarm_table.PROGRAM_LOST, False)
        self.check_reservoir()
        return self.replan()

    def set_time(self, utc_s: int, utc_us: int, offset_minutes: int) -> int:
        clock = self.hardware.clock
        was_utc_s = self.wall.utc_ticks(self.ticks_now()) // TICKS_PER_SECOND
        self.wall = clock_set_to(utc_s, utc_us, offset_minutes, clock.s, clock.us)
        self.record(events.EVENT_TIME_SET, was_utc_s, utc_s)
        return self.replan()

    def refill(self, fill_nl: int) -> None:
        if self.state == STATE_DELIVERING:
            self.counted = self.hardware.sense.count() + self.unseen_steps
        self.reservoir.refill(fill_nl, self.counted)
        self.record(events.EVENT_REFILLED, fill_nl, self.counted)
        self.set_alarm(alarm_table.RESERVOIR_UNKNOWN, False)
        self.check_reservoir()

    def acknowledge(self, bits: int, now_s: int) -> None:
        response = self.alarms.response()
        cleared = self.alarms.acknowledge(bits, now_s)
        self.record(events.EVENT_ALARM_ACKNOWLEDGED, bits, cleared)
        if self.alarms.response() != response:
            self.replan()

    # --- alarms and the log

    def _note_time_unknown(self) -> None:
        program = self.program
        needs_time = self.state != STATE_STOPPED and program is not None and program.mode == MODE_FLEX
        self.set_alarm(alarm_table.TIME_UNKNOWN, needs_time and not self.wall.is_known())

    def set_alarm(self, alarm: int, present: bool) -> None:
        """Note whether an alarm's cause is there, and do what the table says if that changes anything."""
        response = self.alarms.response()
        if not self.alarms.set_cause(alarm, present):
            return
        code = events.EVENT_ALARM_RAISED if present else events.EVENT_ALARM_CLEARED
        self.record(code, alarm, self.counted)
        stronger = self.alarms.response()
        if stronger == response or self.state == STATE_STOPPED:
            return
        if stronger == alarm_table.RESPONSE_STOP:
            self.stop()
            self.set_alarm(alarm_table.STOPPED_BY_ALARM, True)
        elif alarm_table.RESPONSE_MINIMUM_RATE in (stronger, response):
            self.replan()

    def record(self, code: int, first: int = 0, second: int = 0) -> None:
        """Log an event at the instant the clock was last read."""
        clock = self.hardware.clock
        self.log.record(clock.s, clock.us, self.wall, code, int(first), int(second))

    def queued_ms(self) -> int:
        """Milliseconds of pulses that are planned ahead of now."""
        if self.state != STATE_DELIVERING:
            return 0
        clock, delivery = self.hardware.clock, self.delivery
        return (delivery.tail_s - clock.s) * 1_000 + (delivery.tail_us - clock.us) // 1_000


assert TICK_US * TICKS_PER_SECOND == 1_000_000
