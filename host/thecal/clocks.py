"""The pump's clock beside the clock on the wall: whether they agree, and whether this computer's can be right at all.

Doses follow the pump's local time, and dates are counted from the time on the wall and from what the pump has counted;
the pump's calendar is never part of a date. Two clocks that differ by more than a minute have one that is wrong, and
only a person knows which: that is settled, or a reason given, before anything is printed or changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from thecal.errors import BadInputError
from thecal_fw.core.wall_clock import TIME_SOURCE_NAMES

if TYPE_CHECKING:
    from thecal.client import Event
    from thecal.status import Status

MOST_APART_S = 60
WRITTEN = datetime(2026, 3, 1, tzinfo=UTC)
"""No computer has run this before it was written."""
_LAST_YEAR = 2099
"""The last one that a pump's clock can be set to."""
_SHOWN = "%a %Y-%m-%d %H:%M"


@dataclass(frozen=True)
class Wall:
    """The time on the wall: this computer's, or what a person has read off it. ahead_by: of this computer's clock."""

    ahead_by: timedelta = timedelta()
    is_told: bool = False

    def now(self) -> datetime:
        """Return the time on the wall, with this computer's offset from UTC at that time."""
        return (datetime.now(UTC) + self.ahead_by).astimezone()


def told_wall(text: str) -> Wall:
    """Return the clock that a person has read: local time, to the minute. Raise BadInputError for what is no time."""
    try:
        told = datetime.fromisoformat(text.strip())
        if not 2024 <= told.year <= _LAST_YEAR:
            raise ValueError
        told = told.astimezone()
    except (ValueError, OverflowError):
        raise BadInputError([f"{text!r} is no time of now; write it like 2026-03-06T12:00"]) from None
    ahead_by = told - datetime.now(UTC)
    # Read to the minute, it says no more than that this computer's clock is right.
    if abs(ahead_by.total_seconds()) <= MOST_APART_S:
        ahead_by = timedelta()
    return Wall(ahead_by, is_told=True)


@dataclass(frozen=True)
class Clocks:
    """Both clocks at one instant. now: the time on the wall, aware of its offset. is_told: a person has read it.

    pump_utc: None while the pump does not know the time. no_earlier: what the pump's log knows to be past by now.
    """

    now: datetime
    is_told: bool
    pump_utc: datetime | None
    pump_offset_minutes: int
    source: str = ""
    no_earlier: datetime | None = None

    @property
    def offset_minutes(self) -> int:
        """Return by how much local time on the wall is ahead of UTC."""
        return offset_minutes_of(self.now)

    @property
    def pump_local(self) -> datetime | None:
        if self.pump_utc is None:
            return None
        return self.pump_utc.replace(tzinfo=None) + timedelta(minutes=self.pump_offset_minutes)

    @property
    def ahead_s(self) -> float | None:
        """Return by how many seconds the pump's local time is ahead of the one on the wall; None if it has none."""
        local = self.pump_local
        return None if local is None else (local - self.now.replace(tzinfo=None)).total_seconds()

    @property
    def agree(self) -> bool:
        """Return True if local time is the same on both, and UTC as well."""
        if self.pump_utc is None or self.ahead_s is None:
            return False
        utc_apart_s = (self.pump_utc - self.now).total_seconds()
        return abs(self.ahead_s) <= MOST_APART_S and abs(utc_apart_s) <= MOST_APART_S

    @property
    def doubt(self) -> str:
        """Return why the time on the wall can't be right; empty if it can."""
        if self.now < WRITTEN:
            return f"it is before {WRITTEN:%Y-%m-%d}, when this program was written"
        if self.now.year > _LAST_YEAR:
            return f"it is after {_LAST_YEAR}"
        if self.no_earlier is not None and self.now < self.no_earlier - timedelta(seconds=MOST_APART_S):
            return f"the pump's log has a later time, {self.no_earlier.astimezone(self.now.tzinfo):{_SHOWN}}"
        return ""

    @property
    def fault(self) -> str:
        """Return what is wrong with the two, in a sentence; empty if nothing is."""
        if self.doubt:
            return f"{self._whose} shows {self.now:{_SHOWN}}, which can't be right: {self.doubt}"
        if self.agree:
            return ""
        if self.pump_local is None:
            return "the pump does not know the time, so it gives the mean of its program and no bolus by the clock"
        if not abs(self.ahead_s or 0) <= MOST_APART_S:
            return f"the pump's clock is {self._apart_text} {self._whose}: one of the two is wrong"
        return (
            f"the pump's offset from UTC is {offset_text(self.pump_offset_minutes)} and this computer's"
            f" {offset_text(self.offset_minutes)}, though both show the same local time"
        )

    def rows(self) -> list[tuple[str, str]]:
        """Return both clocks, for every page and view."""
        pump = "does not know the time"
        if self.pump_local is not None:
            pump = f"{self.pump_local:{_SHOWN}} (UTC{offset_text(self.pump_offset_minutes)}, {self.source})"
            pump += ", the same to a minute" if self.agree else f", {self._apart_text} {self._whose}"
        doubt = f"; CAN'T BE RIGHT, {self.doubt}" if self.doubt else ""
        wall = f"{self.now:{_SHOWN}} (UTC{offset_text(self.offset_minutes)}){doubt}"
        return [
            ("clock on the wall" if self.is_told else "this computer's clock", wall),
            ("pump's clock", pump),
        ]

    @property
    def _whose(self) -> str:
        return "the clock on the wall" if self.is_told else "this computer's clock"

    @property
    def _apart_text(self) -> str:
        ahead_s = round(self.ahead_s or 0)
        return f"{duration_text(abs(ahead_s))} {'ahead of' if ahead_s > 0 else 'behind'}"


def clocks_of(status: Status, now: datetime, *, is_told: bool = False, log: Sequence[Event] = ()) -> Clocks:
    """Return the clocks of a pump that has just been asked for its status."""
    pump_utc = datetime.fromtimestamp(status.utc_s, UTC) if status.time_source else None
    known = [event for event in log if event.time_source]
    no_earlier = None
    if known and pump_utc is None:
        # Where the pump has a clock, the two are held against each other; else its log is all there is.
        last = known[-1]
        since_s = status.boot_s - last.boot_s if last.boots == status.boots else 0
        no_earlier = datetime.fromtimestamp(last.utc_s + max(0, since_s), UTC)
    return Clocks(
        now, is_told, pump_utc, status.offset_minutes, TIME_SOURCE_NAMES[status.time_source], no_earlier
    )


def offset_minutes_of(now: datetime) -> int:
    """Return by how much the local time of an instant is ahead of UTC."""
    return round((now.utcoffset() or timedelta()).total_seconds() / 60)


def offset_text(offset_minutes: int) -> str:
    """Return an offset from UTC as people write it."""
    sign = "-" if offset_minutes < 0 else "+"
    return f"{sign}{abs(offset_minutes) // 60:02d}:{abs(offset_minutes) % 60:02d}"


def duration_text(seconds: int) -> str:
    """Return a duration to its two largest units."""
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, seconds = divmod(rest, 60)
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
