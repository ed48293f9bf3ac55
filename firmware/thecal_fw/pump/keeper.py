"""Keeps the pump's durable state in the journal: every record is the whole state, so a change is either in it or not.

Flash keeps the processor for milliseconds, an erase for up to 0.4 s. So nothing is written while something else is due
within that time, except where a host waits for a change to be durable.
"""

from thecal_fw.core.alarms import JOURNAL_FAULT, JOURNAL_REPAIRED
from thecal_fw.core.calibration import Calibration
from thecal_fw.core.instant import microsecond_of_ticks, second_of_ticks
from thecal_fw.core.ledger import Ledger
from thecal_fw.core.program import Program, digest_of
from thecal_fw.core.pump_state import STATE_STOPPED
from thecal_fw.core.reservoir import Reservoir
from thecal_fw.pump.agenda import Agenda
from thecal_fw.pump.carrier import Carrier
from thecal_fw.pump.changes import Changes
from thecal_fw.pump.grants import Grants
from thecal_fw.pump.orders import Orders
from thecal_fw.pump.pace import Pace
from thecal_fw.pump.recorded_events import RecordedEvents
from thecal_fw.pump.reports import Reports
from thecal_fw.pump.service import Service
from thecal_fw.pump.timekeeper import Timekeeper
from thecal_fw.store.journal import PROGRAM_DAMAGED, SOUND, Journal
from thecal_fw.store.state import MOST_GAP_S, NEVER, NO_PAIR, State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.ports import Hardware
    from thecal_fw.pump.contracts import ClockDoses, Delivering, DoseRecords, Lost, MeterPages, StoredBridge

_MOST_EVENTS_AT_ONCE = 4
MOST_ERASES_FOR_A_COMMIT = 8
"""The two sectors of a program, and whatever else is more urgent."""

# Pair, digest, length, and whether it delivers anything: the program that the next record names.
_NOTHING_STORED = (NO_PAIR, bytes(32), 0, True)
_NEVER_SAVED = -1


