"""The part of a start that comes before the program's clock runs: the boot ROM, and the ring oscillator's slow clock.

The emulator enters the image at once, at full speed. On silicon the boot ROM reads the second stage from flash first,
and everything up to the image's own change to the fast clock runs from the ring oscillator; the crystal has to start
too, unless it runs already. Promises, where `boot_rom` is imposed:

- The boot ROM takes its time, and leaves the second stage in the last 256 bytes of RAM.
- What the processor does before it changes to the fast clock takes as many cycles of the ring oscillator. The time is
  added at that change, in one piece: nothing else on the chip is under way before it.
- The chip's timer begins at that change. With `timer_from_zero` and no boot ROM it begins when the image does.

An image that never changes its clock, as one of a few instructions, is not slowed down.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from rp2040py.peripherals import clocks

from thecal_sim.units import NS_PER_S

from .fixes import FrequencyCounter
from .flash_chip import FLASH_PAGE_BYTES
from .resets import KEEPS_FAST_CLOCK, STARTS_CRYSTAL, ResetCause
from .silicon import Silicon
from .units import CYCLE_NS, SYSTEM_CLOCK_HZ, on_cycle_ns

RING_HZ: Final = 6_500_000
"""Typical speed of the ring oscillator at the boot ROM's setting."""
BOOT_ROM_CYCLES: Final = 26_000
"""Its own source: an attempt to read the second stage takes around 4 ms at 6.5 MHz. The first one succeeds."""
CRYSTAL_HZ: Final = 12_000_000
CRYSTAL_DELAY_CYCLES: Final = (CRYSTAL_HZ // 1_000 + 128) // 256 * 6 * 256
"""What xosc_init of the SDK waits for: 1 ms in units of 256 cycles, times PICO_XOSC_STARTUP_DELAY_MULTIPLIER."""
_SECOND_STAGE_AT: Final = 0x2004_1F00 - 0x2000_0000
_SOURCE_IS_PLL: Final = 1 << 0


def boot_rom_ns(cause: ResetCause) -> int:
    """Return how long the boot ROM takes."""
    return on_cycle_ns(
        BOOT_ROM_CYCLES * NS_PER_S // (SYSTEM_CLOCK_HZ if cause in KEEPS_FAST_CLOCK else RING_HZ)
    )


class WatchedClocks(FrequencyCounter):
    """Reports each time that the system clock is set to the PLL."""

    on_fast_clock: Callable[[], None]

    def write_uint32(self, offset: int, value: int) -> None:
        super().write_uint32(offset, value)
        if offset == clocks.CLK_SYS_CTRL and value & _SOURCE_IS_PLL:
            self.on_fast_clock()


class StartUp:
    def __init__(self, chip: Any, silicon: Silicon, enter_image: Callable[[], None]) -> None:
        """`enter_image` has the processor begin with the image."""
        self._chip = chip
        self._silicon = silicon
        self._enter_image = enter_image
        self._rom_alarm = chip.clock.create_alarm(self._leave_rom)
        self._cause = ResetCause.POWER_ON
        self._entered_at_cycle: int | None = None
        chip.clocks.__class__ = WatchedClocks
        chip.clocks.on_fast_clock = self._clock_is_fast

    def begin(self, cause: ResetCause) -> None:
        """Begin: the chip has just been released."""
        self._cause = cause
        if self._silicon.boot_rom:
            self._rom_alarm.schedule(boot_rom_ns(cause))
        else:
            self._leave_rom()

    def cancel(self) -> None:
        """Cancel the start-up: the chip is reset again."""
        self._rom_alarm.cancel()
        self._entered_at_cycle = None

    def _leave_rom(self) -> None:
        if self._silicon.timer_from_zero:
            self._chip.timer.reset()
        if self._silicon.boot_rom:
            self._chip.sram[_SECOND_STAGE_AT : _SECOND_STAGE_AT + FLASH_PAGE_BYTES] = self._chip.flash[
                :FLASH_PAGE_BYTES
            ]
            if self._cause not in KEEPS_FAST_CLOCK:
                self._entered_at_cycle = int(self._chip.core.cycles)
        self._enter_image()

    def _clock_is_fast(self) -> None:
        if self._entered_at_cycle is None:
            return
        cycles, self._entered_at_cycle = int(self._chip.core.cycles) - self._entered_at_cycle, None
        slower_ns = cycles * NS_PER_S // RING_HZ - cycles * CYCLE_NS
        if self._cause in STARTS_CRYSTAL:
            slower_ns += CRYSTAL_DELAY_CYCLES * NS_PER_S // CRYSTAL_HZ
        self._chip.clock.tick(on_cycle_ns(slower_ns))
        if self._silicon.timer_from_zero:
            self._chip.timer.reset()
