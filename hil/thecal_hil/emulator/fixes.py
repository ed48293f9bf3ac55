"""The differences of the emulated chip from the real one, put right from outside.

Each class says what is wrong in rp2040py 0.3.6 and what the chip does instead; `tests/hil/test_emulator_fixes.py`
holds one test for each. `apply` changes one chip instance in place, so other users of the emulator are not
affected, with the exception of `Timer32.to_nanos`, which is changed for all.
"""

from __future__ import annotations

from typing import Any, Final

from rp2040py import sio
from rp2040py.peripherals import clocks, dma, syscfg, timer
from rp2040py.utils.timer32 import Timer32

from thecal_sim.units import NS_PER_US

from .units import on_cycle_ns

_MASK32: Final = 0xFFFFFFFF
_MASK31: Final = 0x7FFFFFFF
_DIVIDER_READY: Final = 0b01
_DIVIDER_DIRTY: Final = 0b10
_NVIC_ISER: Final = 0x100
SYSCFG: Final = 0x40004
"""Where the chip's table of peripherals has it."""
_PROC_IN_SYNC_BYPASS: Final = 0x0C
_GPIO_BITS: Final = (1 << 30) - 1
_FC0_REF_KHZ: Final = 0x80
_FC0_STATUS: Final = 0x98
_FC0_DONE: Final = 1 << 4
_FC0_RESULT: Final = 0x9C
_FC0_KHZ_SHIFT: Final = 5


