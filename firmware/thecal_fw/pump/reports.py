"""The reports of the pump: events for the log, and the causes of alarms.

Promises: whoever notices something notes it here and is done. What an alarm asks for is done by the controller, in one
place and after the part that noticed it has finished, so no alarm is answered in the middle of anything.
"""

import struct

from thecal_fw.core.alarms import Alarms
from thecal_fw.core.events import (
    ACKNOWLEDGED_FROM_BYTE,
    EVENT_ALARM_ACKNOWLEDGED,
    EVENT_ALARM_CLEARED,
    EVENT_ALARM_RAISED,
    EventLog,
)
from thecal_fw.core.ledger import Ledger
from thecal_fw.pump.changes import Changes
from thecal_fw.pump.timekeeper import Timekeeper


class Reports:
    """alarms: those that are active. log: the events in memory."""

    def __init__(self, time: Timekeeper, ledger: Ledger, changes: Changes) -> None:
        self._time = time
        self._ledger = ledger
        self._changes = changes
        self.alarms = Alarms()
        self.log = EventLog()

    def record(self, code: int, first: int = 0, second: int = 0) -> None:
        """Log an event at the instant the clock was last read."""
        time = self._time
        self.log.record(time.clock.s, time.clock.us, time.wall, code, int(first), int(second))

    def tell_bursts(self, at_once: bool = False) -> None:
        """Log the numbers of events that were counted and not logged one by one."""
        time = self._time
        self.log.tell_bursts(time.clock.s, time.clock.us, time.wall, at_once)

    def set_alarm(self, alarm: int, present: bool) -> None:
        """Note whether an alarm's cause is there."""
        if self.alarms.set_cause(alarm, present):
            self._changes.note()
            self.record(EVENT_ALARM_RAISED if present else EVENT_ALARM_CLEARED, alarm, self._ledger.counted)

    def note_alarm(self, alarm: int) -> None:
        """Raise a latching alarm for something that has happened and is over."""
        self.set_alarm(alarm, True)
        self.set_alarm(alarm, False)

    def acknowledge(self, alarms: bytes, now_s: int) -> None:
        """Silence a set of alarms, and clear latched ones whose cause is gone."""
        were_active = bytes(self.alarms.active)
        cleared = self.alarms.acknowledge(alarms, now_s)
        self._changes.note()
        for code, begin in ACKNOWLEDGED_FROM_BYTE:
            (named,) = struct.unpack_from("<I", alarms, begin)
            if code == EVENT_ALARM_ACKNOWLEDGED or named & struct.unpack_from("<I", were_active, begin)[0]:
                self.record(code, named, struct.unpack_from("<I", cleared, begin)[0])
