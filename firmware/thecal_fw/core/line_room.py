"""Keeps how much of the line from reservoir to patient is known not to be filled: what a prime may give without
counting as a dose. It is known from recorded events only: the first fill of a pump that has delivered nothing yet, and
new tubing. Whatever is delivered after one of them, of any kind, fills the line. Not known is none.
"""

from thecal_fw.core.dead_volume import PUMP_TUBING_NL

NOT_KNOWN = 0xFFFFFFFF


class LineRoom:
    """empty_at_steps: lifetime microsteps at which tubing and catheter were last known to be empty, or NOT_KNOWN."""

    def __init__(self, calibration):
        self._calibration = calibration
        self.empty_at_steps = NOT_KNOWN

    def left_nl(self, catheter_nl: int, lifetime_steps: int) -> int:
        """Volume that tubing and a catheter of this volume can still take, in nL."""
        if self.empty_at_steps > lifetime_steps:
            return 0
        given_nl = self._calibration.volume_nl(lifetime_steps - self.empty_at_steps)
        return max(0, PUMP_TUBING_NL + catheter_nl - given_nl)
