"""An emulated Raspberry Pi Pico running a given UF2, in virtual time.

Promises: the same UF2, wires and sequence of calls give the same edges and the same bytes, on any machine; every
instant is exact (see `engine`, `paced_pio` and `pins`); sleeping costs next to nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any, Final

from thecal_sim.edge_record import EdgeRecord
from thecal_sim.units import NS_PER_US

from . import compiled as compiled_code
from . import flash_window
from .chip import FLASH_BYTES, build_chip
from .engine import Engine
from .fixes import MaskedWake
from .flash_chip import FlashTiming
from .pins import Probe, Wire
from .resets import LOSES_RAM, Reset, ResetCause, carry_out, cause_of_trigger, watch_processor
from .serial_port import EmulatedUsbSerial
from .silicon import IDEAL, Silicon
from .start_up import StartUp
from .units import CYCLE_NS, on_cycle_ns
from .usb_host import UsbHost

_SRAM_START: Final = 0x2000_0000
_ANY_TXOVER: Final = 0xF << 16
"""In FDEBUG, a bit for each state machine: something was written into its full FIFO."""


class EmulatedPico:
    def __init__(
        self,
        uf2: Path,
        *,
        flash_image: bytes | None = None,
        wires: Sequence[tuple[int, int]] = (),
        watch: Mapping[str, int] | None = None,
        released: Mapping[str, int] | None = None,
        flash_timing: FlashTiming | None = None,
        silicon: Silicon = IDEAL,
        seed: int = 0,
        compiled: bool | None = None,
    ) -> None:
        """`wires` are (output pin, input pin); `watch` maps signal names to pins; `released` gives the level an
        external resistor holds a signal at; `flash_image` is the flash from address 0 on, before the UF2 is written
        into it: what `silicon` says of it is for whoever makes it. A chip by itself is the ideal one, and a pump's is
        not: see `bench_board`. `flash_timing` goes before that of `silicon`.
        `compiled` selects the path the chip runs on (see the room of that name), which changes nothing else; None
        leaves it to the environment."""
        self.silicon = silicon
        self.flash_timing = flash_timing or silicon.flash_timing()
        self.flash_timing.power_cut = lambda: self.reset(ResetCause.POWER_ON)
        if compiled is None:
            compiled = compiled_code.is_wanted()
        chip, self.bus = build_chip(uf2, flash_image, self.flash_timing, silicon, compiled=compiled)
        self.chip: Any = chip
        self._random = Random(seed)
        self.resets: list[Reset] = []
        self._busy_cycles_before = 0
        self._release_alarm = chip.clock.create_alarm(self.leave_reset)
        self._start_up = StartUp(chip, silicon, self._enter_image)
        self.engine = Engine(chip, compiled=compiled)
        flash_window.install(chip, self.engine.compiled, silicon)
        MaskedWake(chip, self.engine)
        watch_processor(chip, lambda: self.reset(ResetCause.DEBUGGER))
        self.wires = [Wire(chip, source, target) for source, target in wires]
        self._probe = Probe(chip, watch or {}, released or {})
        self.usb_host = UsbHost(chip.usb_ctrl)
        self.serial = EmulatedUsbSerial(self.usb_host, self)
        chip.watchdog.on_watchdog_trigger = self._watchdog_triggered
        self.reset(ResetCause.POWER_ON)

    # --- time --------------------------------------------------------------------------------

    @property
    def now_ns(self) -> int:
        """Return the virtual time since first power-on; a reset does not turn it back."""
        return self.engine.now_ns

    def run_until(self, t_ns: int, stop_when: Callable[[], bool] | None = None) -> bool:
        """Run until `t_ns`, or until `stop_when()` is true; returns whether it was.

        Stops at the first instruction boundary at or after `t_ns`, and at exactly `t_ns` (rounded up to a whole 8 ns
        cycle) while the processor sleeps. `stop_when` is asked at the start and whenever something reports: USB data, a
        reset, or a call of `poke` from a callback.
        """
        while stop_when is None or not stop_when():
            if not self.engine.run_to(t_ns):
                return stop_when is not None and stop_when()
        return True

    def run_for(self, duration_ns: int, stop_when: Callable[[], bool] | None = None) -> bool:
        return self.run_until(self.now_ns + duration_ns, stop_when)

    def poke(self) -> None:
        """Have a running `run_until` ask its `stop_when` at the next instruction boundary."""
        self.engine.request_stop()

    def call_at(self, t_ns: int, action: Callable[[], None]) -> None:
        """Call `action` when virtual time reaches `t_ns` (rounded up to a whole 8 ns cycle). Raise ValueError if
        that is in the past."""
        delay_ns = on_cycle_ns(t_ns) - self.now_ns
        if delay_ns < 0:
            raise ValueError(f"t_ns: {t_ns} is in the past; it is {self.now_ns} now")
        self.chip.clock.create_alarm(action).schedule(delay_ns)

    @property
    def device_time_ns(self) -> int:
        """Return what the chip's own 64-bit timer would show now, with nanoseconds."""
        return int(self.chip.clock.nanos - self.chip.timer._epoch_nanos)

    @property
    def device_time_us(self) -> int:
        return self.device_time_ns // NS_PER_US

    # --- what happened -----------------------------------------------------------------------

    @property
    def edges(self) -> EdgeRecord:
        return self._probe.edges

    def level(self, signal: str) -> int:
        return self._probe.level(signal)

    @property
    def backlog_drops(self) -> int:
        """Return PIO instructions that could not be run in time; a timing measurement counts only if this is 0."""
        return sum(block.backlog_drops for block in self.chip.pio)

    @property
    def words_lost_to_pio(self) -> bool:
        """Return True if a word was put into a full FIFO of PIO since the latest reset. The chip drops it."""
        return any(block.fdebug & _ANY_TXOVER for block in self.chip.pio)

    @property
    def busy_cycles(self) -> int:
        """Return the system clock cycles spent executing instructions, asleep ones not counted."""
        return self._busy_cycles_before + int(self.chip.core.cycles)

    # --- memory ------------------------------------------------------------------------------

    def read_sram(self, address: int, size: int) -> bytes:
        offset = address - _SRAM_START
        return bytes(self.chip.sram[offset : offset + size])

    def write_sram(self, address: int, data: bytes) -> None:
        offset = address - _SRAM_START
        self.chip.sram[offset : offset + len(data)] = data

    @property
    def flash_image(self) -> bytes:
        """Return the 2 MiB of a Pico's flash, to start another emulated Pico from."""
        return bytes(self.chip.flash[:FLASH_BYTES])

    # --- reset -------------------------------------------------------------------------------

    def reset(self, cause: ResetCause | str = ResetCause.RUN_PIN, *, held_ns: int = 0) -> None:
        """Reset the chip and hold it in reset, or in its boot loader, for `held_ns`. `resets` says what is left of it.

        Outside a run this returns when the chip is released; a callback may reset it too, and time then continues with
        the chip held.
        """
        self.hold_in_reset(cause)
        if held_ns:
            self._release_alarm.schedule(on_cycle_ns(held_ns))
            if not self.engine.running:
                self.run_for(held_ns)
        else:
            self.leave_reset()
        self.engine.request_stop()

    def hold_in_reset(self, cause: ResetCause | str = ResetCause.RUN_PIN) -> None:
        """Reset the chip and hold it until `leave_reset`."""
        cause = ResetCause(cause)
        chip = self.chip
        self.resets.append(Reset(self.now_ns, cause))
        self._busy_cycles_before += int(chip.core.cycles)
        self._start_up.cancel()
        if cause in LOSES_RAM:
            chip.sram[:] = self._random.randbytes(len(chip.sram))
        carry_out(chip, cause)
        self._probe.refresh()
        for wire in self.wires:
            wire.refresh()
        # A processor that sleeps with every interrupt disabled is as good as one held in reset.
        chip.core.waiting = True

    def leave_reset(self) -> None:
        self._release_alarm.cancel()
        self._start_up.begin(self.resets[-1].cause)

    def _watchdog_triggered(self) -> None:
        cause = cause_of_trigger(self.chip)
        if cause is ResetCause.USB_BOOT and self.silicon.boot_rom:
            # Stays there until a tool, or a finished copy, has it leave: `leave_reset`.
            self.hold_in_reset(cause)
            self.engine.request_stop()
        else:
            self.reset(cause)

    def _enter_image(self) -> None:
        self.chip.core.waiting = False
        self.chip.leave_reset()

    def hang(self) -> None:
        """Have the program hang from now on, while PIO, DMA, timers and watchdog continue; a reset ends it."""
        core = self.chip.core
        core.pm = True
        core.enabled_interrupts = 0
        core.waiting = True

    def pause(self, duration_ns: int) -> None:
        """Have the processor stand still for so long, while everything else on the chip continues."""
        core = self.chip.core
        was_masked, enabled = core.pm, core.enabled_interrupts

        def go_on() -> None:
            core.pm, core.enabled_interrupts = was_masked, enabled
            core.interrupts_updated = True
            core.waiting = False

        self.hang()
        self.call_at(self.now_ns + duration_ns, go_on)

    @property
    def sleeping(self) -> bool:
        return bool(self.chip.core.waiting)

    @property
    def pio_cycle(self) -> int:
        """Return the system clock cycle the PIO blocks are at; always `now_ns` divided by 8."""
        return self.chip.pio[0].cycle_fp >> 8

    @property
    def clock_cycle(self) -> int:
        return self.now_ns // CYCLE_NS
