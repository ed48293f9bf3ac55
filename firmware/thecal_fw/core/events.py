"""The event log: what happened, when, and how sure the pump is of the time.

A ring of the most recent events in memory. Sequence numbers rise by one from the first event after reset and
are never reused, so a reader knows what it has missed.
"""

from thecal_fw.core.instant import TICKS_PER_SECOND, ticks_at
from thecal_fw.core.wall_clock import WallClock

RESET_POWER_ON = 0
RESET_WATCHDOG = 1
RESET_NAMES = ("power-on", "watchdog")

EVENT_NAMES = (
    "reset",
    "program committed",
    "program took effect",
    "delivery started",
    "delivery stopped",
    "refilled",
    "time set",
    "alarm raised",
    "alarm cleared",
    "alarm acknowledged",
    "hello",
    "step timing fault",
    "step count mismatch",
    "bootloader entered",
    "prompt entered",
)
(
    EVENT_RESET,
    EVENT_PROGRAM_COMMITTED,
    EVENT_PROGRAM_EFFECTIVE,
    EVENT_STARTED,
    EVENT_STOPPED,
    EVENT_REFILLED,
    EVENT_TIME_SET,
    EVENT_ALARM_RAISED,
    EVENT_ALARM_CLEARED,
    EVENT_ALARM_ACKNOWLEDGED,
    EVENT_HELLO,
    EVENT_TIMING_FAULT,
    EVENT_COUNT_MISMATCH,
    EVENT_BOOTLOADER,
    EVENT_PROMPT,
) = range(len(EVENT_NAMES))

CAPACITY = 256


class EventLog:
    """Ring of events, each (sequence, boot_s, boot_us, utc_s, time_source, code, first, second).

    What ``first`` and ``second`` mean depends on the code: alarm events carry the alarm and the microstep
    count, delivery events the microstep count and the rate, time events the old and the new UTC second.
    """

    def __init__(self):
        self._ring = [(0,) * 8] * CAPACITY
        self.latest = 0

    def record(
        self, boot_s: int, boot_us: int, wall: WallClock, code: int, first: int = 0, second: int = 0
    ) -> None:
        self.latest += 1
        utc_s = wall.utc_ticks(ticks_at(boot_s, boot_us)) // TICKS_PER_SECOND
        self._ring[self.latest % CAPACITY] = (
            self.latest,
            boot_s,
            boot_us,
            utc_s,
            wall.source,
            code,
            first & 0xFFFFFFFF,
            second & 0xFFFFFFFF,
        )

    def oldest(self) -> int:
        """Sequence of the oldest event still kept; 1 if none was recorded."""
        return max(1, self.latest - CAPACITY + 1)

    def get(self, sequence: int):
        """One event that is still kept."""
        return self._ring[sequence % CAPACITY]
