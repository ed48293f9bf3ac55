"""Whether the supply is well: the line of a supervisor chip that goes low before the board browns out."""

from machine import Pin

from thecal_fw.rp2 import pins


class Supply:
    """See ``thecal_fw.ports``. Without a supervisor the pull-up says that all is well."""

    def __init__(self):
        # The pin's own method, since each heartbeat asks and a call of Python's takes four times as long.
        self.is_good = Pin(pins.SUPPLY_GOOD, Pin.IN, Pin.PULL_UP).value
