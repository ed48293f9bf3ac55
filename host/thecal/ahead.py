"""The next turns of a pump that follows its clock: the next change of its basal rate, and the next bolus by the
clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from thecal.amounts import dose_mcg, plain
from thecal.bolus_words import amount
from thecal.clocks import duration_text
from thecal.status import Status
from thecal_fw.core.modes import OWN_PATTERNS
from thecal_fw.core.program import MINUTES_PER_DAY, Program
from thecal_fw.core.schedule import minutes_to_next_step, next_bolus, rate_at

_LOOKED_AHEAD_DAYS = 8
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Next:
    """local: when, by the pump's local time. in_s: until then. text: what, in words."""

    local: datetime
    in_s: int
    text: str

    @property
    def when(self) -> str:
        return f"at {self.local:%H:%M}, in {duration_text(self.in_s - self.in_s % 60 or self.in_s)}"


def next_rate(status: Status, program: Program | None) -> Next | None:
    """Return the next change of the basal rate; None where none comes by the clock, or the pump has no clock to go
    by."""
    local = status.local_time
    if local is None or program is None or not status.is_delivering or not program.has(OWN_PATTERNS):
        return None
    now = local.replace(second=0)
    at, before = now, rate_at(program, now.weekday(), _minute(now))
    while at < now + timedelta(days=_LOOKED_AHEAD_DAYS):
        at += timedelta(minutes=minutes_to_next_step(program, at.weekday(), _minute(at)))
        rate = rate_at(program, at.weekday(), _minute(at))
        if rate != before:
            dose = plain(_dose(rate, program), 4)
            return Next(at, round((at - local).total_seconds()), f"{dose} mcg/day")
    return None


def _dose(rate_nl_per_day: int, program: Program) -> Fraction:
    """Return a rate as a dose in mcg/day."""
    return dose_mcg(rate_nl_per_day, program.concentration_ng_per_ml)


def next_dose(status: Status, program: Program | None) -> Next | None:
    """Return the next bolus by the clock; None where there is none, or the pump has no clock to go by."""
    local = status.local_time
    if local is None or program is None or not status.is_delivering:
        return None
    minute = int((local.replace(tzinfo=UTC) - _EPOCH) / timedelta(minutes=1))
    found = next_bolus(program, minute + 1, minute + _LOOKED_AHEAD_DAYS * MINUTES_PER_DAY)
    if found is None:
        return None
    begin, rate, minutes = found
    at = (_EPOCH + timedelta(minutes=begin)).replace(tzinfo=None)
    return Next(at, round((at - local).total_seconds()), amount(program, rate, minutes))


def _minute(local: datetime) -> int:
    return 60 * local.hour + local.minute
