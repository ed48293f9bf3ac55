"""The cycles for which the processor is awake in an hour of steady delivery, on the emulated board.

Promises: every cycle that is not slept through counts; no host is there, and the second hour is measured, so that
nothing of the start is left; the board is the ideal one, on which a miss of the flash cache costs nothing. The same
image gives the same figure.
"""

from __future__ import annotations

from thecal_hil.campaigns.memory.awake import RATE_NL_PER_DAY
from thecal_hil.contract.image import FirmwareImage
from thecal_hil.course.course import Course, local_second
from thecal_hil.course.therapy import continuous
from thecal_hil.emulator.silicon import IDEAL
from thecal_hil.rigs.pico_rig import PicoRig

_HOUR_S = 3_600
_FULL_NL = 20_000_000


def cycles_an_hour(image: FirmwareImage) -> int:
    """Return cycles of the second hour at a child's usual rate, with the port closed."""
    rig = PicoRig(image, IDEAL)
    course = Course(rig)
    course.set_time(local_second("2026-03-06 12:00"))
    course.refill(_FULL_NL)
    course.prescribe(continuous(RATE_NL_PER_DAY))
    course.start()
    rig.port.close()
    rig.run_for(_HOUR_S)
    before = rig.board.busy_cycles
    rig.run_for(_HOUR_S)
    awake = rig.board.busy_cycles - before
    rig.close()
    return awake
