"""A rate that is constant from instant to instant, and its exact volume between any two."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable


class Curve:
    """Rates in nL/day, zero before the first. Volumes are in nL/day x ns, so that they stay whole numbers."""

    def __init__(self) -> None:
        self.starts_ns: list[int] = []
        self.rates: list[int] = []
        self._before: list[int] = []

    def set(self, t_ns: int, rate_nl_per_day: int) -> None:
        """Set another rate from an instant on; what was said about later instants is forgotten."""
        while self.starts_ns and self.starts_ns[-1] >= t_ns:
            self.starts_ns.pop()
            self.rates.pop()
            self._before.pop()
        if self.rates and self.rates[-1] == rate_nl_per_day:
            return
        before = self.volume_until(t_ns)
        self.starts_ns.append(t_ns)
        self.rates.append(rate_nl_per_day)
        self._before.append(before)

    def rate_at(self, t_ns: int) -> int:
        at = bisect_right(self.starts_ns, t_ns) - 1
        return self.rates[at] if at >= 0 else 0

    def volume_until(self, t_ns: int) -> int:
        """Return the volume from the beginning until an instant."""
        at = bisect_right(self.starts_ns, t_ns) - 1
        return self._before[at] + self.rates[at] * (t_ns - self.starts_ns[at]) if at >= 0 else 0

    def volume(self, from_ns: int, to_ns: int) -> int:
        return self.volume_until(to_ns) - self.volume_until(from_ns)

    def fullest(self, window_ns: int, first_end_ns: int, last_end_ns: int) -> int:
        """Return the most that any window holds which ends between two instants.

        The volume in a sliding window bends only where one of its ends meets a change of the rate, so it is greatest
        at one of those or at the first or last window.
        """
        ends = {first_end_ns, last_end_ns}
        for start in self.starts_ns:
            ends.update(end for end in (start, start + window_ns) if first_end_ns <= end <= last_end_ns)
        return max(self.volume(end - window_ns, end) for end in ends)

    def highest(self, from_ns: int, to_ns: int) -> int:
        """Return the highest rate at any instant from one on and before another."""
        at = bisect_right(self.starts_ns, from_ns) - 1
        rates = [self.rates[at]] if at >= 0 else [0]
        for start, rate in zip(self.starts_ns[at + 1 :], self.rates[at + 1 :], strict=True):
            if start >= to_ns:
                break
            rates.append(rate)
        return max(rates)


def sum_of(spans: Iterable[tuple[int, int, int]]) -> Curve:
    """Return the curve of spans (from, to, rate) that add up."""
    turns: dict[int, int] = {}
    for begin, end, rate in spans:
        if end > begin:
            turns[begin] = turns.get(begin, 0) + rate
            turns[end] = turns.get(end, 0) - rate
    curve, rate = Curve(), 0
    for t_ns in sorted(turns):
        rate += turns[t_ns]
        curve.set(t_ns, rate)
    return curve
