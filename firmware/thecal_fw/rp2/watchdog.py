"""The watchdog of the chip: resets the board unless fed within 8.3 seconds, nearly its longest time.

Nothing can stop it once it runs.
"""

from machine import WDT
from micropython import const

_TIMEOUT_MS = const(8_300)


class Watchdog:
    """See ``thecal_fw.ports``."""

    def __init__(self):
        self._watchdog = WDT(timeout=_TIMEOUT_MS)

    def feed(self) -> None:
        self._watchdog.feed()
