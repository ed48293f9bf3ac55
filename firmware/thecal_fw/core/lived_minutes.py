"""The local minutes that the pump's clock has lived through in the last 24 hours of running time, whatever was
delivered then: a dose of the clock belongs to its local minute, and none is begun again when the clock comes to a
minute twice.

A span of minutes is known by the tick at which it ended, one minute of local time for one of running time before that.
Older than 24 hours of running time it is forgotten: a clock that was wrong for weeks withholds nothing for weeks.
"""

from thecal_fw.core.instant import TICKS_PER_DAY, TICKS_PER_MINUTE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from thecal_fw.core.wall_clock import WallClock

MOST_SPANS = 9
NOT_KNOWN = 0xFFFFFFFF
"""In place of a first minute: the time of day is unknown."""


class LivedMinutes:
    """spans: (first minute, minute after the last, tick at which that came), oldest first. since: first minute of the
    span that is under way, or NOT_KNOWN."""

    def __init__(self) -> None:
        self.spans: "list[tuple[int, int, int]]" = []
        self.since = NOT_KNOWN

    def restore(self, spans: "list[tuple[int, int, int]]", since: int) -> None:
        self.spans, self.since = spans, since

    def begin(self, minute: int) -> None:
        """Note that the clock shows the time of day from a minute on."""
        self.since = minute

    def end(self, minute: int, tick: int) -> None:
        """End the span under way: at a tick the clock would have come to this minute, and shows another one."""
        since, self.since = self.since, NOT_KNOWN
        if since < minute:
            self.add(since, minute, tick)

    def add(self, first: int, until: int, tick: int) -> None:
        """Count minutes as lived through by a tick."""
        self.forget(tick)
        self.spans.append((first, until, tick))
        if len(self.spans) > MOST_SPANS:
            # Rather too many minutes than too few: none may be begun twice.
            (first, until, _), (other_first, other_until, tick) = self.spans[:2]
            self.spans[:2] = [(min(first, other_first), max(until, other_until), tick)]

    def forget(self, tick: int) -> None:
        """Leave out what was lived through 24 hours before a tick, or earlier."""
        kept = []
        for first, until, until_tick in self.spans:
            first = max(first, until - (until_tick + TICKS_PER_DAY - tick) // TICKS_PER_MINUTE)
            if first < until:
                kept.append((first, until, until_tick))
        self.spans = kept

    def coming_again(self, wall: "WallClock", tick: int) -> "tuple[tuple[int, int], ...]":
        """Return spans of minutes (first, minute after the last) that a clock comes to again after a tick, within 24
        hours of running time since they were lived through."""
        if not wall.is_known() or not self.spans:
            return ()
        following = wall.first_local_minute(tick)
        found = []
        for first, until, until_tick in self.spans:
            again_tick = wall.boot_ticks_of_local_second(60 * until)
            if until > following and again_tick - until_tick < TICKS_PER_DAY:
                found.append((max(first, following), until))
        return tuple(found)


def is_within(minute: int, spans: "Iterable[tuple[int, int]]") -> bool:
    """Return True if a minute lies in one of the spans."""
    return any([first <= minute < until for first, until in spans])
