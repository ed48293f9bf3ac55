"""The heartbeat's look at everything: nearly always nothing is due and nothing has happened.

Promises: it finds out only whether one of the supervisor's checks, the button or the agenda has something to do, and
leaves that to them; it allocates nothing. What it asks is bound once, and the function is small enough for its frame to
lie on the processor's stack: it runs every few seconds for as long as the battery lasts.
"""

from thecal_fw.core.ledger import Ledger
from thecal_fw.core.pump_state import STATE_DELIVERING
from thecal_fw.pump.agenda import Agenda
from thecal_fw.pump.motor import Motor
from thecal_fw.pump.patient_button import PatientButton
from thecal_fw.pump.supervision import Supervisor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.ports import Hardware
    from thecal_fw.pump.contracts import PlannedDelivery


class Heartbeat:
    """Beats for one pump."""

    def __init__(
        self,
        hardware: "Hardware",
        ledger: Ledger,
        agenda: Agenda,
        infusion: "PlannedDelivery",
        motor: Motor,
        button: PatientButton,
        supervisor: Supervisor,
    ) -> None:
        self._ledger = ledger
        self._agenda = agenda
        self._infusion = infusion
        self._supervisor = supervisor
        self._is_button_quiet = button.is_quiet
        self._is_supply_good = hardware.supply.is_good
        self._sensed = hardware.sense.count
        self._settle = infusion.delivery.settle
        self._starved = hardware.train.starved
        self._has_tripped = hardware.gate.has_tripped
        self._follows = motor.follows
        self._test_a_piece = hardware.self_test.go_on

    def is_quiet(self, now_s: int, now_us: int) -> bool:
        """Return True if nothing is due, nobody has touched the pump, every pulse so far was seen, and the motor has
        followed."""
        agenda = self._agenda
        if now_s >= agenda.deadline_s and agenda.is_due(now_s, now_us):
            return False
        supervisor = self._supervisor
        if not self._is_button_quiet() or self._is_supply_good() != supervisor.supply_was_good:
            return False
        if self._infusion.state == STATE_DELIVERING:
            ledger = self._ledger
            counted = self._sensed() + ledger.unseen_steps
            if counted != self._settle(now_s, now_us) or self._starved() or self._has_tripped():
                return False
            ledger.note_counted(counted)
        if not self._follows():
            return False
        # Nothing is due: time for a piece of the image.
        return self._test_a_piece() & ~supervisor.failed_tests == 0
