"""What rate a program asks for at any minute of the week, and when that next changes.

Minutes are pump-local: weekday 0 is Monday, minute 0 local midnight. A rate holds from the minute its step
begins until the minute the next step begins.
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


def mean_rate(program: Program, minimum_rate_nl_per_day: int) -> int:
    """Rate that gives the program's weekly volume evenly, in nL/day, rounded down.

    For when the time of day is unknown: the same dose in 24 hours, less at most one nanolitre.
    """
    if program.mode != MODE_FLEX:
        return rate_at(program, 0, 0, minimum_rate_nl_per_day)
    return _Volumes(program).cumulative[-1] // MINUTES_PER_WEEK


def highest_rate(program: Program) -> int:
    """Highest rate the program itself names, in nL/day; 0 if it names none."""
    rate_nl_per_day = program.rate_nl_per_day
    for pattern in program.patterns:
        for _, step_rate in pattern:
            rate_nl_per_day = max(rate_nl_per_day, step_rate)
    return rate_nl_per_day


def most_nl_in_any_hour(program: Program, minimum_rate_nl_per_day: int) -> int:
    """Largest volume the program gives in any 60 minutes of the week, in nL, rounded up."""
    return _most_in_window(program, minimum_rate_nl_per_day, _MINUTES_PER_HOUR)


def most_nl_in_any_day(program: Program, minimum_rate_nl_per_day: int) -> int:
    """Largest volume the program gives in any 24 hours of the week, in nL, rounded up."""
    return _most_in_window(program, minimum_rate_nl_per_day, MINUTES_PER_DAY)


def _most_in_window(program: Program, minimum_rate_nl_per_day: int, window_minutes: int) -> int:
    if program.mode != MODE_FLEX:
        most = rate_at(program, 0, 0, minimum_rate_nl_per_day) * window_minutes
    else:
        most = _most_of_week(program, window_minutes)
    return -(-most // MINUTES_PER_DAY)


def _most_of_week(program: Program, window_minutes: int) -> int:
    """Largest volume in any window of the repeating week, in nL/day x minute.

    The volume in a sliding window is piecewise linear in its position and bends only where one of the
    window's ends meets the beginning of a step, so its maximum is at one of those positions. Four cursors
    follow the two ends of both kinds of window through the week, each moving forward only.
    """
    volumes = _Volumes(program)
    after_from, after_to, before_from, before_to = (_Cursor(volumes) for _ in range(4))
    most = 0
    for minute in volumes.minutes[:-1]:
        after = after_to.until(minute + window_minutes) - after_from.until(minute)
        end = minute + MINUTES_PER_WEEK
        before = before_to.until(end) - before_from.until(end - window_minutes)
        most = max(most, after, before)
    return most


class _Volumes:
    """Volume given since Monday midnight at each minute of the week where a step begins.

    In units of nL/day x minute, so that it stays an integer.
    """

    def __init__(self, program: Program):
        self.minutes = []
        self.cumulative = []
        self.rates = []
        total = 0
        for weekday in range(DAYS_PER_WEEK):
            pattern = program.patterns[program.weekdays[weekday]]
            for index, (start_minute, rate_nl_per_day) in enumerate(pattern):
                end_minute = pattern[index + 1][0] if index + 1 < len(pattern) else MINUTES_PER_DAY
                self.minutes.append(weekday * MINUTES_PER_DAY + start_minute)
                self.cumulative.append(total)
                self.rates.append(rate_nl_per_day)
                total += rate_nl_per_day * (end_minute - start_minute)
        self.minutes.append(MINUTES_PER_WEEK)
        self.cumulative.append(total)


class _Cursor:
    """Answers for the volume until a minute, for minutes that never go back; weeks repeat."""

    def __init__(self, volumes: _Volumes):
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
