"""A guard against values that are off by an order of magnitude: a slipped decimal point, minutes typed for hours.

A value that differs from the one before it by a factor of 4.4 or more is refused until it is typed again. Why 4.4: the
slips that have harmed people are factors of 10 (decimal point), 24 (per hour for per day), 60 (minutes for hours: the
recall of 2004, seven serious injuries and two deaths) and 1,000 (mg for mcg), and another patient's dose may be five
times as much. A factor of five is caught even when the dose was meant to change by a tenth the other way; a largest
honest ratio of four, as between two concentrations on sale, passes.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from thecal.amounts import plain
from thecal.judgement import Finding, Kind

SUSPICIOUS_FACTOR = Fraction(22, 5)

# What a person may have meant, by the factor that it makes. Ordered by how often it is the cause.
SLIPS: tuple[tuple[int, str], ...] = (
    (10, "a decimal point in the wrong place"),
    (60, "minutes for hours, or hours for minutes"),
    (24, "a dose per hour for one per day, or hours for days"),
    (1_000, "milligrams for micrograms, or microlitres for millilitres"),
    (1_440, "minutes for days, or days for minutes"),
    (100, "a decimal point two places off"),
)
# How far from its factor a slip is still recognised: the value itself may have been meant to change a little.
_NEAR = Fraction(5, 4)


@dataclass(frozen=True)
class Pair:
    """A field with its unit in its name, its value until now and its new one. what_before: where the old is from."""

    field: str
    old: Fraction
    new: Fraction
    what_before: str = "the program until now"


def judge_magnitudes(pairs: list[Pair]) -> list[Finding]:
    """Return a finding for each value that may be a slip. A value that was or becomes zero has no ratio and is left
    alone: whether something may begin or end is for other checks.

    The same value in place of the same one is one slip, at however many times of the week it stands: who has to type
    it again eighty times reads none of it. It goes by the name of the first.
    """
    alike: dict[tuple[str, Fraction, Fraction, str], list[Pair]] = {}
    for pair in pairs:
        if is_suspicious(pair.old, pair.new):
            unit = pair.field.rpartition(" ")[2]
            alike.setdefault((unit, pair.old, pair.new, pair.what_before), []).append(pair)
    return [_finding(first, len(others)) for first, *others in alike.values()]


def is_suspicious(old: Fraction, new: Fraction) -> bool:
    if old <= 0 or new <= 0:
        return False
    return max(old, new) >= SUSPICIOUS_FACTOR * min(old, new)


def likely_slip(old: Fraction, new: Fraction) -> str:
    """Return what a person may have meant; empty if no usual slip makes that factor."""
    factor = max(old, new) / min(old, new)
    for usual, meaning in SLIPS:
        if usual / _NEAR <= factor <= usual * _NEAR:
            return meaning
    return ""


def _finding(pair: Pair, others: int) -> Finding:
    factor = max(pair.old, pair.new) / min(pair.old, pair.new)
    more = "more" if pair.new > pair.old else "less"
    meaning = likely_slip(pair.old, pair.new)
    text = (
        f"{plain(pair.new)} is {plain(factor, 3)} times {more} than {plain(pair.old)}, {pair.what_before}"
        + (f"; {meaning}?" if meaning else "")
        + (f"; the same at {others} more {'time' if others == 1 else 'times'} of the week" if others else "")
    )
    return Finding(Kind.RETYPE, pair.field, pair.new, text)
