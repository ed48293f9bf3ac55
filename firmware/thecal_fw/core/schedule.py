"""What basal rate a program asks for at any minute of the week, which boluses begin when, and the most that all of it
gives in any hour or day.

Minutes are pump-local: weekday 0 is Monday, minute 0 local midnight. A rate holds from the minute its step
begins until the minute the next step begins. Boluses add to it.
"""

from thecal_fw.core.program import (
    DAYS_PER_WEEK,
    MINUTES_PER_DAY,
    MODE_CONTINUOUS,
    MODE_FLEX,
    MODE_MINIMUM_RATE,
    Program,
)

MINUTES_PER_WEEK = DAYS_PER_WEEK * MINUTES_PER_DAY
_MINUTES_PER_HOUR = 60
# 1 January 1970 was a Thursday, day 3 of a week that begins on Monday.
_WEEKDAY_OF_EPOCH = 3


def rate_at(program: Program, weekday: int, minute: int, minimum_rate_nl_per_day: int) -> int:
    """Rate in nL/day at a local minute; 0 only for a stopped program."""
    if program.mode == MODE_FLEX:
        rate_nl_per_day = 0
        for start_minute, step_rate in program.patterns[program.weekdays[weekday]]:
            if start_minute > minute:
                break
            rate_nl_per_day = step_rate
        return rate_nl_per_day
    if program.mode == MODE_CONTINUOUS:
        return program.rate_nl_per_day
    if program.mode == MODE_MINIMUM_RATE:
        return minimum_rate_nl_per_day
    return 0


def minutes_to_next_step(program: Program, weekday: int, minute: int) -> int:
    """Minutes until the next step of the day begins, or until midnight if none does."""
    if program.mode == MODE_FLEX:
        for start_minute, _ in program.patterns[program.weekdays[weekday]]:
            if start_minute > minute:
                return start_minute - minute
    return MINUTES_PER_DAY - minute


