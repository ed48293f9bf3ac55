"""The infusion modes, and the one normal form of every program: a week of day patterns.

A mode is a way to write a program down. What it stands for is the same for all: some patterns, each of steps (minute
of the day, rate from then on) and of boluses by the clock (minute, rate, minutes), and for each weekday from Monday on
the pattern that holds. Only here is a mode looked at to find that out; schedule, sums, dates and judgement go by the
patterns. The traits of a mode say which fields its programs may have: validation and the readers of prescriptions go
by them. Beside that a mode is a name for people to read.

Nothing is kept: patterns are made from the program's fields where they are asked for, so a field that changes in memory
changes what is delivered and what the digest is of alike.
"""

from thecal_fw.core.limits import MINIMUM_RATE_NL_PER_DAY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    class Entries(Protocol):
        """Steps or boluses that are left in a program's bytes."""

        def __len__(self) -> int: ...

        def __getitem__(self, index: int) -> tuple[int, ...]: ...

    Steps = list[tuple[int, int]] | tuple[tuple[int, int], ...] | Entries
    DayBoluses = list[tuple[int, int, int]] | tuple[tuple[int, int, int], ...] | Entries

MODE_STOPPED = 0
MODE_MINIMUM_RATE = 1
MODE_CONTINUOUS = 2
MODE_FLEX = 3
MODE_NAMES = ("stopped", "minimum rate", "simple continuous", "flex")

DELIVERS = 1
"""Something flows, so drug, concentration and reservoir are named, and a bridge may be."""
TREATS = 2
"""A dose that is meant to act: a patient may be allowed boluses."""
OWN_RATE = 4
"""One rate at all times, which the program names."""
OWN_PATTERNS = 8
"""Day patterns and the pattern of each weekday, which the program names."""
BY_INTERVAL = 16
"""Boluses at an interval may come beside the rate."""

TRAITS = (
    0,
    DELIVERS,
    DELIVERS | TREATS | OWN_RATE | BY_INTERVAL,
    DELIVERS | TREATS | OWN_PATTERNS,
)
"""Of each mode."""

EVERY_DAY = (0, 0, 0, 0, 0, 0, 0)
"""The weekdays of a program with one pattern."""


class WeekOfPatterns:
    """The week that a program of any mode stands for; the program's fields are for ``Program`` to say."""

    mode: int
    rate_nl_per_day: int
    patterns: list
    boluses: list
    weekdays: "tuple[int, ...]"

    def has(self, trait: int) -> bool:
        """Return True if the mode has a trait. One that is no mode delivers, as far as can be known."""
        mode = self.mode
        return bool((TRAITS[mode] if 0 <= mode < len(TRAITS) else DELIVERS) & trait)

    def delivers(self) -> bool:
        """Return False if it is a program to deliver nothing."""
        return self.has(DELIVERS)

    def day_patterns(self) -> "Sequence[Steps]":
        """Return the steps of each pattern, in rising order; one of nothing for a program that delivers nothing."""
        if self.has(OWN_PATTERNS):
            return self.patterns
        if self.has(OWN_RATE):
            return (((0, self.rate_nl_per_day),),)
        return (((0, MINIMUM_RATE_NL_PER_DAY if self.mode == MODE_MINIMUM_RATE else 0),),)

    def day_boluses(self) -> "Sequence[DayBoluses]":
        """Return the boluses by the clock of each pattern, in rising order."""
        return self.boluses if self.has(OWN_PATTERNS) else ((),)

    def pattern_of_weekdays(self) -> "Sequence[int]":
        """Return the pattern of each weekday from Monday on."""
        return self.weekdays if self.has(OWN_PATTERNS) else EVERY_DAY

    def steps_on(self, weekday: int) -> "Steps":
        """Return the steps of a weekday."""
        return self.day_patterns()[self.pattern_of_weekdays()[weekday]]

    def boluses_on(self, weekday: int) -> "DayBoluses":
        """Return the boluses by the clock of a weekday."""
        return self.day_boluses()[self.pattern_of_weekdays()[weekday]]
