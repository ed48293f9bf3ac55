"""The push-button to ground. Promise: a disturbance shorter than all the looks at its line take is no push."""

from machine import Pin
from micropython import const

from thecal_fw.rp2 import pins

_LOOKS = const(64)
"""Some hundred microseconds: the motor's switching is over by then, a finger is not."""


class Button:
    """See ``thecal_fw.ports``. Without a button the pull-up says that nobody holds it."""

    def __init__(self):
        self._line = Pin(pins.BUTTON, Pin.IN, Pin.PULL_UP)

    def is_held(self) -> bool:
        for _ in range(_LOOKS):
            if self._line.value():
                return False
        return True