def boluses_between(program: Program, first_minute: int, until_minute: int) -> list:
    """Boluses that begin by the clock in a span of local minutes since 1970: (start minute, rate, minutes) each."""
    found = []
    if program.mode == MODE_FLEX:
        for day in range(first_minute // MINUTES_PER_DAY, -(-until_minute // MINUTES_PER_DAY)):
            pattern = program.weekdays[(day + _WEEKDAY_OF_EPOCH) % DAYS_PER_WEEK]
            for start_minute, rate_nl_per_day, minutes in program.boluses[pattern]:
                start_minute += day * MINUTES_PER_DAY
                if first_minute <= start_minute < until_minute:
                    found.append((start_minute, rate_nl_per_day, minutes))
    elif program.periodic_bolus is not None:
        periodic = program.periodic_bolus
        interval = periodic.interval_minutes
        start_minute = first_minute + (periodic.first_minute - first_minute) % interval
        while start_minute < until_minute:
            found.append((start_minute, periodic.rate_nl_per_day, periodic.minutes))
            start_minute += interval
    return found


def follows_the_clock(program: Program) -> bool:
    """Whether what the program gives depends on the time of day."""
    return program.mode == MODE_FLEX or program.periodic_bolus is not None


def gives_the_same_week(program: Program, other: Program) -> bool:
    """Whether two programs that follow the clock give the same at every local minute."""
    if program is other:
        return True
    if program.mode != other.mode:
        return False
    if program.mode == MODE_FLEX:
        for pattern, other_pattern in zip(program.weekdays, other.weekdays):
            if not (
                _are_same(program.patterns[pattern], other.patterns[other_pattern])
                and _are_same(program.boluses[pattern], other.boluses[other_pattern])
            ):
                return False
        return True
    return program.rate_nl_per_day == other.rate_nl_per_day and _periodic(program) == _periodic(other)


def _are_same(entries, others) -> bool:
    """Whether steps or boluses of two days are the same. By index, so that they may lie in their bytes."""
    return len(entries) == len(others) and all(
        entries[index] == others[index] for index in range(len(entries))
    )


def _periodic(program: Program):
    periodic = program.periodic_bolus
    if periodic is None:
        return None
    return periodic.first_minute, periodic.interval_minutes, periodic.rate_nl_per_day, periodic.minutes


def longest_bolus_minutes(program: Program) -> int:
    """Of the boluses that begin by the clock; 0 if there are none."""
    longest = program.periodic_bolus.minutes if program.periodic_bolus is not None else 0
    for day in program.boluses:
        for _, _, minutes in day:
            longest = max(longest, minutes)
    return longest


def mean_rate(program: Program, minimum_rate_nl_per_day: int) -> int:
    """Rate that gives the program's volume evenly, boluses by the clock among it, in nL/day, rounded down.

    For when the time of day is unknown: the same dose in 24 hours, less at most a nanolitre.
    """
    if program.mode != MODE_FLEX:
        rate_nl_per_day = rate_at(program, 0, 0, minimum_rate_nl_per_day)
        periodic = program.periodic_bolus
        if periodic is not None:
            rate_nl_per_day += periodic.rate_nl_per_day * periodic.minutes // periodic.interval_minutes
        return rate_nl_per_day
    return VolumesOfWeek(program).cumulative[-1] // MINUTES_PER_WEEK


def highest_rate(program: Program) -> int:
    """Highest rate the program itself leads to by the clock, in nL/day; 0 if it names none."""
    rate_nl_per_day = program.rate_nl_per_day
    for pattern in program.patterns:
        for _, step_rate in pattern:
            rate_nl_per_day = max(rate_nl_per_day, step_rate)
    rate_nl_per_day += _highest_bolus_by_the_clock(program)
    return max(rate_nl_per_day, program.bridge.rate_nl_per_day) if program.bridge else rate_nl_per_day


def lowest_basal_rate(program: Program) -> int:
    """Lowest basal rate the program itself names, in nL/day."""
    if program.mode != MODE_FLEX:
        return program.rate_nl_per_day
    return min([step_rate for pattern in program.patterns for _, step_rate in pattern])


def _highest_bolus_by_the_clock(program: Program) -> int:
    highest = program.periodic_bolus.rate_nl_per_day if program.periodic_bolus is not None else 0
    for day in program.boluses:
        for _, bolus_rate, _ in day:
            highest = max(highest, bolus_rate)
    return highest


def most_nl_in_any_hour(program: Program, minimum_rate_nl_per_day: int) -> int:
    """Largest volume the program gives by the clock in any 60 minutes, in nL, rounded up."""
    return _most_in_window(program, minimum_rate_nl_per_day, _MINUTES_PER_HOUR)


def most_nl_in_any_day(program: Program, minimum_rate_nl_per_day: int) -> int:
    """Largest volume the program gives by the clock in any 24 hours, in nL, rounded up."""
    return _most_in_window(program, minimum_rate_nl_per_day, MINUTES_PER_DAY)


def most_patient_nl(program: Program, window_minutes: int) -> int:
    """Largest volume of all boluses that a patient may ask for in any time of so many minutes, at most a day, in nL,
    rounded up."""
    patient = program.patient_bolus
    if patient is None:
        return 0
    minutes = _most_minutes_of_train(patient.minutes, patient.lockout_minutes, window_minutes)
    minutes = min(minutes, patient.most_per_day * patient.minutes)
    return -(-minutes * patient.rate_nl_per_day // MINUTES_PER_DAY)


def _most_minutes_of_train(minutes: int, interval_minutes: int, window_minutes: int) -> int:
    """Most minutes of any window that boluses take which come at an interval no shorter than each of them."""
    whole, rest_minutes = divmod(window_minutes, interval_minutes)
    return whole * minutes + min(rest_minutes, minutes)


def _most_in_window(program: Program, minimum_rate_nl_per_day: int, window_minutes: int) -> int:
    if program.mode == MODE_FLEX:
        most = _most_of_week(program, window_minutes)
    else:
        most = rate_at(program, 0, 0, minimum_rate_nl_per_day) * window_minutes
        periodic = program.periodic_bolus
        if periodic is not None:
            minutes = _most_minutes_of_train(periodic.minutes, periodic.interval_minutes, window_minutes)
            most += minutes * periodic.rate_nl_per_day
    return -(-most // MINUTES_PER_DAY)


def _most_of_week(program: Program, window_minutes: int) -> int:
    """Largest volume in any window of the repeating week, in nL/day x minute.

    The volume in a sliding window is piecewise linear in its position and bends only where one of the
    window's ends meets the beginning of a step or either end of a bolus, so its maximum is at one of those positions.
    Four cursors follow the two ends of both kinds of window through the week, each moving forward only.
    """
    volumes = VolumesOfWeek(program)
    after_from, after_to, before_from, before_to = (_Cursor(volumes) for _ in range(4))
    most = 0
    for minute in volumes.minutes[:-1]:
        after = after_to.until(minute + window_minutes) - after_from.until(minute)
        end = minute + MINUTES_PER_WEEK
        before = before_to.until(end) - before_from.until(end - window_minutes)
        most = max(most, after, before)
    return most


class VolumesOfWeek:
    """Volume given since Monday midnight at each minute of the week where a step begins or a bolus begins or ends.

    In units of nL/day x minute, so that it stays an integer.
    """

    def __init__(self, program: Program):
        turns = []
        for weekday in range(DAYS_PER_WEEK):
            pattern = program.weekdays[weekday]
            midnight = weekday * MINUTES_PER_DAY
            for start_minute, rate_nl_per_day in program.patterns[pattern]:
                turns.append((midnight + start_minute, 0, rate_nl_per_day))
            for start_minute, rate_nl_per_day, minutes in program.boluses[pattern]:
                start_minute += midnight
                end_minute = start_minute + minutes
                turns.append((start_minute, 1, rate_nl_per_day))
                turns.append((end_minute % MINUTES_PER_WEEK, 1, -rate_nl_per_day))
                if end_minute >= MINUTES_PER_WEEK:
                    # It began last Sunday, too.
                    turns.append((0, 1, rate_nl_per_day))
        turns.sort()
        self.minutes = []
        self.cumulative = []
        self.rates = []
        total = basal = added = 0
        for minute, is_bolus, rate_nl_per_day in turns:
            if is_bolus:
                added += rate_nl_per_day
            else:
                basal = rate_nl_per_day
            if self.minutes:
                total += self.rates[-1] * (minute - self.minutes[-1])
            self.minutes.append(minute)
            self.cumulative.append(total)
            self.rates.append(basal + added)
        total += self.rates[-1] * (MINUTES_PER_WEEK - self.minutes[-1])
        self.minutes.append(MINUTES_PER_WEEK)
        self.cumulative.append(total)


class _Cursor:
    """Answers for the volume until a minute, for minutes that never go back; weeks repeat."""

    def __init__(self, volumes: VolumesOfWeek):
        self._volumes = volumes
        self._index = 0
        self._week_minute = 0
        self._week_volume = 0

    def until(self, minute: int) -> int:
        volumes = self._volumes
        while minute - self._week_minute >= volumes.minutes[self._index + 1]:
            self._index += 1
            if self._index == len(volumes.rates):
                self._index = 0
                self._week_minute += MINUTES_PER_WEEK
                self._week_volume += volumes.cumulative[-1]
        index = self._index
        passed = minute - self._week_minute - volumes.minutes[index]
        return self._week_volume + volumes.cumulative[index] + volumes.rates[index] * passed
