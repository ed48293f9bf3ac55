"""The meter: microsteps really counted, minute by minute of running time, over the last 24 hours, and whether a dose
fits into every window that reaches from there into what is to come.

It knows nothing of which doses were given. A minute is counted whole as soon as a window reaches into it, so a window
may hold one minute of the highest rate more than its limit: what keeps the limits exactly is not held back for that.
Minutes are kept in portions of so many microsteps that a minute of the highest rate fits into a byte. What is left of a
portion goes over to the next minute, so nothing ever counts earlier than it came. Counting allocates nothing.
"""

from thecal_fw.core.instant import TICKS_PER_DAY, TICKS_PER_MINUTE
from thecal_fw.core.metering import step_weight, weight_per_rate
from thecal_fw.core.program import MINUTES_PER_DAY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.core.calibration import Calibration
    from thecal_fw.core.program import Program
    from thecal_fw.core.rate_line import RateLine

SLOTS = MINUTES_PER_DAY + 1
"""The minute under way, and those that a window of 24 hours reaches into besides."""
FITS = 0
_MOST = 0xFF


class Meter:
    """minute: running minute under way. portion: microsteps, of which each slot has a number. most_nl: what the highest
    rate gives in a minute, rounded up."""

    def __init__(self, calibration: "Calibration", most_rate_nl_per_day: int) -> None:
        self.most_nl = -(-most_rate_nl_per_day // MINUTES_PER_DAY)
        self.portion = -(-calibration.steps_reaching(self.most_nl) // _MOST)
        self.minute = 0
        self._calibration = calibration
        self._slots = bytearray(SLOTS)
        self._rest = 0

    def begin(self, minute: int) -> None:
        """Begin to count for this minute of running time."""
        self.minute = minute

    def add(self, steps: int) -> None:
        """Count microsteps to the minute under way, those beyond the highest rate to the next one."""
        steps += self._rest
        self._rest = steps - self.put(self.minute, steps // self.portion) * self.portion

    def put(self, minute: int, portions: int) -> int:
        """Count portions to a minute of the last 24 hours; how many found room."""
        slots, slot = self._slots, minute % SLOTS
        portions = min(portions, _MOST - slots[slot])
        slots[slot] += portions
        return portions

    def copy(self, first: int, portions: memoryview) -> None:
        """Fill a view with the portions of as many minutes from one on."""
        slots, slot = self._slots, first % SLOTS
        before = min(len(portions), SLOTS - slot)
        # In slices: a page is made every few minutes for as long as the battery lasts.
        portions[:before] = slots[slot : slot + before]
        portions[before:] = slots[: len(portions) - before]

    def next_minute(self) -> None:
        """End a minute of running time."""
        self.minute += 1
        self._slots[self.minute % SLOTS] = 0

    def fill_back(self, first: int, last: int, steps: int) -> None:
        """Count microsteps that came between two minutes, nobody knows when: as late as they can have come. What is
        too much for that time is counted to the minute under way and those that follow."""
        steps = max(0, steps)
        portions = steps // self.portion
        while portions > 0 and last >= first:
            portions -= self.put(last, portions)
            last -= 1
        self._rest += portions * self.portion + steps % self.portion

    def counted(self, minutes: int) -> int:
        """Return microsteps in a window that ends now, counted on the safe side."""
        return self._between(self.minute - minutes, minutes + 1) * self.portion + self._rest

    def _between(self, first: int, minutes: int) -> int:
        """Return portions of so many minutes from one on."""
        slots, first = memoryview(self._slots), first % SLOTS
        return sum(slots[first : first + minutes]) + sum(slots[: max(0, first + minutes - SLOTS)])

    def too_full(
        self, program: "Program", line: "RateLine", tick: int, begin_tick: int, dose_tick: int
    ) -> int:
        """Return minutes of the window that would hold more than the limits of a program allow, of those that end
        after a dose has begun; FITS if none would.

        line: all that is to come from a tick on, at least 24 hours and a minute. begin_tick: tick since boot at which
        the minute under way began.
        """
        if not self._fits(60, program.most_nl_per_hour, line, tick, begin_tick, dose_tick):
            return 60
        if not self._fits(MINUTES_PER_DAY, program.most_nl_per_day, line, tick, begin_tick, dose_tick):
            return MINUTES_PER_DAY
        return FITS

    def _fits(
        self, minutes: int, limit_nl: int, line: "RateLine", tick: int, begin_tick: int, dose_tick: int
    ) -> bool:
        """Let the window slide from now on. There is room for so much of what is to come; that gives the next whole
        minute to which it may slide, and what falls out behind makes room for more."""
        per_rate, each = weight_per_rate(self._calibration), step_weight(self._calibration)
        room = (limit_nl + self.most_nl) * TICKS_PER_DAY * per_rate - self.counted(minutes) * each
        each *= self.portion
        index, passed, first = line.index_at(tick), 0, self.minute - minutes
        ticks, rates, free, last = line.ticks, line.rates, line.free, line.count - 1
        while True:
            # What comes before the dose comes anyway.
            while index <= last:
                end = ticks[index + 1] if index < last else line.end
                weight = (rates[index] - free[index]) * per_rate
                needed = weight * (end - tick)
                if needed > room and end > dose_tick:
                    if room > 0:
                        tick += room // weight
                        room %= weight
                    break
                room -= needed
                tick = end
                index += 1
            reached = (tick - begin_tick) // TICKS_PER_MINUTE
            if reached > minutes:
                return True
            if reached <= passed:
                return False
            room += self._between(first + passed, reached - passed) * each
            passed = reached
