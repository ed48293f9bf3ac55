"""The part of a day that the processor is awake at a child's usual rate, whatever the host does meanwhile.

Promises: each host leaves the pump alone for the whole day; what counts is every cycle that is not slept through, those
spent waiting for the flash included.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from thecal_fw.link import messages
from thecal_hil.contract.image import FirmwareImage
from thecal_hil.course.course import Course, local_second
from thecal_hil.course.raw_link import RawLink
from thecal_hil.course.therapy import continuous
from thecal_hil.emulator.units import SYSTEM_CLOCK_HZ
from thecal_hil.rigs.pico_rig import PicoRig

RATE_NL_PER_DAY: Final = 424_000
DAY_S: Final = 86_400
_FULL_NL: Final = 20_000_000
_SETTLED_S: Final = 10
"""The start, the first grant and what is erased ahead of need are over by then."""
_UNREAD_REPLIES: Final = 4


def _stays(rig: PicoRig) -> None:
    """Stay attached, with the port open and nothing more to ask."""


def _does_not_read(rig: PicoRig) -> None:
    link = RawLink(rig.port)
    rig.leave_unread(True)
    for _ in range(_UNREAD_REPLIES):
        rig.port.write(link.frame(messages.INTERROGATE))
    rig.run_for(1)


def _leaves(rig: PicoRig) -> None:
    """Close the port with replies unread."""
    _does_not_read(rig)
    rig.port.close()
    rig.run_for(1)


HOSTS: Final[Mapping[str, Callable[[PicoRig], None]]] = {
    "attached": _stays,
    "gone": _leaves,
    "not_reading": _does_not_read,
}


def awake_percent(image: FirmwareImage, host: str, seconds: int = DAY_S) -> float:
    """Share of so many seconds of delivery, in percent, for which the processor is awake beside a host of `HOSTS`."""
    rig = PicoRig(image)
    course = Course(rig)
    course.set_time(local_second("2026-03-06 12:00"))
    course.refill(_FULL_NL)
    course.prescribe(continuous(RATE_NL_PER_DAY))
    course.start()
    rig.run_for(_SETTLED_S)
    HOSTS[host](rig)
    before = rig.board.busy_cycles
    rig.run_for(seconds)
    awake = rig.board.busy_cycles - before
    rig.close()
    return 100 * awake / (seconds * SYSTEM_CLOCK_HZ)
