"""The pump: one object that is polled, decides, and says when it next needs to run.

``poll`` never waits and never looks at a clock of its own: the instant comes in, and ``wake_s``, ``wake_us``
tell when the next poll is needed at the latest. Received bytes need one sooner. The parts do the work: ``infusion``
delivers, ``supervisor`` watches, ``keeper`` makes durable, the link takes requests; what they share, the alarms and
what they lead to, is here.
"""

from thecal_fw.bolus_notes import BolusNotes
from thecal_fw.bolus_recall import STEP_US as RECALL_STEP_US
from thecal_fw.boluses import Boluses
from thecal_fw.bridging import Bridging
from thecal_fw.core import alarms as alarm_table
from thecal_fw.core import events
from thecal_fw.core.alarms import Alarms
from thecal_fw.core.annunciation import Annunciation
from thecal_fw.core.calibration import BENCH_CALIBRATION, Calibration
from thecal_fw.core.events import EventLog
from thecal_fw.core.instant import NEVER_S, TICKS_PER_SECOND, is_before, ticks_at
from thecal_fw.core.journal_condition import BLANK, GOOD
from thecal_fw.core.ledger import Ledger
from thecal_fw.core.program import MODE_MINIMUM_RATE, MODE_STOPPED, Program
from thecal_fw.core.program_place import ProgramPlace
from thecal_fw.core.pump_state import STATE_DELIVERING, STATE_STARTING, STATE_STOPPED
from thecal_fw.core.reservoir import Reservoir
from thecal_fw.core.roles import DAMAGED
from thecal_fw.core.schedule import follows_the_clock
from thecal_fw.core.self_test import TEST_BUTTON, TEST_BUZZER, TEST_FLASH, TEST_SPEED
from thecal_fw.core.validation import BENCH_LIMITS, Limits
from thecal_fw.core.wall_clock import WallClock, clock_set_to
from thecal_fw.core.week import advance
from thecal_fw.dose_keeper import DoseKeeper
from thecal_fw.dose_meter import STEP_US as METER_STEP_US
from thecal_fw.dose_meter import DoseMeter
from thecal_fw.infusion import Infusion
from thecal_fw.keeper import Keeper
from thecal_fw.pace import Pace
from thecal_fw.patient_button import PatientButton
from thecal_fw.service import Service
from thecal_fw.store.journal import Journal
from thecal_fw.store.keys import KeyStore
from thecal_fw.store.layout import Layout
from thecal_fw.supervision import Supervisor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.ports import Hardware
    from thecal_fw.recovery import Recovery

HEARTBEAT_S = 7
"""Longest time between polls; the watchdog of the board bites after 8.3 s, about its longest time."""

NOTHING_DUE = 0
SOMETHING_DUE = 1
INPUT_CAME = 3
"""A request leaves three times as much behind as the filling of a block, and keeps some of it."""

_LINK_US = 300_000
"""More than loading what serves the link takes."""

_WEEK_PIECE_TURNS = 64
_WEEK_PIECE_US = 60_000
"""More than working out so many turns of a program's week takes."""

REPEATED_STARTS_S = 600
"""Three starts by hand within this time, each after a stop in a critical alarm, are one too many: what raises the alarm
is still there. Baclofen must not end abruptly, so the answer is the minimum rate and not another stop."""

_PIECE_OF_MEMORY_BYTES = 1_300
"""More than anything that a request takes in one piece, an open file on a stock board being the longest."""

_TRY_AGAIN_US = 100_000
"""What waits for a time when nothing else is due is looked at again after this."""


