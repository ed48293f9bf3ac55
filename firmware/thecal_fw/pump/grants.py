"""Write-ahead grants: delivery goes no further than the journal has recorded beforehand, and the dose gate is opened no
further than that.

After a power cut what was granted and not known to have come out is uncertain: at most one quantum. A grant is renewed
while enough of it is left for a pump that hangs to continue delivering what is due until its watchdog resets it.
"""

from thecal_fw.core import described
from thecal_fw.core.calibration import Calibration
from thecal_fw.core.instant import NEVER_S
from thecal_fw.core.ledger import Ledger
from thecal_fw.core.limits import MINIMUM_RATE_NL_PER_DAY
from thecal_fw.core.program import Program
from thecal_fw.core.pump_state import STATE_DELIVERING, STATE_STOPPED
from thecal_fw.core.schedule import highest_rate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.ports import Hardware
    from thecal_fw.pump.contracts import ExtraRate, PlannedDelivery

QUANTUM_NL = described.QUANTUM_NL
"""Volume of a grant, unless the highest rate of the program needs more."""
LEAD_S = 10
"""A grant is renewed while this much of it is left at the program's highest rate: longer than the watchdog waits."""
_LEAST_LEAD_STEPS = 8
_HOLD_STEPS = 4
"""Left over when delivery holds for a low supply, for the pulses that come while it does."""
_SECONDS_PER_DAY = 86_400


class Grants:
    """quantum_steps: most microsteps that can be uncertain after a power cut.
    due_s, due_us: when the grant has to be renewed or passed on, if that is planned already."""

    def __init__(self, hardware: "Hardware", ledger: Ledger, calibration: Calibration) -> None:
        self._supply = hardware.supply
        self._gate = hardware.gate
        self._clock = hardware.clock
        self._ledger = ledger
        self._calibration = calibration
        self._lead_steps = self.quantum_steps = 0
        self.due_s = NEVER_S
        self.due_us = 0
        self._due_step = 0
        self._plan_number = 0
        # Count up to which the dose gate has been granted steps, and before which it is not asked again, since it had
        # no room.
        self._gate_steps = self._gate_full_until = 0

    def connect(self, infusion: "PlannedDelivery", boluses: "ExtraRate") -> None:
        self._infusion = infusion
        self._boluses = boluses
        self.size_quantum(None)

    def size_quantum(self, program: "Program | None") -> None:
        """Choose the quantum for the rates that can come with a program."""
        rate_nl_per_day = MINIMUM_RATE_NL_PER_DAY
        if program is not None:
            rate_nl_per_day = max(rate_nl_per_day, highest_rate(program)) + self._boluses.extra_rate()
        lead_nl = -(-rate_nl_per_day * LEAD_S // _SECONDS_PER_DAY)
        self._lead_steps = _LEAST_LEAD_STEPS + self._calibration.steps_reaching(lead_nl)
        self.quantum_steps = max(self._calibration.steps_reaching(QUANTUM_NL), 2 * self._lead_steps)

    # --- how far delivery may go

    def can_grant(self) -> bool:
        """Return True if delivery may go beyond what is granted now: what is noted in the journal will last."""
        return self._supply.is_good()

    def is_used_up(self) -> bool:
        """Return True if delivery has to hold, since the supply is low and the grant at its end."""
        return not self.can_grant() and self._ledger.counted >= self._ledger.granted - _HOLD_STEPS

    def lasts(self) -> bool:
        """Return True if more is granted than has to be left when the grant is renewed."""
        return self._ledger.granted >= self._ledger.counted + self._lead_steps

    def is_near_end(self) -> bool:
        """Return True while delivering if the grant has to be renewed."""
        is_delivering = self._infusion.state == STATE_DELIVERING
        return is_delivering and self._ledger.counted >= self._ledger.granted - self._lead_steps

    def now(self) -> int:
        """Count up to which delivery may go as things are. What was granted before can't be taken back."""
        ledger = self._ledger
        if self._infusion.state == STATE_STOPPED:
            return ledger.counted
        return max(ledger.granted, ledger.counted)

    def from_here(self) -> int:
        """Count up to which delivery may go once it is written."""
        granted = self.now()
        if self._infusion.state == STATE_STOPPED or not self.can_grant():
            return granted
        return max(granted, self._ledger.counted + self.quantum_steps)

    def take(self, granted: int, is_durable: bool) -> None:
        """Take the outcome of a grant: the journal has it, or could not take it.

        A memory that fails does not end therapy, which would be the greater harm. A supply that fails may be gone in a
        moment: then nothing may come out that the journal does not know of."""
        if is_durable or self.can_grant():
            self._ledger.grant(granted)
            self.pass_on()

    # --- the dose gate

    def note_armed(self) -> None:
        """Note that the dose gate has been armed for all that is granted."""
        self._gate_steps = self._ledger.granted
        self._gate_full_until = 0

    def _pass_on_step(self) -> int:
        """Count at which the gate is to be granted what it does not have yet."""
        return max(self._gate_steps - self._lead_steps, self._gate_full_until)

    def pass_on(self) -> bool:
        """Grant the dose gate what the journal allows, once it nears the end of what it has. Return whether it was.

        The gate has room for a few grants that wait. Each record renews the grant, and records follow on requests. If
        each were passed on at once, a visit's requests would fill that room before the gate has used up the first. It
        fills too while the sense wire is cut, since the gate counts there; then it has more left than the count says.
        """
        ledger = self._ledger
        steps = ledger.granted - self._gate_steps
        if steps <= 0 or ledger.counted < self._pass_on_step():
            return False
        if self._infusion.state != STATE_DELIVERING:
            return False
        if not self._gate.grant(steps):
            self._gate_full_until = ledger.counted + self._lead_steps // 2
            return False
        self._gate_steps = ledger.granted
        return True

    # --- when

    def set_due(self) -> None:
        """Find the instant of the microstep on which the grant has to be renewed or passed on to the dose gate."""
        infusion = self._infusion
        if infusion.state != STATE_DELIVERING:
            self.due_s = NEVER_S
            return
        granted = self._ledger.granted
        step = granted - (self._lead_steps if self.can_grant() else _HOLD_STEPS)
        if granted > self._gate_steps:
            step = min(step, self._pass_on_step())
        # The instant of a planned microstep stays what it is, and finding it out takes milliseconds.
        if step != self._due_step or infusion.plan_number != self._plan_number or self.due_s == NEVER_S:
            self._due_step, self._plan_number = step, infusion.plan_number
            self.due_s = NEVER_S
            if step <= infusion.delivery.due:
                self.due_s, self.due_us = self._clock.s, self._clock.us
            elif step <= infusion.delivery.planned:
                self.due_s, self.due_us = infusion.delivery.instant_of(step)
