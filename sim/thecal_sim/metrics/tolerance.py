"""Two-sided tolerance intervals of a normal distribution: where so many of all boluses lie, with what confidence.

Pump manuals state accuracy as a 90/90 interval: with 90 % confidence, 90 % of all deliveries are within. The factor k
is worked out exactly from its definition and not taken from a table or an approximation: for n values, k is such that
the interval mean +- k x standard deviation holds the part p with the probability c. With the mean's offset u, in
standard deviations, half-width r(u) solves Phi(u + r) - Phi(u - r) = p, and the probability is the mean over
u ~ N(0, 1/n) of P(chi-square with n - 1 degrees of freedom > (n - 1) r(u)^2 / k^2).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import chdtrc, ndtr
from scipy.stats import norm

_WIDEST_FACTOR = 1_000.0
_OFFSETS = 8.0
"""Offsets of the mean beyond so many of its standard deviations change no digit."""


class Interval(NamedTuple):
    """An interval from ``least`` to ``most``, in the unit of the values."""

    least: float
    most: float


def tolerance_interval(values: NDArray[np.float64], part: float = 0.9, confidence: float = 0.9) -> Interval:
    """Return where ``part`` of all values lies with ``confidence``, judged by these. Raise ValueError for fewer than
    two."""
    if len(values) < 2:
        raise ValueError(f"values: two are needed for an interval, there is {len(values)}")
    half = tolerance_factor(len(values), part, confidence) * float(np.std(values, ddof=1))
    mean = float(np.mean(values))
    return Interval(mean - half, mean + half)


@cache
def tolerance_factor(count: int, part: float = 0.9, confidence: float = 0.9) -> float:
    """Return the factor k for ``count`` values, two at least."""
    return _root(lambda k: _confidence(k, count, part) - confidence, 1e-3, _WIDEST_FACTOR)


def _confidence(factor: float, count: int, part: float) -> float:
    deviation = 1.0 / sqrt(count)

    def weighted(offset: float) -> float:
        ratio = (count - 1) * (_half_width(offset, part) / factor) ** 2
        return float(norm.pdf(offset, scale=deviation)) * float(chdtrc(count - 1, ratio))

    # Even in the offset, so one half is enough.
    half, _ = quad(weighted, 0.0, _OFFSETS * deviation, epsabs=1e-12, limit=200)
    return 2.0 * half


def _half_width(offset: float, part: float) -> float:
    def missing(half: float) -> float:
        return float(ndtr(offset + half) - ndtr(offset - half)) - part

    return _root(missing, 0.0, offset + _OFFSETS)


def _root(of: Callable[[float], float], least: float, most: float) -> float:
    found = brentq(of, least, most, xtol=1e-12)
    assert isinstance(found, float)
    return found