class Keeper:
    """has_work: whether something waited after the latest ``tend`` that can be done as soon as there is time.
    boots: number of this life of the pump. is_read_only: whether the journal is another firmware's."""

    def __init__(
        self,
        hardware: "Hardware",
        journal: Journal,
        time: Timekeeper,
        ledger: Ledger,
        reservoir: Reservoir,
        calibration: Calibration,
        orders: Orders,
        reports: Reports,
        changes: Changes,
        pace: Pace,
        agenda: Agenda,
        grants: Grants,
        service: Service,
        carrier: Carrier,
    ) -> None:
        self._supply = hardware.supply
        self._longest_erase_us = hardware.flash.LONGEST_ERASE_US
        self.journal = journal
        self._time = time
        self._ledger = ledger
        self._reservoir = reservoir
        self._calibration = calibration
        self._orders = orders
        self._reports = reports
        self._alarms = reports.alarms
        self._log = reports.log
        self._changes = changes
        self._pace = pace
        self._agenda = agenda
        self._grants = grants
        self._service = service
        self._carrier = carrier
        self.events = RecordedEvents(reports, journal, self)
        self.boots = 1
        self._watchdog_reset_s = NEVER
        self._watchdog_gap_s = MOST_GAP_S
        self.is_read_only = False
        self._stored = _NOTHING_STORED
        self._saved = self._held = changes.durable
        self._is_durable = True
        self.has_work = False

    def connect(
        self,
        infusion: "Delivering",
        motor: "Lost",
        clock_doses: "ClockDoses",
        bridging: "StoredBridge",
        doses: "DoseRecords",
        meter: "MeterPages",
    ) -> None:
        self._infusion = infusion
        self._motor = motor
        self._clock_doses = clock_doses
        self._bridging = bridging
        self._doses = doses
        self._meter = meter

    # --- over a reset

    def begin_life(self, boots: int) -> None:
        """Begin another life than the one of this number."""
        self.boots = boots % _MOST_LIVES + 1

    def restore_resets(self, state: State) -> None:
        """Take over from a state the times at which the watchdog has reset the pump."""
        self._watchdog_reset_s, self._watchdog_gap_s = state.watchdog_reset_s, state.watchdog_gap_s

    def note_watchdog_reset(self, lifetime_s: int) -> int:
        """Note that the watchdog has reset the pump at a second of its running time; return the seconds from the last
        but one to this."""
        gap_s, gap_before_s = MOST_GAP_S, self._watchdog_gap_s
        if self._watchdog_reset_s != NEVER:
            gap_s = min(lifetime_s - self._watchdog_reset_s, MOST_GAP_S)
        self._watchdog_reset_s, self._watchdog_gap_s = lifetime_s, gap_s
        return gap_s + gap_before_s

    def leave_to_others(self, is_foreign: bool) -> None:
        """Leave another firmware's journal as it is: nothing is written to it until a person has decided."""
        self.is_read_only = is_foreign

    # --- writing

    def has_changed(self) -> bool:
        """Return True if something durable has changed that is not in the journal."""
        return self._saved != self._changes.durable

    def is_up_to_date(self) -> bool:
        """Return True if the journal has all that has changed, all that was logged, and all doses."""
        return not self.has_changed() and self.events.are_written() and not self._doses.needs_writing()

    def save_if_changed(self) -> bool:
        """Return True if all that has changed is durable."""
        return self.save() if self.has_changed() else self._is_durable

    def grant_for_start(self) -> bool:
        """Have the journal allow delivery from here on, before it begins; whether it may."""
        if self.has_changed() or not self._grants.lasts():
            self.save()
        return self._grants.can_grant()

    def save(self) -> bool:
        """Write the whole state now; whether it is durable. What may not be written now is written later."""
        may_write = self.may_write()
        self._held = self._changes.durable
        self._saved = self._held if may_write else _NEVER_SAVED
        granted = self._grants.from_here()
        state = self._state(granted)
        is_durable = False
        begun = self._pace.begin()
        if may_write:
            is_durable = self.journal.write(state)
        else:
            self.journal.hold(state)
        # What follows from it is timed from now on, and not from before the write.
        took_us = self._pace.since(begun)
        if is_durable and not self.journal.has_erased():
            self._pace.note_written(took_us)
        self._is_durable = self._granted(granted, is_durable)
        return self._is_durable

    def _renew_grant(self) -> None:
        granted = self._grants.from_here()
        ledger, time = self._ledger, self._time
        utc = time.wall.utc_ticks(time.ticks_now())
        is_durable = self.journal.write_grant(
            ledger.base_steps + ledger.counted,
            ledger.base_steps + granted,
            time.lifetime_s(),
            second_of_ticks(utc),
            microsecond_of_ticks(utc),
            self._log.latest,
            self.may_write(),
        )
        time.clock.read()
        self._granted(granted, is_durable)

    def _granted(self, granted: int, is_durable: bool) -> bool:
        self._grants.take(granted, is_durable)
        if is_durable:
            self._doses.try_again()
        self._judge_journal()
        return is_durable

    def _judge_journal(self) -> None:
        self._reports.set_alarm(JOURNAL_FAULT, self.journal.has_failed or self._doses.has_failed)

    def can_grant(self) -> bool:
        return self._grants.can_grant()

    def may_write(self) -> bool:
        """Return True if flash may be written: it is this firmware's, and the supply is good."""
        return not self.is_read_only and self._supply.is_good()

    def _state(self, granted: int) -> State:
        ledger, time = self._ledger, self._time
        reservoir, calibration = self._reservoir, self._calibration
        reservoir.keep_count_small(ledger.counted)
        utc = time.wall.utc_ticks(time.ticks_now())
        state = State()
        state.boots = self.boots
        state.watchdog_reset_s, state.watchdog_gap_s = self._watchdog_reset_s, self._watchdog_gap_s
        state.lifetime_s = time.lifetime_s()
        state.counted_steps = ledger.base_steps + ledger.counted
        state.granted_steps = ledger.base_steps + granted
        state.uncertain_steps = ledger.uncertain_steps
        state.stalled_steps = self._motor.lost_steps()
        state.reservoir_known = reservoir.is_known
        state.fill_nl = reservoir.fill_nl
        state.filled_at_steps = reservoir.filled_at_step + ledger.base_steps
        state.refilled_day = reservoir.refilled_day
        state.stalls = ledger.stalls
        state.time_source = time.wall.source
        state.offset_minutes = time.wall.offset_minutes
        state.utc_s, state.utc_us = second_of_ticks(utc), microsecond_of_ticks(utc)
        state.program_pair, state.program_digest, state.program_bytes, delivers = self._stored
        # A program that delivers nothing stops delivery with the record that puts it in force, or the power could
        # fail between that record and the stop's.
        state.delivering = delivers and self._infusion.state != STATE_STOPPED
        state.active_alarms = bytes(self._alarms.active)
        state.bolus_minute = self._clock_doses.minute
        state.bridge_end = self._bridging.to_store()
        state.latest_event = self._log.latest
        life = self._service.life
        state.pump_day, state.tubing_day = life.pump_day, life.tubing_day
        state.tubing_hundreds = life.tubing_hundreds & 0xFFFF
        state.calibration_id = calibration.calibration_id
        state.nl_per_rev = calibration.kept_nl
        state.microsteps_per_rev = calibration.kept_microsteps
        return state

    # --- the program

    def commit(self, program: Program, digest: bytes, encoded: memoryview) -> bool:
        """Make a program durable: written beside the one in force, then put in force by one record.

        False if that failed. The one before is in force then, and nothing else has changed either.
        """
        journal = self.journal
        if not self._supply.is_good():
            return False
        if self.is_read_only:
            # A person has decided: from here on the journal is this firmware's, whatever another one had in it.
            self.is_read_only = False
            if not self.save():
                self.is_read_only = True
                return False
        pair = None
        for _ in range(MOST_ERASES_FOR_A_COMMIT):
            # Erased ahead of need as a rule, so only a commit right after another one waits here.
            if journal.can_commit():
                pair = journal.put_program(encoded)
                if pair is not None:
                    break
            journal.erase_one()
        if pair is None:
            return False
        before = self._stored
        self.name_program(pair, program, digest, len(encoded))
        if self.save():
            return True
        self._stored = before
        self._grants.size_quantum(self._orders.program)
        self._changes.note()
        return False

    def is_ready_for_program(self) -> bool:
        """Return True if a commit needs no erase before it, or would fail for another reason."""
        journal = self.journal
        return journal.can_commit() or not self.may_write() or not journal.needs_erase()

    def name_program(self, pair: int, program: Program, digest: bytes, encoded_bytes: int) -> None:
        """Note that the program in force lies in this pair."""
        self._stored = (pair, digest, encoded_bytes, program.delivers())
        self._grants.size_quantum(program)

    # --- the loop

    def tend(self) -> bool:
        """Write what waits to be written, and erase ahead of need, each if there is time for it now. Return True if
        anything was done, so that what is due next has to be found anew. ``has_work`` is set."""
        has_acted = False
        if not self.may_write():
            self.has_work = False
            return False
        agenda, pace, doses = self._agenda, self._pace, self._doses
        if self.has_changed() and agenda.has_time(pace.write_lead_us()):
            self.save()
            has_acted = True
        if not self.events.are_written() and agenda.has_time(pace.write_lead_us()):
            self.events.write(_MOST_EVENTS_AT_ONCE)
            has_acted = True
        # The log first: of a dose that has ended nothing is left in the other record that could be logged later.
        is_turn_of_doses = doses.needs_writing() and self.events.are_written()
        # A record of doses is four times as long as one of the state.
        if is_turn_of_doses and agenda.has_time(4 * pace.write_lead_us()):
            doses.write()
            self._carrier.keep_if_changed()
            self._judge_journal()
            has_acted = True
        has_acted = self._meter.write_page() or has_acted
        return self._erase_ahead() or has_acted

    def hold_or_grant(self) -> None:
        """Renew the grant that is near its end, pass it on, and have what has changed outlive a reset: whatever else is
        due, for none of it may wait."""
        grants = self._grants
        if grants.is_near_end() and grants.can_grant():
            if self.has_changed() or self._motor.is_stalled():
                self.save()
            else:
                self._renew_grant()
        grants.pass_on()
        if self._held != self._changes.durable:
            self._held = self._changes.durable
            self.journal.hold(self._state(grants.now()))

    def _erase_ahead(self) -> bool:
        """Erase a sector that will be needed, if there is time for it, and find out whether anything still waits."""
        journal, doses, meter = self.journal, self._doses, self._meter
        of_journal = journal.needs_erase()
        of_doses = doses.needs_erase()
        of_meter = meter.needs_erase()
        has_erased = False
        if of_journal or of_doses or of_meter:
            has_erased = self._agenda.has_time(self._longest_erase_us + self._pace.write_lead_us())
            if has_erased and of_journal:
                journal.erase_one()
            elif has_erased and of_doses:
                doses.erase_one()
            elif has_erased:
                meter.erase_one()
        # Another one may be needed as well: it is looked at again.
        self.has_work = not journal.has_failed and (
            of_journal or of_meter or (of_doses and not doses.has_failed) or not self.is_up_to_date()
        )
        return has_erased

    # --- run-time checks

    def can_compare(self) -> bool:
        """Return True if the journal holds what memory ought to hold; otherwise nothing can be said about memory."""
        return not (self.has_changed() or self.journal.has_failed or self.is_read_only)

    def memory_agrees(self) -> bool:
        """Return True if what is in memory is still what the journal last recorded."""
        written = self.journal.state
        if written is None:
            return True
        ledger, reservoir, calibration = self._ledger, self._reservoir, self._calibration
        if written.counted_steps > ledger.base_steps + ledger.counted:
            return False
        if reservoir.is_known and (
            written.fill_nl != reservoir.fill_nl
            or written.filled_at_steps != reservoir.filled_at_step + ledger.base_steps
        ):
            return False
        if (written.nl_per_rev, written.microsteps_per_rev) != (
            calibration.kept_nl,
            calibration.kept_microsteps,
        ):
            return False
        program = self._orders.program
        return program is None or program.digest() == written.program_digest

    def scrub(self) -> None:
        """Look at a piece of the journal; what has decayed is written anew from its mirror."""
        damage = SOUND if self.is_read_only else self.journal.scrub()
        if damage == SOUND:
            return
        self._reports.note_alarm(JOURNAL_REPAIRED)
        if damage == PROGRAM_DAMAGED:
            self._repair_program()
        else:
            self.save()

    def _repair_program(self) -> None:
        """Write the program once more, where both of its copies are good.

        From memory if what is there is still the program of that digest, else from the copy in flash that still is.
        """
        place, digest = self._orders.place, self._stored[1]
        if digest_of(place.encoded()) != digest:
            length = self.journal.read_program(place.buffer)
            if not length:
                return
            place.fill(length)
        program = place.decoded()
        if program is not None:
            self.commit(program, digest, place.encoded())


_MOST_LIVES = 0xFFFF
"""The number of a life is kept in 16 bits with each event."""
