"""The reservoir against its thresholds: the alarm comes on the very pulse that reaches one."""

from thecal_fw.core.alarms import EMPTY_RESERVOIR, LOW_RESERVOIR
from thecal_fw.core.delivery import Delivery
from thecal_fw.core.instant import NEVER_S, is_before
from thecal_fw.core.ledger import Ledger
from thecal_fw.core.reservoir import NEVER_STEP, Reservoir
from thecal_fw.pump.reports import Reports

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.pump.contracts import PlannedDelivery


class ReservoirWatch:
    """due_s, due_us: when the next threshold is reached, if the pulse that reaches it is planned already."""

    def __init__(
        self, reservoir: Reservoir, ledger: Ledger, reports: Reports, infusion: "PlannedDelivery"
    ) -> None:
        self._reservoir = reservoir
        self._ledger = ledger
        self._reports = reports
        self._infusion = infusion
        self._delivery: Delivery = infusion.delivery
        self._step = NEVER_STEP
        self._plan_number = 0
        self.due_s = NEVER_S
        self.due_us = 0

    def pass_over(self, now_s: int, now_us: int) -> None:
        """Pass over what was due at an instant, and has been counted."""
        if not is_before(now_s, now_us, self.due_s, self.due_us):
            self.due_s = NEVER_S

    def check(self, now_s: int = 0, now_us: int = 0) -> None:
        """Raise or clear the reservoir's alarms for what has been counted so far."""
        reports, reservoir, counted = self._reports, self._reservoir, self._ledger.counted
        low, empty = counted >= reservoir.low_step, counted >= reservoir.empty_step
        if low != reports.alarms.is_active(LOW_RESERVOIR):
            reports.set_alarm(LOW_RESERVOIR, low)
        if empty != reports.alarms.is_active(EMPTY_RESERVOIR):
            reports.set_alarm(EMPTY_RESERVOIR, empty)

    def set_due(self) -> None:
        """Find out when the next threshold is reached, once all is planned that a poll plans: the next one may come
        long after the pulse."""
        reservoir, step = self._reservoir, self._reservoir.low_step
        if self._ledger.counted >= step:
            step = reservoir.empty_step
            if self._ledger.counted >= step:
                step = NEVER_STEP
        plan_number = self._infusion.plan_number
        if step != self._step or plan_number != self._plan_number or self.due_s == NEVER_S:
            self._step, self._plan_number = step, plan_number
            self.due_s = NEVER_S
            if self._delivery.due < step <= self._delivery.planned:
                self.due_s, self.due_us = self._delivery.instant_of(step)
