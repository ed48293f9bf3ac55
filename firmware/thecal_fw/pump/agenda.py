"""The instant at which the pump has to be polled next, and the time that is left until then for what can wait.

Promises: what is due is never late because something that could have waited was begun.
"""

from thecal_fw.core.instant import NEVER_S, is_before

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.ports import Clock


class Agenda:
    """deadline_s, deadline_us: the first instant at which anything but input or the heartbeat needs a poll."""

    def __init__(self, clock: "Clock") -> None:
        self._clock = clock
        self.deadline_s = 0
        self.deadline_us = 0

    def begin(self, s: int = NEVER_S, us: int = 0) -> None:
        """Forget all that was due. s, us: an instant at which something is due."""
        self.deadline_s, self.deadline_us = s, us

    def due_by(self, s: int, us: int) -> None:
        """Note that something is due at an instant."""
        # As ``is_before``, without the call: each poll asks for nearly ten of these.
        deadline_s = self.deadline_s
        if s < deadline_s or (s == deadline_s and us < self.deadline_us):
            self.deadline_s, self.deadline_us = s, us

    def is_due(self, now_s: int, now_us: int) -> bool:
        return now_s >= self.deadline_s and not is_before(now_s, now_us, self.deadline_s, self.deadline_us)

    def has_time(self, needed_us: int) -> bool:
        """Return True if nothing but the host's input is due within so many microseconds from now; reads the clock."""
        clock = self._clock
        clock.read()
        us = clock.us + needed_us
        return is_before(clock.s + us // 1_000_000, us % 1_000_000, self.deadline_s, self.deadline_us)
