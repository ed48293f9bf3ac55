"""Enable and direction lines of the motor driver.

Promise: the motor is off from construction until ``enable``, whatever the dose gate does, and the direction never
changes. The enable line belongs to the gate's state machine; the driver's say is the pin's output override, which
forces it to the level at which the motor is off.
"""

import micropython
from machine import Pin
from micropython import const

from thecal_fw.rp2 import chip, pins

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micropython import ptr32  # type: ignore[attr-defined]

_ENABLE_CTRL = const(chip.GPIO0_CTRL + chip.GPIO_WORDS * pins.ENABLE)
_FORCED_OFF = const(chip.OUTOVER_LOW | (1 - pins.ENABLE_ON) << chip.OUTOVER_LEVEL_SHIFT)


@micropython.viper
def _override():
    ptr32(chip.IO_BANK0)[chip.SET + _ENABLE_CTRL] = _FORCED_OFF


@micropython.viper
def _leave_to_gate():
    ptr32(chip.IO_BANK0)[chip.CLEAR + _ENABLE_CTRL] = chip.OUTOVER


class Driver:
    """See ``thecal_fw.ports``. Built after the gate: giving it the pin would end an override made before."""

    def __init__(self):
        self.disable()
        self._direction = Pin(pins.DIR, Pin.OUT, value=pins.DIR_FORWARD)

    def enable(self) -> None:
        _leave_to_gate()

    def disable(self) -> None:
        _override()
