"""The week of a program: the rates turn by turn, their sum, and the most of any hour and any day.

All of it follows from the program alone, so it is worked out once for each program. That takes the board about a
second for the largest program, so it is done in pieces, into arrays that are as large as they will ever be:
``working_out`` pauses after each turn, and whoever drives it decides how many turns there is time for. Minutes are
pump-local and count from Monday midnight. Sums are in nL/day x minute, so that they stay whole numbers.
"""

from array import array

from thecal_fw.core.program import (
    DAYS_PER_WEEK,
    MINUTES_PER_DAY,
    MOST_BOLUSES_PER_DAY,
    MOST_STEPS_PER_DAY,
    Program,
)
from thecal_fw.core.schedule import MINUTES_PER_WEEK, most_minutes_of_train

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from thecal_fw.core.modes import Steps

MOST_TURNS = 1 + DAYS_PER_WEEK * (MOST_STEPS_PER_DAY + 2 * MOST_BOLUSES_PER_DAY)
"""Of the largest program: each step is a turn, each bolus two, and one is to spare for a bolus over Sunday midnight."""

_MINUTES_PER_HOUR = 60
_NEVER = 2 * MINUTES_PER_WEEK


def turns_of(program: Program) -> int:
    """Return most turns that the week of a program has; a weekday without a pattern has none."""
    turns, patterns, boluses = 1, program.day_patterns(), program.day_boluses()
    for pattern in program.pattern_of_weekdays():
        if pattern < len(patterns):
            turns += len(patterns[pattern]) + 2 * len(boluses[pattern])
    return turns


def advance(work: "Iterator[int | None]", pieces: int) -> bool:
    """Continue with work that pauses after each piece, for so many pieces; whether there is more. Of a pause for
    which the work gives a number, so many pieces are due at once next."""
    try:
        while pieces > 0:
            pieces -= next(work) or 1
    except StopIteration:
        return False
    return True


