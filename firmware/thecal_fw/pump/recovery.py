"""What a pump makes of a reset: its durable state from the journal, the count and the time across a watchdog reset.

After a watchdog reset the count is exact, the time goes on, and what was prescribed since is known. After a power cut
the count is what had been granted, the difference is uncertain, and the time lacks however long there was no power.
"""

from thecal_fw.core import alarms as alarm_table
from thecal_fw.core import events
from thecal_fw.core.carried import decode as decode_note
from thecal_fw.core.carried import phase_at
from thecal_fw.core.counts import MOST_COUNT, MOST_SECONDS
from thecal_fw.core.events import RESET_WATCHDOG
from thecal_fw.core.instant import TICK_US, small, ticks_at
from thecal_fw.core.journal_condition import BLANK, FOREIGN, LOST, REPAIRED
from thecal_fw.core.metering import Metering
from thecal_fw.core.wall_clock import TIME_CARRIED_OVER, TIME_RESTORED, TIME_SET, TIME_UNKNOWN, WallClock
from thecal_fw.store.state import MOST_GAP_S, NEVER, NO_PAIR

REPEATED_RESETS_S = 600
"""Three watchdog resets within this time are one too many."""
MOST_LIVES = 0xFFFF
"""The number of a life is kept in 16 bits with each event."""


