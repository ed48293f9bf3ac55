"""The heartbeat's look at everything: nearly always nothing is due and nothing has happened.

Promises: it finds out only whether one of the supervisor's checks, the button or the agenda has something to do, and
leaves that to them; it allocates nothing. Whom it asks stands in one tuple, which costs the processor less than finding
each by its name, and the function is small enough for its frame to lie on the processor's stack: it runs every few
seconds for as long as the battery lasts.
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
        self._asked = (
            agenda,
            infusion,
            ledger,
            button,
            supervisor,
            hardware.button.has_moved,
            hardware.supply.is_good,
            hardware.sense.count,
            infusion.delivery.settle,
            hardware.train.starved,
            hardware.gate.has_tripped,
            motor.follows,
            hardware.self_test.go_on,
        )

    def is_quiet(self, now_s: int, now_us: int) -> bool:
        """Return True if nothing is due, nobody has touched the pump, every pulse so far was seen, and the motor has
        followed."""
        (
            agenda,
            infusion,
            ledger,
            button,
            supervisor,
            has_moved,
            is_supply_good,
            sensed,
            settle,
            starved,
            has_tripped,
            follows,
            test_a_piece,
        ) = self._asked
        if now_s >= agenda.deadline_s and agenda.is_due(now_s, now_us):
            return False
        if has_moved():
            button.note_moved()
        if button.waits or is_supply_good() != supervisor.supply_was_good:
            return False
        if infusion.state == STATE_DELIVERING:
            counted = sensed() + ledger.unseen_steps
            if counted != settle(now_s, now_us) or starved() or has_tripped():
                return False
            ledger.note_counted(counted)
        if not follows():
            return False
        # Nothing is due: time for a piece of the image.
        return test_a_piece() & ~supervisor.failed_tests == 0
