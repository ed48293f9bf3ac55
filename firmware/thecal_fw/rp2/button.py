"""The push-button to ground.

Promises: a disturbance shorter than all the looks at its line take is no push; a movement of the line is kept by the
chip until it is asked for, however short and whatever the program was doing. What wakes the processor for it is in
``sleep``; no handler runs.
"""

import micropython
from machine import Pin
from micropython import const

from thecal_fw.rp2 import pins

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micropython import ptr32  # type: ignore[attr-defined]

_LOOKS = const(64)
"""Some hundred microseconds: the motor's switching is over by then, a finger is not."""

_IO_BANK0 = const(0x4001_4000)
_INTR0 = const(0xF0 >> 2)
_EDGES_SHIFT = const(30)  # the last two of the four bits of GPIO 7: fallen, risen


@micropython.viper
def moved() -> bool:
    """Whether the line has moved since that was last forgotten."""
    io = ptr32(_IO_BANK0)
    return ((io[_INTR0] >> _EDGES_SHIFT) & 3) != 0


class Button:
    """See ``thecal_fw.ports``. Without a button the pull-up says that nobody holds it."""

    def __init__(self):
        self._line = Pin(pins.BUTTON, Pin.IN, Pin.PULL_UP)

    def is_held(self) -> bool:
        for _ in range(_LOOKS):
            if self._line.value():
                return False
        return True

    @micropython.viper
    def has_moved(self) -> bool:
        io = ptr32(_IO_BANK0)
        both = 3
        if not (io[_INTR0] >> _EDGES_SHIFT) & both:
            return False
        io[_INTR0] = both << _EDGES_SHIFT
        return True
