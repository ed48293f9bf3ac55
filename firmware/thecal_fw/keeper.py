"""Keeps the pump's durable state in the journal, and delivery within what the journal has been told of.

Write-ahead: the journal holds a *grant*, the count up to which delivery may go, before the first of those microsteps
comes out, and the dose gate is opened no further than that. After a power cut what was granted and not known to have
come out is uncertain: at most one quantum. Every record is the whole state, so a change is either in it or not.

Flash keeps the processor for milliseconds, an erase for up to 0.4 s. So nothing is written while something else is due
within that time, except where a host waits for a change to be durable.
"""

import struct

from thecal_fw.core import alarms as alarm_table
from thecal_fw.core import events
from thecal_fw.core.carried import Carried
from thecal_fw.core.counts import MOST_COUNT
from thecal_fw.core.events import CAPACITY
from thecal_fw.core.instant import (
    NEVER_S,
    microsecond_of_ticks,
    second_of_ticks,
    ticks_at,
)
from thecal_fw.core.program import MODE_STOPPED, digest_of
from thecal_fw.core.pump_state import STATE_DELIVERING, STATE_STOPPED
from thecal_fw.core.schedule import highest_rate
from thecal_fw.store.journal import PROGRAM_DAMAGED, SOUND
from thecal_fw.store.state import MOST_GAP_S, NEVER, NO_PAIR, State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.core.program import Program

QUANTUM_NL = 1_000
"""Volume of a grant, unless the highest rate of the program needs more."""
LEAD_S = 10
"""A grant is renewed while this much of it is left at the program's highest rate: longer than the watchdog waits, so
that a pump that hangs goes on delivering what is due until its reset."""
_LEAST_LEAD_STEPS = 8
_HOLD_STEPS = 4
"""Left over when delivery holds for a low supply, for the pulses that come while it does."""
_SECONDS_PER_DAY = 86_400
_MOST_EVENTS_AT_ONCE = 4
MOST_ERASES_FOR_A_COMMIT = 8
"""The two sectors of a program, and whatever else is more urgent."""


# Pair, digest, length, and whether it delivers anything: the program that the next record names.
_NOTHING_STORED = (NO_PAIR, bytes(32), 0, True)


