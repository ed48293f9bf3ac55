"""A line of rates: what was given and what is to come, laid once for a dose that is to be judged, and then looked at
for every window of it.

A board takes milliseconds to ask a program for the rate at a tick, and a window of 24 hours has a hundred turns at
either end; along two arrays it goes by ten times faster. Laying takes no memory.
"""

from array import array

from thecal_fw.core.bolus import KIND_TEMPORARY
from thecal_fw.core.instant import SECONDS_PER_DAY, TICKS_PER_DAY, TICKS_PER_MINUTE
from thecal_fw.core.program import DAYS_PER_WEEK, MINUTES_PER_DAY, MODE_FLEX
from thecal_fw.core.schedule import step_index_at
from thecal_fw.core.wall_clock import weekday_and_minute

MOST_TURNS = 160
"""Those of what was given, of two days of the largest program, and of more doses than there can be at once. The rest of
a line with more of them has the highest rate."""
_FOR_EVER = 1 << 60


class RateLine:
    """ticks, rates: rates[k], in nL/day, holds from ticks[k] until ticks[k + 1], for k below ``count``, the last one
    until ``end``."""

    def __init__(self):
        self.ticks = array("q", bytes(8 * MOST_TURNS))
        self.rates = array("I", bytes(4 * MOST_TURNS))
        self.count = 0
        self.end = 0

    def begin(self, tick: int) -> None:
        """Lay anew, from a tick on."""
        self.count = 0
        self.end = tick

    def add(self, end: int, rate_nl_per_day: int) -> None:
        """A rate holds from where the line ends up to a later tick."""
        count, rates = self.count, self.rates
        if end <= self.end:
            return
        if count == MOST_TURNS:
            rates[count - 1] = max(rates[count - 1], rate_nl_per_day)
        elif not count or rates[count - 1] != rate_nl_per_day:
            self.ticks[count] = self.end
            rates[count] = rate_nl_per_day
            self.count += 1
        self.end = end

    def add_given(self, given) -> None:
        """What was given, up to where it is known or to the present end, if that is later."""
        ticks, count, index = given.ticks, given.count, 0
        if not count or given.until <= self.end:
            return
        self.add(ticks[0], 0)
        while index + 1 < count and ticks[index + 1] <= self.end:
            index += 1
        self.add(ticks[index + 1] if index + 1 < count else given.until, given.rates[index])
        # All others as they are: they turn, and there is room for them.
        at, more = self.count, count - index - 1
        self.ticks[at : at + more] = ticks[index + 1 : count]
        self.rates[at : at + more] = given.rates[index + 1 : count]
        self.count += more
        self.end = given.until

    def add_timeline(self, timeline, until: int) -> None:
        """What a timeline gives up to a tick, doses and all. For a short time: it is asked segment by segment."""
        while self.end < until:
            rate_nl_per_day, end = timeline.segment_at(self.end)
            self.add(min(end, until), rate_nl_per_day)

    def add_plan(self, timeline, doses, until: int) -> None:
        """The basal rate of a timeline up to a tick, with these doses."""
        program, wall, tick = timeline.program, timeline.wall_clock, self.end
        is_flex = program.mode == MODE_FLEX and wall.is_known()
        steps, midnight, index, weekday = (), 0, 0, 0
        if is_flex:
            second = wall.local_second(tick)
            midnight = wall.boot_ticks_of_local_second(second - second % SECONDS_PER_DAY)
            weekday, minute = weekday_and_minute(second)
            steps = program.patterns[program.weekdays[weekday]]
            index = step_index_at(steps, minute)
            basal, turn = steps[index][1], tick
        else:
            basal, turn = timeline.basal_at(tick)[0], _FOR_EVER
        while tick < until:
            if is_flex and tick >= turn:
                if index == len(steps):
                    index, midnight = 0, midnight + TICKS_PER_DAY
                    weekday = (weekday + 1) % DAYS_PER_WEEK
                    steps = program.patterns[program.weekdays[weekday]]
                basal = steps[index][1]
                index += 1
                turn = midnight + TICKS_PER_MINUTE * (
                    steps[index][0] if index < len(steps) else MINUTES_PER_DAY
                )
            end, rate, on_top = min(turn, until), basal, 0
            are_over = True
            for dose in doses:
                if tick < dose.end_tick:
                    are_over = False
                    end = dose.next_turn(tick, end)
                    if dose.kind != KIND_TEMPORARY:
                        on_top += dose.rate_at(tick)
                    elif dose.rate_at(tick):
                        rate = dose.rate_nl_per_day
            if are_over:
                doses = ()
            self.add(end, rate + on_top)
            tick = end

    def index_at(self, tick: int) -> int:
        """Of the rate that holds at a tick; of the first one for an earlier tick."""
        ticks, low, high = self.ticks, 0, self.count - 1
        while low < high:
            middle = (low + high + 1) // 2
            if ticks[middle] <= tick:
                low = middle
            else:
                high = middle - 1
        return low

    def end_of(self, index: int) -> int:
        """Tick up to which a rate holds."""
        return self.ticks[index + 1] if index + 1 < self.count else self.end

    def highest(self, begin: int, end: int) -> int:
        """The highest rate between two ticks, in nL/day."""
        highest, index = 0, self.index_at(begin)
        while index < self.count and self.ticks[index] < end:
            highest = max(highest, self.rates[index])
            index += 1
        return highest

    def is_overfull(self, begin: int, end: int, window_ticks: int, limit_nl: int) -> bool:
        """Return True if a window that reaches into the time from begin to end holds more than a limit, by a nanolitre
        or more.

        The line reaches from a window before begin to a window after end. What a window holds bends only where one of
        its ends meets a turn, so it is looked at there.
        """
        ticks, rates, last = self.ticks, self.rates, self.count - 1
        most = (limit_nl + 1) * TICKS_PER_DAY
        tick, until = begin - window_ticks, end + window_ticks
        back = front = self.index_at(tick)
        given = 0
        while tick < begin:
            turn = ticks[front + 1] if front < last else _FOR_EVER
            if turn <= begin:
                given += rates[front] * (turn - tick)
                tick = turn
                front += 1
            else:
                given += rates[front] * (begin - tick)
                tick = begin
        turn = ticks[front + 1] if front < last else _FOR_EVER
        back_turn = ticks[back + 1] + window_ticks if back < last else _FOR_EVER
        while given < most:
            if tick >= until:
                return False
            bend = turn if turn < back_turn else back_turn
            if bend > until:
                bend = until
            # Where both ends give the same, as on many days, there is nothing to multiply.
            change = rates[front] - rates[back]
            if change:
                given += change * (bend - tick)
            tick = bend
            if tick == turn:
                front += 1
                turn = ticks[front + 1] if front < last else _FOR_EVER
            if tick == back_turn:
                back += 1
                back_turn = ticks[back + 1] + window_ticks if back < last else _FOR_EVER
        return True
