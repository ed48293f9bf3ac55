"""Doses and volumes as people write them, and the lines in which a program is shown.

Doses are in micrograms and volumes in millilitres, exact to six digits.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

NL_PER_ML = 1_000_000
NG_PER_MCG = 1_000


class Line(NamedTuple):
    """A line about a program: in brief, and in full, which differs wherever two programs differ."""

    label: str
    brief: str
    full: str


def plain(number: Fraction | int, digits: int = 6) -> str:
    """Return a number as people write it, to so many significant digits and without powers of ten."""
    return format(Decimal(f"{float(number):.{digits}g}"), "f")


def beyond(number: Fraction, limit: Fraction | int, digits: int = 6) -> str:
    """Return a number that has passed a limit, with as many digits more as it takes to differ from the limit."""
    while plain(number, digits) == plain(limit, digits) and digits < 15:
        digits += 1
    return plain(number, digits)


def millilitres(volume_nl: int) -> str:
    """Return a volume in millilitres, exact to the nanolitre."""
    whole, part = divmod(volume_nl, NL_PER_ML)
    return f"{whole}.{part:06d}".rstrip("0").rstrip(".")


def dose_mcg(volume_nl: Fraction | int, concentration_ng_per_ml: int) -> Fraction:
    """Return the drug in a volume."""
    return Fraction(volume_nl) * concentration_ng_per_ml / (NL_PER_ML * NG_PER_MCG)
