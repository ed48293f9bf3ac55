"""The meter: microsteps really counted, minute by minute of running time, over the last 24 hours, and whether a dose fits
into every window that reaches from there into what is to come.

It knows nothing of which doses were given. A minute is counted whole as soon as a window reaches into it, so a window
is taken for up to a minute longer than it is and may hold one minute of the highest rate more: whatever keeps the
limits exactly is never held back for that. Counting allocates nothing.
"""

from array import array

from thecal_fw.core.bolus import KIND_TEMPORARY
from thecal_fw.core.instant import SECONDS_PER_DAY, TICKS_PER_DAY, TICKS_PER_MINUTE
from thecal_fw.core.metering import step_weight, weight_per_rate
from thecal_fw.core.program import DAYS_PER_WEEK, MINUTES_PER_DAY, MODE_FLEX
from thecal_fw.core.schedule import step_index_at
from thecal_fw.core.wall_clock import weekday_and_minute

SLOTS = MINUTES_PER_DAY + 1
"""The minute under way, and those that a window of 24 hours reaches into besides."""
WINDOWS = (60, MINUTES_PER_DAY)
FITS = 0
_MOST_IN_SLOT = 0xFFFF


class Meter:
    """minute: running minute under way. in_day: microsteps in all slots. most_nl: what the highest rate gives in a
    minute, rounded up; most_steps: the same in microsteps."""

    def __init__(self, calibration, most_rate_nl_per_day: int):
        self._calibration = calibration
        self.most_nl = -(-most_rate_nl_per_day // MINUTES_PER_DAY)
        self.most_steps = calibration.steps_reaching(self.most_nl)
        self._steps = array("H", bytes(2 * SLOTS))
        self.minute = 0
        self.in_day = 0

    def add(self, minute: int, steps: int) -> int:
        """Count microsteps to a minute of the last 24 hours; how many found room in its slot."""
        slot = minute % SLOTS
        steps = min(steps, _MOST_IN_SLOT - self._steps[slot])
        self._steps[slot] += steps
        self.in_day += steps
        return steps

    def next_minute(self) -> None:
        """A minute of running time is over."""
        self.minute += 1
        slot = self.minute % SLOTS
        self.in_day -= self._steps[slot]
        self._steps[slot] = 0

    def steps_of(self, minute: int) -> int:
        return self._steps[minute % SLOTS]

    def fill_back(self, first: int, last: int, steps: int) -> None:
        """Count microsteps that came between two minutes, nobody knows when: as late as they can have come. What is
        too much for that time is counted to the last minute."""
        minute = last
        while steps > 0 and minute >= first:
            steps -= self.add(minute, min(steps, max(0, self.most_steps - self.steps_of(minute))))
            minute -= 1
        if steps > 0:
            self.add(last, steps)

    def counted(self, minutes: int) -> int:
        """Microsteps in a window that ends now, counted on the safe side."""
        if minutes >= MINUTES_PER_DAY:
            return self.in_day
        return self._between(self.minute - minutes, self.minute + 1)

    def _between(self, first: int, until: int) -> int:
        """Microsteps counted from one minute on and before another, fewer than all."""
        view, begin, end = memoryview(self._steps), first % SLOTS, until % SLOTS
        if begin <= end:
            return sum(view[begin:end])
        return sum(view[begin:]) + sum(view[:end])

    def too_full(self, program, rates, begin_tick: int, dose_tick: int) -> int:
        """Minutes of the window that would hold more than the limits of a program allow, of those that end after a
        dose has begun; FITS if none would.

        rates: (end tick, nL/day) one after the other, over 24 hours and a minute from now on: all that is to come.
        begin_tick: tick since boot at which the minute under way began.
        """
        for minutes, limit_nl in zip(WINDOWS, (program.most_nl_per_hour, program.most_nl_per_day)):
            if not self._fits(minutes, limit_nl + self.most_nl, rates, begin_tick, dose_tick):
                return minutes
        return FITS

    def _fits(self, minutes: int, most_nl: int, rates, begin_tick: int, dose_tick: int) -> bool:
        """Let the window slide from now on. There is room for so much of what is to come; that gives the next whole
        minute to which it may slide, and what falls out behind makes room for more."""
        each, per_rate = step_weight(self._calibration), weight_per_rate(self._calibration)
        room = most_nl * TICKS_PER_DAY * per_rate - self.counted(minutes) * each
        index, tick, first = 0, rates[0][0], self.minute - minutes
        while index < len(rates) and rates[index][0] <= dose_tick:
            end, rate = rates[index]
            room -= rate * per_rate * (end - tick)
            tick = end
            index += 1
        passed = min((tick - begin_tick) // TICKS_PER_MINUTE, minutes)
        room += self._between(first, first + passed) * each
        while passed <= minutes:
            while index < len(rates) and room >= 0:
                end, rate = rates[index]
                weight = rate * per_rate
                needed = weight * (end - tick)
                if needed > room:
                    ticks = room // weight
                    room -= ticks * weight
                    tick += ticks
                    break
                room -= needed
                tick = end
                index += 1
            reached = (tick - begin_tick) // TICKS_PER_MINUTE if room >= 0 else 0
            if index == len(rates):
                return True
            if reached <= passed:
                return False
            until = min(reached, minutes + 1)
            if until <= minutes:
                room += self._between(first + passed, first + until) * each
            passed = until
        return True


def rates_to_come(program, wall, doses, tick: int):
    """What is to come in 24 hours and a minute, as ``too_full`` takes it: the basal rate, and doses that are granted."""
    rates = [(tick, 0)]
    last = tick + TICKS_PER_DAY + TICKS_PER_MINUTE
    steps, turn, midnight, index, weekday = (), last, 0, 0, 0
    basal = program.rate_nl_per_day
    if program.mode == MODE_FLEX and wall.is_known():
        second = wall.local_second(tick)
        midnight = wall.boot_ticks_of_local_second(second - second % SECONDS_PER_DAY)
        weekday, minute = weekday_and_minute(second)
        steps = program.patterns[program.weekdays[weekday]]
        index, turn = step_index_at(steps, minute), tick
    while tick < last:
        if tick == turn:
            if index == len(steps):
                index, midnight = 0, midnight + TICKS_PER_DAY
                weekday = (weekday + 1) % DAYS_PER_WEEK
                steps = program.patterns[program.weekdays[weekday]]
            basal = steps[index][1]
            index += 1
            turn = midnight + TICKS_PER_MINUTE * (steps[index][0] if index < len(steps) else MINUTES_PER_DAY)
        end, rate, on_top = min(turn, last), basal, 0
        for dose in doses:
            end = dose.next_turn(tick, end)
            if dose.kind != KIND_TEMPORARY:
                on_top += dose.rate_at(tick)
            elif dose.rate_at(tick):
                rate = dose.rate_nl_per_day
        rates.append((end, rate + on_top))
        tick = end
    return rates
