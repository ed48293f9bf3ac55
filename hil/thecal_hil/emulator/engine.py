"""Runs the processor in virtual time, stopping at an exact instant or on request.

Promises:

- `run_to(t)` returns at the first instruction boundary at or after `t`, and exactly at `t` while the processor sleeps.
- Everything else on the chip is a clock alarm, so time asleep costs one step per alarm, however long it is.
- Results depend neither on the speed of the machine this runs on nor on the path: the compiled run loop (see
  `compiled`) or the emulator's own (see `interpreted_loop`). There is no thread and no event loop. The emulator's own
  loop also has a wall-clock budget; that only ends a batch early, and no time is carried between batches.

A second, watchful gear is used while an enabled interrupt is pending with interrupts masked (PRIMASK). The real
processor then treats WFI as a no-operation; the emulated one would sleep through it. In that gear a WFI
ends the batch, and the processor is woken at once.
"""

from __future__ import annotations

from typing import Any, NamedTuple
from zlib import crc32

from . import compiled as compiled_code
from .compiled.shared_sio import share
from .interpreted_loop import UNLIMITED, InterpretedLoop
from .units import on_cycle_ns


class ProcessorState(NamedTuple):
    """The state of the processor between two instructions; `cycles` are those since the last reset.

    `interrupts_updated` says that the emulator has interrupts to look at before the next instruction.
    """

    registers: tuple[int, ...]
    n: bool
    z: bool
    c: bool
    v: bool
    primask: bool
    ipsr: int
    waiting: bool
    pending_interrupts: int
    enabled_interrupts: int
    interrupts_updated: bool
    cycles: int
    now_ns: float


class Engine:
    def __init__(self, chip: Any, *, compiled: bool) -> None:
        self.chip = chip
        self.clock = chip.clock
        self.core = chip.core
        self.compiled: Any = None
        if compiled:
            self.compiled = compiled_code.module("run_loop").RunLoop(chip, share(chip.sio))
        self._loop: Any = self.compiled or InterpretedLoop(chip)
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
        """Run until `t_ns` (rounded up to a whole clock cycle) or until `request_stop`; true when stopped early.
        Raise RuntimeError if it is running already."""
        if self._running:
            raise RuntimeError("the emulator is already running: a callback must not run it again")
        target_ns = on_cycle_ns(t_ns)
        self.halting = False
        self._running = True
        try:
            if self.clock.nanos < target_ns:
                self._deadline_alarm.schedule(target_ns - self.clock.nanos)
                while not self.halting:
                    self._loop.run(UNLIMITED, self._choose_gear())
            return self.clock.nanos < target_ns
        finally:
            self._deadline_alarm.cancel()
            self._running = False

    def take_steps(self, steps: int) -> None:
        """Take exactly so many steps: an instruction or, while the processor sleeps, a jump to the next alarm."""
        self._running = True
        try:
            while steps > 0:
                steps -= self._loop.run(steps, self._choose_gear())
        finally:
            self._running = False

    def state(self) -> ProcessorState:
        core = self.core
        return ProcessorState(
            tuple(core.registers),
            core.n,
            core.z,
            core.c,
            core.v,
            core.pm,
            core.ipsr,
            core.waiting,
            core.pending_interrupts,
            core.enabled_interrupts,
            core.interrupts_updated,
            core.cycles,
            self.clock.nanos,
        )

    def memory_digest(self) -> int:
        """Return a cheap digest of SRAM."""
        return crc32(self.chip.sram)

    def request_stop(self) -> None:
        """Make a running `run_to` return at the next instruction boundary."""
        self._halt()

    def watch_for_masked_sleep(self) -> None:
        """Change to the watchful gear: an enabled interrupt is pending while interrupts are masked."""
        self._watchful = True
        self._loop.request_stop()

    def _halt(self) -> None:
        self.halting = True
        self._loop.request_stop()

    def _choose_gear(self) -> bool:
        """Return True if to run in the watchful gear; a processor that slept there is woken."""
        if self._watchful and not self._wake_pending():
            self._watchful = False
        if self._watchful and self.core.waiting:
            self.core.waiting = False
        return self._watchful

    def _wake_pending(self) -> bool:
        core = self.core
        return bool(core.pm and core.pending_interrupts & core.enabled_interrupts)