class Keeper:
    """changes: raised with each durable change.
    has_work: whether something waited after the latest ``tend`` that can be done as soon as there is time.
    due_s, due_us: when the grant has to be renewed, if that is planned already.
    quantum_steps: most microsteps that can be uncertain after a power cut."""

    def __init__(self, pump, journal):
        self._pump = pump
        self._hardware = pump.hardware
        self._ledger = pump.ledger
        self.journal = journal
        self.boots = 1
        self.base_lifetime_s = 0
        self.watchdog_reset_s = NEVER
        self.watchdog_gap_s = MOST_GAP_S
        self.is_read_only = False
        self.size_quantum(None)
        self._stored = _NOTHING_STORED
        self.changes = 0
        self._has_changed = False
        self._is_durable = True
        self._is_held = True
        self.has_work = False
        self.due_s = NEVER_S
        self.due_us = 0
        self._due_step = 0
        self._gate_steps = 0  # count up to which the dose gate has been granted steps
        self._gate_full_until = 0  # count before which it is not asked again, since it had no room

    # --- the quantum

    def size_quantum(self, program: "Program | None") -> None:
        """Choose the quantum for the rates that can come with a program."""
        pump = self._pump
        rate_nl_per_day = pump.limits.minimum_rate_nl_per_day
        if program is not None:
            rate_nl_per_day = max(rate_nl_per_day, highest_rate(program)) + pump.boluses.extra_rate()
        lead_nl = -(-rate_nl_per_day * LEAD_S // _SECONDS_PER_DAY)
        self._lead_steps = _LEAST_LEAD_STEPS + pump.calibration.steps_reaching(lead_nl)
        self.quantum_steps = max(pump.calibration.steps_reaching(QUANTUM_NL), 2 * self._lead_steps)

    # --- writing

    def note_change(self) -> None:
        """Something durable has changed that no host waits for: it is written when there is time."""
        self.changes = self.changes + 1 & MOST_COUNT
        self._has_changed = True
        self._is_held = False

    def save_if_changed(self) -> bool:
        """Whether all that has changed is durable."""
        return self.save() if self._has_changed else self._is_durable

    def grant_for_start(self) -> bool:
        """Have the journal allow delivery from here on, before it begins; whether it may."""
        if self._has_changed or self._ledger.granted < self._ledger.counted + self._lead_steps:
            self.save()
        return self.can_grant()

    def save(self) -> bool:
        """Write the whole state now; whether it is durable. What may not be written now is written later."""
        may_write = self.may_write()
        self._has_changed = not may_write
        self._is_held = True
        granted = self._grant_from_here()
        state = self._state(granted)
        is_durable = False
        begun = self._pump.pace.begin()
        if may_write:
            is_durable = self.journal.write(state)
        else:
            self.journal.hold(state)
        # What follows from it is timed from now on, and not from before the write.
        took_us = self._pump.pace.since(begun)
        if is_durable and not self.journal.has_erased():
            self._pump.pace.note_written(took_us)
        self._is_durable = self._granted(granted, is_durable)
        return self._is_durable

    def _renew_grant(self) -> None:
        granted = self._grant_from_here()
        ledger = self._ledger
        utc = self._pump.wall.utc_ticks(self._pump.ticks_now())
        is_durable = self.journal.write_grant(
            ledger.base_steps + ledger.counted,
            ledger.base_steps + granted,
            self._pump.service.lifetime_s(),
            second_of_ticks(utc),
            microsecond_of_ticks(utc),
            self._pump.log.latest,
            self.may_write(),
        )
        self._hardware.clock.read()
        self._granted(granted, is_durable)

    def _granted_now(self) -> int:
        """Count up to which delivery may go as things are. What was granted before can't be taken back."""
        ledger = self._ledger
        if self._pump.infusion.state == STATE_STOPPED:
            return ledger.counted
        return max(ledger.granted, ledger.counted)

    def _grant_from_here(self) -> int:
        """Count up to which delivery may go once it is written."""
        granted = self._granted_now()
        if self._pump.infusion.state == STATE_STOPPED or not self.can_grant():
            return granted
        return max(granted, self._ledger.counted + self.quantum_steps)

    def _granted(self, granted: int, is_durable: bool) -> bool:
        ledger, pump = self._ledger, self._pump
        # A memory that fails does not end therapy, which would be the greater harm. A supply that fails may be gone
        # in a moment: then nothing may come out that the journal does not know of.
        if is_durable or self.can_grant():
            ledger.granted = granted
            self._pass_on_grant()
        if is_durable:
            pump.doses.try_again()
        self._judge_journal()
        return is_durable

    def note_armed(self) -> None:
        """The dose gate has been armed for all that is granted."""
        self._gate_steps = self._ledger.granted
        self._gate_full_until = 0

    def _pass_on_step(self) -> int:
        """Count at which the gate is to be granted what it does not have yet."""
        return max(self._gate_steps - self._lead_steps, self._gate_full_until)

    def _pass_on_grant(self) -> bool:
        """Grant the dose gate what the journal allows, once it nears the end of what it has. Return whether it was.

        The gate has room for a few grants that wait. Each record renews the grant, and records follow on requests. If
        each were passed on at once, a visit's requests would fill that room before the gate has used up the first. It
        fills too while the sense wire is cut, since the gate counts there; then it has more left than the count says.
        """
        ledger = self._ledger
        steps = ledger.granted - self._gate_steps
        if steps <= 0 or ledger.counted < self._pass_on_step():
            return False
        if self._pump.infusion.state != STATE_DELIVERING:
            return False
        if not self._hardware.gate.grant(steps):
            self._gate_full_until = ledger.counted + self._lead_steps // 2
            return False
        self._gate_steps = ledger.granted
        return True

    def _judge_journal(self) -> None:
        pump = self._pump
        pump.set_alarm(alarm_table.JOURNAL_FAULT, self.journal.has_failed or pump.doses.has_failed)

    def can_grant(self) -> bool:
        """Whether delivery may go beyond what is granted now."""
        return self._hardware.supply.is_good()

    def is_used_up(self) -> bool:
        """Whether delivery has to hold, since the supply is low and the grant at its end."""
        return not self.can_grant() and self._ledger.counted >= self._ledger.granted - _HOLD_STEPS

    def may_write(self) -> bool:
        """Return True if flash may be written: it is this firmware's, and the supply is good."""
        return not self.is_read_only and self._hardware.supply.is_good()

    def _state(self, granted: int) -> State:
        pump, ledger = self._pump, self._ledger
        reservoir, calibration = pump.reservoir, pump.calibration
        reservoir.keep_count_small(ledger.counted)
        utc = pump.wall.utc_ticks(pump.ticks_now())
        state = State()
        state.boots = self.boots
        state.watchdog_reset_s, state.watchdog_gap_s = self.watchdog_reset_s, self.watchdog_gap_s
        state.lifetime_s = pump.service.lifetime_s()
        state.counted_steps = ledger.base_steps + ledger.counted
        state.granted_steps = ledger.base_steps + granted
        state.uncertain_steps = ledger.uncertain_steps
        state.stalled_steps = pump.supervisor.lost_steps()
        state.reservoir_known = reservoir.is_known
        state.fill_nl = reservoir.fill_nl
        state.filled_at_steps = reservoir.filled_at_step + ledger.base_steps
        state.refilled_day = reservoir.refilled_day
        state.stalls = ledger.stalls
        state.time_source = pump.wall.source
        state.offset_minutes = pump.wall.offset_minutes
        state.utc_s, state.utc_us = second_of_ticks(utc), microsecond_of_ticks(utc)
        state.program_pair, state.program_digest, state.program_bytes, delivers = self._stored
        # A program that delivers nothing stops delivery with the record that puts it in force, or the power could
        # fail between that record and the stop's.
        state.delivering = delivers and pump.infusion.state != STATE_STOPPED
        state.active_alarms = pump.alarms.active
        state.bolus_minute = pump.boluses.minute
        state.bridge_end = pump.bridging.to_store()
        state.latest_event = pump.log.latest
        life = pump.service.life
        state.pump_day, state.tubing_day = life.pump_day, life.tubing_day
        state.tubing_hundreds = life.tubing_hundreds & 0xFFFF
        state.calibration_id = calibration.calibration_id
        state.nl_per_rev = calibration.nl_per_rev
        state.microsteps_per_rev = calibration.microsteps_per_rev
        return state

    def commit(self, program: "Program", digest: bytes, encoded: memoryview) -> bool:
        """Make a program durable: written beside the one in force, then put in force by one record.

        False if that failed. The one before is in force then, and nothing else has changed either.
        """
        journal = self.journal
        if not self._hardware.supply.is_good():
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
        self.size_quantum(self._pump.program)
        self.note_change()
        return False

    def is_ready_for_program(self) -> bool:
        """Whether a commit needs no erase before it, or would fail for another reason."""
        journal = self.journal
        return journal.can_commit() or not self.may_write() or not journal.needs_erase()

    def name_program(self, pair: int, program: "Program", digest: bytes, encoded_bytes: int) -> None:
        """The program in force lies in this pair."""
        self._stored = (pair, digest, encoded_bytes, program.mode != MODE_STOPPED)
        self.size_quantum(program)

    # --- the loop

    def set_due(self) -> None:
        """Find the instant of the microstep on which the grant has to be renewed or passed on to the dose gate."""
        infusion = self._pump.infusion
        if infusion.state != STATE_DELIVERING:
            self.due_s = NEVER_S
            return
        granted = self._ledger.granted
        step = granted - (self._lead_steps if self.can_grant() else _HOLD_STEPS)
        if granted > self._gate_steps:
            step = min(step, self._pass_on_step())
        # The instant of a planned microstep stays what it is, and finding it out takes milliseconds.
        if step != self._due_step or self.due_s == NEVER_S:
            self._due_step = step
            self.due_s = NEVER_S
            if step <= infusion.delivery.due:
                self.due_s, self.due_us = self._hardware.clock.s, self._hardware.clock.us
            elif step <= infusion.delivery.planned:
                self.due_s, self.due_us = infusion.delivery.instant_of(step)

    def forget_due(self) -> None:
        """The plan is another one: the instant has to be found anew."""
        self.due_s = NEVER_S

    def tend(self) -> bool:
        """Write what waits to be written, and erase ahead of need, each if there is time for it now. Return True if
        anything was done, so that what is due next has to be found anew. ``has_work`` is set."""
        pump, journal = self._pump, self.journal
        has_acted = self._hold_or_grant()
        if not self.may_write():
            self.has_work = False
            return has_acted
        if self._has_changed and pump.has_time(pump.pace.write_lead_us()):
            self.save()
            has_acted = True
        if journal.latest_event < pump.log.latest and pump.has_time(pump.pace.write_lead_us()):
            self.write_events(_MOST_EVENTS_AT_ONCE)
            has_acted = True
        # The log first: of a dose that has ended nothing is left in the other record that could be logged later.
        is_turn_of_doses = pump.doses.needs_writing() and journal.latest_event >= pump.log.latest
        # A record of doses is four times as long as one of the state.
        if is_turn_of_doses and pump.has_time(4 * pump.pace.write_lead_us()):
            pump.doses.write()
            self._judge_journal()
            has_acted = True
        has_acted = pump.dose_meter.write_page() or has_acted
        return self._erase_ahead() or has_acted

    def _hold_or_grant(self) -> bool:
        pump, ledger = self._pump, self._ledger
        has_acted = False
        is_near_end = ledger.counted >= ledger.granted - self._lead_steps
        if pump.infusion.state == STATE_DELIVERING and is_near_end and self.can_grant():
            if self._has_changed or pump.supervisor.is_motor_stalled():
                self.save()
            else:
                self._renew_grant()
            has_acted = True
        if self._pass_on_grant():
            has_acted = True
        if not self._is_held:
            self._is_held = True
            self.journal.hold(self._state(self._granted_now()))
            has_acted = True
        return has_acted

    def _erase_ahead(self) -> bool:
        """Erase a sector that will be needed, if there is time for it, and find out whether anything still waits."""
        pump, journal = self._pump, self.journal
        of_journal = journal.needs_erase()
        of_doses = pump.doses.needs_erase()
        of_meter = pump.dose_meter.needs_erase()
        has_erased = False
        if of_journal or of_doses or of_meter:
            has_erased = pump.has_time(self._hardware.flash.LONGEST_ERASE_US + pump.pace.write_lead_us())
            if has_erased and of_journal:
                journal.erase_one()
            elif has_erased and of_doses:
                pump.doses.erase_one()
            elif has_erased:
                pump.dose_meter.erase_one()
        # Another one may be needed as well: it is looked at again.
        self.has_work = not journal.has_failed and (
            self._has_changed
            or journal.latest_event < pump.log.latest
            or of_journal
            or of_meter
            or (not pump.doses.has_failed and (of_doses or pump.doses.needs_writing()))
        )
        return has_erased

    def write_events(self, most: int = CAPACITY) -> None:
        """Write events that are in memory only, oldest first."""
        log, journal = self._pump.log, self.journal
        if not self.may_write():
            return
        for _ in range(most):
            if journal.latest_event + 1 < log.oldest():
                # More came while nothing could be written than memory holds. Telling so costs one more.
                self._pump.record(events.EVENT_LOST_EVENTS, journal.latest_event + 1, log.oldest())
                journal.skip_events(log.oldest() - 1)
            sequence = journal.latest_event + 1
            if sequence > log.latest:
                return
            is_written = journal.append_event(*log.get(sequence)[1:])
            if journal.latest_event != sequence:
                # A slot was spoiled. The place in flash goes by the number, so the number is the later one.
                log.renumber(sequence, journal.latest_event)
            if not is_written:
                return

    # --- the event log

    def oldest_event(self) -> int:
        """Sequence of the oldest event that may still be there."""
        return min(self.journal.oldest_event(), self._pump.log.oldest())

    def event(self, sequence: int):
        """An event from memory or else from the journal; None if it was lost."""
        if sequence >= self._pump.log.oldest():
            return self._pump.log.get(sequence)
        return self.journal.event(sequence)

    def copy_events(self, sequence: int, enough_bytes: int, found) -> int:
        """Add the events from a number on to a bytearray, as ``EVENT_FORMAT`` packs them, until there are enough; the
        number to go on from."""
        log = self._pump.log
        sequence = self.journal.copy_events(sequence, log.oldest() - 1, enough_bytes, found)
        if len(found) < enough_bytes:
            sequence = max(sequence, log.oldest())
        while sequence <= log.latest and len(found) < enough_bytes:
            event = log.get(sequence)
            if event is not None:
                found.extend(struct.pack(events.EVENT_FORMAT, *event))
            sequence += 1
        return sequence

    # --- for after a watchdog reset

    def keep_anchor(self) -> None:
        """Have it outlive a watchdog reset where delivery stands."""
        pump, ledger, clock = self._pump, self._ledger, self._hardware.clock
        infusion = pump.infusion
        has_anchor = infusion.state == STATE_DELIVERING
        phase = 0
        tick = infusion.change_tick if infusion.change_tick >= 0 else ticks_at(clock.s, clock.us)
        if has_anchor:
            phase = infusion.delivery.phase_at(tick, ledger.counted)
        carried = Carried(
            has_anchor,
            pump.wall.source,
            pump.wall.offset_minutes,
            second_of_ticks(tick),
            microsecond_of_ticks(tick),
            phase,
            ledger.counted,
            ledger.base_steps,
            ledger.unseen_steps,
            pump.wall.utc_ticks_at_boot,
            self.base_lifetime_s,
            pump.supervisor.is_motor_stalled(),
            pump.bolus_notes.noted_tick,
            pump.doses.next_number,
            pump.doses.latest_record(),
            pump.boluses.to_carry(),
        )
        self._hardware.retained.keep(carried.encode())

    # --- run-time checks

    def can_compare(self) -> bool:
        """Whether the journal holds what memory ought to hold; otherwise nothing can be said about memory."""
        return not (self._has_changed or self.journal.has_failed or self.is_read_only)

    def memory_agrees(self) -> bool:
        """Whether what is in memory is still what the journal was last told."""
        pump, written = self._pump, self.journal.state
        if written is None:
            return True
        ledger, reservoir = self._ledger, pump.reservoir
        if not written.counted_steps <= ledger.base_steps + ledger.counted:
            return False
        if reservoir.is_known and (
            written.fill_nl != reservoir.fill_nl
            or written.filled_at_steps != reservoir.filled_at_step + ledger.base_steps
        ):
            return False
        calibration = pump.calibration
        if (written.nl_per_rev, written.microsteps_per_rev) != (
            calibration.nl_per_rev,
            calibration.microsteps_per_rev,
        ):
            return False
        program = pump.program
        return program is None or program.digest() == written.program_digest

    def scrub(self) -> None:
        """Look at a piece of the journal; what has decayed is written anew from its mirror."""
        damage = SOUND if self.is_read_only else self.journal.scrub()
        if damage == SOUND:
            return
        self._pump.note_alarm(alarm_table.JOURNAL_REPAIRED)
        if damage == PROGRAM_DAMAGED:
            self.repair_program()
        else:
            self.save()

    def repair_program(self) -> None:
        """Write the program once more, where both of its copies are good.

        From memory if what is there is still the program of that digest, else from the copy in flash that still is.
        """
        place, digest = self._pump.place, self._stored[1]
        if digest_of(place.encoded()) != digest:
            length = self.journal.read_program(place.buffer)
            if not length:
                return
            place.length = length
        program = place.decoded()
        if program is not None:
            self.commit(program, digest, place.encoded())
