"""The recovery of a pump after a reset: its durable state from the journal, the count and the time across a watchdog
reset.

After a watchdog reset the count is exact, the time continues, and what was prescribed since is known. After a power cut
the count is what had been granted, the difference is uncertain, and the time lacks however long there was no power.
Each part is handed what was found for it and takes it over by itself.
"""

from thecal_fw.core.alarms import DOSE_GATE, JOURNAL_FOREIGN, JOURNAL_REPAIRED, PROGRAM_LOST, REPEATED_RESETS
from thecal_fw.core.calibration import Calibration
from thecal_fw.core.carried import Carried, phase_at
from thecal_fw.core.carried import decode as decode_note
from thecal_fw.core.counts import MOST_COUNT
from thecal_fw.core.delivery import Delivery
from thecal_fw.core.events import (
    AT_BOOTS,
    EVENT_JOURNAL,
    EVENT_LOST_EVENTS,
    EVENT_RESET,
    EVENT_UNCERTAIN,
    RESET_WATCHDOG,
    WAS_DELIVERING_SHIFT,
)
from thecal_fw.core.instant import TICK_US, small, ticks_at
from thecal_fw.core.journal_condition import BLANK, FOREIGN, LOST, REPAIRED
from thecal_fw.core.ledger import Ledger
from thecal_fw.core.metering import Metering
from thecal_fw.core.program import Program
from thecal_fw.core.program_place import ProgramPlace
from thecal_fw.core.reservoir import Reservoir
from thecal_fw.core.wall_clock import TIME_CARRIED_OVER, TIME_RESTORED, TIME_SET, TIME_UNKNOWN, WallClock
from thecal_fw.store.state import NO_PAIR, State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.ports import Hardware
    from thecal_fw.pump.boluses import Boluses
    from thecal_fw.pump.bridging import Bridging
    from thecal_fw.pump.clock_doses import ClockDoses
    from thecal_fw.pump.dose_keeper import DoseKeeper
    from thecal_fw.pump.keeper import Keeper
    from thecal_fw.pump.orders import Orders
    from thecal_fw.pump.reports import Reports
    from thecal_fw.pump.service import Service
    from thecal_fw.pump.timekeeper import Timekeeper

REPEATED_RESETS_S = 600
"""Three watchdog resets within this time are one too many."""


