"""Virtual time: a SimPy environment whose time is whole nanoseconds, so that every instant is exact."""

from __future__ import annotations

from collections.abc import Callable, Generator

from simpy import Environment, Event

Steps = Generator[Event, object, None]
"""What a process in virtual time is made of."""


class Timer:
    """Does something once an instant is reached, before all events of that instant. It may be put off as often as one
    likes at no cost, which an event can't. due_ns: when it is due, to be set at will; None stops it."""

    __slots__ = ("action", "due_ns")

    def __init__(self, action: Callable[[], object]) -> None:
        self.action = action
        self.due_ns: int | None = None


class VirtualTime(Environment):
    """Begins at 0. Delays are whole nanoseconds; anything else is an error once its instant comes."""

    def __init__(self) -> None:
        super().__init__(initial_time=0)
        self._timers: list[Timer] = []
        self._until_ns = 0

    @property
    def now_ns(self) -> int:
        return self._now  # type: ignore[return-value]

    def timer(self, action: Callable[[], object]) -> Timer:
        """Return a timer of this time, not set yet."""
        timer = Timer(action)
        self._timers.append(timer)
        return timer

    def peek(self) -> int | float:
        """Return when something is next due; infinity if nothing is."""
        soonest = super().peek()
        for timer in self._timers:
            if timer.due_ns is not None and timer.due_ns < soonest:
                soonest = timer.due_ns
        return soonest

    def step(self) -> None:
        """Have the next timer or event happen. Raise TypeError for one at no whole nanosecond."""
        queue = self._queue
        for timer in self._timers:
            due_ns = timer.due_ns
            if due_ns is not None and (not queue or due_ns <= queue[0][0]):
                self._now = max(due_ns, self._now)
                timer.due_ns = None
                timer.action()
                return
        if queue and type(queue[0][0]) is not int:
            raise TypeError(f"virtual time would become {queue[0][0]!r}; delays must be whole nanoseconds")
        super().step()

    def leap(self, t_ns: int) -> bool:
        """Let time pass until an instant at once, if nothing else is due up to and at it and time is to pass beyond;
        whether it did.

        For a process that would wait until then: nobody can know the difference, but for the time it takes.
        """
        if t_ns > self.clear_until_ns():
            return False
        self._now = t_ns
        return True

    def clear_until_ns(self, but_for: Timer | None = None) -> int:
        """Return the latest instant up to and at which nothing is due, within what time is to pass; may lie in the
        past.

        but_for: a timer that does not count, for who is going to put it off.
        """
        clear_until_ns = self._until_ns
        if self._queue and self._queue[0][0] < clear_until_ns:
            clear_until_ns: int = self._queue[0][0]  # type: ignore[assignment]
        for timer in self._timers:
            if timer.due_ns is not None and timer is not but_for and timer.due_ns < clear_until_ns:
                clear_until_ns = timer.due_ns
        return clear_until_ns - 1

    def run_until(self, t_ns: int) -> None:
        """Let time pass until an instant; what is due by then, and at it, has happened. Time never goes back."""
        self._until_ns = t_ns
        if t_ns > self.now_ns:
            self.run(until=self.timeout(int(t_ns) - self.now_ns))
        while self.peek() <= self.now_ns:
            self.step()
