"""The flash as the processor sees it through its cache: registers of the cache, and how long each miss takes.

The emulator reads flash at once. Promises, where a cost of misses is imposed:

- The processor waits for each miss (see compiled/xip_cache.h). DMA and Python code wait for none and leave no trace.
- The cache is empty after a reset and after each write of FLUSH, which the boot ROM does after every flash operation;
  a flush takes 1,024 cycles (RP2040 datasheet 2.6.3.2). Without CTRL.EN every access goes to the flash.
"""

from __future__ import annotations

from typing import Any, Final

from rp2040py.peripherals import xip_ctrl

from .silicon import Fill, Replacement, Silicon
from .units import CYCLE_NS

FLUSH_CYCLES: Final = 1_024
"""One set of the tag memory a cycle."""
_ENABLE: Final = 1 << 0
_IDLE: Final = 0b011
"""STAT of a cache whose flush is done and whose streaming queue is empty. (The emulator's own is one bit off.)"""


class NoCacheModelError(RuntimeError):
    """The cost of misses is wanted on a path that has no model of the cache."""


class FlashWindow(xip_ctrl.RPXIPCtrl):
    run_loop: Any

    def reset(self) -> None:
        super().reset()
        self.run_loop.flush_flash_cache()
        self.run_loop.enable_flash_cache(True)

    def read_uint32(self, offset: int) -> int:
        return _IDLE if offset == xip_ctrl.STAT else super().read_uint32(offset)

    def write_uint32(self, offset: int, value: int) -> None:
        super().write_uint32(offset, value)
        if offset == xip_ctrl.CTRL:
            self.run_loop.enable_flash_cache(bool(value & _ENABLE))
        elif offset == xip_ctrl.FLUSH and value & 1:
            self.run_loop.flush_flash_cache()
            self.rp2040.clock.tick(FLUSH_CYCLES * CYCLE_NS)


def install(chip: Any, run_loop: Any, silicon: Silicon) -> None:
    """Impose the cost of misses on a chip that has not run yet; `run_loop` is the compiled one, if there is one.
    Raise NoCacheModelError without it."""
    if not silicon.miss_cycles:
        return
    if run_loop is None:
        raise NoCacheModelError(
            f"{silicon}: what a miss of the flash cache costs is known to the emulator's compiled part only, and that "
            "is missing or switched off; `thecal-hil compile-emulator` says why"
        )
    run_loop.impose_flash_cache(
        silicon.miss_cycles,
        silicon.fill is Fill.HALF,
        silicon.replacement is Replacement.RANDOM,
        silicon.seed,
    )
    chip.xip_ctrl.__class__ = FlashWindow
    chip.xip_ctrl.run_loop = run_loop
