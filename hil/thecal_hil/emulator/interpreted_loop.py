"""The run loop of the emulator itself, used where there is no compiled code, and to hold compiled code against.

The emulator's native batch loop asks each PIO block "anything to do?" after each instruction. PIO blocks are paced by
clock alarms here (see `paced_pio`), so the loop is shown an empty list instead. It reads `chip.pio` once as it starts
and `handle.stopped` right after, which is the moment the real list is put back.

`run(steps, watchful)` and `request_stop()` promise what those of the compiled `RunLoop` do.
"""

from __future__ import annotations

from typing import Any, Final

from .native import execute_batch
from .units import CYCLE_NS

UNLIMITED: Final = 1 << 62
_EVERY_INSTRUCTION: Final = 1


class _RestorePioBlocks:
    """Answers the first read of `stopped` in a batch, then steps out of the way."""

    def __get__(self, handle: Any, owner: type) -> bool:
        handle.rp2040.pio = handle.pio_blocks
        handle.__dict__["stopped"] = False
        return False


class _BatchHandle:
    """The view that the native loop needs of its owner, in the fast gear."""

    stopped: Any = _RestorePioBlocks()

    def __init__(self, chip: Any) -> None:
        self.rp2040 = chip
        self.clock = chip.clock
        self.pio_blocks = chip.pio


class _WatchfulHandle:
    """The same in the watchful gear: also stops at WFI and when interrupts are unmasked."""

    def __init__(self, chip: Any, loop: InterpretedLoop) -> None:
        self.rp2040 = chip
        self.clock = chip.clock
        self.pio_blocks = chip.pio
        self.core = chip.core
        self.loop = loop

    @property
    def stopped(self) -> bool:
        self.rp2040.pio = self.pio_blocks
        return self.loop.stop_requested or self.core.waiting or not self.core.pm


class InterpretedLoop:
    def __init__(self, chip: Any) -> None:
        self._chip = chip
        self._pio_blocks = chip.pio
        self._handle = _BatchHandle(chip)
        self._watchful_handle = _WatchfulHandle(chip, self)
        self.stop_requested = False

    def request_stop(self) -> None:
        self.stop_requested = True
        self._handle.__dict__["stopped"] = True

    def run(self, steps: int, watchful: bool) -> int:
        """Take up to `steps` steps and return how many were taken, where `steps` is not `UNLIMITED`."""
        self.stop_requested = False
        if steps < UNLIMITED:
            return self._take_steps(steps, watchful)
        handle: Any = self._handle
        handle.__dict__.pop("stopped", None)
        if watchful:
            handle = self._watchful_handle
        self._chip.pio = ()
        try:
            execute_batch(handle, _EVERY_INSTRUCTION)
        finally:
            self._chip.pio = self._pio_blocks
        return 0

    def _take_steps(self, steps: int, watchful: bool) -> int:
        core, clock = self._chip.core, self._chip.clock
        for taken in range(steps):
            if self.stop_requested or (watchful and (core.waiting or not core.pm)):
                return taken
            if core.waiting:
                clock.tick(clock.nanos_to_next_alarm)
            else:
                clock.tick(core.execute_instruction() * CYCLE_NS)
        return steps
