"""The fault switches: lines that are switched on for a stated time and go off by themselves.

Promises: after a reset every switch is off; none stays on beyond its time, which the host can renew but not leave
out; a switch of the open-drain kind never drives its line high.
"""

from machine import Pin

from thecal_probe import pins


class Switches:
    """All lines by number, in the order of ``pins.SWITCHES``."""

    def __init__(self):
        self._lines = []
        self._off_at = []
        """Second and microsecond at which a line goes off; None while it is off."""
        for offset in range(len(pins.SWITCHES)):
            number = pins.FIRST_SWITCH + offset
            is_open_drain = number in pins.OPEN_DRAIN
            line = Pin(number, Pin.OPEN_DRAIN if is_open_drain else Pin.OUT, value=int(is_open_drain))
            self._lines.append((line, 0 if is_open_drain else 1))
            self._off_at.append(None)

    def switch(self, line: int, is_on: bool, now_s: int, now_us: int, hold_ms: int) -> None:
        pin, level_on = self._lines[line]
        if is_on:
            seconds, us = divmod(now_us + hold_ms % 1000 * 1000, 1_000_000)
            self._off_at[line] = (now_s + hold_ms // 1000 + seconds, us)
            pin.value(level_on)
        else:
            self._off_at[line] = None
            pin.value(1 - level_on)

    def release_due(self, now_s: int, now_us: int):
        """Switch off what is due; when the next one is, or None."""
        earliest = None
        for line, off_at in enumerate(self._off_at):
            if off_at is None:
                continue
            if off_at <= (now_s, now_us):
                self.switch(line, False, now_s, now_us, 0)
            elif earliest is None or off_at < earliest:
                earliest = off_at
        return earliest
