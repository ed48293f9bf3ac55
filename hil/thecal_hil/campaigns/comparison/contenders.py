"""The boards that are compared: each is set going, loaded in the same way for so long, and its edges looked at.

Promises: the flash takes its typical times (an erase 45 ms, a page 0.7 ms) for all of them; requests come at the same
instants of virtual time; what is measured are rising edges on the STEP pin and the time this machine took.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from thecal_hil.campaigns.comparison.rival_programs import INTERVAL_MS, STEP_PIN
from thecal_hil.campaigns.comparison.step_errors import StepErrors, step_errors
from thecal_hil.contract.image import image_under_test
from thecal_hil.contract.rig import STEP
from thecal_hil.course.course import MICROSTEPS_PER_NL, Course, local_second
from thecal_hil.course.load import valid_frames
from thecal_hil.course.raw_link import RawLink
from thecal_hil.course.therapy import continuous
from thecal_hil.emulator import EmulatedPico
from thecal_hil.emulator.flash_chip import FlashTiming
from thecal_hil.emulator.repl import RawRepl
from thecal_hil.emulator.silicon import IDEAL
from thecal_hil.rigs.pico_rig import PicoRig
from thecal_sim.units import NS_PER_DAY, NS_PER_MS, NS_PER_S

INTERVAL_NS = INTERVAL_MS * NS_PER_MS
RATE_NL_PER_DAY = 13_000_000
"""A microstep every 103.846 ms: not a whole number of ticks, as prescribed rates hardly ever are."""
QUIET_NL_PER_DAY = 424_000
REQUEST_EVERY_NS = 50 * NS_PER_MS
_ERASE_NS = 45 * NS_PER_MS
_PROGRAM_NS = 700_000
_FILL_NL = 18_000_000
_LEAD_S = 2


@dataclass(frozen=True)
class Run:
    """virtual_s of a board's time took worked_s of this machine's processor. errors: None if it steps nothing."""

    name: str
    virtual_s: float
    worked_s: float
    errors: StepErrors | None

    @property
    def speed(self) -> float:
        return self.virtual_s / self.worked_s


def _timing() -> FlashTiming:
    return FlashTiming(erase_sector_ns=_ERASE_NS, program_page_ns=_PROGRAM_NS)


def _loaded(board: EmulatedPico, seconds: float, request: Callable[[int], bytes] | None) -> float:
    """Let time pass with a request every so often; processor time that took."""
    begin_ns, began_s = board.now_ns, time.process_time()
    for number in range(round(seconds * NS_PER_S / REQUEST_EVERY_NS)):
        board.run_until(begin_ns + number * REQUEST_EVERY_NS)
        if request is not None:
            board.serial.write(request(number))
            board.serial.reset_input_buffer()
    board.run_until(begin_ns + round(seconds * NS_PER_S))
    return time.process_time() - began_s


def thecal(seconds: float, loaded: bool = True) -> Run:
    """Run the shipped image: some ten microsteps a second under load, else a child's usual rate."""
    rate_nl_per_day = RATE_NL_PER_DAY if loaded else QUIET_NL_PER_DAY
    rig = PicoRig(image_under_test(), IDEAL)
    timing, real = rig.board.flash_timing, _timing()
    timing.erase_sector_ns, timing.program_page_ns = real.erase_sector_ns, real.program_page_ns
    course = Course(rig)
    course.set_time(local_second("2026-03-06 12:00"))
    course.prescribe(continuous(rate_nl_per_day))
    course.refill(_FILL_NL)
    course.start()
    rig.run_for(_LEAD_S)
    frames = valid_frames(RawLink(rig.port).session)
    begin_ns = rig.now_ns
    worked_s = _loaded(rig.board, seconds, (lambda _: next(frames)) if loaded else None)
    rises_ns = rig.rising_ns(STEP)
    interval_ns = float(NS_PER_DAY / (rate_nl_per_day * MICROSTEPS_PER_NL))
    errors = step_errors(rises_ns[rises_ns >= begin_ns], interval_ns, rig.now_ns)
    rig.close()
    return Run("this firmware", seconds, worked_s, errors)


def rival(name: str, program: str, stock_uf2: Path, seconds: float, loaded: bool = True) -> Run:
    """Run a program on a stock board, asked for a line of state as often as this firmware is."""
    board = EmulatedPico(stock_uf2, watch={STEP: STEP_PIN}, flash_timing=_timing())
    board.serial.timeout = board.serial.write_timeout = 1.0
    board.serial.open()
    board.run_for(NS_PER_S)
    RawRepl(board.serial).start(program)
    board.run_for(NS_PER_S // 2)
    begin_ns = board.now_ns
    worked_s = _loaded(board, seconds, (lambda number: b"status %d\n" % number) if loaded else None)
    rises_ns = np.array([edge.t_ns for edge in board.edges if edge.level and edge.t_ns >= begin_ns], np.int64)
    errors = step_errors(rises_ns, INTERVAL_NS, board.now_ns) if len(rises_ns) else None
    board.serial.close()
    return Run(name, seconds, worked_s, errors)
