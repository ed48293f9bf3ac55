"""Enable and direction lines of the motor driver.

Promise: the motor is off from construction until ``enable``, and the direction never changes.
"""

from machine import Pin

from thecal_fw.rp2 import pins

_FORWARD = 1


class Driver:
    """See ``thecal_fw.ports``."""

    def __init__(self):
        self._disabled = Pin(pins.ENABLE, Pin.OUT, value=1)
        self._direction = Pin(pins.DIR, Pin.OUT, value=_FORWARD)

    def enable(self) -> None:
        self._disabled.low()

    def disable(self) -> None:
        self._disabled.high()
