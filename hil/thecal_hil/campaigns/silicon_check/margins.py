"""The margins that the pump itself has measured of its board: the times that leads follow from, and the margins that
were left.

Read from its interrogation, so they are the image's own figures on this very chip: of its last reset, of the program in
force, and of whatever it has delivered since.
"""

from __future__ import annotations

from typing import Final

from thecal.client import Pump
from thecal_sim.units import US_PER_MS

from .verdicts import NotMeasuredError, Reading, Readings

_NO_PROGRAM: Final = "the pump has no program, so no change was prepared"
_NO_RECORD: Final = "the pump has written no record since its reset"
_NO_CHANGE: Final = "the pump has delivered nothing since its reset: have it deliver for a while, and stop it"


def readings(pump: Pump) -> Readings:
    """Yield the margins; raise NotMeasuredError if the pump has made no change yet."""
    status = pump.interrogate()
    yield "take-over", _ms(status.take_over_us)
    yield "collect", _ms(status.collect_us)
    yield "prepare", _ms(status.prepare_us) if status.prepare_us else NotMeasuredError(_NO_PROGRAM)
    yield "write", _ms(status.write_us) if status.write_us else NotMeasuredError(_NO_RECORD)
    if not status.has_taken_over:
        raise NotMeasuredError(_NO_CHANGE)
    yield "margin", _ms(status.least_margin_us)
    yield "masked-margin", _ms(status.least_masked_us)


def _ms(us: int) -> Reading:
    return Reading(us / US_PER_MS, 1 / US_PER_MS)
