"""Time since boot as a pair of small integers: whole seconds and the microseconds within them.

MicroPython keeps integers of up to 30 bits without touching the heap and allocates for every larger one. A
64-bit count of microseconds would therefore allocate at each wake-up, so time since boot travels as two
numbers, ``s`` and ``us`` with ``0 <= us < 1_000_000``. Neither wraps in 34 years. Step times are kept in
*ticks* of the step generator, ten microseconds each, for the same reason.
"""

from array import array

TICK_US = 10
TICKS_PER_SECOND = 100_000
TICKS_PER_MINUTE = 60 * TICKS_PER_SECOND
SECONDS_PER_DAY = 86_400
TICKS_PER_DAY = SECONDS_PER_DAY * TICKS_PER_SECOND

NEVER_S = 0x3FFFFFFF
"""A second that never comes (34 years after boot): the deadline of something that is not due at all."""


UNKNOWN_US = 0xFFFFFFFF
"""In place of a time that has not been measured."""

_SLOT = array("i", bytes(4))


def small(value: int) -> int:
    """Return the same number as a small integer again.

    What MicroPython computes from a large integer stays of the large kind even when its value is small, and
    everything computed from that would allocate. Raises OverflowError beyond 32 bits on CPython, so a value
    that can be larger must not come here.
    """
    _SLOT[0] = value
    return _SLOT[0]


def is_before(a_s: int, a_us: int, b_s: int, b_us: int) -> bool:
    """Return True if instant a lies strictly before instant b."""
    return a_s < b_s or (a_s == b_s and a_us < b_us)


def ticks_at(s: int, us: int) -> int:
    """Return whole ticks from boot to an instant, rounded down. May exceed 30 bits: not for the steady path."""
    return s * TICKS_PER_SECOND + us // TICK_US


def second_of_ticks(ticks: int) -> int:
    """Return whole seconds of a number of ticks; a small integer if they are time since boot, UTC is too large for
    one."""
    seconds = ticks // TICKS_PER_SECOND
    return small(seconds) if seconds <= NEVER_S else seconds


def microsecond_of_ticks(ticks: int) -> int:
    return small(ticks % TICKS_PER_SECOND * TICK_US)
