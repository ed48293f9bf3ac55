"""The pump: one object that is polled, decides, and says when it next needs to run.

``poll`` never waits and never looks at a clock of its own: the instant comes in, and ``wake_s``, ``wake_us`` say when
the next poll is needed at the latest. Received bytes need one sooner. The parts do the work, each the owner of its
state; here they are put together, and here alone an alarm is answered.
"""

from thecal_fw.core.alarms import (
    JOURNAL_FOREIGN,
    MEMORY_FAULT,
    PROGRAM_LOST,
    RESERVOIR_UNKNOWN,
    RESPONSE_MINIMUM_RATE,
    RESPONSE_STOP,
    STOPPED_BY_ALARM,
    TIME_UNKNOWN,
)
from thecal_fw.core.calibration import BENCH_CALIBRATION, Calibration
from thecal_fw.core.events import (
    END_ALARM,
    END_PROGRAM,
    END_STOP,
    EVENT_BRIDGE_BEGUN,
    EVENT_KEYS_DAMAGED,
    EVENT_KEYS_SINGLE,
    EVENT_MISSED,
    EVENT_PROGRAM_COMMITTED,
    EVENT_REFILLED,
    EVENT_SELF_TEST,
    EVENT_TIME_SET,
)
from thecal_fw.core.instant import NEVER_S, TICKS_PER_SECOND, is_before
from thecal_fw.core.journal_condition import BLANK, GOOD
from thecal_fw.core.ledger import Ledger
from thecal_fw.core.limits import BENCH_LIMITS, Limits
from thecal_fw.core.program import Program
from thecal_fw.core.program_place import ProgramPlace
from thecal_fw.core.pump_state import STATE_DELIVERING, STATE_STOPPED
from thecal_fw.core.reservoir import Reservoir
from thecal_fw.core.roles import DAMAGED
from thecal_fw.core.schedule import follows_the_clock
from thecal_fw.core.self_test import TEST_BUTTON, TEST_FLASH, TEST_SPEED
from thecal_fw.core.wall_clock import clock_set_to
from thecal_fw.pump.agenda import Agenda
from thecal_fw.pump.bolus_notes import BolusNotes
from thecal_fw.pump.bolus_recall import STEP_US as RECALL_STEP_US
from thecal_fw.pump.boluses import Boluses
from thecal_fw.pump.bridging import Bridging
from thecal_fw.pump.carrier import Carrier
from thecal_fw.pump.changes import Changes
from thecal_fw.pump.clock_doses import ClockDoses
from thecal_fw.pump.dose_keeper import DoseKeeper
from thecal_fw.pump.dose_meter import STEP_US as METER_STEP_US
from thecal_fw.pump.dose_meter import DoseMeter
from thecal_fw.pump.grants import Grants
from thecal_fw.pump.heartbeat import Heartbeat
from thecal_fw.pump.infusion import Infusion
from thecal_fw.pump.keeper import Keeper
from thecal_fw.pump.last_dose import LastDose
from thecal_fw.pump.memory import Memory
from thecal_fw.pump.motor import Motor
from thecal_fw.pump.on_demand import DosesOnDemand
from thecal_fw.pump.orders import WEEK_PIECE_US, Orders
from thecal_fw.pump.pace import Pace
from thecal_fw.pump.patient_button import PatientButton
from thecal_fw.pump.repeated_starts import RepeatedStarts
from thecal_fw.pump.reports import Reports
from thecal_fw.pump.reservoir_watch import ReservoirWatch
from thecal_fw.pump.service import Service
from thecal_fw.pump.sounder import Sounder
from thecal_fw.pump.standing import Standing
from thecal_fw.pump.supervision import Supervisor
from thecal_fw.pump.timekeeper import Timekeeper
from thecal_fw.store.journal import Journal
from thecal_fw.store.keys import KeyStore
from thecal_fw.store.layout import Layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from thecal_fw.ports import Hardware
    from thecal_fw.pump.contracts import Link
    from thecal_fw.pump.recovery import Recovery

