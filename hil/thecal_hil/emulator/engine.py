"""Runs the processor in virtual time, stopping at an exact instant or on request.

Promises:

- `run_to(t)` returns at the first instruction boundary at or after `t`, and exactly at `t` while the processor sleeps.
- Everything else on the chip is a clock alarm, so time asleep costs one step per alarm, however long it is.
- Results do not depend on the speed of the machine this runs on: there is no thread and no event loop, and the
  emulator's own wall-clock budget only ends a batch early, which changes nothing as no time is carried between batches.

The emulator's native batch loop asks each PIO block "anything to do?" after each instruction. PIO blocks are paced by
clock alarms here (see `paced_pio`), so the loop is shown an empty list instead. It reads `chip.pio` once as it starts
and `handle.stopped` right after, which is the moment the real list is put back.

A second, watchful gear is used while an enabled interrupt is pending with interrupts masked (PRIMASK). The real
processor then treats WFI as a no-operation; the emulated one would sleep through it. In that gear a WFI
ends the batch, and the processor is woken at once.
"""

from __future__ import annotations

from typing import Any

from .native import execute_batch
from .units import on_cycle_ns

_EVERY_INSTRUCTION = 1


class _RestorePioBlocks:
    """Answers the first read of `stopped` in a batch, then steps out of the way."""

    def __get__(self, handle: Any, owner: type) -> bool:
        handle.rp2040.pio = handle.pio_blocks
        handle.__dict__["stopped"] = False
        return False


class _BatchHandle:
    """What the native loop needs to see of its owner, in the fast gear."""

    stopped: Any = _RestorePioBlocks()

    def __init__(self, chip: Any) -> None:
        self.rp2040 = chip
        self.clock = chip.clock
        self.pio_blocks = chip.pio


class _WatchfulHandle:
    """The same in the watchful gear: also stops at WFI and when interrupts are unmasked."""

    def __init__(self, chip: Any, engine: Engine) -> None:
        self.rp2040 = chip
        self.clock = chip.clock
        self.pio_blocks = chip.pio
        self.core = chip.core
        self.engine = engine

    @property
    def stopped(self) -> bool:
        self.rp2040.pio = self.pio_blocks
        return self.engine.halting or self.core.waiting or not self.core.pm


class Engine:
    def __init__(self, chip: Any) -> None:
        self.chip = chip
        self.clock = chip.clock
        self.core = chip.core
        self._pio_blocks = chip.pio
        self._handle = _BatchHandle(chip)
        self._watchful_handle = _WatchfulHandle(chip, self)
        self._deadline_alarm = chip.clock.create_alarm(self._halt)
        self.halting = False
        self._running = False
        self._watchful = False

    @property
    def now_ns(self) -> int:
        return int(self.clock.nanos)

    @property
    def running(self) -> bool:
        return self._running

    def run_to(self, t_ns: int) -> bool:
        """Run until `t_ns` (rounded up to a whole clock cycle) or until `request_stop`; true when stopped early."""
        if self._running:
            raise RuntimeError("the emulator is already running: a callback must not run it again")
        target_ns = on_cycle_ns(t_ns)
        self.halting = False
        self._running = True
        try:
            if self.clock.nanos < target_ns:
                self._deadline_alarm.schedule(target_ns - self.clock.nanos)
                while not self.halting:
                    self._run_batch()
            return self.clock.nanos < target_ns
        finally:
            self._deadline_alarm.cancel()
            self._running = False

    def request_stop(self) -> None:
        """Make a running `run_to` return at the next instruction boundary."""
        self._halt()

    def watch_for_masked_sleep(self) -> None:
        """Change to the watchful gear: an enabled interrupt is pending while interrupts are masked."""
        self._watchful = True
        self._handle.__dict__["stopped"] = True

    def _halt(self) -> None:
        self.halting = True
        self._handle.__dict__["stopped"] = True

    def _run_batch(self) -> None:
        handle: Any
        if self._watchful and not self._wake_pending():
            self._watchful = False
        if self._watchful:
            if self.core.waiting:
                self.core.waiting = False
            handle = self._watchful_handle
        else:
            handle = self._handle
            handle.__dict__.pop("stopped", None)
        self.chip.pio = ()
        try:
            execute_batch(handle, _EVERY_INSTRUCTION)
        finally:
            self.chip.pio = self._pio_blocks

    def _wake_pending(self) -> bool:
        core = self.core
        return bool(core.pm and core.pending_interrupts & core.enabled_interrupts)
