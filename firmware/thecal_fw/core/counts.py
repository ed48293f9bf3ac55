"""Counts that can only grow, and what becomes of each at the end of its bits: none of them ends in an exception.

| count | rule |
| --- | --- |
| microsteps of all lives | 44 bits in the record of the state, 30,000 years of the highest basal rate; 64 elsewhere |
| microsteps, seconds since the reset | small integers: the pump has its watchdog reset it before they leave 30 bits |
| running seconds, UTC | stand still at the end of their 32 bits: 136 years, the year 2106 |
| microsteps since the refill, uncertain, lost; frames, replies | stand still at MOST_COUNT |
| numbers of doses | begin anew at 1 after MOST_NUMBER |
| numbers of records in flash | end at MOST_NUMBER, long after flash is worn out: what can't be written is an alarm |
| numbers of events | end at MOST_EVENTS likewise: nothing is logged any more |
| lives of the pump | begin anew at 1 after 65,535 |
| revolutions of the tubing | stand still at MOST_TUBING_HUNDREDS |
"""

MOST_COUNT = 0x3FFFFFFF
"""The largest small integer of the board."""
MOST_NUMBER = 0xFFFFFFFF
MOST_EVENTS = 0xFFFF0000
"""Numbers that a spoiled slot or sector leaves out still have their place behind it."""
MOST_SECONDS = 0xFFFFFFFE
"""The last number of 32 bits means *never* in some places."""
MOST_LIFE = 1 << 29
"""Microsteps, or seconds, since a reset: 349 days of the highest basal rate, 17 years. Half of what fits, so a count
that is looked at every ten minutes stays within."""
MOST_TUBING_HUNDREDS = 60_000


def one_more(count: int) -> int:
    return count + 1 if count < MOST_COUNT else count


def number_after(number: int) -> int:
    """Return the number of the next dose; none is 0."""
    return number + 1 if number < MOST_NUMBER else 1


def later_number(one: int, other: int) -> int:
    """Return the later one of two numbers of doses, which lie less than half of all numbers apart."""
    return one if (one - other) & MOST_NUMBER <= MOST_NUMBER >> 1 else other
