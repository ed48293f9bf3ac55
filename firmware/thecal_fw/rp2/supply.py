"""The state of the supply: the line of a supervisor chip, which says no more so before the board browns out."""

from machine import Pin

from thecal_fw.rp2 import pins


class Supply:
    """See ``thecal_fw.ports``. While the supervisor is unplugged the pull says that all is well; where there is none,
    its pin is left alone."""

    def __init__(self):
        if pins.HAS_SUPPLY_GOOD:
            self._good = Pin(pins.SUPPLY_GOOD, Pin.IN, Pin.PULL_UP if pins.SUPPLY_IS_GOOD else Pin.PULL_DOWN)

    def is_good(self) -> bool:
        return not pins.HAS_SUPPLY_GOOD or self._good.value() == pins.SUPPLY_IS_GOOD
