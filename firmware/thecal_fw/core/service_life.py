"""The service life of the tubing and of the pump itself: what is used of that, and when the rest will be, at the
earliest.

An implanted pump of this kind announces its replacement 90 days before its service ends, after seven years at most
(published); the reference pump keeps to those. The life of its tubing comes from no checked source.
Age is the pump's own running time. What is counted in whole days or hundreds of revolutions is rounded so that
nothing is reported later than it is.
"""

from thecal_fw.core import described
from thecal_fw.core.counts import MOST_TUBING_HUNDREDS
from thecal_fw.core.refill_dates import NEVER_MINUTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.core.calibration import Calibration
    from thecal_fw.core.refill_dates import Course

PART_TUBING = 0
PART_PUMP = 1
PART_LINE = 2
"""Tubing and catheter, rinsed: neither is new, and both count as empty of drug."""
PART_NAMES = ("tubing", "pump", "line")

REVOLUTIONS_UNIT = 100
"""The journal counts revolutions by this many."""
_DAY_S = 86_400
_LOW_BITS = 0xFFFF


class ServiceLimits:
    """service_days: of the pump; notice_days: before that, it says that it is to be replaced.

    tubing_days, tubing_revolutions: of the tubing, whichever is reached first.
    """

    def __init__(
        self,
        service_days: int = described.SERVICE_DAYS,
        notice_days: int = described.SERVICE_NOTICE_DAYS,
        tubing_days: int = described.TUBING_DAYS,
        tubing_revolutions: int = described.TUBING_REVOLUTIONS,
    ) -> None:
        self.service_days = service_days
        self.notice_days = notice_days
        self.tubing_days = tubing_days
        self.tubing_revolutions = tubing_revolutions


BENCH_SERVICE_LIMITS = ServiceLimits()


class ServiceLife:
    """pump_day, tubing_day: day of the pump's running life on which each was last new.

    tubing_hundreds: hundreds of revolutions that the pump had made when its tubing was new.
    """

    def __init__(self, limits: ServiceLimits = BENCH_SERVICE_LIMITS) -> None:
        self.limits = limits
        self.pump_day = self.tubing_day = self.tubing_hundreds = 0

    def renew(self, part: int, lifetime_s: int, revolutions: int) -> None:
        """Take a part as new as of now; a new pump has new tubing. A line that was rinsed is as old as before."""
        if part == PART_LINE:
            return
        self.tubing_day = lifetime_s // _DAY_S
        self.tubing_hundreds = revolutions // REVOLUTIONS_UNIT
        if part == PART_PUMP:
            self.pump_day = self.tubing_day

    def keep_count_small(self, revolutions: int) -> None:
        """Have the tubing's revolutions stand still at as many as the journal can show."""
        self.tubing_hundreds = max(
            self.tubing_hundreds, revolutions // REVOLUTIONS_UNIT - MOST_TUBING_HUNDREDS
        )

    def restore(self, pump_day: int, tubing_day: int, low_bits: int, revolutions: int) -> None:
        """Continue after a reset. low_bits: of the hundreds of revolutions at which the tubing was new, the low 16."""
        self.pump_day, self.tubing_day = pump_day, tubing_day
        hundreds = revolutions // REVOLUTIONS_UNIT
        self.tubing_hundreds = hundreds - (hundreds - low_bits & _LOW_BITS)

    def pump_age_s(self, lifetime_s: int) -> int:
        return lifetime_s - self.pump_day * _DAY_S

    def tubing_age_s(self, lifetime_s: int) -> int:
        return lifetime_s - self.tubing_day * _DAY_S

    def tubing_revolutions(self, revolutions: int) -> int:
        return revolutions - self.tubing_hundreds * REVOLUTIONS_UNIT

    def is_tubing_due(self, lifetime_s: int, revolutions: int) -> bool:
        limits = self.limits
        return (
            self.tubing_age_s(lifetime_s) >= limits.tubing_days * _DAY_S
            or self.tubing_revolutions(revolutions) >= limits.tubing_revolutions
        )

    def is_replacement_due(self, lifetime_s: int) -> bool:
        days = self.limits.service_days - self.limits.notice_days
        return self.pump_age_s(lifetime_s) >= days * _DAY_S

    def is_over(self, lifetime_s: int) -> bool:
        return self.pump_age_s(lifetime_s) >= self.limits.service_days * _DAY_S

    def minutes_to_tubing(
        self,
        lifetime_s: int,
        revolutions: int,
        calibration: "Calibration",
        course: "Course | None",
        on_top_nl: int = 0,
    ) -> int:
        """Return whole minutes until the tubing's life is used up at the earliest, by a course of delivery with so
        much on top of it or, without one, by age alone."""
        minutes = _minutes_until(self.limits.tubing_days, self.tubing_age_s(lifetime_s))
        left = self.limits.tubing_revolutions - self.tubing_revolutions(revolutions)
        if course is not None:
            # The revolution under way may be about to end.
            minutes = min(
                minutes, course.minutes_to_use(max(0, calibration.volume_of_turns_nl(left - 1) - on_top_nl))
            )
        return minutes if left > 0 else 0

    def minutes_to_replacement(self, lifetime_s: int) -> int:
        return _minutes_until(self.limits.service_days - self.limits.notice_days, self.pump_age_s(lifetime_s))

    def minutes_to_end(self, lifetime_s: int) -> int:
        return _minutes_until(self.limits.service_days, self.pump_age_s(lifetime_s))


def _minutes_until(days: int, age_s: int) -> int:
    return min(NEVER_MINUTES, max(0, days * _DAY_S - age_s) // 60)
