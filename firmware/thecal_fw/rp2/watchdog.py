"""The watchdog of the chip: resets the board unless fed within 8.3 seconds, nearly its longest time.

Nothing can stop it once it runs. Each feed leaves its instant in the retained memory, so that after a reset it is known
to the microsecond when that was: exactly so long after the last feed.
"""

import micropython
from machine import WDT
from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micropython import ptr32  # type: ignore[attr-defined]

_TIMEOUT_MS = const(8_300)
_COUNTS_PER_MS = 2_000
"""The RP2040 counts down twice each microsecond (its erratum E1)."""
_WATCHDOG = const(0x4005_8000)
_LOAD = const(0x04 >> 2)
_TIMER = const(0x4005_4000)
_TIMERAWH = const(0x24 >> 2)
_TIMERAWL = const(0x28 >> 2)
_RETAINED_HIGH = const(0x2004)
_FED_LOW = const(1)
_FED_HIGH = const(2)
"""As in ``retained``; native code takes constants of its own module only."""


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
        watchdog = ptr32(_WATCHDOG)
        timer = ptr32(_TIMER)
        high = timer[_TIMERAWH]
        low = timer[_TIMERAWL]
        # The low word may have wrapped between the two; then the high word is another one now.
        if timer[_TIMERAWH] != high:
            high = timer[_TIMERAWH]
            low = timer[_TIMERAWL]
        watchdog[_LOAD] = load
        # Constants of more than 16 bits are not written out: see step_engine.
        retained = _RETAINED_HIGH
        retained <<= 16
        memory = ptr32(retained)
        memory[_FED_LOW] = low
        memory[_FED_HIGH] = high
