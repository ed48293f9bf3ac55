"""Tubing and pump in service: their alarms, and what a person has renewed.

Age counts in the journal's running time, which a power cut puts back to the last record. So a record is written at
least every day, and no more than a day of age is ever lost to a cut.
"""

from thecal_fw.core.alarms import END_OF_SERVICE, REPLACEMENT_DUE, TUBING_DUE
from thecal_fw.core.calibration import Calibration
from thecal_fw.core.events import EVENT_RENEWED
from thecal_fw.core.instant import SECONDS_PER_DAY
from thecal_fw.core.ledger import Ledger
from thecal_fw.core.service_life import ServiceLife
from thecal_fw.pump.changes import Changes
from thecal_fw.pump.reports import Reports
from thecal_fw.pump.timekeeper import Timekeeper

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.store.state import State


class Service:
    """Keeps account of the service of one pump. life: what is used of each part's."""

    def __init__(
        self, time: Timekeeper, ledger: Ledger, calibration: Calibration, reports: Reports, changes: Changes
    ) -> None:
        self._time = time
        self._ledger = ledger
        self._calibration = calibration
        self._reports = reports
        self._changes = changes
        self.life = ServiceLife()
        self._written_day = -1

    def restore(self, state: "State") -> None:
        """Continue after a reset."""
        self.life.restore(state.pump_day, state.tubing_day, state.tubing_hundreds, self.revolutions())

    def revolutions(self) -> int:
        """Return whole turns of the head in all of the pump's lives."""
        return self._calibration.turns_of(self._ledger.base_steps + self._ledger.counted)

    def check(self) -> None:
        """Raise or clear the alarms; called every few minutes."""
        life, reports = self.life, self._reports
        lifetime_s = self._time.lifetime_s()
        life.keep_count_small(self.revolutions())
        reports.set_alarm(TUBING_DUE, life.is_tubing_due(lifetime_s, self.revolutions()))
        reports.set_alarm(REPLACEMENT_DUE, life.is_replacement_due(lifetime_s))
        reports.set_alarm(END_OF_SERVICE, life.is_over(lifetime_s))
        day = lifetime_s // SECONDS_PER_DAY
        if day != self._written_day:
            self._written_day = day
            self._changes.note()

    def renew(self, part: int) -> None:
        """Note that a person has put in a new part, or rinsed the line."""
        lifetime_s = self._time.lifetime_s()
        self.life.renew(part, lifetime_s, self.revolutions())
        self._reports.record(EVENT_RENEWED, part, lifetime_s)
        self._changes.note()
        self.check()
