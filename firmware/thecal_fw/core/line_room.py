"""The state of filling the line: its room, and what primes have given.

How much of the line from reservoir to patient is known not to be filled: what a prime may give without counting as a
dose. It is known from recorded events only: the first fill of a pump that has delivered nothing yet, new tubing, and a
line that was rinsed.
Whatever is delivered after one of them, of any kind, fills the line. Not known is none.
"""

from thecal_fw.core.calibration import Calibration
from thecal_fw.core.dead_volume import PUMP_TUBING_NL

NOT_KNOWN = 0xFFFFFFFFFFFFFFFF
"""More than any pump ever counts."""
MOST_PRIMES = 0xFF
MOST_PRIMED_NL = 0xFFFFFFFF
"""More than a reservoir holds."""


class LineRoom:
    """empty_at_steps: lifetime microsteps at which tubing and catheter were last known to be empty, or NOT_KNOWN.

    primes, primed_nl: primes that have ended since the last refill, and what they gave.
    """

    def __init__(self, calibration: Calibration) -> None:
        self._calibration = calibration
        self.empty_at_steps = NOT_KNOWN
        self.begin_reservoir()

    def restore(self, empty_at_steps: int, primes: int, primed_nl: int) -> None:
        self.empty_at_steps, self.primes, self.primed_nl = empty_at_steps, primes, primed_nl

    def note_empty(self, lifetime_steps: int) -> None:
        """Note that tubing and catheter are empty as of so many microsteps of all lives."""
        self.empty_at_steps = lifetime_steps

    def begin_reservoir(self) -> None:
        """Count primes from here on, since the reservoir has been refilled."""
        self.primes = self.primed_nl = 0

    def note_prime(self, given_nl: int) -> None:
        """Note that a prime has ended that gave so much."""
        self.primes = min(self.primes + 1, MOST_PRIMES)
        self.primed_nl = min(self.primed_nl + given_nl, MOST_PRIMED_NL)

    def left_nl(self, catheter_nl: int, lifetime_steps: int) -> int:
        """Return the volume that tubing and a catheter of this volume can still take, in nL."""
        if self.empty_at_steps > lifetime_steps:
            return 0
        given_nl = self._calibration.volume_nl(lifetime_steps - self.empty_at_steps)
        return max(0, PUMP_TUBING_NL + catheter_nl - given_nl)
