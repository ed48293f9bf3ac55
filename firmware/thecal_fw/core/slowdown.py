"""The wait that follows a wrong key, before the next one is looked at.

Each wrong key doubles the wait, from a second to a quarter of an hour, whatever sessions they come in. What comes
during a wait is not looked at and does not make it longer, or a flood would hold off the right key for ever. Pure: the
second comes in.
"""

from thecal_fw.core.counts import one_more

LEAST_WAIT_S = 1
MOST_WAIT_S = 900


class Slowdown:
    """failures: wrong keys since the last right one."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """End the wait, after a right key or by somebody at the pump itself."""
        self.failures = 0
        self._wait_s = 0
        self._not_before_s = 0

    def note_failure(self, now_s: int) -> None:
        """Count a wrong key."""
        self.failures = one_more(self.failures)
        if not self.wait_s(now_s):
            self._wait_s = min(MOST_WAIT_S, max(LEAST_WAIT_S, 2 * self._wait_s))
            # The second that has begun does not count.
            self._not_before_s = now_s + self._wait_s + 1

    def wait_s(self, now_s: int) -> int:
        """Return seconds until the next key is looked at, 0 if it is at once."""
        return max(0, self._not_before_s - now_s)
