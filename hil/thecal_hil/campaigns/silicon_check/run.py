"""The whole measurement of a board, from a pump that stands to a pump that stands again.

Promises: nothing is done to a pump that delivers or is about to; whatever fails in between, the pump is started again
and looked for; each assumption gets a finding, and one that could not be measured says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from thecal.client import Pump
from thecal.errors import NoAnswerError, ThecalError
from thecal_fw.core.flash_map import SECTOR_BYTES, TRAILER_AT
from thecal_fw.core.pump_state import STATE_STOPPED
from thecal_fw.rp2 import chip

from . import assumptions, clocks, loop, margins, sense_line
from .flash_cache import FlashCache
from .flash_chip import FlashChip
from .prompt import Prompt
from .resets import Resets
from .usb_port import UsbPort
from .verdicts import Assumption, Finding, NotMeasuredError, Readings, judge, not_measured
from .way import Way

_CODE_OF_IDENTITY: Final = f"""
import uctypes, hashlib
def image_digest():
    trailer = bytes(uctypes.bytearray_at({chip.FLASH + TRAILER_AT}, 12))
    if trailer[:8] != b'THECAL01':
        return ''
    left, at, digest = int.from_bytes(trailer[8:], 'little'), {chip.FLASH}, hashlib.sha256()
    while left:
        piece = min(left, {SECTOR_BYTES})
        digest.update(uctypes.bytearray_at(at, piece))
        at, left = at + piece, left - piece
        _feed()
    return digest.digest().hex()
def identity():
    return mem32[0x40000000] >> 28 & 0xF, machine.mem8[0x13], image_digest()
"""
CRYSTAL_S: Final = 60.0
"""In which a frame of the bus is 17 ppm."""
_CHIP_REVISIONS: Final = {1: "B0 or B1", 2: "B2"}


class PumpDeliversError(ThecalError):
    """The pump is not to be disturbed."""


@dataclass
class Measured:
    """A board, and what was found on it."""

    serial: str = ""
    version: str = ""
    commit: str = ""
    chip_revision: str = ""
    boot_rom_version: int = 0
    flash_sha256: str = ""
    """Of the image as it lies in flash, without the trailer of the build; empty for a stock image."""
    clock_was_set: bool = False
    findings: list[Finding] = field(default_factory=list)


class Measurement:
    def __init__(
        self, way: Way, say: Callable[[str], None] = lambda text: None, crystal_s: float = CRYSTAL_S
    ) -> None:
        """say: takes what is being done. crystal_s: how long the crystal is held against this computer's clock."""
        self._crystal_s = crystal_s
        self._way = way
        self._say = say
        self._measured = Measured()

    def run(self, *, through_boot_loader: bool = False) -> Measured:
        """Raise PumpDeliversError before anything is done, ThecalError or OSError if the board is lost."""
        pump = self._way.find_pump(within_s=0)
        self._identify(pump)
        try:
            self._measure(pump, through_boot_loader)
        except BaseException:
            # Best effort: what is raised already says more than a second failure would.
            try:
                self._restart()
            except (ThecalError, OSError):
                self._say("the pump could not be started again: unplug the board and plug it in again")
            raise
        self._restart()
        return self._measured

    def _identify(self, pump: Pump) -> None:
        status = pump.interrogate()
        if status.state != STATE_STOPPED:
            raise PumpDeliversError(
                f"the pump is {status.state_name}. Measuring restarts it several times, so it is not done now: stop the"
                " pump first, on the bench only"
            )
        measured = self._measured
        measured.serial, measured.version, measured.commit = pump.serial, pump.version, pump.commit
        measured.clock_was_set = bool(status.time_source)

    def _measure(self, pump: Pump, through_boot_loader: bool) -> None:
        way, resets = self._way, Resets(self._way)
        self._take("the pump's own margins", assumptions.MARGINS, lambda: margins.readings(pump))
        self._take("the running pump", assumptions.LOOP, lambda: loop.readings(pump, way, self._crystal_s))
        prompt = Prompt.leave(pump, way.port())
        self._take("a collection of garbage", assumptions.COLLECTION, lambda: clocks.collection(prompt))
        self._take("a soft reset", assumptions.SOFT_RESET, lambda: resets.soft(prompt))
        self._identify_chip(prompt)
        self._take("clocks", assumptions.CLOCKS, lambda: clocks.readings(prompt))
        self._take("flash cache", assumptions.FLASH_CACHE, lambda: FlashCache(prompt).readings())
        self._take("flash chip", assumptions.FLASH_CHIP, lambda: FlashChip(prompt).readings())
        self._take("pulses on SENSE", assumptions.SENSE_LINE, lambda: sense_line.readings(prompt))
        self._take("USB port", assumptions.USB_PORT, lambda: UsbPort(prompt, way).readings())
        self._restart()
        self._take("machine.reset()", assumptions.TOOL, resets.tool)
        self._restart()
        self._take("a bite of the watchdog", (*assumptions.BITE, *assumptions.PROCESSOR), resets.bite)
        if through_boot_loader:
            self._restart()
            self._take("the boot loader", assumptions.BOOT_LOADER, resets.boot_loader)
        else:
            self._findings(
                not_measured(one, "it was not asked for: --boot-loader") for one in assumptions.BOOT_LOADER
            )

    def _take(self, what: str, wanted: Iterable[Assumption], readings: Callable[[], Readings]) -> None:
        self._say(what)
        missing = {assumption.key: assumption for assumption in wanted}
        why = "it was left out"
        try:
            for key, reading in readings():
                self._measured.findings.append(judge(missing.pop(key), reading))
        except NotMeasuredError as error:
            why = str(error)
        self._findings(not_measured(assumption, why) for assumption in missing.values())

    def _findings(self, findings: Iterable[Finding]) -> None:
        self._measured.findings += findings

    def _identify_chip(self, prompt: Prompt) -> None:
        prompt.run(_CODE_OF_IDENTITY)
        revision, rom_version, digest = prompt.ask("identity()")
        self._measured.chip_revision = _CHIP_REVISIONS.get(revision, f"unknown ({revision})")
        self._measured.boot_rom_version = rom_version
        self._measured.flash_sha256 = digest

    def _restart(self) -> None:
        """Bring the board, wherever it is, to its pump, running and at rest, the motor disabled."""
        way = self._way
        # Without a prompt it runs its pump's program already, or comes to it.
        with suppress(NoAnswerError):
            Prompt(way.emptied_port(), tries=2).start("import machine; machine.reset()")
        way.sleep(0.2)
        pump = way.find_pump()
        if (pump.serial, pump.commit) != (self._measured.serial, self._measured.commit):
            raise ThecalError(
                f"another board is there now: {pump.serial} ({pump.commit}) and not {self._measured.serial}"
                f" ({self._measured.commit})"
            )
        if pump.interrogate().state != STATE_STOPPED:
            raise ThecalError(
                "the pump delivers after its restart: it was started by somebody else meanwhile"
            )
