"""Resets of every cause on a board whose flash held anything: cause, time source and clock afterwards, and delivery.

Promises: a board that was never programmed delivers nothing, whatever its flash holds; one that delivers is reset in
copies of itself, once by each cause and, where a reset can last, for 0 s, 20 s, 10 min and a night. Only a bite of the
watchdog carries the clock over, and loses no more than the boot ROM's part of a start; after any other reset the clock
is restored and never ahead of the true time. Delivery resumes in every case.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from thecal_fw.core.events import RESET_POWER_ON, RESET_WATCHDOG
from thecal_fw.core.pump_state import STATE_STOPPED
from thecal_fw.core.wall_clock import TIME_CARRIED_OVER, TIME_RESTORED
from thecal_hil.contract.image import FirmwareImage
from thecal_hil.contract.rig import ResetCause as RigReset
from thecal_hil.course.course import Course, local_second
from thecal_hil.course.therapy import continuous
from thecal_hil.emulator.resets import ResetCause
from thecal_hil.emulator.silicon import Silicon
from thecal_hil.groundwork.copies import in_a_copy
from thecal_hil.rigs.pico_rig import PicoRig
from thecal_sim.units import NS_PER_S

STAYS_S: Final = (0, 20, 600, 8 * 3_600)
LASTING: Final = (ResetCause.POWER_ON, ResetCause.BROWN_OUT, ResetCause.USB_BOOT, ResetCause.BOOTSEL)
AT_ONCE: Final = (ResetCause.TOOL, ResetCause.RUN_PIN, ResetCause.DEBUGGER)
_NL_PER_DAY: Final = 2_000_000
_UNPROGRAMMED_S: Final = 120
_RESUMES_S: Final = 10
_MOST_LOST_NS: Final = 25_000_000
"""The boot ROM's part of a reset and the slow clock's: 15 ms at P = 66, of which the chip's timer shows nothing."""


@dataclass
class ResetCases:
    """cases: how many were tried. wrong: what did not hold, in words."""

    cases: int = 0
    wrong: list[str] = field(default_factory=list)


def every_reset(image: FirmwareImage, board: str, *, stays_s: tuple[int, ...] = STAYS_S) -> ResetCases:
    """Try a board that was never programmed, then every cause on it while it delivers."""
    found = ResetCases()
    rig = PicoRig(image, Silicon.read(board))
    try:
        found.cases += 1
        found.wrong += _of_one_never_programmed(rig)
        course = _delivering(rig)
        for cause, held_s in _resets(stays_s):
            found.cases += 1
            wrong = in_a_copy(lambda cause=cause, held_s=held_s: _of_reset(course, rig, cause, held_s))
            found.wrong += [f"{board}, {_name(cause)} of {held_s} s: {what}" for what in wrong]
    finally:
        rig.close()
    return found


def _resets(stays_s: tuple[int, ...]) -> Iterator[tuple[ResetCause | RigReset, int]]:
    yield RigReset.WATCHDOG, 0
    for cause in AT_ONCE:
        yield cause, 0
    for cause in LASTING:
        for held_s in stays_s:
            yield cause, held_s


def _name(cause: ResetCause | RigReset) -> str:
    return cause.name.lower()


def _of_one_never_programmed(rig: PicoRig) -> list[str]:
    rig.run_for(_UNPROGRAMMED_S)
    status, pulses = rig.pump().interrogate(), len(rig.step_times_ns)
    if status.state != STATE_STOPPED or pulses:
        return [f"a pump that was never programmed is {status.state_name}, {pulses} pulses came"]
    return [f"never programmed, and alarms: {', '.join(status.alarm_names)}"] if status.active_alarms else []


def _delivering(rig: PicoRig) -> Course:
    course = Course(rig)
    course.set_time(local_second("2026-03-06 12:00"))
    course.refill(20_000_000)
    course.prescribe(continuous(_NL_PER_DAY))
    course.start()
    rig.run_for(30)
    return course


def _of_reset(course: Course, rig: PicoRig, cause: ResetCause | RigReset, held_s: int) -> list[str]:
    """Return what does not hold after a reset; to be called in a copy."""
    wall_before_ns, before_ns = course.clock.wall_ns(rig.now_ns), rig.now_ns
    if isinstance(cause, RigReset):
        rig.reset(cause)
    else:
        rig.restart(cause, held_ns=held_s * NS_PER_S)
    rig.run_for(_RESUMES_S)
    is_bite = isinstance(cause, RigReset)
    status = rig.pump().interrogate()
    expected = (RESET_WATCHDOG, TIME_CARRIED_OVER) if is_bite else (RESET_POWER_ON, TIME_RESTORED)
    wrong: list[str] = []
    if (status.reset_cause, status.time_source) != expected:
        wrong.append(f"cause {status.reset_cause} and time source {status.time_source}, not {expected}")
    # How far the clock lags behind the true time: what a reset takes and no more for a bite, and never less than 0.
    lags_ns = (rig.now_ns - before_ns) - (rig.clock().wall_ns(rig.now_ns) - wall_before_ns)
    most_ns = _MOST_LOST_NS if is_bite else lags_ns
    if not 0 <= lags_ns <= most_ns:
        wrong.append(f"the clock lags behind by {lags_ns / NS_PER_S:.6f} s")
    if status.rate_nl_per_day != _NL_PER_DAY:
        wrong.append(f"it delivers {status.rate_nl_per_day} nL/day")
    return wrong
