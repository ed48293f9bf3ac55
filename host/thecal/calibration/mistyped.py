"""The number that a person may have meant by one that does not fit: one digit another, or two neighbours exchanged."""

from __future__ import annotations

from collections.abc import Iterator

_WITHIN = 3.0


def likely_meant(typed: str, factor: float, spread: float) -> str:
    """Return the number nearest to ``factor`` times the one typed that a slip of one key explains, or nothing.
    spread: standard deviation of what it should be, as a part of what was typed."""
    typed = typed.strip()
    try:
        value = float(typed.replace(",", "."))
    except ValueError:
        return ""
    best, best_off = "", _WITHIN * spread
    for other in _slips(typed):
        off = abs(float(other.replace(",", ".")) / value - factor) if value else best_off
        if off < best_off:
            best, best_off = other, off
    return best


def _slips(typed: str) -> Iterator[str]:
    for at, one in enumerate(typed):
        if not one.isdigit():
            continue
        for digit in "0123456789":
            if digit != one:
                yield f"{typed[:at]}{digit}{typed[at + 1 :]}"
        following = typed[at + 1 : at + 2]
        if following.isdigit() and following != one:
            yield f"{typed[:at]}{following}{one}{typed[at + 2 :]}"
