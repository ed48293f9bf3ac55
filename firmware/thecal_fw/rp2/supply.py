"""Whether the supply is well: the line of a supervisor chip, which says no more so before the board browns out."""

from machine import Pin

from thecal_fw.rp2 import pins


class Supply:
    """See ``thecal_fw.ports``. Without a supervisor the pull says that all is well."""

    def __init__(self):
        self._good = Pin(pins.SUPPLY_GOOD, Pin.IN, Pin.PULL_UP if pins.SUPPLY_IS_GOOD else Pin.PULL_DOWN)

    def is_good(self) -> bool:
        return self._good.value() == pins.SUPPLY_IS_GOOD
