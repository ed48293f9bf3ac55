"""A course that the library does not have: every kind of reset, with flash operations that take their time.

Promises: the board is reset at power-on, by its RUN pin (held, and let go at once), by its watchdog and by a power cut
in the middle of a flash operation, each while it delivers; sector erases take 45 ms and pages 0.7 ms, with interrupts
off; the program sleeps, stands still, and is woken while interrupts are masked, as it does all the time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from thecal_hil.contract.rig import ResetCause
from thecal_hil.course.course import Course, local_second
from thecal_hil.course.therapy import RESERVOIR_NL, continuous
from thecal_hil.emulator import ResetCause as EmulatedResetCause
from thecal_hil.rigs.pico_rig import PicoRig
from thecal_sim.units import NS_PER_MS

_ERASE_NS: Final = 45 * NS_PER_MS
_PROGRAM_NS: Final = 700_000
_RATE_NL_PER_DAY: Final = 24_000_000
_OTHER_RATE_NL_PER_DAY: Final = 12_000_000


def go_through_resets(rig: PicoRig) -> list[str]:
    """Go through the resets; return what the pump logged, the same on every path."""
    timing = rig.board.flash_timing
    timing.erase_sector_ns = timing.erase_block_ns = _ERASE_NS
    timing.program_page_ns = _PROGRAM_NS
    _deliver(rig)
    rig.run_for(3)
    for held_ns in (0, 5 * NS_PER_MS):
        rig.board.reset(EmulatedResetCause.RUN_PIN, held_ns=held_ns)
        rig.recover()
        rig.run_for(3)
    rig.board.pause(300 * NS_PER_MS)
    rig.run_for(2)
    rig.reset(ResetCause.WATCHDOG)
    rig.run_for(3)
    rig.reset(ResetCause.POWER_ON)
    rig.run_for(3)
    _cut_in_an_operation(rig)
    rig.recover()
    rig.run_for(5)
    return [repr(event) for event in rig.fresh_pump().log()]


def _deliver(rig: PicoRig) -> None:
    course = Course(rig)
    course.set_time(local_second("2026-03-06 12:00"))
    course.prescribe(continuous(_RATE_NL_PER_DAY))
    course.refill(RESERVOIR_NL)
    course.start()


def _cut_in_an_operation(rig: PicoRig) -> None:
    """Have the power fail when the half of the next page but two is written, while a program is committed."""
    board = rig.board
    timing = board.flash_timing
    cut_at, resets = timing.operations + 2, len(board.resets)

    def half(before: bytes, after: bytes) -> bytes:
        return after[: len(after) // 2] + before[len(before) // 2 :]

    def on_operation(number: int, _: bool) -> Callable[[bytes, bytes], bytes] | None:
        return half if number == cut_at else None

    timing.on_operation = on_operation
    try:
        rig.pump().program(continuous(_OTHER_RATE_NL_PER_DAY).program)
    except Exception:
        # The port goes with the power; whatever else may be, a reset has to have come of it.
        if len(board.resets) == resets:
            raise
    timing.on_operation = None
    board.run_for(50 * NS_PER_MS, lambda: len(board.resets) > resets)
