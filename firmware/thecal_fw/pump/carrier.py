"""The data that outlive a watchdog reset: where delivery stands, on which clock, and which doses are under way.

Promises: the note that is kept is of one instant, and is made anew in each poll in which any of it has changed.
"""

from thecal_fw.core.carried import NOTE_BYTES, Carried
from thecal_fw.core.instant import microsecond_of_ticks, second_of_ticks
from thecal_fw.core.ledger import Ledger
from thecal_fw.core.pump_state import STATE_DELIVERING
from thecal_fw.pump.changes import Changes
from thecal_fw.pump.motor import Motor
from thecal_fw.pump.timekeeper import Timekeeper

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.ports import Retained
    from thecal_fw.pump.contracts import CarriedDelivery, CarriedDoses, DoseNumbers, NotedDoses


class Carrier:
    """Carries the data of one pump over a watchdog reset."""

    def __init__(
        self, retained: "Retained", time: Timekeeper, ledger: Ledger, motor: Motor, changes: Changes
    ) -> None:
        self._retained = retained
        self._time = time
        self._ledger = ledger
        self._motor = motor
        self._changes = changes
        self._kept = -1
        # Both are filled anew each time: made anew they would cost the collector more than all else of this.
        self._carried = Carried()
        self._note = bytearray(NOTE_BYTES)

    def connect(
        self,
        infusion: "CarriedDelivery",
        notes: "NotedDoses",
        doses: "DoseNumbers",
        boluses: "CarriedDoses",
    ) -> None:
        self._infusion = infusion
        self._notes = notes
        self._doses = doses
        self._boluses = boluses

    def keep_if_changed(self) -> None:
        """Make the note anew if anything of it has changed."""
        if self._kept != self._changes.carried:
            self._kept = self._changes.carried
            self.keep()

    def keep(self) -> None:
        """Have it outlive a watchdog reset where delivery stands."""
        ledger, infusion, time = self._ledger, self._infusion, self._time
        carried = self._carried
        carried.has_anchor = infusion.state == STATE_DELIVERING
        tick = infusion.change_tick if infusion.change_tick >= 0 else time.ticks_now()
        carried.anchor_s, carried.anchor_us = second_of_ticks(tick), microsecond_of_ticks(tick)
        carried.phase = infusion.delivery.phase_at(tick, ledger.counted) if carried.has_anchor else 0
        carried.anchor_counted = ledger.counted
        carried.base_steps, carried.unseen_steps = ledger.base_steps, ledger.unseen_steps
        self._fill_in_clock_and_doses(carried)
        carried.encode_into(self._note)
        self._retained.keep(self._note)

    def _fill_in_clock_and_doses(self, carried: Carried) -> None:
        time, doses = self._time, self._doses
        wall = time.wall
        carried.time_source, carried.offset_minutes = wall.source, wall.offset_minutes
        carried.utc_ticks_at_boot = wall.utc_ticks_at_boot
        carried.base_lifetime_s = time.base_lifetime_s
        carried.is_stalled = self._motor.is_stalled()
        carried.noted_tick = self._notes.noted_tick
        carried.next_dose, carried.dose_record = doses.next_number, doses.latest_record()
        carried.boluses = self._boluses.to_carry()
