"""The pump's time: ticks since the reset, running time over all of its lives, and the time of day.

Promises: whatever an event, a record or an answer says of time is of the instant at which the clock was last read.
"""

from thecal_fw.core.counts import MOST_SECONDS
from thecal_fw.core.instant import ticks_at
from thecal_fw.core.wall_clock import WallClock
from thecal_fw.pump.changes import Changes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.ports import Clock


class Timekeeper:
    """clock: seconds and microseconds since the reset. wall: the time of day.
    base_lifetime_s: running seconds of all lives before this reset."""

    def __init__(self, clock: "Clock", changes: Changes) -> None:
        self.clock = clock
        self._changes = changes
        self.wall = WallClock()
        self.base_lifetime_s = 0

    def ticks_now(self) -> int:
        return ticks_at(self.clock.s, self.clock.us)

    def lifetime_s(self) -> int:
        """Return running seconds of all lives. They stand still at the end of their 32 bits."""
        return min(self.base_lifetime_s + self.clock.s, MOST_SECONDS)

    def set_wall(self, wall: WallClock) -> None:
        self.wall = wall
        self._changes.note_carried()

    def go_on_after(self, lifetime_s: int) -> None:
        """Count on from so many seconds that the pump had run before this reset."""
        self.base_lifetime_s = min(lifetime_s, MOST_SECONDS)
