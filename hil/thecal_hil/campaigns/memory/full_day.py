"""The cost of requests that judge doses, with as much behind the pump as it can know: a day of the largest program,
and then a discontinuity, after which each dose is held against all of that.

Promise: the times are of the board's own clock, so the same image takes the same.
"""

from __future__ import annotations

from typing import Final

from thecal_fw.core.bolus import KIND_CLINICIAN
from thecal_fw.link import messages
from thecal_hil.campaigns.memory.largest import largest_program
from thecal_hil.campaigns.memory.part import FULL_NL, UTC_S, Part, TimedHost
from thecal_hil.contract.image import FirmwareImage
from thecal_hil.course.raw_link import RawLink
from thecal_hil.rigs.pico_rig import PicoRig

_BEHIND_S: Final = 26 * 3_600
_SETTLED_S: Final = 3
_RATE_NL_PER_DAY: Final = 900_000
_SECONDS: Final = 60
_JUMPS_S: Final = (30, 6_000, -3_000)
"""To a little later, over doses that are made up, and back."""


def run_full_day(image: FirmwareImage) -> Part:
    """Deliver for a day, set the clock again and again, and ask for doses in between."""
    part = Part(seed=-1)
    rig = PicoRig(image)
    host = TimedHost(rig, part)
    program = largest_program()
    host.ask(messages.SET_TIME, UTC_S, 0, 60)
    host.ask(messages.REFILL, FULL_NL)
    host.program(program)
    host.ask(messages.START, program.digest())
    rig.run_for(_BEHIND_S)
    # The session has ended meanwhile.
    host.link = RawLink(rig.port, 2)
    for jump_s in (0, *_JUMPS_S):
        if jump_s:
            now_s = host.link.ask(messages.GET_TIME)["utc_s"]
            host.ask(messages.SET_TIME, now_s + jump_s, 0, 60)
            rig.run_for(_SETTLED_S)
        for _ in range(3):
            host.ask(messages.CHECK_BOLUS, KIND_CLINICIAN, _RATE_NL_PER_DAY, _SECONDS)
            rig.run_for(_SETTLED_S)
        host.ask(messages.GIVE_BOLUS, program.digest(), KIND_CLINICIAN, _RATE_NL_PER_DAY, _SECONDS)
        rig.run_for(_SETTLED_S)
        host.ask(messages.CANCEL_BOLUS, 0)
        rig.run_for(_SETTLED_S)
    part.resets = len(rig.board.resets) - 1
    rig.close()
    return part
