"""Time the flash chip takes to erase and program, and what becomes of an operation that a power cut interrupts.

Promises: with times given, the processor is held for that long at each operation, as it is on the board (the code that
waits runs from RAM with interrupts off), while PIO, DMA and timers continue. With zero, operations take no time. A cut
leaves behind what it is set to, and the power is gone before the next instruction.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from rp2040py.peripherals import ssi

from .units import on_cycle_ns

FLASH_PAGE_BYTES: Final = ssi.FLASH_PAGE_SIZE
_PIECE_BYTES = {
    ssi.CMD_SECTOR_ERASE: ssi.FLASH_SECTOR_SIZE,
    ssi.CMD_BLOCK_ERASE: ssi.FLASH_BLOCK_SIZE,
    ssi.CMD_PAGE_PROGRAM: ssi.FLASH_PAGE_SIZE,
}


Remains = Callable[[bytes, bytes], bytes]
"""What a cut leaves of a sector or page, from what it held before and what it would hold after."""


@dataclass
class FlashTiming:
    """Times of operations, and how many there have been since the first power-on; erases of each sector likewise.

    held_ns: for how long the processor was held by operations since the first power-on.
    on_operation: asked before each operation, by its number and whether it is an erase; None lets it be, anything else
    cuts the power in it.
    """

    erase_sector_ns: int = 0
    erase_block_ns: int = 0
    program_page_ns: int = 0
    operations: int = 0
    held_ns: int = 0
    takes_nothing: bool = False
    """Worn out: operations take their time and change nothing."""
    on_operation: Callable[[int, bool], Remains | None] | None = None
    power_cut: Callable[[], None] | None = None
    erases: dict[int, int] = field(default_factory=dict)

    def count_erase(self, begin: int, size: int) -> None:
        for sector in range(begin // ssi.FLASH_SECTOR_SIZE, (begin + size) // ssi.FLASH_SECTOR_SIZE):
            self.erases[sector] = self.erases.get(sector, 0) + 1

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
        if not changes_flash:
            super()._apply_command()
            return
        timing = self.flash_timing
        number = timing.operations
        timing.operations += 1
        if timing.takes_nothing:
            self._write_enabled = False
        if command != ssi.CMD_PAGE_PROGRAM:
            size = _PIECE_BYTES[command]
            timing.count_erase(self._address_from_buffer() & ~(size - 1), size)
        remains = (
            timing.on_operation(number, command != ssi.CMD_PAGE_PROGRAM) if timing.on_operation else None
        )
        if remains is None:
            super()._apply_command()
            duration_ns = on_cycle_ns(timing.duration_ns(command))
            timing.held_ns += duration_ns
            self.rp2040.clock.tick(duration_ns)
        else:
            self._apply_in_part(command, remains)

    def _apply_in_part(self, command: int, remains: Remains) -> None:
        size = _PIECE_BYTES[command]
        begin = self._address_from_buffer() & ~(size - 1)
        flash = self.rp2040.flash
        before = bytes(flash[begin : begin + size])
        super()._apply_command()
        flash[begin : begin + size] = remains(before, bytes(flash[begin : begin + size]))
        # Not from within the instruction that is being executed.
        if self.flash_timing.power_cut is not None:
            self.rp2040.clock.create_alarm(self.flash_timing.power_cut).schedule(0)


def install(chip: Any, timing: FlashTiming) -> None:
    chip.ssi.__class__ = TimedSsi
    chip.ssi.flash_timing = timing
