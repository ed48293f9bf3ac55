"""Compares two records of the same therapy pulse by pulse: the model's and an emulated board's, say."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from thecal_sim.instants import Instants, whole_numbers
from thecal_sim.units import TICK_NS

_NEIGHBOURS = 3


@dataclass(frozen=True)
class Agreement:
    """The distance between two records. A difference is the second's instant less the first's.

    worst_difference_ns, worst_pulse: the pulse that differs most (0 and 0 when there is none to compare).
    first_divergence: the first pulse that differs by more than the tolerance or is in one record only, or None.
    around: instants of the pulses about it as (pulse, first record, second record).
    """

    first_pulses: int
    second_pulses: int
    worst_difference_ns: int
    worst_pulse: int
    first_divergence: int | None
    around: tuple[tuple[int, int | None, int | None], ...]

    @property
    def agrees(self) -> bool:
        return self.first_divergence is None

    def __str__(self) -> str:
        counts = f"{self.first_pulses} and {self.second_pulses} pulses"
        worst = f"worst difference {self.worst_difference_ns} ns at pulse {self.worst_pulse}"
        if self.agrees:
            return f"{counts} agree, {worst}"
        lines = [f"{counts} part at pulse {self.first_divergence}, {worst}"]
        lines += [f"  pulse {pulse}: {first} and {second}" for pulse, first, second in self.around]
        return "\n".join(lines)


def compare_pulses(first_ns: Instants, second_ns: Instants, tolerance_ticks: int = 1) -> Agreement:
    """Compare two records, both in nanoseconds since the same event and over the same stretch of time."""
    first, second = whole_numbers(first_ns), whole_numbers(second_ns)
    differences = [second_at - first_at for first_at, second_at in zip(first, second, strict=False)]
    tolerance_ns = tolerance_ticks * TICK_NS
    worst_ns = max(differences, key=abs, default=0)
    divergence = next((index for index, ns in enumerate(differences) if abs(ns) > tolerance_ns), None)
    if divergence is None and len(first) != len(second):
        divergence = len(differences)
    around: tuple[tuple[int, int | None, int | None], ...] = ()
    if divergence is not None:
        shown = range(max(0, divergence - _NEIGHBOURS), divergence + _NEIGHBOURS + 1)
        around = tuple((index + 1, _at(first, index), _at(second, index)) for index in shown)
    return Agreement(
        first_pulses=len(first),
        second_pulses=len(second),
        worst_difference_ns=worst_ns,
        worst_pulse=differences.index(worst_ns) + 1 if differences else 0,
        first_divergence=None if divergence is None else divergence + 1,
        around=around,
    )


def between(instants_ns: Instants, begin_ns: int, end_ns: int) -> list[int]:
    """Return the instants from a beginning up to, and not including, an end."""
    instants = whole_numbers(instants_ns)
    return instants[bisect_left(instants, begin_ns) : bisect_left(instants, end_ns)]


def _at(values: Sequence[int], index: int) -> int | None:
    return values[index] if index < len(values) else None
