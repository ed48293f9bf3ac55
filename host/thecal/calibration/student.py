"""Student's t distribution: how far an estimate may lie off by chance, given how many readings its scatter is known
from.

Promise: probabilities to better than 1e-10, quantiles to better than 1e-8, for any degrees of freedom from 1 on.
"""

from __future__ import annotations

from math import erfc, exp, inf, isinf, lgamma, log, sqrt

_TINY = 1e-300
_MOST_TERMS = 500


def two_sided_p(t: float, dof: float) -> float:
    """Return the probability that chance alone gives a value at least as far from zero as ``t``."""
    if isinf(dof):
        return erfc(abs(t) / sqrt(2.0))
    return _incomplete_beta(dof / 2.0, 0.5, dof / (dof + t * t))


def quantile(two_sided: float, dof: float) -> float:
    """Return the value that chance exceeds, by its size, with probability ``two_sided``. Raise ValueError unless
    the probability lies between 0 and 1 and the degrees of freedom have a quantile."""
    if not 0.0 < two_sided < 1.0:
        raise ValueError(f"two_sided: {two_sided:g} is no probability between 0 and 1")
    least, most = 0.0, 2.0
    while two_sided_p(most, dof) > two_sided:
        least, most = most, 2.0 * most
        if most == inf:
            raise ValueError(f"dof: {dof:g}; no quantile")
    for _ in range(80):
        middle = 0.5 * (least + most)
        if two_sided_p(middle, dof) > two_sided:
            least = middle
        else:
            most = middle
    return 0.5 * (least + most)


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """Return the regularised incomplete beta function, by its continued fraction (Abramowitz and Stegun 26.5.8)."""
    if x <= 0.0:
        return 0.0
    if x >= 1.0:
        return 1.0
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(1.0 - x))
    if x < (a + 1.0) / (a + b + 2.0):
        return front * _fraction(a, b, x) / a
    return 1.0 - front * _fraction(b, a, 1.0 - x) / b


def _fraction(a: float, b: float, x: float) -> float:
    """Return the continued fraction, evaluated from its front (Lentz)."""
    c, d = 1.0, 1.0 / _not_zero(1.0 - (a + b) * x / (a + 1.0))
    result = d
    for m in range(1, _MOST_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
        d, c = 1.0 / _not_zero(1.0 + even * d), _not_zero(1.0 + even / c)
        result *= d * c
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
        d, c = 1.0 / _not_zero(1.0 + odd * d), _not_zero(1.0 + odd / c)
        result *= d * c
        if abs(d * c - 1.0) < 1e-14:
            break
    return result


def _not_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
