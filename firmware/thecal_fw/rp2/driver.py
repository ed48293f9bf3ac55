"""Enable and direction lines of the motor driver.

Promise: the motor is off from construction until ``enable``, whatever the dose gate does, and the direction never
changes. The enable line belongs to the gate's state machine; the driver's say is the pin's output override, which
forces it high.
"""

import micropython
from machine import Pin
from micropython import const

from thecal_fw.rp2 import pins

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micropython import ptr32  # type: ignore[attr-defined]

_FORWARD = 1
_IO_BANK = const(0x4001_4000)
_ENABLE = const(4)
_ENABLE_CTRL = const((8 * _ENABLE + 4) >> 2)
assert pins.ENABLE == _ENABLE
_SET = const(0x2000 >> 2)
_CLEAR = const(0x3000 >> 2)
_OVERRIDE_HIGH = const(3 << 8)


@micropython.viper
def _override():
    ptr32(_IO_BANK)[_SET + _ENABLE_CTRL] = _OVERRIDE_HIGH


@micropython.viper
def _leave_to_gate():
    ptr32(_IO_BANK)[_CLEAR + _ENABLE_CTRL] = _OVERRIDE_HIGH


class Driver:
    """See ``thecal_fw.ports``. Built after the gate: giving it the pin would end an override made before."""

    def __init__(self):
        self.disable()
        self._direction = Pin(pins.DIR, Pin.OUT, value=_FORWARD)

    def enable(self) -> None:
        _leave_to_gate()

    def disable(self) -> None:
        _override()
