"""Time since reset from the 64-bit hardware timer, as seconds and microseconds.

Promise: ``read`` is right to the microsecond for 34 years and touches no heap. Microseconds since boot soon exceed
what MicroPython keeps without the heap, so the division into seconds is done here, in 16-bit digits.
"""

import machine
import micropython
from micropython import const

from thecal_fw.rp2 import chip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micropython import ptr32  # type: ignore[attr-defined]

_UNIT_SHIFT = const(6)
_UNITS_PER_SECOND = const(15_625)
"""A second in units of 64 us. Less than 2**14, so that with a digit of 16 bits behind it, it fits 30 bits."""


class Clock:
    """``s`` and ``us`` hold the instant of the last ``read``."""

    def __init__(self):
        # A debugger that halts the processor stops this timer as well, and neither PIO nor the watchdog: the pump would
        # be late without knowing. A halt is a hang like any other, and ends with the watchdog's bite.
        machine.mem32[chip.TIMER + chip.TIMER_DBGPAUSE_BYTES] = 0
        self.s = 0
        self.us = 0
        self.read()

    @micropython.viper
    def read(self):
        timer = ptr32(chip.TIMER)
        # The low word may wrap between the reads; then the high word differs and both are read again.
        high = timer[chip.TIMERAWH]
        while True:
            low = timer[chip.TIMERAWL]
            high_after = timer[chip.TIMERAWH]
            if high_after == high:
                break
            high = high_after
        # Long division of (high, low) >> 6 by a second. Its leading digit is below a second for 142 years.
        part = ((high >> 6) << 16) | ((high & 0x3F) << 10) | ((low >> 22) & 0x3FF)
        upper = part // _UNITS_PER_SECOND
        part = ((part % _UNITS_PER_SECOND) << 16) | ((low >> _UNIT_SHIFT) & 0xFFFF)
        lower = part // _UNITS_PER_SECOND
        self.s = (upper << 16) + lower
        self.us = ((part % _UNITS_PER_SECOND) << _UNIT_SHIFT) | (low & 0x3F)

    def set_back(self, us: int) -> None:
        self.us -= us
        while self.us < 0:
            self.us += 1_000_000
            self.s -= 1
