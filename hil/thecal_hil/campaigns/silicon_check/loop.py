"""The running pump: how soon its loop answers, and its crystal against this computer's clock."""

from __future__ import annotations

from statistics import median
from typing import Final

from thecal.client import Pump

from .resets import zero_of
from .verdicts import Reading, Readings
from .way import Way

_ANSWERS: Final = 40
_PARTS: Final = 6
_PER_MILLION: Final = 1e6
_NS_PER_MS: Final = 1e6


def readings(pump: Pump, way: Way, seconds: float) -> Readings:
    """Yield the readings of the loop. seconds: for which the crystal is watched."""
    taken_ms: list[float] = []
    for _ in range(_ANSWERS):
        asked_ns = way.now_ns()
        pump.time()
        taken_ms.append((way.now_ns() - asked_ns) / _NS_PER_MS)
    yield "answer", Reading(round(median(taken_ms), 2), 0.1, f"slowest {max(taken_ms):.1f} ms")
    first, from_ns = zero_of(pump, way), way.now_ns()
    # The session stays open: a quiet one would be closed by the pump.
    for _ in range(_PARTS):
        way.sleep(seconds / _PARTS)
        pump.time()
    last, span_ns = zero_of(pump, way), way.now_ns() - from_ns
    # A crystal that runs fast puts its zero ever earlier.
    later_ns, uncertainty_ns = last.after_ns(first)
    off, uncertainty = (part / span_ns * _PER_MILLION for part in (-later_ns, uncertainty_ns))
    yield "crystal", Reading(round(off, 1), round(uncertainty, 1))