HEARTBEAT_S = 7
"""Longest time between polls; the watchdog of the board bites after 8.3 s, about its longest time."""

NOTHING_DUE = 0
SOMETHING_DUE = 1
INPUT_CAME = 8
"""A request leaves up to fifteen times as much garbage behind as the filling of a block, and keeps some of what it
made."""

_LINK_US = 300_000
"""More than loading what serves the link takes."""

_TRY_AGAIN_US = 100_000
"""What waits for a time when nothing else is due is looked at again after this."""


class Controller:
    """A pump on some hardware. Public attributes are its parts, for what serves requests and for tests to read."""

    def __init__(
        self,
        hardware: "Hardware",
        open_link: "Callable[[Controller], Link]",
        limits: Limits = BENCH_LIMITS,
        calibration: Calibration = BENCH_CALIBRATION,
    ) -> None:
        """open_link: makes what serves the link, once there is time to load it."""
        self.hardware = hardware
        self.limits = limits
        self.calibration = calibration
        self._open_link = open_link
        self.changes = Changes()
        self.time = Timekeeper(hardware.clock, self.changes)
        self.ledger = Ledger()
        self.reports = Reports(self.time, self.ledger, self.changes)
        self.alarms = self.reports.alarms
        self.log = self.reports.log
        self.orders = Orders(hardware.machine.room, self.alarms)
        self.reservoir = Reservoir(calibration)
        self.agenda = Agenda(hardware.clock)
        self.pace = Pace(hardware.clock, hardware.train)
        self.memory = Memory(hardware.machine, self.pace, self.reports)
        self.sounder = Sounder(hardware.annunciator, hardware.clock, self.alarms)
        self.motor = Motor(hardware.motion, self.ledger, self.reports, self.changes)
        self._make_therapy()
        self._make_records()
        self.button = PatientButton(hardware.button, self.time, self.reports, self.memory, self.sounder)
        self._starts = RepeatedStarts(hardware.clock, self.reports)
        self._connect()
        heartbeat = Heartbeat(
            hardware, self.ledger, self.agenda, self.infusion, self.motor, self.button, self.supervisor
        )
        # What each poll needs, found at once.
        self._polled = (
            self.alarms,
            self.agenda,
            self.dose_meter,
            self.supervisor,
            hardware.port.read,
            heartbeat.is_quiet,
            self.infusion.is_sound,
            hardware.watchdog.feed,
        )
        self.worst_lateness_us = 0
        self.wake_s = 0
        self.wake_us = 0
        self._note_answered()
        self._link: "Link | None" = None
        self._has_more_to_do = False
        self._begin()

    def _make_therapy(self) -> None:
        """Make the parts that deliver, and those that know of doses."""
        hardware, time, ledger, reports = self.hardware, self.time, self.ledger, self.reports
        calibration, limits, orders, changes = self.calibration, self.limits, self.orders, self.changes
        self.infusion = Infusion(
            hardware, time, ledger, calibration, reports, self.pace, self.memory, changes
        )
        self.clock_doses = ClockDoses(time, orders, reports, changes)
        self.on_demand = DosesOnDemand(
            time, ledger, calibration, limits, orders, reports, hardware.sense, hardware.supply
        )
        self.boluses = Boluses(time, limits, orders, reports, self.clock_doses, self.on_demand)
        self.bolus_notes = BolusNotes(time, orders, reports, changes)
        self.bridging = Bridging(time, ledger, calibration, orders, reports, changes)
        self.doses = DoseKeeper(time, hardware.flash, changes)
        self.last_dose = LastDose(time, orders)
        self.dose_meter = DoseMeter(
            time,
            hardware.sense,
            hardware.flash,
            ledger,
            calibration,
            limits,
            orders,
            reports,
            self.pace,
            self.agenda,
        )

    def _make_records(self) -> None:
        """Make the parts that watch, and those that make durable."""
        hardware, time, ledger, reports = self.hardware, self.time, self.ledger, self.reports
        calibration, orders, changes = self.calibration, self.orders, self.changes
        self.standing = Standing(orders, reports, self.infusion)
        self.reservoir_watch = ReservoirWatch(self.reservoir, ledger, reports, self.infusion)
        self.supervisor = Supervisor(
            hardware, time, ledger, reports, changes, self.motor, self.reservoir_watch, self.standing
        )
        self.service = Service(time, ledger, calibration, reports, changes)
        self.grants = Grants(hardware, ledger, calibration)
        self.carrier = Carrier(hardware.retained, time, ledger, self.motor, changes)
        self.keeper = Keeper(
            hardware,
            Journal(hardware.flash, keep=hardware.retained.keep_record),
            time,
            ledger,
            self.reservoir,
            calibration,
            orders,
            reports,
            changes,
            self.pace,
            self.agenda,
            self.grants,
            self.service,
            self.carrier,
        )
        self.keys = KeyStore(hardware.flash, Layout().keys)

    def _connect(self) -> None:
        """Make the parts known to each other that need each other."""
        infusion, boluses, notes, doses = self.infusion, self.boluses, self.bolus_notes, self.doses
        bridging, meter, keeper, grants = self.bridging, self.dose_meter, self.keeper, self.grants
        clock_doses, on_demand = self.clock_doses, self.on_demand
        infusion.connect(boluses, clock_doses, notes, keeper, grants, meter, self.motor)
        boluses.connect(infusion, notes, bridging, doses, meter, self)
        clock_doses.connect(infusion, boluses, notes, bridging, doses, meter, self)
        on_demand.connect(infusion, boluses, notes, bridging, doses, meter, keeper, grants)
        notes.connect(infusion, boluses, clock_doses, on_demand, bridging, doses, meter, grants)
        bridging.connect(infusion, clock_doses)
        doses.connect(infusion, boluses, clock_doses, on_demand, notes, meter, keeper, self.last_dose)
        self.last_dose.connect(infusion, doses)
        meter.connect(infusion.delivery, boluses.extra)
        grants.connect(infusion, boluses)
        self.carrier.connect(infusion, notes, doses, boluses)
        keeper.connect(infusion, self.motor, clock_doses, bridging, doses, meter)
        self.supervisor.connect(infusion, keeper, grants, self.service)
        self.button.connect(infusion, on_demand)

    # --- after a reset

    def _begin(self) -> None:
        hardware, supervisor, keeper = self.hardware, self.supervisor, self.keeper
        hardware.train.halt()
        hardware.driver.disable()
        hardware.gate.close()
        hardware.annunciator.buzzer(False)
        hardware.annunciator.led(False)
        hardware.clock.read()
        supervisor.note_failed(hardware.self_test.run())
        if self.button.begin():
            supervisor.note_failed(TEST_BUTTON)
        self.ledger.note_counted(hardware.sense.count())
        self.infusion.withdraw()
        # Needed once. Where the firmware is loaded into memory, there is room for better things afterwards.
        from thecal_fw.pump.recovery import Recovery

        recovery = Recovery(
            hardware,
            self.time,
            self.ledger,
            self.reservoir,
            self.calibration,
            self.reports,
            self.orders,
            keeper,
        )
        recovery.restore(self.service, self.boluses, self.clock_doses, self.bridging, self.doses)
        self.dose_meter.begin()
        self._open_keys()
        # Before anything is delivered: once with what lies in memory by now, and the flash cache as it is.
        self.memory.tidy()
        self.infusion.rehearse(self.orders.wanted())
        if self.pace.is_too_slow():
            supervisor.note_failed(TEST_SPEED)
        supervisor.judge_self_test()
        self.service.check()
        self.reservoir_watch.check()
        resumes = recovery.was_delivering and self._may_resume()
        self._note_answered()
        keeper.save()
        if keeper.journal.has_failed:
            supervisor.note_failed(TEST_FLASH)
            self.reports.record(EVENT_SELF_TEST, TEST_FLASH)
        if not resumes or self.boluses.are_blocked():
            self.bolus_notes.end_all(0, END_ALARM)
            self.boluses.judging.forget_given()
        if resumes:
            self._resume(recovery)
        self.carrier.keep_if_changed()

    def _open_keys(self) -> None:
        self.keys.open(self.keeper.journal.condition == BLANK, self.hardware.supply.is_good())
        if self.keys.access == DAMAGED:
            self.reports.record(EVENT_KEYS_DAMAGED)
        if self.keys.is_single:
            self.reports.record(EVENT_KEYS_SINGLE)

    def _may_resume(self) -> bool:
        """Have delivery continue as after the reset, unless an alarm forbids it; no instant is chosen yet."""
        if self.alarms.response() == RESPONSE_STOP:
            self.reports.set_alarm(STOPPED_BY_ALARM, True)
            return False
        self.infusion.note_starting()
        self._note_start()
        return True

    def _resume(self, recovery: "Recovery") -> None:
        """Continue delivering. What has to be durable before is so by now: that may have taken an erase."""
        self.hardware.clock.read()
        tick = self.time.ticks_now() + self.pace.lead_ticks() + self.pace.slack_ticks()
        self.infusion.owe(recovery.owed_at(tick, self.boluses, self.infusion.delivery))
        if recovery.missed_steps:
            self.reports.record(EVENT_MISSED, recovery.missed_steps)
        self.infusion.start(tick, goes_on=True)

    # --- the loop

    def poll(self, now_s: int, now_us: int) -> int:
        """Do everything that is due at this instant and set when to be polled next.

        Most polls are mere heartbeats, so that path is kept short. Return NOTHING_DUE for one of those; otherwise how
        much it left for the garbage collector: SOMETHING_DUE, or INPUT_CAME if something came of what had
        arrived.
        """
        alarms, agenda, meter, supervisor, read_byte, is_heartbeat_quiet, is_sound, feed_watchdog = (
            self._polled
        )
        wake_s = self.wake_s
        if wake_s and now_s >= wake_s:
            late_us = now_us - self.wake_us
            if now_s != wake_s:
                late_us += (now_s - wake_s) * 1_000_000
            if late_us > self.worst_lateness_us:
                self.worst_lateness_us = late_us
        if now_s >= meter.due_s:
            meter.pass_minutes(now_s)
        # What comes before there is somebody to take it, or time to, waits in the port.
        byte, link = -1, self._link
        has_next = is_quiet = False
        if link is not None:
            waits = link.has_something_waiting
            if waits:
                has_next = link.has_next
            else:
                byte = read_byte()
            # Nothing is quiet that is not over, or not answered yet.
            is_clear = (has_next or not waits) and not self._has_more_to_do
            if is_clear and alarms.change == self._answered_change:
                is_quiet = is_heartbeat_quiet(now_s, now_us)
        left = NOTHING_DUE
        if is_quiet and now_s >= supervisor.check_s:
            is_quiet, left = self._finds_nothing(now_s, now_us), SOMETHING_DUE
        wake_s, wake_us = now_s + HEARTBEAT_S, now_us
        has_more = False
        if byte >= 0 or has_next or not is_quiet:
            left = self._poll_fully(now_s, now_us, byte, is_quiet)
            link = self._link
            has_more = self._has_more_to_do or (link is not None and link.has_next)
        # Delivery's deadline stays known: there may be time to tidy the heap before what is served next.
        if has_more:
            wake_s = now_s
        elif agenda.deadline_s <= wake_s and is_before(
            agenda.deadline_s, agenda.deadline_us, wake_s, wake_us
        ):
            wake_s, wake_us = agenda.deadline_s, agenda.deadline_us
        self.wake_s, self.wake_us = wake_s, wake_us
        # The loop's own checks. If one fails the watchdog is not fed, and a reset follows.
        if is_sound(now_s):
            feed_watchdog()
        return left

    def _finds_nothing(self, now_s: int, now_us: int) -> bool:
        """Look at what changes slowly. Return True if nothing came of it, so that this poll is over."""
        self.supervisor.check_now_and_then(now_s, now_us)
        return self.alarms.change == self._answered_change and self.keeper.is_up_to_date()

    def _poll_fully(self, now_s: int, now_us: int, byte: int, is_quiet: bool) -> int:
        """Watch, serve, pursue, keep; return how much that left. is_quiet: whether input is all there is, so that
        nothing is there to watch."""
        if not is_quiet:
            self._watch(now_s, now_us)
        link = self._link
        has_input = False
        if link is not None:
            has_input = link.serve(now_s, now_us, byte)
            self.answer_alarms()
            if is_quiet and not has_input and self.keeper.is_up_to_date():
                # Somebody has asked, and nothing has come of it: what was due is due still.
                self.agenda.due_by(link.due_s, link.due_us)
                return SOMETHING_DUE
        self.button.check(now_s, now_us)
        self.answer_alarms()
        self.carrier.keep_if_changed()
        self.alarms.end_silences(now_s)
        # A tone that answers a press begins now, and not when the poll began that judged and gave the bolus.
        clock = self.hardware.clock
        clock.read()
        self.sounder.update(clock.s, clock.us)
        if link is None:
            has_input = self._load_link()
        self._keep(now_s, now_us)
        came = byte >= 0 or self._has_more_to_do
        self._has_more_to_do = has_input
        # While there is more to do the link has the heap tidied itself, before what needs it.
        return INPUT_CAME if came and not has_input else SOMETHING_DUE

    def _watch(self, now_s: int, now_us: int) -> None:
        """Have delivery pass what is due, and look at everything that can go wrong. What is noticed on the way is
        answered before the next thing is done."""
        if self.boluses.judging.waiting:
            self.infusion.judge_next()
        self.infusion.advance(now_s, now_us)
        alarms = self.alarms
        for check in self.supervisor.checks:
            check(now_s, now_us)
            # Asked here, since nearly always there is nothing to answer.
            if alarms.change != self._answered_change:
                self.answer_alarms()
        self.bolus_notes.advance(now_s, now_us)
        self.answer_alarms()
        self.infusion.fill()
        self.carrier.keep_if_changed()

    def _load_link(self) -> bool:
        """Have somebody serve the link, for whom there was nobody; return True if there is now. Loading all of that
        takes longer than delivery may wait after a reset, so it is done once delivery needs nothing for a while, at
        once if nothing is delivered. A tone may last that much longer: an alarm that sounds without end must not keep
        the host out."""
        self._set_delivery_deadline()
        if self.infusion.state == STATE_STOPPED or self.agenda.has_time(_LINK_US):
            self._link = self._open_link(self)
        # What came while there was nobody to take it waits, and nothing else would wake the pump for it.
        return self._link is not None

    def _keep(self, now_s: int, now_us: int) -> None:
        """Make durable what has changed, read what is still to be read, as far as there is time, and find out when to
        be polled next."""
        self.keeper.hold_or_grant()
        self.last_dose.follow()
        self._set_deadline()
        has_acted = self.keeper.tend()
        self.answer_alarms()
        recall, meter, orders = self.on_demand.recall, self.dose_meter, self.orders
        is_behind = not (recall.is_done and meter.is_read) or orders.lacks_week()
        if is_behind:
            has_time = self.agenda.has_time
            if not meter.is_read and has_time(METER_STEP_US):
                meter.read_some()
            if not recall.is_done and has_time(RECALL_STEP_US):
                recall.step()
            elif orders.lacks_week() and self._link is not None and has_time(WEEK_PIECE_US):
                orders.work_on_week()
        self.carrier.keep_if_changed()
        if has_acted or is_behind:
            self._set_deadline()
        if self.keeper.has_work or is_behind:
            us = now_us + _TRY_AGAIN_US
            self.agenda.due_by(now_s + us // 1_000_000, us % 1_000_000)

    def _set_deadline(self) -> None:
        """Find the first instant at which anything but input or the heartbeat needs the next poll."""
        self._set_delivery_deadline()
        agenda, annunciation, press = self.agenda, self.sounder.annunciation, self.button.press
        agenda.due_by(annunciation.next_s, annunciation.next_us)
        if self._link is not None:
            agenda.due_by(self._link.due_s, self._link.due_us)
        agenda.due_by(press.due_s, press.due_us)
        agenda.due_by(self.standing.reminder_s, 0)
        agenda.due_by(self.alarms.next_unsilencing_s(NEVER_S), 0)

    def _set_delivery_deadline(self) -> None:
        infusion, agenda, grants = self.infusion, self.agenda, self.grants
        agenda.begin(infusion.event_s, infusion.event_us)
        if self.boluses.judging.waiting:
            agenda.begin(0, 0)
        if infusion.state == STATE_DELIVERING:
            grants.set_due()
            # Each by the agenda's own name: a method without its call is an object of its own on the heap.
            agenda.due_by(infusion.refill_s, infusion.refill_us)
            self.reservoir_watch.set_due()
            agenda.due_by(self.reservoir_watch.due_s, self.reservoir_watch.due_us)
            agenda.due_by(grants.due_s, grants.due_us)
            agenda.due_by(self.bolus_notes.due_s, self.bolus_notes.due_us)

    # --- alarms

    def answer_alarms(self) -> None:
        """Do what the alarms ask for, if that is something else than was done last. Nobody else does."""
        if self.alarms.change == self._answered_change:
            return
        answered = self._answered
        self._note_answered()
        response = self._answered
        if response == answered:
            return
        if self.infusion.state == STATE_STOPPED:
            return
        if response == RESPONSE_STOP:
            self._stop(END_ALARM)
            self.reports.set_alarm(STOPPED_BY_ALARM, True)
        elif RESPONSE_MINIMUM_RATE in (response, answered) or self.boluses.are_concerned():
            self.replan()

    def _note_answered(self) -> None:
        self._answered, self._answered_change = self.alarms.response(), self.alarms.change

    def _note_time_unknown(self) -> None:
        program = self.orders.program
        is_stopped = self.infusion.state == STATE_STOPPED
        needs_time = not is_stopped and program is not None and follows_the_clock(program)
        self.reports.set_alarm(TIME_UNKNOWN, needs_time and not self.time.wall.is_known())

    # --- what is delivered

    def start(self) -> int:
        """Begin to deliver on the next whole second; the tick at which that is."""
        infusion = self.infusion
        self._starts.note_start()
        infusion.note_starting()
        self._note_start()
        self.clock_doses.begin_from(infusion.next_change_tick())
        self.changes.note()
        # Only once it is durable is the instant known at which delivery can begin.
        self.keeper.save()
        self.hardware.clock.read()
        infusion.start(infusion.next_change_tick())
        return infusion.change_tick

    def _note_start(self) -> None:
        reports = self.reports
        reports.set_alarm(STOPPED_BY_ALARM, False)
        self.standing.check(self.hardware.clock.s)
        reports.set_alarm(RESERVOIR_UNKNOWN, not self.reservoir.is_known)
        self._note_time_unknown()

    def replan(self) -> int:
        """Follow the program, the clock and the alarms as they are now; the tick from which that holds.

        Without delivery under way nothing changes and the tick is the present one.
        """
        if self.infusion.state == STATE_STOPPED:
            return self.time.ticks_now()
        if not self.orders.wanted().delivers():
            return self.stop_on_purpose(END_PROGRAM)
        self._note_time_unknown()
        self._note_answered()
        return self.infusion.follow()

    def _stop(self, reason: int) -> int:
        # Once more, when it stands already, says nothing of why it was stopped.
        if self.infusion.state != STATE_STOPPED:
            self._starts.note_stop(self.alarms.has_critical())
        tick = self.infusion.stop(reason)
        self.standing.check(self.hardware.clock.s)
        self._note_time_unknown()
        self.changes.note()
        self.changes.note_carried()
        return tick

    def stop_on_purpose(self, reason: int = END_STOP) -> int:
        """Stop because somebody wants it: nobody has to be reminded that an alarm had stopped the pump. reason: of the
        end of what is under way."""
        tick = self._stop(reason)
        self.reports.set_alarm(STOPPED_BY_ALARM, False)
        return tick

    # --- what requests change

    def commit(self, program: Program, digest: bytes, place: ProgramPlace) -> int:
        """Take a validated program; the tick from which it is delivered if delivery is under way.

        -1 if it could not be made durable: the program before it then stays in force, in memory as in the journal.
        """
        infusion, bridging, reports = self.infusion, self.bridging, self.reports
        bridge_end = bridging.end
        bridging.begin(program, infusion.change_tick_from_now())
        if not self.keeper.commit(program, digest, place.encoded()):
            bridging.put_back(bridge_end)
            return -1
        # By the program before.
        self.clock_doses.settle(self.time.wall, self.time.ticks_now())
        self.orders.adopt(program, digest, place)
        self.reservoir.set_low_threshold(program.low_reservoir_nl)
        # Only now that it is durable is the instant known at which it can take effect.
        infusion.rehearse(program)
        stored_end = bridging.end
        bridging.begin(program, infusion.change_tick_from_now())
        if bridging.end != stored_end:
            self.changes.note()
        self.boluses.end_with_program()
        if program.bridge is not None:
            reports.record(EVENT_BRIDGE_BEGUN, program.bridge.rate_nl_per_day, program.bridge.seconds)
        reports.record(EVENT_PROGRAM_COMMITTED, int.from_bytes(digest[:4], "big"), program.mode)
        for alarm in (PROGRAM_LOST, JOURNAL_FOREIGN, MEMORY_FAULT):
            reports.set_alarm(alarm, False)
        self.reservoir_watch.check()
        self.standing.check(self.hardware.clock.s)
        return self.replan()

    def set_time(self, utc_s: int, utc_us: int, offset_minutes: int) -> int:
        """Set the clock; the tick from which the schedule follows it."""
        clock, time = self.hardware.clock, self.time
        was_utc_s = time.wall.utc_ticks(time.ticks_now()) // TICKS_PER_SECOND
        before = time.wall
        time.set_wall(clock_set_to(utc_s, utc_us, offset_minutes, clock.s, clock.us))
        tick = time.ticks_now()
        if self.infusion.state != STATE_STOPPED:
            tick = self.infusion.change_tick_from_now()
        self.clock_doses.clock_is_set(before, time.wall, tick)
        self.reports.record(EVENT_TIME_SET, was_utc_s, utc_s)
        self.changes.note()
        tick = self.replan()
        # Which minutes were lived through by the clock before is known from here on only.
        self.doses.write()
        return tick

    def refill(self, fill_nl: int) -> None:
        """Take the reservoir as holding this volume now."""
        ledger, time, sensed = self.ledger, self.time, self.hardware.sense.count()
        if self.infusion.state == STATE_DELIVERING:
            ledger.note_counted(ledger.seen(sensed))
        if not ledger.lifetime_steps(sensed) and self.keeper.journal.condition in (BLANK, GOOD):
            self.on_demand.note_empty_line()
        self.reservoir.refill(fill_nl, ledger.counted, time.wall.local_day(time.ticks_now()))
        ledger.begin_reservoir()
        self.dose_meter.begin_reservoir()
        self.motor.begin_reservoir()
        self.clock_doses.begin_reservoir()
        self.on_demand.begin_reservoir()
        self.changes.note()
        self.reports.record(EVENT_REFILLED, fill_nl, ledger.counted)
        self.reports.set_alarm(RESERVOIR_UNKNOWN, False)
        self.reservoir_watch.check()

    def renew_part(self, part: int) -> None:
        """Note that a person has put in a new part, or rinsed the line."""
        self.service.renew(part)
        # A new pump comes with new tubing, and a line that was rinsed holds no drug.
        self.on_demand.note_empty_line()

    def acknowledge(self, alarms: bytes, now_s: int) -> None:
        """Silence a set of alarms, and clear latched ones whose cause is gone."""
        self.reports.acknowledge(alarms, now_s)
        self.answer_alarms()