class ExactTimer(timer.RPTimer):
    """An alarm fires when the microsecond counter *becomes* equal to it.

    The emulator computes the delay from a fractional "now" and drops the fraction, so an alarm fires up to 1 us early,
    before the counter has reached its target.
    """

    def write_uint32(self, offset: int, value: int) -> None:
        super().write_uint32(offset, value)
        if offset in timer.ALARM_REGS:
            alarm = self.alarms[(offset - timer.ALARM0) // 4]
            elapsed_ns = int(self.clock.nanos - self._epoch_nanos)
            now_us = elapsed_ns // NS_PER_US
            delay_us = (value - now_us) & _MASK32
            alarm.clock_alarm.schedule(max(0, (now_us + delay_us) * NS_PER_US - elapsed_ns))


class ResettableChannel(dma.RPDMAChannel):
    """A reset ends a transfer: the emulator leaves BUSY set, so a channel caught by a reset never starts again."""

    def reset(self) -> None:
        self.transfer_alarm.cancel()
        self._ctrl = 0
        self._read_addr = self._write_addr = 0
        self._trans_count = self._trans_count_reload = 0
        super().reset()


class PollableDma(dma.RPDMA):
    """CHAN_ABORT reads back as zero once the abort is done: the emulator answers all ones, so polling it never ends."""

    def read_uint32(self, offset: int) -> int:
        if offset == dma.CHAN_ABORT:
            return 0
        return super().read_uint32(offset)


class FrequencyCounter(clocks.RPClocks):
    """The counter that measures one clock against another (FC0), which the emulator does not have.

    It counts the ring oscillator only, as done at once. `ring_khz` is what it finds: another value stands for a
    crystal, or a ring oscillator, that is off.
    """

    ring_khz = 6_500

    def read_uint32(self, offset: int) -> int:
        if offset == _FC0_STATUS:
            return _FC0_DONE
        if offset == _FC0_RESULT:
            return self.ring_khz << _FC0_KHZ_SHIFT
        return super().read_uint32(offset)

    def write_uint32(self, offset: int, value: int) -> None:
        if not _FC0_REF_KHZ <= offset <= _FC0_RESULT:
            super().write_uint32(offset, value)


class SystemConfiguration(syscfg.RP2040SysCfg):
    """Registers that the emulator lacks keep what is written to them, until a reset of the peripherals.

    The boot ROM clears the masks of interrupts of both processors at every start (bootrom_rt0.S, _nmi), which is
    `enter_boot_rom`.
    """

    _proc1_nmi_mask = 0
    _in_sync_bypass = 0

    def read_uint32(self, offset: int) -> int:
        if offset == syscfg.PROC1_NMI_MASK:
            return self._proc1_nmi_mask
        return self._in_sync_bypass if offset == _PROC_IN_SYNC_BYPASS else super().read_uint32(offset)

    def write_uint32(self, offset: int, value: int) -> None:
        if offset == syscfg.PROC1_NMI_MASK:
            self._proc1_nmi_mask = value
        elif offset == _PROC_IN_SYNC_BYPASS:
            self._in_sync_bypass = value & _GPIO_BITS
        else:
            super().write_uint32(offset, value)

    def enter_boot_rom(self) -> None:
        super().write_uint32(syscfg.PROC0_NMI_MASK, 0)
        self._proc1_nmi_mask = 0

    def reset(self) -> None:
        self.enter_boot_rom()
        self._in_sync_bypass = 0


class QuickDivider(sio.RPSIO):
    """The hardware divider, worked out when a result is asked for instead of at each operand that is written.

    MicroPython divides at every look-up of a name, and an operand written is as good as never the last. The results
    are the same, as integers.
    """

    _is_signed = False
    _is_stale = False

    def read_uint32(self, offset: int) -> int | float:
        if offset == sio.DIV_CSR:
            return self.div_csr
        if offset == sio.DIV_QUOTIENT or offset == sio.DIV_REMAINDER:
            if self._is_stale:
                self._divide()
            if offset == sio.DIV_REMAINDER:
                return self.div_remainder
            self.div_csr = _DIVIDER_READY
            return self.div_quotient
        return super().read_uint32(offset)

    def write_uint32(self, offset: int, value: int) -> None:
        if offset == sio.DIV_UDIVIDEND or offset == sio.DIV_SDIVIDEND:
            self.div_dividend = value
        elif offset == sio.DIV_UDIVISOR or offset == sio.DIV_SDIVISOR:
            self.div_divisor = value
        else:
            if offset == sio.DIV_QUOTIENT or offset == sio.DIV_REMAINDER:
                # A result put back, after an interrupt that divided too; the other one is put back as well.
                self._is_stale = False
            super().write_uint32(offset, value)
            return
        self._is_signed = offset == sio.DIV_SDIVIDEND or offset == sio.DIV_SDIVISOR
        self._is_stale = True
        self.div_csr = _DIVIDER_READY | _DIVIDER_DIRTY

    def _divide(self) -> None:
        self._is_stale = False
        dividend, divisor = self.div_dividend & _MASK32, self.div_divisor & _MASK32
        is_negative = is_quotient_negative = False
        if self._is_signed:
            is_negative = dividend > _MASK31
            is_quotient_negative = is_negative != (divisor > _MASK31)
            dividend = (1 << 32) - dividend if is_negative else dividend
            divisor = (1 << 32) - divisor if divisor > _MASK31 else divisor
        if divisor:
            quotient, remainder = divmod(dividend, divisor)
        else:
            # As the RP2040's datasheet has it: all ones without signs, and with signs one of the sign opposite to the
            # dividend's.
            quotient, remainder = (_MASK32 if not self._is_signed else 1), dividend
            is_quotient_negative = self._is_signed and not is_negative
        self.div_quotient = -quotient & _MASK32 if is_quotient_negative else quotient
        self.div_remainder = -remainder & _MASK32 if is_negative else remainder

    def reset(self) -> None:
        self._is_stale = False
        super().reset()


class MaskedWake:
    """WFI wakes on an enabled pending interrupt even while PRIMASK masks it, and the interrupt is then *not* taken.

    The emulator takes it regardless of PRIMASK, and it sleeps through one that was already pending when WFI was
    reached. The second half is done by the engine's watchful gear.
    """

    def __init__(self, chip: Any, engine: Any) -> None:
        self._core = chip.core
        self._engine = engine
        self._write_ppb = chip.ppb.write_uint32
        chip.set_interrupt = self.set_interrupt
        chip.ppb.write_uint32 = self.write_ppb

    def set_interrupt(self, irq: int, value: bool) -> None:
        core = self._core
        if not (value and core.pm):
            core.set_interrupt(irq, value)
            return
        bit = 1 << irq
        if not core.pending_interrupts & bit:
            core.pending_interrupts |= bit
            core.interrupts_updated = True
            self._wake_if_enabled()

    def write_ppb(self, offset: int, value: int) -> None:
        self._write_ppb(offset, value)
        if offset == _NVIC_ISER and self._core.pm:
            self._wake_if_enabled()

    def _wake_if_enabled(self) -> None:
        core = self._core
        if core.pending_interrupts & core.enabled_interrupts:
            core.waiting = False
            self._engine.watch_for_masked_sleep()


def _whole_cycle_nanos(self: Timer32, cycles: float) -> int:
    """Return whole cycles: PWM, SysTick and watchdog act on a system clock edge, the emulator's fraction of one would
    stay in the clock."""
    return on_cycle_ns(cycles * 1e9 * self._prescaler_value / self._base_freq)


def apply(chip: Any) -> None:
    """Correct a chip that has been built but not yet run; `MaskedWake` follows once there is an engine."""
    chip.timer.__class__ = ExactTimer
    chip.dma.__class__ = PollableDma
    chip.clocks.__class__ = FrequencyCounter
    chip.sio.__class__ = QuickDivider
    chip.peripherals[SYSCFG].__class__ = SystemConfiguration
    for channel in chip.dma.channels:
        channel.__class__ = ResettableChannel
    Timer32.to_nanos = _whole_cycle_nanos  # type: ignore[method-assign, assignment]