class Recovery:
    """Restores one pump. was_delivering: whether delivery has to go on. missed_steps: see ``owed_at``."""

    def __init__(self, pump):
        self._pump = pump
        self._carried = None
        self._anchor_tick = 0
        self._within_tick_us = 0
        self._counted_since_anchor = 0
        self.was_delivering = False
        self.missed_steps = 0

    def restore(self) -> None:
        """Bring the pump back to what it was, as far as that is known."""
        pump = self._pump
        keeper, journal, machine = pump.keeper, pump.keeper.journal, pump.hardware.machine
        retained = pump.hardware.retained
        journal.open(held=retained.record if retained.was_kept else None)
        state = journal.state
        if retained.was_kept:
            self._carried = decode_note(retained.note)
        # Without a state to read, therapy is taken to have been under way, if there ever was one.
        self.was_delivering = journal.condition in (LOST, FOREIGN) and journal.was_ever_programmed()
        if state is not None:
            keeper.boots = state.boots % MOST_LIVES + 1
            keeper.watchdog_reset_s, keeper.watchdog_gap_s = state.watchdog_reset_s, state.watchdog_gap_s
            self._restore_state(state)
        else:
            # Events tell the lives apart by their numbers, so none is given twice even if nothing else is known.
            newest = journal.event(journal.newest_event)
            if newest is not None:
                keeper.boots = newest[events.AT_BOOTS] % MOST_LIVES + 1
        pump.log.go_on_after(journal.latest_event, keeper.boots)
        pump.record(
            events.EVENT_RESET,
            machine.reset_cause | self.was_delivering << events.WAS_DELIVERING_SHIFT,
            keeper.base_lifetime_s,
        )
        if journal.condition != BLANK:
            pump.record(events.EVENT_JOURNAL, journal.condition, state.sequence if state is not None else 0)
        if state is not None:
            self._tell_what_was_lost(state)
        keeper.is_read_only = journal.condition == FOREIGN
        pump.set_alarm(alarm_table.JOURNAL_FOREIGN, journal.condition == FOREIGN)
        if journal.condition == LOST and pump.program is None and self.was_delivering:
            pump.set_alarm(alarm_table.PROGRAM_LOST, True)
        if journal.condition == REPAIRED:
            pump.note_alarm(alarm_table.JOURNAL_REPAIRED)
        if machine.reset_cause == RESET_WATCHDOG:
            self._count_watchdog_reset()
        self._restore_boluses(state)

    def _restore_state(self, state) -> None:
        pump = self._pump
        self._restore_count(state)
        self._restore_time(state)
        pump.alarms.restore(state.active_alarms)
        self.was_delivering = bool(state.delivering)
        life = pump.service.life
        life.pump_day, life.tubing_day = state.pump_day, state.tubing_day
        life.tubing_from_low_bits(state.tubing_hundreds, pump.service.revolutions())
        pump.ledger.uncertain_steps = state.uncertain_steps
        pump.ledger.lost_steps = state.stalled_steps
        pump.ledger.add_lost(self._standing_steps)
        pump.ledger.stalls = state.stalls
        reservoir, base_steps = pump.reservoir, pump.ledger.base_steps
        place = pump.spare_place()
        place.length = pump.keeper.journal.read_program(place.buffer)
        program = place.decoded()
        if program is not None and self._is_for_this_pump(program, place):
            pump.adopt(program, state.program_digest, place)
            pump.keeper.name_program(state.program_pair, program, state.program_digest, state.program_bytes)
        if state.reservoir_known:
            filled_at = small(max(state.filled_at_steps - base_steps, -MOST_COUNT))
            reservoir.refill(state.fill_nl, filled_at, state.refilled_day)

    def _is_for_this_pump(self, program, place) -> bool:
        return program.calibration_id == self._pump.calibration.calibration_id and place.room.fits(program)

    def _restore_boluses(self, state) -> None:
        """Those under way go on if the time goes on; what counts for limits is read from its record."""
        boluses, carried = self._pump.boluses, self._carried
        if state is not None:
            boluses.minute = state.bolus_minute
            self._pump.bridging.restore(state.bridge_end)
        self._pump.doses.restore(carried)
        if carried is not None:
            retained = self._pump.hardware.retained
            boluses.take_over(carried, ticks_at(retained.reset_s, retained.reset_us))

    def _restore_count(self, state) -> None:
        """Choose what has been delivered in all lives before this one, as of this reset."""
        pump, carried = self._pump, self._carried
        self._uncertain_steps = self._standing_steps = 0
        if carried is not None:
            counted = carried.base_steps + carried.unseen_steps + pump.hardware.retained.counted
            if state.counted_steps <= counted:
                # What came after the last granted step came with the driver's enable taken away. While nothing was
                # to be delivered the gate was closed, and it was noise.
                pump.ledger.base_steps = min(counted, state.granted_steps)
                self._gate_had_tripped = counted > state.granted_steps and bool(state.delivering)
                if carried.is_stalled:
                    self._standing_steps = pump.ledger.base_steps - state.counted_steps
                return
            self._carried = None
        self._gate_had_tripped = False
        self._uncertain_steps = state.granted_steps - state.counted_steps
        pump.ledger.base_steps = state.granted_steps

    def _restore_time(self, state) -> None:
        pump, carried, retained = self._pump, self._carried, self._pump.hardware.retained
        if carried is not None:
            pump.keeper.base_lifetime_s = min(carried.base_lifetime_s + retained.reset_s, MOST_SECONDS)
            source = TIME_CARRIED_OVER if carried.time_source == TIME_SET else carried.time_source
            reset_ticks = ticks_at(retained.reset_s, retained.reset_us)
            if source != TIME_UNKNOWN:
                pump.wall = WallClock(source, carried.utc_ticks_at_boot + reset_ticks, carried.offset_minutes)
            if carried.has_anchor:
                self._within_tick_us = retained.reset_us % TICK_US
                self._anchor_tick = ticks_at(carried.anchor_s, carried.anchor_us) - reset_ticks
                self._counted_since_anchor = carried.unseen_steps + retained.counted - carried.anchor_counted
            return
        pump.keeper.base_lifetime_s = state.lifetime_s
        if state.time_source != TIME_UNKNOWN:
            pump.wall = WallClock(TIME_RESTORED, ticks_at(state.utc_s, state.utc_us), state.offset_minutes)

    def _tell_what_was_lost(self, state) -> None:
        pump = self._pump
        if self._uncertain_steps:
            pump.ledger.add_uncertain(self._uncertain_steps)
            pump.record(events.EVENT_UNCERTAIN, self._uncertain_steps, pump.ledger.uncertain_steps)
        newest = pump.keeper.journal.newest_event
        if state.latest_event > newest:
            pump.record(events.EVENT_LOST_EVENTS, newest + 1, state.latest_event)
        if state.program_pair != NO_PAIR and pump.program is None:
            pump.set_alarm(alarm_table.PROGRAM_LOST, True)
        if self._gate_had_tripped:
            pump.note_alarm(alarm_table.DOSE_GATE)

    def _count_watchdog_reset(self) -> None:
        """Three in a row within ten minutes: whatever makes it hang is likely to go on doing so."""
        pump = self._pump
        keeper = pump.keeper
        now_s, gap_s = keeper.base_lifetime_s, MOST_GAP_S
        if keeper.watchdog_reset_s != NEVER:
            gap_s = min(now_s - keeper.watchdog_reset_s, MOST_GAP_S)
        gap_before_s = keeper.watchdog_gap_s
        keeper.watchdog_reset_s, keeper.watchdog_gap_s = now_s, gap_s
        if gap_s + gap_before_s <= REPEATED_RESETS_S:
            pump.note_alarm(alarm_table.REPEATED_RESETS)

    def owed_at(self, tick: int) -> int:
        """Phase with which delivery goes on at a tick: what was prescribed since the last anchor and not delivered.

        No more than a microstep is made up for, or what a long reset took away would come in a burst;
        ``missed_steps`` is what is not.
        """
        pump, carried = self._pump, self._carried
        delivery = pump.infusion.delivery
        if carried is None or not carried.has_anchor:
            return delivery.half_a_step
        timeline = pump.boluses.timeline(tick)
        metering = Metering(pump.calibration)
        phase = phase_at(timeline, metering, self._anchor_tick, carried.phase, tick)
        phase -= metering.step_weight * self._counted_since_anchor
        # Ticks are counted from a reset, and this one came within a tick of the life before.
        phase += metering.weight(timeline.segment_at(tick)[0]) * self._within_tick_us // TICK_US
        owed = delivery.bounded(phase)
        self.missed_steps = max(0, phase - owed) // metering.step_weight
        return owed
