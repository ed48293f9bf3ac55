"""The basal rate that a program asks for at any minute of the week, and the boluses that begin by the clock.

Minutes are pump-local: weekday 0 is Monday, minute 0 local midnight. A rate holds from the minute its step
begins until the minute the next step begins. Boluses add to it.
"""

from thecal_fw.core.modes import OWN_PATTERNS
from thecal_fw.core.program import DAYS_PER_WEEK, MINUTES_PER_DAY, Program

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.core.modes import DayBoluses, Steps
    from thecal_fw.core.program import PeriodicBolus

MINUTES_PER_WEEK = DAYS_PER_WEEK * MINUTES_PER_DAY
# 1 January 1970 was a Thursday, day 3 of a week that begins on Monday.
_WEEKDAY_OF_EPOCH = 3


def rate_at(program: Program, weekday: int, minute: int) -> int:
    """Return the rate in nL/day at a local minute; 0 only for a stopped program."""
    steps = program.steps_on(weekday)
    after = _first_step_after(steps, minute)
    return steps[after - 1][1] if after else 0


def minutes_to_next_step(program: Program, weekday: int, minute: int) -> int:
    """Return minutes until the next step of the day begins, or until midnight if none does."""
    steps = program.steps_on(weekday)
    after = _first_step_after(steps, minute)
    return (steps[after][0] if after < len(steps) else MINUTES_PER_DAY) - minute


def _first_step_after(steps: "Steps", minute: int) -> int:
    """Return the index of the first step of a day that begins later than a minute; their number if none does."""
    low, high = 0, len(steps)
    while low < high:
        middle = (low + high) // 2
        if steps[middle][0] <= minute:
            low = middle + 1
        else:
            high = middle
    return low


def step_index_at(steps: "Steps", minute: int) -> int:
    """Return the index of the step of a day that holds at a minute."""
    return max(0, _first_step_after(steps, minute) - 1)


def boluses_between(program: Program, first_minute: int, until_minute: int) -> list:
    """Return boluses that begin by the clock in a span of local minutes since 1970, (start minute, rate, minutes)
    each: those of the patterns in their order, then the periodic ones."""
    found = _of_patterns_between(program, first_minute, until_minute)
    periodic = program.periodic_bolus
    if periodic is not None:
        start_minute = _first_periodic(periodic, first_minute)
        while start_minute < until_minute:
            found.append((start_minute, periodic.rate_nl_per_day, periodic.minutes))
            start_minute += periodic.interval_minutes
    return found


