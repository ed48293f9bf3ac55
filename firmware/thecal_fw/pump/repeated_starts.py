"""Starts by hand after a stop in a critical alarm: the third in a row is one too many, for what raises the alarm is
still there.

Baclofen must not end abruptly, so the answer is the minimum rate and not another stop. A reset begins anew.
"""

from thecal_fw.core.alarms import REPEATED_STARTS
from thecal_fw.pump.reports import Reports

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.ports import Clock

REPEATED_STARTS_S = 600


class RepeatedStarts:
    """Watches over the repeated starts of one pump."""

    def __init__(self, clock: "Clock", reports: Reports) -> None:
        self._clock = clock
        self._reports = reports
        self._stopped_in_alarm = False
        self._starts_s = (-REPEATED_STARTS_S, -REPEATED_STARTS_S)

    def note_stop(self, in_critical_alarm: bool) -> None:
        """Note that delivery has been stopped."""
        self._stopped_in_alarm = in_critical_alarm

    def note_start(self) -> None:
        """Note that a person starts the pump."""
        if not self._stopped_in_alarm:
            return
        self._stopped_in_alarm = False
        first_s, second_s = self._starts_s
        now_s = self._clock.s
        self._starts_s = (second_s, now_s)
        if now_s - first_s < REPEATED_STARTS_S:
            self._reports.note_alarm(REPEATED_STARTS)
