"""A pump that stands though its program is to deliver something: it reminds after half an hour, and alarms after two
days.

Programmed and not started, or forgotten after a visit: that has been reported of pumps of this kind (HSA 2021).
"""

from thecal_fw.core.alarms import PUMP_STOPPED, STOPPED_LONG
from thecal_fw.core.instant import NEVER_S
from thecal_fw.core.pump_state import STATE_STOPPED
from thecal_fw.pump.orders import Orders
from thecal_fw.pump.reports import Reports

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.pump.contracts import Delivering

REMIND_AFTER_S = 1_800
STOPPED_LONG_S = 48 * 3_600
"""A withdrawal threatens, and the tubing takes a set where the rollers rest: published for implanted pumps."""


class Standing:
    """reminder_s: when a pump that stands next has to report it."""

    def __init__(self, orders: Orders, reports: Reports, infusion: "Delivering") -> None:
        self._orders = orders
        self._reports = reports
        self._infusion = infusion
        self._stands = False
        self._since_s = 0
        self.reminder_s = NEVER_S

    def check(self, now_s: int, now_us: int = 0) -> None:
        """Raise or clear the alarms of a pump that stands. What counts is from the end of delivery, or from the first
        program that is to deliver something: neither another program nor one more stop puts them off."""
        program = self._orders.program
        is_to_deliver = program is not None and program.delivers()
        stands = self._infusion.state == STATE_STOPPED and is_to_deliver
        if not (stands or self._stands):
            # Nothing was reported, and nothing is due.
            return
        if stands and not self._stands:
            self._since_s = now_s
        self._stands = stands
        since_s = now_s - self._since_s
        self._reports.set_alarm(PUMP_STOPPED, stands and since_s >= REMIND_AFTER_S)
        self._reports.set_alarm(STOPPED_LONG, stands and since_s >= STOPPED_LONG_S)
        self.reminder_s = NEVER_S
        if stands and since_s < STOPPED_LONG_S:
            wait_s = REMIND_AFTER_S if since_s < REMIND_AFTER_S else STOPPED_LONG_S
            self.reminder_s = self._since_s + wait_s
