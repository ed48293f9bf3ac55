"""Durations as a person writes them, such as 1h30m, and the nanoseconds they are."""

from __future__ import annotations

import re
from fractions import Fraction

NS_PER_S = 1_000_000_000
_UNITS_NS = {
    "d": 86_400 * NS_PER_S,
    "h": 3_600 * NS_PER_S,
    "m": 60 * NS_PER_S,
    "s": NS_PER_S,
    "ms": 1_000_000,
}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|d|h|m|s)")
LONGEST_NS = 400 * _UNITS_NS["d"]


def duration_ns(text: str) -> int | None:
    """Return the nanoseconds of a duration such as 1h30m; None if it is none."""
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    ns = sum((Fraction(number) * _UNITS_NS[unit] for number, unit in parts), Fraction(0))
    return int(ns) if ns.denominator == 1 and ns <= LONGEST_NS else None


def duration_text(ns: int) -> str:
    """Return a duration as it is written in a scenario."""
    parts: list[str] = []
    for unit in ("d", "h", "m"):
        count, ns = divmod(ns, _UNITS_NS[unit])
        if count:
            parts.append(f"{count}{unit}")
    if ns or not parts:
        parts.append(f"{ns / NS_PER_S:.9f}".rstrip("0").rstrip(".") + "s")
    return "".join(parts)