def _of_patterns_between(
    program: Program, first_minute: int, until_minute: int
) -> "list[tuple[int, int, int]]":
    found = []
    for day in range(first_minute // MINUTES_PER_DAY, -(-until_minute // MINUTES_PER_DAY)):
        boluses = program.boluses_on((day + _WEEKDAY_OF_EPOCH) % DAYS_PER_WEEK)
        for index in range(len(boluses)):
            start_minute, rate_nl_per_day, minutes = boluses[index]
            start_minute += day * MINUTES_PER_DAY
            if start_minute >= until_minute:
                break
            if start_minute >= first_minute:
                found.append((start_minute, rate_nl_per_day, minutes))
    return found


def _first_periodic(periodic: "PeriodicBolus", first_minute: int) -> int:
    """Return local minute at which the first periodic bolus begins that does not begin before another minute."""
    return first_minute + (periodic.first_minute - first_minute) % periodic.interval_minutes


def next_bolus(program: Program, first_minute: int, until_minute: int) -> "tuple[int, int, int] | None":
    """Return the first bolus that begins by the clock in a span of local minutes since 1970: (start minute, rate,
    minutes); None if there is none."""
    # Patterns repeat each week: what does not come within eight days never does.
    until_minute = min(until_minute, first_minute + MINUTES_PER_WEEK + MINUTES_PER_DAY)
    bolus, periodic = None, program.periodic_bolus
    if periodic is not None:
        start_minute = _first_periodic(periodic, first_minute)
        if start_minute < until_minute:
            bolus, until_minute = (start_minute, periodic.rate_nl_per_day, periodic.minutes), start_minute
    while first_minute < until_minute:
        midnight = first_minute - first_minute % MINUTES_PER_DAY + MINUTES_PER_DAY
        found = _of_patterns_between(program, first_minute, min(midnight, until_minute))
        if found:
            return found[0]
        first_minute = midnight
    return bolus


def count_boluses(program: Program, first_minute: int, until_minute: int) -> int:
    """Return how many boluses begin by the clock in a span of local minutes since 1970, however long it is."""
    if first_minute >= until_minute:
        return 0
    count, periodic = 0, program.periodic_bolus
    if periodic is not None:
        start_minute = _first_periodic(periodic, first_minute)
        count = max(0, -(-(until_minute - start_minute) // periodic.interval_minutes))
    weeks, rest_minutes = divmod(until_minute - first_minute, MINUTES_PER_WEEK)
    if weeks:
        for weekday in range(DAYS_PER_WEEK):
            count += weeks * len(program.boluses_on(weekday))
    minute = until_minute - rest_minutes
    while minute < until_minute:
        midnight = minute - minute % MINUTES_PER_DAY + MINUTES_PER_DAY
        count += len(_of_patterns_between(program, minute, min(midnight, until_minute)))
        minute = midnight
    return count


def follows_the_clock(program: Program) -> bool:
    """Return True if what the program gives depends on the time of day."""
    return program.has(OWN_PATTERNS) or program.periodic_bolus is not None


def gives_the_same_week(program: Program, other: Program) -> bool:
    """Return True if two programs that follow the clock give the same at every local minute."""
    if program is other:
        return True
    for weekday in range(DAYS_PER_WEEK):
        if not (
            _are_same(program.steps_on(weekday), other.steps_on(weekday))
            and _are_same(program.boluses_on(weekday), other.boluses_on(weekday))
        ):
            return False
    return _periodic(program) == _periodic(other)


def _are_same(entries: "Steps | DayBoluses", others: "Steps | DayBoluses") -> bool:
    """Return True if steps or boluses of two days are the same. By index, so that they may lie in their bytes."""
    if len(entries) != len(others):
        return False
    # A loop, since a generator expression takes memory.
    for index in range(len(entries)):  # noqa: SIM110
        if entries[index] != others[index]:
            return False
    return True


def _periodic(program: Program) -> "tuple[int, int, int, int] | None":
    periodic = program.periodic_bolus
    if periodic is None:
        return None
    return periodic.first_minute, periodic.interval_minutes, periodic.rate_nl_per_day, periodic.minutes


class Extremes:
    """The highest and the lowest of what the steps and boluses of a program name; 0 where there are none."""

    def __init__(self, program: Program) -> None:
        self.highest_step = 0
        self.lowest_step = -1
        self.highest_bolus = self.longest_bolus_minutes = 0
        periodic = program.periodic_bolus
        if periodic is not None:
            self.highest_bolus, self.longest_bolus_minutes = periodic.rate_nl_per_day, periodic.minutes
        for steps in program.day_patterns():
            for index in range(len(steps)):
                rate_nl_per_day = steps[index][1]
                if rate_nl_per_day > self.highest_step:
                    self.highest_step = rate_nl_per_day
                if rate_nl_per_day < self.lowest_step or self.lowest_step < 0:
                    self.lowest_step = rate_nl_per_day
        self.lowest_step = max(0, self.lowest_step)
        for boluses in program.day_boluses():
            for index in range(len(boluses)):
                _, rate_nl_per_day, minutes = boluses[index]
                if rate_nl_per_day > self.highest_bolus:
                    self.highest_bolus = rate_nl_per_day
                if minutes > self.longest_bolus_minutes:
                    self.longest_bolus_minutes = minutes


def extremes_of(program: Program) -> Extremes:
    """Return the extremes of a program; of one that lies in its bytes they are found once, for that takes the board
    some time."""
    extremes = program.extremes
    if not isinstance(extremes, Extremes):
        extremes = Extremes(program)
        if program.encoded is not None:
            program.note_extremes(extremes)
    return extremes


def longest_bolus_minutes(program: Program) -> int:
    """Return the minutes of the longest bolus that begins by the clock; 0 if there is none."""
    return extremes_of(program).longest_bolus_minutes


def mean_rate(program: Program) -> int:
    """Return the rate that gives the program's volume evenly, boluses by the clock among it, in nL/day, rounded down.

    For when the time of day is unknown: the same dose in 24 hours, less at most a nanolitre.
    """
    mean, periodic = volume_of_week(program) // MINUTES_PER_WEEK, program.periodic_bolus
    if periodic is not None:
        mean += periodic.rate_nl_per_day * periodic.minutes // periodic.interval_minutes
    return mean


def volume_of_week(program: Program) -> int:
    """Return what the patterns of a week give, in nL/day x minute."""
    week = 0
    for weekday in range(DAYS_PER_WEEK):
        week += _volume_of_day(program.steps_on(weekday), program.boluses_on(weekday))
    return week


def _volume_of_day(steps: "Steps", boluses: "DayBoluses") -> int:
    """Return what the steps and boluses of one day give, in nL/day x minute."""
    volume = 0
    until_minute = MINUTES_PER_DAY
    for index in range(len(steps) - 1, -1, -1):
        start_minute, rate_nl_per_day = steps[index]
        volume += rate_nl_per_day * (until_minute - start_minute)
        until_minute = start_minute
    for index in range(len(boluses)):
        _, rate_nl_per_day, minutes = boluses[index]
        volume += rate_nl_per_day * minutes
    return volume


def highest_rate(program: Program) -> int:
    """Return the highest rate the program itself leads to by the clock, in nL/day; 0 if it names none."""
    extremes = extremes_of(program)
    rate_nl_per_day = extremes.highest_step + extremes.highest_bolus
    return max(rate_nl_per_day, program.bridge.rate_nl_per_day) if program.bridge else rate_nl_per_day


def lowest_basal_rate(program: Program) -> int:
    """Return the lowest basal rate the program leads to, in nL/day."""
    return extremes_of(program).lowest_step


def most_patient_nl(program: Program, window_minutes: int) -> int:
    """Return the largest volume of all boluses that a patient may ask for in any time of so many minutes, at most a
    day, in nL, rounded up."""
    patient = program.patient_bolus
    if patient is None:
        return 0
    minutes = most_minutes_of_train(patient.minutes, patient.lockout_minutes, window_minutes)
    minutes = min(minutes, patient.most_per_day * patient.minutes)
    return -(-minutes * patient.rate_nl_per_day // MINUTES_PER_DAY)


def most_minutes_of_train(minutes: int, interval_minutes: int, window_minutes: int) -> int:
    """Return the most minutes of any window that boluses take which come at an interval no shorter than each
    of them."""
    whole, rest_minutes = divmod(window_minutes, interval_minutes)
    return whole * minutes + min(rest_minutes, minutes)
