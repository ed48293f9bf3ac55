"""The time that the reservoir lasts: until its low-reservoir alarm, until that alarm's volume at the worst a pump of
its accuracy can do, and until it is empty.

What is counted is all that the program gives by the clock, and every bolus that the patient may ask for, each
day's at the beginning of that day. So no date is later than the event can come, and what is not asked for makes it
later. All in whole numbers; times are rounded down to minutes.
"""

from thecal_fw.core.bolus import volume_nl
from thecal_fw.core.program import DAYS_PER_WEEK, MINUTES_PER_DAY, Program
from thecal_fw.core.schedule import MINUTES_PER_WEEK, volume_of_week
from thecal_fw.core.week import Week, week_of

NEVER_MINUTES = 0xFFFFFFFF // 60
"""Nothing is used up."""


def alarm_protects(fill_nl: int, low_reservoir_nl: int, accuracy_permille: int) -> bool:
    """Return True if the low-reservoir alarm comes before the reservoir is dry, even if the pump gives as much more
    than it calculates as its accuracy allows: the alarm is calculated, not measured."""
    return low_reservoir_nl * (1_000 + accuracy_permille) >= fill_nl * accuracy_permille


def least_residual_nl(fill_nl: int, residual_nl: int, accuracy_permille: int) -> int:
    """Return the volume left if the pump has given as much more than it calculates as its accuracy allows."""
    return max(0, fill_nl - -(-(fill_nl - residual_nl) * (1_000 + accuracy_permille) // 1_000))


class Course:
    """The use of the reservoir from a local minute on. week_minute: minute of the week, from Monday midnight; None
    without the time of day, when the mean of the program is given. week: the program's, if it is known already."""

    def __init__(
        self,
        program: Program,
        week_minute: "int | None",
        week: "Week | None" = None,
    ) -> None:
        self._per_day_nl = 0
        self._rates_of_week = None
        self._days = [-1] * DAYS_PER_WEEK
        patient = program.patient_bolus
        if patient is not None:
            self._per_day_nl = patient.most_per_day * volume_nl(patient.rate_nl_per_day, patient.minutes)
        self._at_once_nl = self._rate = 0
        periodic = program.periodic_bolus
        if periodic is not None:
            # The first one may come at once; from then on no more than the mean of them has come at any time.
            self._at_once_nl = volume_nl(periodic.rate_nl_per_day, periodic.minutes)
            self._rate = -(-periodic.rate_nl_per_day * periodic.minutes // periodic.interval_minutes)
        self._week_minute, self._week = week_minute or 0, 0
        if week_minute is None:
            self._rate += -(-volume_of_week(program) // MINUTES_PER_WEEK)
        else:
            self._rates_of_week = week or week_of(program)
            self._week = self._rates_of_week.total
        self._week += self._rate * MINUTES_PER_WEEK

    def minutes_to_use(self, nl: int) -> int:
        """Return whole minutes until so much has been used at the earliest; NEVER_MINUTES if it never is."""
        left = (nl - self._at_once_nl) * MINUTES_PER_DAY
        per_day = self._per_day_nl * MINUTES_PER_DAY
        week = self._week + 7 * per_day
        if left <= 0:
            return 0
        if not week:
            return NEVER_MINUTES
        weeks, left = divmod(left, week)
        minutes = weeks * MINUTES_PER_WEEK
        for day in range(7):
            # What a day's boluses use, they use at its beginning.
            left -= per_day
            if left <= 0:
                return min(minutes, NEVER_MINUTES)
            used, passed = self._used_in_day(day, left)
            left -= used
            minutes += passed
            if passed < MINUTES_PER_DAY:
                break
        return min(minutes, NEVER_MINUTES)

    def _used_in_day(self, day: int, most: int) -> "tuple[int, int]":
        """Return what is used in one of the days from now on, up to a volume, and the minutes that takes."""
        at = (self._week_minute + day * MINUTES_PER_DAY) % MINUTES_PER_WEEK
        week = self._rates_of_week
        if week is None:
            used = self._rate * MINUTES_PER_DAY
            return (used, MINUTES_PER_DAY) if used <= most else (most, most // self._rate)
        # Each day is summed up once, whatever number of times the course is asked.
        if self._days[day] < 0:
            self._days[day] = _used_from(week, at) + self._rate * MINUTES_PER_DAY
        used = self._days[day]
        if used <= most:
            return used, MINUTES_PER_DAY
        return most, _minutes_to_use(week, at, most, self._rate)


def _used_from(week: Week, at: int) -> int:
    """Return what is used in 24 hours from a minute of the week on."""
    end = at + MINUTES_PER_DAY
    if end <= MINUTES_PER_WEEK:
        return week.given_between(at, end)
    return week.given_between(at, MINUTES_PER_WEEK) + week.given_between(0, end - MINUTES_PER_WEEK)


def _minutes_to_use(week: Week, at: int, most: int, on_top: int) -> int:
    """Return whole minutes from a minute of the week on until so much, which is less than a day's, has been used,
    with a rate on top of the week's."""
    index = week.index_at(at)
    used = passed = 0
    while True:
        rate = week.rates[index] + on_top
        minutes = week.minutes[index + 1] - (at + passed) % MINUTES_PER_WEEK
        if rate * minutes > most - used:
            return passed + (most - used) // rate
        used += rate * minutes
        passed += minutes
        index = (index + 1) % week.turns


def minutes_until(course: Course, residual_nl: int, threshold_nl: int, accuracy_permille: int) -> int:
    """Return whole minutes until the contents have come down to a threshold, with the pump giving as much more than
    it calculates as an accuracy allows."""
    return course.minutes_to_use(max(0, residual_nl - threshold_nl) * 1_000 // (1_000 + accuracy_permille))
