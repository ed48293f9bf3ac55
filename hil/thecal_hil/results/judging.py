"""The judgement whether a figure has got worse: by how much of its margin, and beyond what it scatters by anyway.

The margin is what lies between a figure and its limit. Promises: a figure is worse only towards a limit that it has; by
less than its tolerance, or by less than its scatter allows for, it is not reported; how it scatters is taken from the
baseline's runs alone. The allowance is a prediction interval of one further run for a chance of one in ten million on
either side: over 1,500 figures and a thousand runs a false report is then to be expected in one of seven such
stores, if figures scatter evenly. A baseline of one run knows no scatter, and the tolerance stands alone.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf, sqrt
from statistics import median, stdev
from typing import Final

from thecal_hil.results.run import Figure

TOLERANCE: Final = 0.1
"""Of the margin: what a figure may lose of it without being reported."""
_NOTHING: Final = 1e-9
_SPREADS: Final = {
    2: 3_183_099.0, 3: 2_236.1, 4: 222.6, 5: 74.0, 6: 39.4, 7: 26.3, 8: 20.0, 9: 16.4, 10: 14.1, 12: 11.4, 15: 9.41,
    20: 7.92, 30: 6.78, 60: 5.90, 120: 5.53,
}  # fmt: skip


def _spreads(runs: int) -> float:
    """Return how many standard deviations the prediction interval reaches: Student's of the next smaller number of
    runs."""
    fitting = max(count for count in _SPREADS if count <= runs)
    return _SPREADS[fitting] * sqrt(1 + 1 / runs)


@dataclass(frozen=True)
class Tolerance:
    """A tolerance of what figures may lose of their margin. figures: a pattern as of file names, over SUBJECT:KEY.
    reason: for a reader."""

    figures: str
    share: float
    reason: str


@dataclass(frozen=True)
class Base:
    """A figure over the baseline's runs. scatter: its standard deviation; None where a single run has none."""

    figure: Figure
    middle: float
    scatter: float | None
    runs: int


@dataclass(frozen=True)
class Change:
    """A figure beside its base.

    lost: how much of its margin it has lost, as a share; negative if it has gained, None where it has no limit or
    had no margin. allowed: what it may lose. worse: it lost more than that, or it is beyond a limit that it was
    within.
    """

    base: Base
    figure: Figure
    lost: float | None
    allowed: float
    worse: bool
    beyond_limit: bool

    @property
    def moved(self) -> bool:
        return self.figure.value != self.base.middle


def is_within(figure: Figure) -> bool:
    """Return True if a figure is within its limits; one that was never taken is not."""
    if figure.value is None:
        return False
    return not (
        (figure.least is not None and figure.value < figure.least)
        or (figure.most is not None and figure.value > figure.most)
    )


def bases(runs: Iterable[Sequence[Figure]]) -> dict[tuple[str, str], Base]:
    """Return the figures of a baseline's runs put together. Limits and words are those of the last run that has a
    figure."""
    values: dict[tuple[str, str], list[float]] = {}
    last: dict[tuple[str, str], Figure] = {}
    for figures in runs:
        for figure in figures:
            last[figure.identity] = figure
            if figure.value is not None:
                values.setdefault(figure.identity, []).append(figure.value)
    return {
        identity: Base(last[identity], median(found), stdev(found) if len(found) > 1 else None, len(found))
        for identity, found in values.items()
    }


def judged(base: Base, figure: Figure, tolerances: Sequence[Tolerance] = ()) -> Change:
    """Return a figure of another run beside its base. Limits are those that it is declared with in that run."""
    was_within = is_within(_at(figure, base.middle))
    if figure.value is None:
        return Change(base, figure, None, 0.0, worse=True, beyond_limit=True)
    share = _share_for(figure, tolerances)
    lost, allowed = None, share
    for margin, left in _margins(figure, base.middle):
        if margin <= _NOTHING:
            continue
        of_margin = (margin - left) / margin
        if lost is None or of_margin > lost:
            scatter = 0.0 if base.scatter is None else _spreads(base.runs) * base.scatter / margin
            lost, allowed = of_margin, max(share, scatter)
    beyond = was_within and not is_within(figure)
    worse = beyond or (lost is not None and lost > allowed)
    return Change(base, figure, lost, allowed, worse, beyond)


def _margins(figure: Figure, middle: float) -> list[tuple[float, float]]:
    """Return, on each side with a limit, what lay between base and limit, and what is left of it."""
    assert figure.value is not None
    found = []
    if figure.least is not None:
        found.append((middle - figure.least, figure.value - figure.least))
    if figure.most is not None:
        found.append((figure.most - middle, figure.most - figure.value))
    return found


def _at(figure: Figure, value: float) -> Figure:
    return Figure(figure.subject, figure.key, figure.title, figure.unit, figure.least, figure.most, value)


def _share_for(figure: Figure, tolerances: Sequence[Tolerance]) -> float:
    """Return the share that a figure may lose; the last tolerance that fits decides."""
    name = f"{figure.subject}:{figure.key}"
    fitting = [one.share for one in tolerances if fnmatch.fnmatchcase(name, one.figures)]
    return fitting[-1] if fitting else TOLERANCE


def changes(
    base: Mapping[tuple[str, str], Base], figures: Iterable[Figure], tolerances: Sequence[Tolerance] = ()
) -> list[Change]:
    """Return all figures that both have, those that lost most of their margin first."""
    found = [judged(base[one.identity], one, tolerances) for one in figures if one.identity in base]
    return sorted(found, key=_worst_first)


def _worst_first(change: Change) -> tuple[bool, float]:
    if change.beyond_limit:
        return False, -inf
    return not change.worse, inf if change.lost is None else -change.lost
