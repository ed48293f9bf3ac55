"""Tubing and pump in service: their alarms, and what a person has renewed.

Age counts in the journal's running time, which a power cut puts back to the last record. So a record is written at
least every day, and no more than a day of age is ever lost to a cut.
"""

from thecal_fw.core import alarms as alarm_table
from thecal_fw.core import events
from thecal_fw.core.counts import MOST_SECONDS
from thecal_fw.core.service_life import ServiceLife


class Service:
    """Of one pump. life: what is used of each part's."""

    def __init__(self, pump):
        self._pump = pump
        self.life = ServiceLife()
        self._written_day = -1

    def lifetime_s(self) -> int:
        pump = self._pump
        return min(pump.keeper.base_lifetime_s + pump.hardware.clock.s, MOST_SECONDS)

    def revolutions(self) -> int:
        """Whole turns of the head in all of the pump's lives."""
        pump = self._pump
        return (pump.ledger.base_steps + pump.ledger.counted) // pump.calibration.microsteps_per_rev

    def check(self) -> None:
        """Raise or clear the alarms; called every few minutes."""
        pump, life = self._pump, self.life
        lifetime_s = self.lifetime_s()
        life.keep_count_small(self.revolutions())
        pump.set_alarm(alarm_table.TUBING_DUE, life.is_tubing_due(lifetime_s, self.revolutions()))
        pump.set_alarm(alarm_table.REPLACEMENT_DUE, life.is_replacement_due(lifetime_s))
        pump.set_alarm(alarm_table.END_OF_SERVICE, life.is_over(lifetime_s))
        day = lifetime_s // 86_400
        if day != self._written_day:
            self._written_day = day
            pump.keeper.note_change()

    def renew(self, part: int) -> None:
        """A person has put in a new part, or rinsed the line."""
        pump, lifetime_s = self._pump, self.lifetime_s()
        self.life.renew(part, lifetime_s, self.revolutions())
        pump.record(events.EVENT_RENEWED, part, lifetime_s)
        # A new pump comes with new tubing, and a line that was rinsed holds no drug.
        pump.boluses.note_empty_line()
        pump.keeper.note_change()
        self.check()
