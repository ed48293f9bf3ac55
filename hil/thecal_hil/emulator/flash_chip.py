"""Time the flash chip takes to erase and program.

Promise: with times given, the processor is held for that long at each operation, as it is on the board (the code that
waits runs from RAM with interrupts off), while PIO, DMA and timers go on. With zero, operations take no time.

This is also the place where power can fail in the middle of an operation: the content of the flash changes in
`_apply_command`, and the clock advances right after.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rp2040py.peripherals import ssi

from .units import on_cycle_ns


@dataclass
class FlashTiming:
    erase_sector_ns: int = 0
    erase_block_ns: int = 0
    program_page_ns: int = 0
    operations: int = 0

    def duration_ns(self, command: int) -> int:
        if command == ssi.CMD_SECTOR_ERASE:
            return self.erase_sector_ns
        if command == ssi.CMD_BLOCK_ERASE:
            return self.erase_block_ns
        return self.program_page_ns if command == ssi.CMD_PAGE_PROGRAM else 0


class TimedSsi(ssi.RPSSI):
    """The flash interface with a chip behind it that takes its time."""

    flash_timing: FlashTiming

    def _apply_command(self) -> None:
        command = self._tx_buffer[0] if self._tx_buffer else 0
        changes_flash = self._write_enabled and command in (
            ssi.CMD_SECTOR_ERASE,
            ssi.CMD_BLOCK_ERASE,
            ssi.CMD_PAGE_PROGRAM,
        )
        super()._apply_command()
        if changes_flash:
            self.flash_timing.operations += 1
            self.rp2040.clock.tick(on_cycle_ns(self.flash_timing.duration_ns(command)))


def install(chip: Any, timing: FlashTiming) -> None:
    chip.ssi.__class__ = TimedSsi
    chip.ssi.flash_timing = timing
