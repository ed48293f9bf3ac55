"""The watchdog of the chip: resets the board unless fed within 8.3 seconds, nearly its longest time.

Nothing can stop it once it runs. Each feed leaves its instant in the retained memory, so that after a reset it is known
to the microsecond when that was: exactly so long after the last feed.
"""

import micropython
from machine import WDT
from micropython import const

from thecal_fw.rp2 import chip
from thecal_fw.rp2.retained import BITE_US, FED_HIGH_WORD, FED_LOW_WORD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micropython import ptr32  # type: ignore[attr-defined]

_TIMEOUT_MS = const(BITE_US // 1_000)
_COUNTS_PER_MS = const(1_000 * chip.WATCHDOG_COUNTS_PER_US)


class Watchdog:
    """See ``thecal_fw.ports``."""

    def __init__(self):
        self._load = _TIMEOUT_MS * _COUNTS_PER_MS
        WDT(timeout=_TIMEOUT_MS)
        self.feed()

    @micropython.viper
    def feed(self):
        # First: looking it up takes microseconds, and nothing may come between reading the time and feeding.
        load = int(self._load)
        watchdog = ptr32(chip.WATCHDOG)
        timer = ptr32(chip.TIMER)
        high = timer[chip.TIMERAWH]
        low = timer[chip.TIMERAWL]
        # The low word may have wrapped between the two; then the high word is another one now.
        if timer[chip.TIMERAWH] != high:
            high = timer[chip.TIMERAWH]
            low = timer[chip.TIMERAWL]
        watchdog[chip.WATCHDOG_LOAD] = load
        # Constants of more than 16 bits are not written out: see step_engine.
        kept = chip.STACK_HIGH
        kept <<= 16
        memory = ptr32(kept)
        memory[FED_LOW_WORD] = low
        memory[FED_HIGH_WORD] = high