class Controller:
    """A pump on some hardware. Public attributes are for its parts, for ``commands`` and for tests to read.

    program, program_digest: the committed program and its name.
    place: where the program lies, with what a week of it gives, once there was time to work that out.
    failed_tests: bits of ``thecal_fw.core.self_test`` that failed at this reset.
    """

    def __init__(
        self,
        hardware: "Hardware",
        limits: Limits = BENCH_LIMITS,
        calibration: Calibration = BENCH_CALIBRATION,
    ):
        self.hardware = hardware
        self.limits = limits
        self.calibration = calibration
        self.program = None
        self.program_digest = bytes(32)
        # Taken before anything else, while memory is in one piece.
        self.place = ProgramPlace(hardware.machine.room)
        self._spare_place = ProgramPlace(hardware.machine.room)
        self._week_work = None
        self.wall = WallClock()
        self.ledger = Ledger()
        self.reservoir = Reservoir(calibration)
        self.alarms = Alarms()
        self.log = EventLog()
        self.pace = Pace(self)
        self.infusion = Infusion(self)
        self.boluses = Boluses(self)
        self.bolus_notes = BolusNotes(self)
        self.bridging = Bridging(self)
        self.doses = DoseKeeper(self)
        self.dose_meter = DoseMeter(self)
        self.supervisor = Supervisor(self)
        self.service = Service(self)
        self.keeper = Keeper(self, Journal(hardware.flash, keep=hardware.retained.keep_record))
        self.button = PatientButton(self)
        self.keys = KeyStore(hardware.flash, Layout().keys)
        self.failed_tests = 0
        self.worst_lateness_us = 0
        self.wake_s = 0
        self.wake_us = 0
        self._deadline_s = 0
        self._deadline_us = 0
        self._buzzer_on = False
        self._annunciation = Annunciation()
        self._stopped_in_alarm = False
        self._starts_s = (-REPEATED_STARTS_S, -REPEATED_STARTS_S)
        self._link = None
        self._begin()

    def _begin(self) -> None:
        hardware = self.hardware
        hardware.train.halt()
        hardware.driver.disable()
        hardware.gate.close()
        hardware.annunciator.buzzer(False)
        hardware.annunciator.led(False)
        hardware.clock.read()
        self.failed_tests = hardware.self_test.run()
        if self.button.begin():
            self.failed_tests |= TEST_BUTTON
        self.ledger.counted = hardware.sense.count()
        self.infusion.delivery.withdraw(self.ledger.counted)
        # Needed once. Where the firmware is loaded into memory, there is room for better things afterwards.
        from thecal_fw.recovery import Recovery

        recovery = Recovery(self)
        recovery.restore()
        self.dose_meter.begin()
        self._open_keys()
        self._measure_pace()
        self._judge_self_test()
        self.service.check()
        self.supervisor.check_reservoir()
        resumes = recovery.was_delivering and self._may_resume()
        self.keeper.save()
        if self.keeper.journal.has_failed:
            self.failed_tests |= TEST_FLASH
            self.record(events.EVENT_SELF_TEST, TEST_FLASH)
        if not resumes or self.boluses.are_blocked():
            self.bolus_notes.end_all(0, events.END_ALARM)
            self.boluses.judging.given.until = 0
        if resumes:
            self._resume(recovery)
        self.keeper.keep_anchor()

    def _open_keys(self) -> None:
        self.keys.open(self.keeper.journal.condition == BLANK, self.hardware.supply.is_good())
        if self.keys.access == DAMAGED:
            self.record(events.EVENT_KEYS_DAMAGED)
        if self.keys.is_single:
            self.record(events.EVENT_KEYS_SINGLE)

    def _measure_pace(self) -> None:
        """Before anything is delivered: once with what lies in memory by now, and the flash cache as it is."""
        self.infusion.rehearse(self.wanted_program())
        if self.pace.is_too_slow():
            self.failed_tests |= TEST_SPEED

    def collect_garbage(self) -> None:
        """Tidy the heap, and learn how long that takes."""
        begun = self.pace.begin()
        self.hardware.machine.collect_garbage()
        self.pace.note_collected(self.pace.since(begun))

    def _judge_self_test(self) -> None:
        if self.failed_tests:
            self.record(events.EVENT_SELF_TEST, self.failed_tests)
        self.set_alarm(alarm_table.SELF_TEST, self.failed_tests & ~(TEST_BUZZER | TEST_BUTTON) != 0)
        self.set_alarm(alarm_table.BUTTON_FAULT, self.failed_tests & TEST_BUTTON != 0)
        self.set_alarm(alarm_table.BUZZER_FAULT, self.failed_tests & TEST_BUZZER != 0)
        if self.supervisor.motor_may_have_moved():
            self.note_alarm(alarm_table.OVER_DELIVERY)

    def _may_resume(self) -> bool:
        """Have delivery go on as after the reset, unless an alarm forbids it; no instant is chosen yet."""
        if self.alarms.response() == alarm_table.RESPONSE_STOP:
            self.set_alarm(alarm_table.STOPPED_BY_ALARM, True)
            return False
        self.infusion.state = STATE_STARTING
        self._note_start()
        return True

    def _resume(self, recovery: "Recovery") -> None:
        """Go on delivering. What has to be durable before is so by now: that may have taken an erase."""
        self.hardware.clock.read()
        tick = self.ticks_now() + self.pace.lead_ticks() + self.pace.slack_ticks()
        self.infusion.owed_phase = recovery.owed_at(tick)
        if recovery.missed_steps:
            self.record(events.EVENT_MISSED, recovery.missed_steps)
        self.infusion.start(tick, goes_on=True)

    # --- the loop

    def poll(self, now_s: int, now_us: int) -> int:
        """Do everything that is due at this instant and set when to be polled next.

        Most polls are mere heartbeats, so that path is kept short. Return NOTHING_DUE for one of those; otherwise how
        much it left for the garbage collector: SOMETHING_DUE, or INPUT_CAME if something had arrived.
        """
        if self.wake_s and now_s >= self.wake_s:
            late_us = (now_s - self.wake_s) * 1_000_000 + now_us - self.wake_us
            if late_us > self.worst_lateness_us:
                self.worst_lateness_us = late_us
        # What comes before there is somebody to take it, or time to, waits in the port.
        byte = -1
        if now_s >= self.dose_meter.due_s:
            self.dose_meter.pass_minutes(now_s)
        if self._link is not None and not self._link.has_something_waiting:
            byte = self.hardware.port.read()
        is_more = byte >= 0 or not self._is_quiet(now_s, now_us)
        if is_more:
            self._poll_fully(now_s, now_us, byte)
        self.wake_s, self.wake_us = now_s + HEARTBEAT_S, now_us
        if self._deadline_s <= self.wake_s and is_before(
            self._deadline_s, self._deadline_us, self.wake_s, now_us
        ):
            self.wake_s, self.wake_us = self._deadline_s, self._deadline_us
        # The loop's own checks. If one fails the watchdog is not fed, and a reset follows.
        if self.infusion.is_sound(now_s):
            self.hardware.watchdog.feed()
        return NOTHING_DUE if not is_more else INPUT_CAME if byte >= 0 else SOMETHING_DUE

    def _open_link(self) -> None:
        """Have somebody serve the link. Loading all of that takes longer than delivery may wait after a reset, so it is
        done once delivery needs nothing for a while, at once if nothing is delivered. A tone may last that much longer:
        an alarm that sounds without end must not keep the host out."""
        self._set_delivery_deadline()
        if self.infusion.state == STATE_STOPPED or self.has_time(_LINK_US):
            from thecal_fw.link_server import LinkServer

            self._link = LinkServer(self)

    def _is_quiet(self, now_s: int, now_us: int) -> bool:
        """Whether nothing is due and nothing has happened: all that a heartbeat has to find out."""
        if now_s >= self._deadline_s and not is_before(now_s, now_us, self._deadline_s, self._deadline_us):
            return False
        if self._link is None or self._link.has_something_waiting or not self.button.is_quiet():
            return False
        return self.supervisor.is_quiet(now_s, now_us)

    def _poll_fully(self, now_s: int, now_us: int, byte: int) -> None:
        if self.boluses.judging.waiting:
            self.infusion.judge_next()
        self.infusion.advance(now_s, now_us)
        self.supervisor.check(now_s, now_us)
        self.bolus_notes.advance(now_s, now_us)
        self.infusion.fill()
        has_input = False
        if self._link is not None:
            has_input = self._link.serve(now_s, now_us, byte)
        self.button.check(now_s, now_us)
        self.alarms.end_silences(now_s)
        self._sound(now_s, now_us)
        if self._link is None:
            self._open_link()
            # What came while there was nobody to take it waits, and nothing else would wake the pump for it.
            has_input = self._link is not None
        self._set_deadline()
        has_acted = self.keeper.tend()
        is_behind = not (self.boluses.recall.is_done and self.dose_meter.is_read) or self._lacks_week()
        if is_behind:
            if not self.dose_meter.is_read and self.has_time(METER_STEP_US):
                self.dose_meter.read_some()
            if not self.boluses.recall.is_done and self.has_time(RECALL_STEP_US):
                self.boluses.recall.step()
            elif self._lacks_week() and self._link is not None and self.has_time(_WEEK_PIECE_US):
                self.work_on_week()
        if has_acted or is_behind:
            self._set_deadline()
        if self.keeper.has_work or is_behind:
            us = now_us + _TRY_AGAIN_US
            self._due_by(now_s + us // 1_000_000, us % 1_000_000)
        if has_input:
            self._deadline_s, self._deadline_us = now_s, now_us

    def _lacks_week(self) -> bool:
        return self.program is not None and not self.place.week.is_known

    def work_on_week(self) -> bool:
        """Work out another piece of what the program gives in a week; whether all of it is known now."""
        week, program = self.place.week, self.program
        if program is None or week.is_known:
            return week.is_known
        if self._week_work is None:
            self._week_work = week.working_out(program, self.limits.minimum_rate_nl_per_day)
        if not advance(self._week_work, _WEEK_PIECE_TURNS):
            self._week_work = None
        return week.is_known

    def _set_deadline(self) -> None:
        """Find the first instant at which anything but input or the heartbeat needs the next poll."""
        self._set_delivery_deadline()
        self._due_by(self._annunciation.next_s, self._annunciation.next_us)
        if self._link is not None:
            self._due_by(self._link.due_s, self._link.due_us)
        self._due_by(self.button.press.due_s, self.button.press.due_us)
        self._due_by(self.supervisor.reminder_s, 0)
        self._due_by(self.alarms.next_unsilencing_s(NEVER_S), 0)

    def _set_delivery_deadline(self) -> None:
        infusion, supervisor, keeper = self.infusion, self.supervisor, self.keeper
        self._deadline_s, self._deadline_us = infusion.event_s, infusion.event_us
        if self.boluses.judging.waiting:
            self._deadline_s = self._deadline_us = 0
        if infusion.state == STATE_DELIVERING:
            keeper.set_due()
            self._due_by(infusion.refill_s, infusion.refill_us)
            self._due_by(supervisor.threshold_s, supervisor.threshold_us)
            self._due_by(keeper.due_s, keeper.due_us)
            self._due_by(self.bolus_notes.due_s, self.bolus_notes.due_us)

    def _due_by(self, s: int, us: int) -> None:
        if is_before(s, us, self._deadline_s, self._deadline_us):
            self._deadline_s, self._deadline_us = s, us

    def has_time(self, needed_us: int) -> bool:
        """Whether nothing but the host's input is due within so many microseconds from now."""
        clock = self.hardware.clock
        clock.read()
        us = clock.us + needed_us
        return is_before(clock.s + us // 1_000_000, us % 1_000_000, self._deadline_s, self._deadline_us)

    def is_change_within(self, us: int) -> bool:
        """Whether the queue has to be spliced for a change of therapy within so many microseconds from now: what takes
        longer has to wait until that is done, or the change would be late."""
        if not self.infusion.is_change_ahead():
            return False
        clock = self.hardware.clock
        clock.read()
        us += clock.us
        event_s, event_us = self.infusion.event_s, self.infusion.event_us
        return not is_before(clock.s + us // 1_000_000, us % 1_000_000, event_s, event_us)

    def _sound(self, now_s: int, now_us: int) -> None:
        alarms = self.alarms
        on = self._annunciation.update(now_s, now_us, alarms.audible_priority(), alarms.audible())
        if on != self._buzzer_on:
            self._buzzer_on = on
            self.hardware.annunciator.buzzer(on)

    def answer(self, pattern: int) -> bool:
        """Have the buzzer sound a pattern once, for somebody at the pump; False if it is sounding already."""
        clock = self.hardware.clock
        return self._annunciation.play_once(pattern, clock.s, clock.us)

    # --- what is to be delivered

    def ticks_now(self) -> int:
        clock = self.hardware.clock
        return ticks_at(clock.s, clock.us)

    def lifetime_steps(self) -> int:
        """Microsteps counted in all of the pump's lives."""
        return self.ledger.base_steps + self.hardware.sense.count() + self.ledger.unseen_steps

    def wanted_program(self) -> Program:
        """The program that the active alarms leave standing. One that delivers nothing always stands."""
        if self.program is not None and self.program.mode == MODE_STOPPED:
            return self.program
        if self.alarms.response() >= alarm_table.RESPONSE_MINIMUM_RATE or self.program is None:
            return Program(MODE_MINIMUM_RATE)
        return self.program

    def start(self) -> int:
        """Begin to deliver on the next whole second; the tick at which that is."""
        self._count_start()
        self.infusion.state = STATE_STARTING
        self._note_start()
        self.boluses.begin_from(self.infusion.next_change_tick())
        self.keeper.note_change()
        # Only once it is durable is the instant known at which delivery can begin.
        self.keeper.save()
        self.hardware.clock.read()
        self.infusion.start(self.infusion.next_change_tick())
        return self.infusion.change_tick

    def _count_start(self) -> None:
        """Of starts by hand after a stop in a critical alarm, the third in a row is answered. A reset begins anew."""
        if not self._stopped_in_alarm:
            return
        self._stopped_in_alarm = False
        first_s, second_s = self._starts_s
        now_s = self.hardware.clock.s
        self._starts_s = (second_s, now_s)
        if now_s - first_s < REPEATED_STARTS_S:
            self.note_alarm(alarm_table.REPEATED_STARTS)

    def _note_start(self) -> None:
        self.set_alarm(alarm_table.STOPPED_BY_ALARM, False)
        self.supervisor.check_standing(self.hardware.clock.s)
        self.set_alarm(alarm_table.RESERVOIR_UNKNOWN, not self.reservoir.is_known)
        self._note_time_unknown()

    def replan(self) -> int:
        """Follow the program, the clock and the alarms as they are now; the tick from which that holds.

        Without delivery under way nothing changes and the tick is the present one.
        """
        if self.infusion.state == STATE_STOPPED:
            return self.ticks_now()
        if self.wanted_program().mode == MODE_STOPPED:
            return self.stop_on_purpose(events.END_PROGRAM)
        self._note_time_unknown()
        return self.infusion.follow()

    def _stop(self, reason: int) -> int:
        # Once more, when it stands already, says nothing of why it was stopped.
        if self.infusion.state != STATE_STOPPED:
            self._stopped_in_alarm = self.alarms.has_critical()
        tick = self.infusion.stop(reason)
        self.supervisor.check_standing(self.hardware.clock.s)
        self._note_time_unknown()
        self.keeper.note_change()
        self.keeper.keep_anchor()
        return tick

    # --- what commands change

    def stop_on_purpose(self, reason: int = events.END_STOP) -> int:
        """Stop because somebody wants it: nobody has to be reminded that an alarm had stopped the pump. reason: of the
        end of what is under way."""
        tick = self._stop(reason)
        self.set_alarm(alarm_table.STOPPED_BY_ALARM, False)
        return tick

    def spare_place(self) -> ProgramPlace:
        """Where another program may be put."""
        return self._spare_place

    def is_spare_place_free(self) -> bool:
        """Return True if nothing is delivered from the bytes in the spare place any more: a program that is replaced
        continues until the other one takes over."""
        return self.infusion.state != STATE_DELIVERING or self.infusion.change_tick < 0

    def adopt(self, program: Program, digest: bytes, place: ProgramPlace) -> None:
        """Go by a program from now on, without planning anything yet. place: where it lies."""
        if place is not self.place:
            self.place, self._spare_place = place, self.place
        self.program = program
        self.program_digest = digest
        self._week_work = None
        self.boluses.forget_allowance()
        self.reservoir.set_low_threshold(program.low_reservoir_nl)

    def commit(self, program: Program, digest: bytes, place: ProgramPlace) -> int:
        """Take a validated program; the tick from which it is delivered if delivery is under way.

        -1 if it could not be made durable: the program before it then stays in force, in memory as in the journal.
        """
        bridge_end = self.bridging.end
        self.bridging.begin(program, self.infusion.change_tick_from_now())
        if not self.keeper.commit(program, digest, place.encoded()):
            self.bridging.end = bridge_end
            return -1
        # By the program before.
        self.boluses.settle(self.wall, self.ticks_now())
        self.adopt(program, digest, place)
        # Only now that it is durable is the instant known at which it can take effect.
        self.infusion.rehearse(program)
        stored_end = self.bridging.end
        self.bridging.begin(program, self.infusion.change_tick_from_now())
        if self.bridging.end != stored_end:
            self.keeper.note_change()
        self.boluses.end_with_program()
        if program.bridge is not None:
            self.record(events.EVENT_BRIDGE_BEGUN, program.bridge.rate_nl_per_day, program.bridge.seconds)
        self.record(events.EVENT_PROGRAM_COMMITTED, int.from_bytes(digest[:4], "big"), program.mode)
        self.set_alarm(alarm_table.PROGRAM_LOST, False)
        self.set_alarm(alarm_table.JOURNAL_FOREIGN, False)
        self.set_alarm(alarm_table.MEMORY_FAULT, False)
        self.supervisor.check_reservoir()
        self.supervisor.check_standing(self.hardware.clock.s)
        return self.replan()

    def set_time(self, utc_s: int, utc_us: int, offset_minutes: int) -> int:
        clock = self.hardware.clock
        was_utc_s = self.wall.utc_ticks(self.ticks_now()) // TICKS_PER_SECOND
        before = self.wall
        self.wall = clock_set_to(utc_s, utc_us, offset_minutes, clock.s, clock.us)
        tick = self.ticks_now()
        if self.infusion.state != STATE_STOPPED:
            tick = self.infusion.change_tick_from_now()
        self.boluses.clock_is_set(before, self.wall, tick)
        self.record(events.EVENT_TIME_SET, was_utc_s, utc_s)
        self.keeper.note_change()
        tick = self.replan()
        self.keeper.keep_anchor()
        # Which minutes were lived through by the clock before is known from here on only.
        self.doses.write()
        return tick

    def refill(self, fill_nl: int) -> None:
        ledger = self.ledger
        if self.infusion.state == STATE_DELIVERING:
            ledger.counted = self.hardware.sense.count() + ledger.unseen_steps
        if not self.lifetime_steps() and self.keeper.journal.condition in (BLANK, GOOD):
            self.boluses.note_empty_line()
        self.reservoir.refill(fill_nl, ledger.counted, self.wall.local_day(self.ticks_now()))
        ledger.begin_reservoir()
        self.dose_meter.held = 0
        self.supervisor.begin_reservoir()
        self.boluses.passed_over = 0
        self.boluses.line_room.begin_reservoir()
        self.doses.note_change()
        self.keeper.note_change()
        self.record(events.EVENT_REFILLED, fill_nl, ledger.counted)
        self.set_alarm(alarm_table.RESERVOIR_UNKNOWN, False)
        self.supervisor.check_reservoir()

    def acknowledge(self, bits: int, now_s: int) -> None:
        response = self.alarms.response()
        cleared = self.alarms.acknowledge(bits, now_s)
        self.keeper.note_change()
        self.record(events.EVENT_ALARM_ACKNOWLEDGED, bits, cleared)
        if self.alarms.response() != response:
            self.replan()

    # --- alarms and the log

    def _note_time_unknown(self) -> None:
        program = self.program
        is_stopped = self.infusion.state == STATE_STOPPED
        needs_time = not is_stopped and program is not None and follows_the_clock(program)
        self.set_alarm(alarm_table.TIME_UNKNOWN, needs_time and not self.wall.is_known())

    def note_alarm(self, alarm: int) -> None:
        """Raise a latching alarm for something that has happened and is over."""
        self.set_alarm(alarm, True)
        self.set_alarm(alarm, False)

    def set_alarm(self, alarm: int, present: bool) -> None:
        """Note whether an alarm's cause is there, and do what the table says if that changes anything."""
        response = self.alarms.response()
        if not self.alarms.set_cause(alarm, present):
            return
        self.keeper.note_change()
        code = events.EVENT_ALARM_RAISED if present else events.EVENT_ALARM_CLEARED
        self.record(code, alarm, self.ledger.counted)
        stronger = self.alarms.response()
        if stronger == response or self.infusion.state == STATE_STOPPED:
            return
        if stronger == alarm_table.RESPONSE_STOP:
            self._stop(events.END_ALARM)
            self.set_alarm(alarm_table.STOPPED_BY_ALARM, True)
        elif alarm_table.RESPONSE_MINIMUM_RATE in (stronger, response) or self.boluses.are_concerned():
            self.replan()

    def need_memory(self) -> None:
        """Raise MemoryError unless there is a piece of memory free: what changes something is only begun with one, so
        that it does not end half done.

        Where memory is tight it is tidied first. What the request keeps then lies beside what was kept before it, and
        not behind its garbage in the middle of the longest free piece.
        """
        if self.place.room.is_tight:
            self.collect_garbage()
        bytearray(_PIECE_OF_MEMORY_BYTES)

    def note_out_of_memory(self, kind: int) -> None:
        """A request of this kind, or a press of the button for kind 0, ended for want of memory. Delivery has not."""
        self.collect_garbage()
        # What can't even be logged is no reason to stop either.
        try:
            self.record(events.EVENT_OUT_OF_MEMORY, kind, self.hardware.machine.heap_free_bytes())
        except MemoryError:
            return

    def record(self, code: int, first: int = 0, second: int = 0) -> None:
        """Log an event at the instant the clock was last read."""
        clock = self.hardware.clock
        self.log.record(clock.s, clock.us, self.wall, code, int(first), int(second))

    def tell_bursts(self, at_once: bool = False) -> None:
        """Log the numbers of events that were counted and not logged one by one."""
        clock = self.hardware.clock
        self.log.tell_bursts(clock.s, clock.us, self.wall, at_once)
