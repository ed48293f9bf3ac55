"""The processor's own time, which runs ahead of virtual time while the program waits for an instant.

The controller is plain code that runs at one instant of virtual time. Where it has to wait (for the anchor of a
step train) the processor's time moves on alone; whatever the program then does to its surroundings takes effect
when virtual time has got there. A reset in between makes it never have happened.
"""

from __future__ import annotations

from collections.abc import Callable

from simpy import Event

from thecal_sim.units import NS_PER_S, NS_PER_US
from thecal_sim.virtual_time import VirtualTime


class Processor:
    """Time as the program sees it. boots: how many times it has been started."""

    def __init__(self, env: VirtualTime) -> None:
        self.env = env
        self.boot_origin_ns: int = env.now_ns
        self.boots = 0
        self._busy_until_ns: int = env.now_ns

    @property
    def now_ns(self) -> int:
        # Asked a dozen times in each poll.
        now_ns: int = self.env._now  # type: ignore[assignment]
        busy_until_ns = self._busy_until_ns
        return now_ns if now_ns > busy_until_ns else busy_until_ns

    @property
    def is_busy(self) -> bool:
        """Return True if the program waits for an instant that virtual time has yet to reach."""
        return self._busy_until_ns > self.env.now_ns

    @property
    def since_reset_ns(self) -> int:
        return self.now_ns - self.boot_origin_ns

    def instant_ns(self, s: int, us: int) -> int:
        """Return the virtual time of an instant since reset."""
        return self.boot_origin_ns + s * NS_PER_S + us * NS_PER_US

    def wait_until(self, t_ns: int) -> None:
        """Let the program spin until an instant."""
        self._busy_until_ns = max(self._busy_until_ns, t_ns)

    def spend(self, duration_ns: int) -> None:
        """Let the program work for so long."""
        if duration_ns:
            self._busy_until_ns = self.now_ns + duration_ns

    def when_reached(self, action: Callable[[], None]) -> None:
        """Do something to the surroundings when virtual time has caught up with the program."""
        ahead_ns = self._busy_until_ns - self.env.now_ns
        if ahead_ns <= 0:
            action()
            return
        boot = self.boots

        def act(_: Event) -> None:
            if self.boots == boot:
                action()

        self.env.timeout(ahead_ns).callbacks.append(act)

    def restart(self) -> None:
        """Begin time since reset again at zero, now."""
        self.boots += 1
        self.boot_origin_ns = self._busy_until_ns = self.env.now_ns
