"""The state of the supply: the line of a supervisor chip, which says no more so before the board browns out."""

import micropython
from machine import Pin

from thecal_fw.rp2 import chip, pins

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micropython import ptr32  # type: ignore[attr-defined]


class Supply:
    """See ``thecal_fw.ports``. While the supervisor is unplugged the pull says that all is well; where there is none,
    its pin is left alone."""

    def __init__(self):
        if pins.HAS_SUPPLY_GOOD:
            Pin(pins.SUPPLY_GOOD, Pin.IN, Pin.PULL_UP if pins.SUPPLY_IS_GOOD else Pin.PULL_DOWN)

    @micropython.viper
    def is_good(self) -> bool:
        if not pins.HAS_SUPPLY_GOOD:
            return True
        return (ptr32(chip.SIO)[chip.GPIO_IN] >> pins.SUPPLY_GOOD) & 1 == pins.SUPPLY_IS_GOOD
