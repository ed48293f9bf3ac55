"""The dates by which the pump has to be refilled: dates made of what the pump calculates, capped by how long the
drug is stable.

Each date is the time on the wall and as many minutes as the pump reports; its calendar has no part in them.
The refill is due by the worst-case date, for the low-reservoir alarm is calculated and an over-delivering pump may be
dry before it sounds; a few days before is what clinics book.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from thecal.amounts import millilitres
from thecal_fw.core.program import MINUTES_PER_DAY, Program
from thecal_fw.core.refill_dates import alarm_protects

NEVER_MINUTES = 0xFFFFFFFF // 60


@dataclass(frozen=True)
class ReservoirOutlook:
    """The pump's answer about its reservoir: volumes in nL, times from now on in minutes. Meaningless unless
    ``is_known``."""

    is_known: bool
    residual_nl: int
    least_residual_nl: int
    minutes_to_low: int
    minutes_to_low_at_worst: int
    minutes_to_empty: int
    alarm_protects: bool
    accuracy_permille: int
    stability_days: int

    @property
    def days_to_low(self) -> float | None:
        """Return days until the low-reservoir alarm, with every bolus that may be given; None if it is not known or
        never."""
        if not self.is_known or self.minutes_to_low >= NEVER_MINUTES:
            return None
        return self.minutes_to_low / MINUTES_PER_DAY


@dataclass(frozen=True)
class RefillDates:
    """Local times. low, low_at_worst, empty: None if it never comes. refill_by: the earlier of the worst case and the
    drug's age."""

    low: datetime | None
    low_at_worst: datetime | None
    empty: datetime | None
    drug_expires: datetime | None
    refill_by: datetime | None


def refill_dates(outlook: ReservoirOutlook, now: datetime, filled: datetime | None) -> RefillDates:
    """Return the dates of an outlook. now, filled: time on the wall, and when the reservoir was filled if that is
    known; both with their offset from UTC."""
    now = now.replace(second=0, microsecond=0)
    expires = None
    if outlook.stability_days:
        # Without the instant of the fill the drug is taken to be as old as it can be: it expires now.
        expires = _local(filled + timedelta(days=outlook.stability_days) if filled is not None else now)
    at_worst = _after(now, outlook.minutes_to_low_at_worst)
    known = [date for date in (at_worst, expires) if date is not None]
    return RefillDates(
        low=_after(now, outlook.minutes_to_low),
        low_at_worst=at_worst,
        empty=_after(now, outlook.minutes_to_empty),
        drug_expires=expires,
        refill_by=min(known, default=None),
    )


def protection_warning(program: Program) -> str:
    """Return what to say when a program's alarm can't protect a full reservoir; empty if it can."""
    fill_nl, alarm_nl, permille = program.reservoir_nl, program.low_reservoir_nl, program.accuracy_permille
    if not program.delivers() or alarm_protects(fill_nl, alarm_nl, permille):
        return ""
    enough_nl = -(-fill_nl * permille // (1_000 + permille))
    return (
        f"the low-reservoir alarm at {millilitres(alarm_nl)} mL does not protect a full reservoir: it is calculated,"
        f" and a pump that gives {permille / 10:g} % more than it calculates is dry before it sounds. An alarm at"
        f" {millilitres(-(-enough_nl // 10_000) * 10_000)} mL would; until then go by the worst-case date"
    )


def _after(now: datetime, minutes: int) -> datetime | None:
    return None if minutes >= NEVER_MINUTES else _local(now + timedelta(minutes=minutes))


def _local(instant: datetime) -> datetime:
    """Return the time as the clocks on the wall will show it then, summer time or not."""
    return instant.astimezone().replace(tzinfo=None)
