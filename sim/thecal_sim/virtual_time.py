"""Virtual time: a SimPy environment whose time is whole nanoseconds, so that every instant is exact."""

from __future__ import annotations

from collections.abc import Generator

from simpy import Environment, Event

Steps = Generator[Event, object, None]
"""What a process in virtual time is made of."""


class VirtualTime(Environment):
    """Begins at 0. Delays are whole nanoseconds; anything else is an error at the next look at the time."""

    def __init__(self) -> None:
        super().__init__(initial_time=0)

    @property
    def now_ns(self) -> int:
        now = self._now
        if type(now) is not int:
            raise TypeError(f"virtual time has become {now!r}; delays must be whole nanoseconds")
        return now

    def run_until(self, t_ns: int) -> None:
        """Let time pass until an instant; what is due by then, and at it, has happened. Time never goes back."""
        if t_ns > self.now_ns:
            self.run(until=self.timeout(int(t_ns) - self.now_ns))
        while self.peek() <= self.now_ns:
            self.step()
