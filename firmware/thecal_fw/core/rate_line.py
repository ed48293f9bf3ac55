"""A line of rates: what was given and what is to come, laid once for a dose that is to be judged, and then looked at
for every window of it.

A board takes milliseconds to ask a program for the rate at a tick, and a window of 24 hours has a hundred turns at
either end; along two arrays it goes by ten times faster. Laying takes no memory.
"""

from array import array

from thecal_fw.core.bolus import KIND_TEMPORARY
from thecal_fw.core.instant import SECONDS_PER_DAY, TICKS_PER_DAY, TICKS_PER_MINUTE
from thecal_fw.core.program import DAYS_PER_WEEK
from thecal_fw.core.schedule import step_index_at
from thecal_fw.core.wall_clock import weekday_and_minute

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from thecal_fw.core.bolus import Bolus
    from thecal_fw.core.given_rates import GivenRates
    from thecal_fw.core.timeline import AnyTimeline, Timeline

MOST_TURNS = 160
"""Those of what was given, of two days of the largest program, and of more doses than there can be at once. The rest of
a line with more of them has the highest rate."""
_FOR_EVER = 1 << 60


class RateLine:
    """ticks, rates, free: rates[k], in nL/day, holds from ticks[k] until ticks[k + 1], for k below ``count``, the last
    one until ``end``; free[k] of it only fills the line."""

    def __init__(self) -> None:
        # One more, behind the last.
        self.ticks = array("q", bytes(8 * MOST_TURNS + 8))
        self.rates = array("I", bytes(4 * MOST_TURNS))
        self.free = array("I", bytes(4 * MOST_TURNS))
        self.count = 0
        self.end = 0

    def begin(self, tick: int) -> None:
        """Lay anew, from a tick on."""
        self.count = 0
        self.end = tick

    def add(self, end: int, rate_nl_per_day: int, free_nl_per_day: int = 0) -> None:
        """Add a rate, of which some only fills the line, from where the line ends up to a later tick."""
        begin = self.end
        if end <= begin:
            return
        self.end, count, rates = end, self.count, self.rates
        if count:
            is_same = rates[count - 1] == rate_nl_per_day and self.free[count - 1] == free_nl_per_day
            if is_same:
                return
            if count == MOST_TURNS:
                rates[count - 1] = max(rates[count - 1], rate_nl_per_day)
                self.free[count - 1] = 0
                return
        self.ticks[count] = begin
        rates[count] = rate_nl_per_day
        self.free[count] = free_nl_per_day
        self.count = count + 1

    def add_given(self, given: "GivenRates") -> None:
        """Add what was given, up to where it is known or to the present end, if that is later."""
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
        self.free[at : at + more] = array("I", bytes(4 * more))
        self.count += more
        self.end = given.until

    def add_timeline(self, timeline: "AnyTimeline", until: int) -> None:
        """Add what a timeline gives up to a tick, doses and all. For a short time: it is asked segment by segment."""
        while self.end < until:
            rate_nl_per_day, end = timeline.segment_at(self.end)
            self.add(min(end, until), rate_nl_per_day)

    def add_plan(self, timeline: "Timeline", doses: "Sequence[Bolus]", until: int) -> None:
        """Add the basal rate of a timeline up to a tick, with these doses."""
        program, wall, tick, add = timeline.program, timeline.wall_clock, self.end, self.add
        steps, step, midnight, count, index, weekday = (), (0, 0), 0, 0, 0, 0
        if wall.is_known():
            second = wall.local_second(tick)
            midnight = wall.boot_ticks_of_local_second(second - second % SECONDS_PER_DAY)
            weekday, minute = weekday_and_minute(second)
            steps = program.steps_on(weekday)
            count, index = len(steps), step_index_at(steps, minute)
            step = steps[index]
            basal, turn = step[1], tick
        else:
            basal, turn = timeline.basal_at(tick)[0], _FOR_EVER
        while tick < until:
            if tick >= turn:
                if index == count:
                    midnight += TICKS_PER_DAY
                    weekday = (weekday + 1) % DAYS_PER_WEEK
                    steps = program.steps_on(weekday)
                    count, index, step = len(steps), 0, steps[0]
                basal = step[1]
                index += 1
                if index == count:
                    turn = midnight + TICKS_PER_DAY
                else:
                    step = steps[index]
                    turn = midnight + TICKS_PER_MINUTE * step[0]
            end = turn if turn < until else until
            if not doses:
                add(end, basal)
                tick = end
                continue
            rate, on_top, free = basal, 0, 0
            are_over = True
            for dose in doses:
                if tick < dose.end_tick:
                    are_over = False
                    end = dose.next_turn(tick, end)
                    if dose.kind != KIND_TEMPORARY:
                        on_top += dose.rate_at(tick)
                        if dose.is_free:
                            free += dose.rate_at(tick)
                    elif dose.rate_at(tick):
                        rate = dose.rate_nl_per_day
            if are_over:
                doses = ()
            add(end, rate + on_top, free)
            tick = end

    def index_at(self, tick: int) -> int:
        """Return the index of the rate that holds at a tick; of the first one for an earlier tick."""
        ticks, low, high = self.ticks, 0, self.count - 1
        while low < high:
            middle = (low + high + 1) // 2
            if ticks[middle] <= tick:
                low = middle
            else:
                high = middle - 1
        return low

    def end_of(self, index: int) -> int:
        """Return the tick up to which a rate holds."""
        return self.ticks[index + 1] if index + 1 < self.count else self.end

    def highest(self, begin: int, end: int) -> int:
        """Return the highest rate between two ticks, in nL/day."""
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
        ticks, rates = self.ticks, self.rates
        ticks[self.count] = _FOR_EVER
        most = (limit_nl + 1) * TICKS_PER_DAY
        tick, until, given = begin - window_ticks, end + window_ticks, 0
        back = front = self.index_at(tick)
        turn, back_turn = ticks[front + 1], ticks[back + 1] + window_ticks
        while turn <= begin:
            given += rates[front] * (turn - tick)
            tick = turn
            front += 1
            turn = ticks[front + 1]
        given += rates[front] * (begin - tick)
        tick, change = begin, rates[front] - rates[back]
        while given < most:
            bend = turn if turn < back_turn else back_turn
            if bend >= until:
                return given + change * (until - tick) >= most
            # Where both ends give the same, as on many days, there is nothing to multiply.
            if change:
                given += change * (bend - tick)
            tick = bend
            if bend == turn:
                front += 1
                turn = ticks[front + 1]
            if bend == back_turn:
                back += 1
                back_turn = ticks[back + 1] + window_ticks
            change = rates[front] - rates[back]
        return True
