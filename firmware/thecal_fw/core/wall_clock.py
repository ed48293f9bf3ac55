"""Wall time: UTC carried on the clock since boot, where it came from, and the pump's own local time.

UTC is kept as an offset in ticks from time since boot, so setting it moves a schedule by whole ticks and
nothing drifts. Local time is UTC plus an offset in minutes that only an explicit command changes: the host's
daylight-saving time shifts nothing by itself.
"""

from thecal_fw.core.counts import MOST_SECONDS
from thecal_fw.core.instant import SECONDS_PER_DAY, TICKS_PER_MINUTE, TICKS_PER_SECOND, ticks_at
from thecal_fw.core.program import DAYS_PER_WEEK

TIME_UNKNOWN = 0
TIME_SET = 1
TIME_CARRIED_OVER = 2
TIME_RESTORED = 3
TIME_SOURCE_NAMES = ("unknown", "set", "carried over a reset", "restored")

MOST_OFFSET_MINUTES = 14 * 60
_MOST_UTC_TICKS = MOST_SECONDS * TICKS_PER_SECOND
# 1 January 1970 was a Thursday, day 3 of a week that begins on Monday.
_WEEKDAY_OF_EPOCH = 3


class WallClock:
    """Relation of UTC and local time to time since boot. Immutable: setting the time makes a new one."""

    def __init__(
        self, source: int = TIME_UNKNOWN, utc_ticks_at_boot: int = 0, offset_minutes: int = 0
    ) -> None:
        self.source = source
        self.offset_minutes = offset_minutes
        self.utc_ticks_at_boot = utc_ticks_at_boot

    def is_known(self) -> bool:
        """Return True if the schedule may follow it. A time restored after a power cut lacks the time without power."""
        return self.source in (TIME_SET, TIME_CARRIED_OVER)

    def has_time(self) -> bool:
        """Return True if it shows a time at all, be it an uncertain one."""
        return self.source != TIME_UNKNOWN

    def utc_ticks(self, boot_ticks: int) -> int:
        """Return ticks since 1970 at a tick since boot, as records and messages can show them: they stand still at
        the end of 32 bits of seconds, in 2106. 0 without any time."""
        return min(self._utc_ticks(boot_ticks), _MOST_UTC_TICKS)

    def _utc_ticks(self, boot_ticks: int) -> int:
        return boot_ticks + self.utc_ticks_at_boot if self.has_time() else 0

    def local_second(self, boot_ticks: int) -> int:
        """Return whole seconds of local time since 1970 at a tick since boot, rounded down."""
        return self._utc_ticks(boot_ticks) // TICKS_PER_SECOND + 60 * self.offset_minutes

    def local_day(self, boot_ticks: int) -> int:
        """Return local days since 1970 at a tick since boot, no later than the true one; 0 without any time."""
        return self.local_second(boot_ticks) // SECONDS_PER_DAY if self.has_time() else 0

    def boot_ticks_of_local_second(self, local_second: int) -> int:
        """Return the tick since boot at which a local second begins."""
        return (local_second - 60 * self.offset_minutes) * TICKS_PER_SECOND - self.utc_ticks_at_boot

    def first_local_minute(self, boot_ticks: int) -> int:
        """Return the first minute of local time since 1970 that begins at or after a tick since boot."""
        utc_ticks = self._utc_ticks(boot_ticks) + 60 * self.offset_minutes * TICKS_PER_SECOND
        return -(-utc_ticks // TICKS_PER_MINUTE)

    def next_whole_second(self, boot_ticks: int) -> int:
        """Return the first tick since boot, not before the one given, at which a second of the pump's clock begins."""
        if not self.is_known():
            return -(-boot_ticks // TICKS_PER_SECOND) * TICKS_PER_SECOND
        utc_ticks = boot_ticks + self.utc_ticks_at_boot
        return boot_ticks + -utc_ticks % TICKS_PER_SECOND


def clock_set_to(utc_s: int, utc_us: int, offset_minutes: int, boot_s: int, boot_us: int) -> WallClock:
    """Return the wall clock that shows this UTC at this instant since boot, to the tick."""
    utc_ticks = ticks_at(utc_s, utc_us)
    return WallClock(TIME_SET, utc_ticks - ticks_at(boot_s, boot_us), offset_minutes)


def weekday_and_minute(local_second: int) -> "tuple[int, int]":
    """Return the weekday (0 is Monday) and minute of day of a second of local time since 1970."""
    day, second_of_day = divmod(local_second, SECONDS_PER_DAY)
    return (day + _WEEKDAY_OF_EPOCH) % DAYS_PER_WEEK, second_of_day // 60
