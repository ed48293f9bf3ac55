"""The time that tubing and pump serve on: what the pump answers, and dates made of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from thecal_fw.core.refill_dates import NEVER_MINUTES


@dataclass(frozen=True)
class ServiceOutlook:
    """Days of running and revolutions since each part was new; minutes from now on, at the earliest."""

    pump_days: int
    tubing_days: int
    tubing_revolutions: int
    minutes_to_tubing_due: int
    minutes_to_replacement_due: int
    minutes_to_end_of_service: int

    def tubing_due(self, now: datetime) -> datetime | None:
        return _after(now, self.minutes_to_tubing_due)

    def replacement_due(self, now: datetime) -> datetime | None:
        return _after(now, self.minutes_to_replacement_due)

    def end_of_service(self, now: datetime) -> datetime | None:
        return _after(now, self.minutes_to_end_of_service)


def _after(now: datetime, minutes: int) -> datetime | None:
    return None if minutes >= NEVER_MINUTES else now + timedelta(minutes=minutes)
