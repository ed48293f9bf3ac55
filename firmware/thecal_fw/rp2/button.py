"""The push-button.

Promises: a disturbance shorter than all the looks at its line take is no push; a movement of the line is kept by the
chip until it is asked for, however short and whatever the program was doing. What wakes the processor for it is in
``sleep``; no handler runs.
"""

import micropython
from machine import Pin
from micropython import const

from thecal_fw.rp2 import chip, pins

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micropython import ptr32  # type: ignore[attr-defined]

_LOOKS = const(64)
"""Some hundred microseconds: the motor's switching is over by then, a finger is not."""

_WORD = const(pins.BUTTON // chip.PINS_PER_INTR)
"""Of the interrupts of pins, the one that the button's are in."""
_EDGES_SHIFT = const(pins.BUTTON % chip.PINS_PER_INTR * chip.INTR_BITS_PER_PIN + chip.INTR_EDGES_SHIFT)


@micropython.viper
def moved() -> bool:
    """Return True if the line has moved since that was last forgotten."""
    io = ptr32(chip.IO_BANK0)
    return ((io[chip.INTR0 + _WORD] >> _EDGES_SHIFT) & chip.INTR_EDGES) != 0


class Button:
    """See ``thecal_fw.ports``. Without a button the pull says that nobody holds it."""

    def __init__(self):
        self._line = Pin(pins.BUTTON, Pin.IN, Pin.PULL_DOWN if pins.BUTTON_HELD else Pin.PULL_UP)

    def is_held(self) -> bool:
        for _ in range(_LOOKS):
            if self._line.value() != pins.BUTTON_HELD:
                return False
        return True

    @micropython.viper
    def has_moved(self) -> bool:
        io = ptr32(chip.IO_BANK0)
        both = chip.INTR_EDGES
        if not (io[chip.INTR0 + _WORD] >> _EDGES_SHIFT) & both:
            return False
        io[chip.INTR0 + _WORD] = both << _EDGES_SHIFT
        return True