class Week:
    """The rates that one program gives in a week. Meaningless until ``is_known``.

    minutes, rates: rates[k] holds from minutes[k] until minutes[k + 1], for k below ``turns``.
    total: what all of the week gives, in nL/day x minute.
    most_nl_in_hour, most_nl_in_day: most that any 60 minutes and any 24 hours give by the clock, rounded up.
    Periodic boluses, which no week holds, are in these two alone.
    done, whole: how much of the work is done.
    """

    def __init__(self, most_turns: int = MOST_TURNS) -> None:
        self.minutes = array("H", bytes(2 * (most_turns + 1)))
        self.rates = array("I", bytes(4 * most_turns))
        self.forget()

    def forget(self) -> None:
        """Forget the week, since the program is another one, or none."""
        self.turns = 0
        self.total = 0
        self.most_nl_in_hour = 0
        self.most_nl_in_day = 0
        self.done = 0
        self.whole = 1
        self.is_known = False

    def work_out(self, program: Program) -> None:
        """Work all of it out at once, where time is no matter."""
        for _ in self.working_out(program):
            pass

    def working_out(self, program: Program) -> "Iterator[None]":
        """Work it out; yield a pause, of no value, after each turn. The program must be free of faults, apart from
        its limits."""
        self.forget()
        # Laying out takes each turn once; a window's two ends pass each turn once.
        self.whole = 5 * turns_of(program)
        yield from self._lay_out(program)
        yield from self._slide(_MINUTES_PER_HOUR)
        self.most_nl_in_hour = _most_nl(self._most, program, _MINUTES_PER_HOUR)
        yield from self._slide(MINUTES_PER_DAY)
        self.most_nl_in_day = _most_nl(self._most, program, MINUTES_PER_DAY)
        self.done = self.whole
        self.is_known = True

    def _pause(self) -> None:
        self.done = min(self.done + 1, self.whole - 1)

    def _lay_out(self, program: Program) -> "Iterator[None]":
        """Write down the turns in the order of the week. Steps and boluses of a day are each in order already, and a
        bolus is over before the next one begins, so merging the two is enough."""
        basal = added = 0
        bolus_end = _NEVER
        rate_nl_per_day = minutes = 0
        weekdays = program.pattern_of_weekdays()
        day_patterns, day_boluses = program.day_patterns(), program.day_boluses()
        sunday = day_boluses[weekdays[DAYS_PER_WEEK - 1]]
        if len(sunday):
            start_minute, rate_nl_per_day, minutes = sunday[len(sunday) - 1]
            if start_minute + minutes > MINUTES_PER_DAY:
                # It began last Sunday, too.
                added, bolus_end = rate_nl_per_day, start_minute + minutes - MINUTES_PER_DAY
        for weekday in range(DAYS_PER_WEEK):
            pattern = weekdays[weekday]
            steps, boluses = day_patterns[pattern], day_boluses[pattern]
            midnight = weekday * MINUTES_PER_DAY
            step = bolus = 0
            step_at, step_rate = _step_of(steps, step, midnight)
            while True:
                bolus_at = bolus_end
                if not added and bolus < len(boluses):
                    start_minute, rate_nl_per_day, minutes = boluses[bolus]
                    bolus_at = midnight + start_minute
                if min(step_at, bolus_at) >= midnight + MINUTES_PER_DAY:
                    break
                if step_at <= bolus_at:
                    minute, basal = step_at, step_rate
                    step += 1
                    step_at, step_rate = _step_of(steps, step, midnight)
                elif added:
                    minute, added, bolus_end = bolus_at, 0, _NEVER
                else:
                    minute, added, bolus_end = bolus_at, rate_nl_per_day, bolus_at + minutes
                    bolus += 1
                self._turn(minute, basal + added)
                self._pause()
                yield
        self._end_at(MINUTES_PER_WEEK)
        self.minutes[self.turns] = MINUTES_PER_WEEK

    def _turn(self, minute: int, rate_nl_per_day: int) -> None:
        turns = self.turns
        if turns and self.minutes[turns - 1] == minute:
            self.rates[turns - 1] = rate_nl_per_day
            return
        if turns == 1 and self.rates[0] == rate_nl_per_day:
            # A week of one rate stays one turn.
            return
        self._end_at(minute)
        self.minutes[turns] = minute
        self.rates[turns] = rate_nl_per_day
        self.turns = turns + 1

    def _end_at(self, minute: int) -> None:
        if self.turns:
            self.total += self.rates[self.turns - 1] * (minute - self.minutes[self.turns - 1])

    def _slide(self, window_minutes: int) -> "Iterator[None]":
        """Find the most that a window gives which slides once through the repeating week.

        What is in it changes linearly with its place and bends only where one of its ends meets a turn, so it is
        greatest at one of those places.
        """
        minutes, rates, turns = self.minutes, self.rates, self.turns
        if turns == 1:
            self._most = rates[0] * window_minutes
            return
        first = last = 0
        begin, end = 0, window_minutes
        given = 0
        while minutes[last + 1] <= end:
            given += rates[last] * (minutes[last + 1] - minutes[last])
            last += 1
        given += rates[last] * (end - minutes[last])
        most = given
        while begin < MINUTES_PER_WEEK:
            passed = min(minutes[first + 1] - begin, minutes[last + 1] - end)
            given += (rates[last] - rates[first]) * passed
            most = max(most, given)
            begin += passed
            end += passed
            if begin == minutes[first + 1]:
                first += 1
            if end == minutes[last + 1]:
                last += 1
                if last == turns:
                    last = end = 0
            self._pause()
            yield
        self._most = most

    def index_at(self, minute: int) -> int:
        """Return which of the rates holds at a minute of the week."""
        minutes, low, high = self.minutes, 0, self.turns - 1
        while low < high:
            middle = (low + high + 1) // 2
            if minutes[middle] <= minute:
                low = middle
            else:
                high = middle - 1
        return low

    def given_between(self, begin: int, end: int) -> int:
        """Return what is given from one minute of the week to a later one, in nL/day x minute."""
        minutes, rates = self.minutes, self.rates
        index = self.index_at(begin)
        given = 0
        until = minutes[index + 1]
        while until < end:
            given += rates[index] * (until - begin)
            index, begin = index + 1, until
            until = minutes[index + 1]
        return given + rates[index] * (end - begin)


def week_of(program: Program) -> Week:
    """Return the week of a program, worked out at once."""
    week = Week(turns_of(program))
    week.work_out(program)
    return week


def most_nl_in_any_hour(program: Program) -> int:
    """Return the largest volume the program gives by the clock in any 60 minutes, in nL, rounded up."""
    return week_of(program).most_nl_in_hour


def most_nl_in_any_day(program: Program) -> int:
    """Return the largest volume the program gives by the clock in any 24 hours, in nL, rounded up."""
    return week_of(program).most_nl_in_day


def _step_of(steps: "Steps", index: int, midnight: int) -> "tuple[int, int]":
    """Return the minute of the week at which a step of a day begins, and its rate; never, if the day has no more."""
    if index >= len(steps):
        return _NEVER, 0
    start_minute, rate_nl_per_day = steps[index]
    return midnight + start_minute, rate_nl_per_day


def _most_nl(most: int, program: Program, window_minutes: int) -> int:
    """Return the most that the week gives in a window, in nL/day x minute, with the most of periodic boluses, in nL."""
    periodic = program.periodic_bolus
    if periodic is not None:
        minutes = most_minutes_of_train(periodic.minutes, periodic.interval_minutes, window_minutes)
        most += minutes * periodic.rate_nl_per_day
    return -(-most // MINUTES_PER_DAY)
