"""The pump's local clock over the running time, and the local minutes it has lived through."""

from __future__ import annotations

from thecal_sim.units import NS_PER_DAY, NS_PER_MINUTE


class LocalTime:
    """Stretches of running time, each with local time less running time, or None while the time is unknown."""

    def __init__(self) -> None:
        self._stretches: list[tuple[int, int | None]] = [(0, None)]

    def set(self, t_ns: int, local_minus_t_ns: int | None) -> None:
        """Show another time from an instant on."""
        while len(self._stretches) > 1 and self._stretches[-1][0] >= t_ns:
            self._stretches.pop()
        self._stretches.append((t_ns, local_minus_t_ns))

    @property
    def local_minus_t_ns(self) -> int | None:
        return self._stretches[-1][1]

    @property
    def since_ns(self) -> int:
        """Return the instant since when the clock has run as it does now."""
        return self._stretches[-1][0]

    def instant_of(self, minute: int) -> int:
        """Return when a local minute begins, by the clock as it is now; raise ValueError if that is unknown."""
        offset = self.local_minus_t_ns
        if offset is None:
            raise ValueError("the time is unknown")
        return minute * NS_PER_MINUTE - offset

    def minute_at(self, t_ns: int) -> int:
        """Return the local minute that an instant lies in, by the clock as it is now. Raise ValueError if the
        clock shows none."""
        offset = self.local_minus_t_ns
        if offset is None:
            raise ValueError("the time is unknown")
        return (t_ns + offset) // NS_PER_MINUTE

    def first_minute_from(self, t_ns: int) -> int:
        """Return the first local minute that begins at an instant or later."""
        return self.minute_at(t_ns - 1) + 1

    def lived_through(self, minute: int, now_ns: int) -> bool:
        """Return True if the clock showed the begin of a local minute before now, within the last 24 hours."""
        for at, (begin, offset) in enumerate(self._stretches):
            if offset is None:
                continue
            end = self._stretches[at + 1][0] if at + 1 < len(self._stretches) else now_ns
            t_ns = minute * NS_PER_MINUTE - offset
            if begin <= t_ns < min(end, now_ns) and t_ns > now_ns - NS_PER_DAY:
                return True
        return False