class Recovery:
    """Restores one pump. was_delivering: whether delivery has to continue. missed_steps: see ``owed_at``."""

    def __init__(
        self,
        hardware: "Hardware",
        time: "Timekeeper",
        ledger: Ledger,
        reservoir: Reservoir,
        calibration: Calibration,
        reports: "Reports",
        orders: "Orders",
        keeper: "Keeper",
    ) -> None:
        self._machine = hardware.machine
        self._sense = hardware.sense
        self._retained = hardware.retained
        self._time = time
        self._ledger = ledger
        self._reservoir = reservoir
        self._calibration = calibration
        self._reports = reports
        self._orders = orders
        self._keeper = keeper
        self._carried: "Carried | None" = None
        self._anchor_tick = 0
        self._within_tick_us = 0
        self._counted_since_anchor = 0
        self._uncertain_steps = 0
        self._gate_had_tripped = False
        self.was_delivering = False
        self.missed_steps = 0

    def restore(
        self,
        service: "Service",
        boluses: "Boluses",
        clock_doses: "ClockDoses",
        bridging: "Bridging",
        doses: "DoseKeeper",
    ) -> None:
        """Bring the pump back to what it was, as far as that is known."""
        keeper, reports, retained = self._keeper, self._reports, self._retained
        journal = keeper.journal
        journal.open(held=retained.record if retained.was_kept else None)
        state = journal.state
        if retained.was_kept:
            self._carried = decode_note(retained.note)
        # Without a state to read, therapy is taken to have been under way, if there ever was one.
        self.was_delivering = journal.condition in (LOST, FOREIGN) and journal.was_ever_programmed()
        if state is not None:
            keeper.begin_life(state.boots)
            keeper.restore_resets(state)
            self._restore_state(state, service)
        else:
            # Events tell the lives apart by their numbers, so none is given twice even if nothing else is known.
            newest = journal.event(journal.newest_event)
            if newest is not None:
                keeper.begin_life(newest[AT_BOOTS])
        reports.log.go_on_after(journal.latest_event, keeper.boots)
        reports.record(
            EVENT_RESET,
            self._machine.reset_cause | self.was_delivering << WAS_DELIVERING_SHIFT,
            self._time.base_lifetime_s,
        )
        if journal.condition != BLANK:
            reports.record(EVENT_JOURNAL, journal.condition, state.sequence if state is not None else 0)
        if state is not None:
            self._report_what_was_lost(state)
        keeper.leave_to_others(journal.condition == FOREIGN)
        reports.set_alarm(JOURNAL_FOREIGN, journal.condition == FOREIGN)
        if journal.condition == LOST and self._orders.program is None and self.was_delivering:
            reports.set_alarm(PROGRAM_LOST, True)
        if journal.condition == REPAIRED:
            reports.note_alarm(JOURNAL_REPAIRED)
        if self._is_one_reset_of_many():
            reports.note_alarm(REPEATED_RESETS)
        self._restore_doses(state, boluses, clock_doses, bridging, doses)

    def _is_one_reset_of_many(self) -> bool:
        """Return True if this is the third reset by the watchdog in a row: whatever makes the pump hang is likely to
        continue doing so."""
        if self._machine.reset_cause != RESET_WATCHDOG:
            return False
        return self._keeper.note_watchdog_reset(self._time.base_lifetime_s) <= REPEATED_RESETS_S

    def _restore_state(self, state: State, service: "Service") -> None:
        standing_steps = self._restore_count(state)
        self._restore_time(state)
        self._reports.alarms.restore(state.active_alarms)
        self.was_delivering = bool(state.delivering)
        service.restore(state)
        self._ledger.restore_reservoir(state.uncertain_steps, state.stalled_steps, state.stalls)
        self._ledger.add_lost(standing_steps)
        place = self._orders.spare_place()
        place.fill(self._keeper.journal.read_program(place.buffer))
        program = place.decoded()
        if program is not None and self._is_for_this_pump(program, place):
            self._orders.adopt(program, state.program_digest, place)
            self._reservoir.set_low_threshold(program.low_reservoir_nl)
            self._keeper.name_program(state.program_pair, program, state.program_digest, state.program_bytes)
        if state.reservoir_known:
            filled_at = small(max(state.filled_at_steps - self._ledger.base_steps, -MOST_COUNT))
            self._reservoir.refill(state.fill_nl, filled_at, state.refilled_day)

    def _is_for_this_pump(self, program: Program, place: ProgramPlace) -> bool:
        return program.calibration_id == self._calibration.calibration_id and place.room.fits(program)

    def _restore_doses(
        self,
        state: "State | None",
        boluses: "Boluses",
        clock_doses: "ClockDoses",
        bridging: "Bridging",
        doses: "DoseKeeper",
    ) -> None:
        """Restore the doses under way, which continue if the time continues; what counts for limits is read from its
        record."""
        carried, retained = self._carried, self._retained
        if state is not None:
            clock_doses.restore_minute(state.bolus_minute)
            bridging.restore(state.bridge_end)
        doses.restore(carried, retained.reset_us if carried is not None else 0, state is not None)
        if carried is not None:
            boluses.take_over(carried, ticks_at(retained.reset_s, retained.reset_us))

    def _restore_count(self, state: State) -> int:
        """Choose what has been delivered in all lives before this one, as of this reset. Return the microsteps that the
        motor stood still for in a stall under way."""
        ledger, carried = self._ledger, self._carried
        if carried is not None:
            counted = carried.base_steps + carried.unseen_steps + self._retained.counted
            if state.counted_steps <= counted:
                # What came after the last granted step came with the driver's enable taken away. While nothing was
                # to be delivered the gate was closed, and it was noise.
                ledger.go_on_after(min(counted, state.granted_steps))
                self._gate_had_tripped = counted > state.granted_steps and bool(state.delivering)
                return ledger.base_steps - state.counted_steps if carried.is_stalled else 0
            self._carried = None
        self._uncertain_steps = state.granted_steps - state.counted_steps
        ledger.go_on_after(state.granted_steps)
        return 0

    def _restore_time(self, state: State) -> None:
        time, carried, retained = self._time, self._carried, self._retained
        if carried is not None:
            time.go_on_after(carried.base_lifetime_s + retained.reset_s)
            source = TIME_CARRIED_OVER if carried.time_source == TIME_SET else carried.time_source
            reset_ticks = ticks_at(retained.reset_s, retained.reset_us)
            if source != TIME_UNKNOWN:
                time.set_wall(
                    WallClock(source, carried.utc_ticks_at_boot + reset_ticks, carried.offset_minutes)
                )
            if carried.has_anchor:
                self._within_tick_us = retained.reset_us % TICK_US
                self._anchor_tick = ticks_at(carried.anchor_s, carried.anchor_us) - reset_ticks
                self._counted_since_anchor = carried.unseen_steps + retained.counted - carried.anchor_counted
            return
        time.go_on_after(state.lifetime_s)
        if state.time_source != TIME_UNKNOWN:
            time.set_wall(WallClock(TIME_RESTORED, ticks_at(state.utc_s, state.utc_us), state.offset_minutes))

    def _report_what_was_lost(self, state: State) -> None:
        reports, ledger = self._reports, self._ledger
        if self._uncertain_steps:
            ledger.add_uncertain(self._uncertain_steps)
            reports.record(EVENT_UNCERTAIN, self._uncertain_steps, ledger.uncertain_steps)
        newest = self._keeper.journal.newest_event
        if state.latest_event > newest:
            reports.record(EVENT_LOST_EVENTS, newest + 1, state.latest_event)
        if state.program_pair != NO_PAIR and self._orders.program is None:
            reports.set_alarm(PROGRAM_LOST, True)
        if self._gate_had_tripped:
            reports.note_alarm(DOSE_GATE)

    def owed_at(self, tick: int, boluses: "Boluses", delivery: Delivery) -> int:
        """Return the phase with which delivery continues at a tick: what was prescribed since the last anchor and not
        delivered.

        No more than a microstep is made up for, or what a long reset took away would come in a burst;
        ``missed_steps`` is what is not.
        """
        carried = self._carried
        if carried is None or not carried.has_anchor:
            return delivery.half_a_step
        timeline = boluses.timeline(tick)
        metering = Metering(self._calibration)
        phase = phase_at(timeline, metering, self._anchor_tick, carried.phase, tick)
        phase -= metering.step_weight * self._counted_since_anchor
        # Ticks are counted from a reset, and this one came within a tick of the life before.
        phase += metering.weight(timeline.segment_at(tick)[0]) * self._within_tick_us // TICK_US
        owed = delivery.bounded(phase)
        self.missed_steps = max(0, phase - owed) // metering.step_weight
        return owed
