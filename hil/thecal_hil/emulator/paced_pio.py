"""A PIO block driven by clock alarms: exact to the cycle, and free of charge while nothing happens.

Promises:

- Every PIO instruction runs at its exact system clock cycle, whether the processor is busy, asleep or held by a flash
  operation, and at any clock divider. `cycle_fp` is the system clock by construction, so the two cannot drift apart.
- A machine that is stalled, waits for a pin or counts down a one-instruction delay loop costs nothing.
- A machine that was stalled continues at its next divider tick, as the divider of the real chip runs freely.

"fp" is the emulator's fixed point: system clock cycles times 256.
"""

from __future__ import annotations

from typing import Any, Final

from rp2040py.utils.fifo import FIFO

from .delay_loop import NEVER_FP, SteppedLoop, step_over
from .native import RPPIO
from .units import CYCLE_NS

_CTRL: Final = 0x000
_FDEBUG: Final = 0x008
_TXF0: Final = 0x010
_TXF3: Final = 0x01C
_RXF0: Final = 0x020
_RXF3: Final = 0x02C
_INSTR_MEM0: Final = 0x048
_SM0_CLKDIV: Final = 0x0C8
_SM_STRIDE: Final = 0x18
_SM_LAST: Final = 0x127
_CLKDIV: Final = 0x00
_SHIFTCTRL: Final = 0x08
_INSTR: Final = 0x10

_FJOIN_MASK: Final = 0b11 << 30
_FJOIN_TX: Final = 1 << 30
_FJOIN_RX: Final = 1 << 31
_EXEC_STALLED: Final = 1 << 31
_WAITS_FOR_TX: Final = (3, 5)
_TXSTALL_SHIFT: Final = 24

# The base class keeps `cycle_fp` in a C field its own code reads; this is the door to that field.
_cycle_field: Any = RPPIO.__dict__["cycle_fp"]


class PacedPio(RPPIO):  # type: ignore[misc, valid-type]
    def __init__(self, chip: Any, name: str, first_irq: int, index: int) -> None:
        self._clock = chip.clock
        self._alarm = chip.clock.create_alarm(self._run_due_machines)
        self._armed_ns: int | None = None
        self._active: list[Any] = []
        self._loops: dict[int, SteppedLoop] = {}
        self._phase_fp = [0, 0, 0, 0]
        self._last_due_fp = [0, 0, 0, 0]

    @property
    def cycle_fp(self) -> int:
        return int(self._clock.nanos) // CYCLE_NS << 8

    def reset(self) -> None:
        super().reset()
        self._loops.clear()
        self._active = []
        self._phase_fp = [self.cycle_fp] * 4
        for machine in self.machines:
            self._set_fifo_depths(machine)
        self._arm()

    def settle(self) -> None:
        """Put the registers of machines in a stepped-over delay loop right for the present instant."""
        if self._loops:
            now_fp = self.cycle_fp
            for loop in self._loops.values():
                loop.settle(now_fp)
            self._loops.clear()
            self.recompute_due()

    def read_uint32(self, offset: int) -> int:
        if _RXF0 <= offset <= _RXF3:
            # Taking a word may release a stalled machine.
            value = super().read_uint32(offset)
            self._arm()
            return value
        return super().read_uint32(offset)

    def write_uint32(self, offset: int, value: int) -> None:
        _cycle_field.__set__(self, self.cycle_fp)
        if _TXF0 <= offset <= _TXF3:
            super().write_uint32(offset, value)
        else:
            if offset == _CTRL or offset >= _INSTR_MEM0:
                self.settle()
            if _SM0_CLKDIV <= offset <= _SM_LAST:
                self._write_machine(offset, value)
            elif offset == _CTRL:
                self._write_ctrl(value)
            else:
                if offset == _FDEBUG:
                    self._refresh_tx_stall()
                super().write_uint32(offset, value)
        self._arm()

    def notify_due(self, due_fp: int) -> None:
        """Align a machine, which has just been released from a stall, with its divider."""
        now_fp = self.cycle_fp
        for machine in self._active:
            if machine.next_due_fp == due_fp != self._last_due_fp[machine.index] and not machine.waiting:
                tick_fp = self._next_tick_fp(machine, now_fp)
                machine.next_due_fp = due_fp = tick_fp + (due_fp - now_fp)
                break
        super().notify_due(due_fp)
        self._arm()

    def _next_tick_fp(self, machine: Any, now_fp: int) -> int:
        """Return the first divider tick that falls into the present cycle or a later one."""
        phase_fp, divider_fp = self._phase_fp[machine.index], machine.div_fp
        return phase_fp + ((now_fp - 256 - phase_fp) // divider_fp + 1) * divider_fp

    def _write_ctrl(self, value: int) -> None:
        was_active = set(self._active)
        super().write_uint32(_CTRL, value)
        now_fp = self.cycle_fp
        self._active = [machine for machine in self.machines if machine.enabled]
        for index, machine in enumerate(self.machines):
            if value & (1 << (8 + index)):
                self._phase_fp[index] = now_fp
            elif machine.enabled and machine not in was_active:
                machine.next_due_fp = self._next_tick_fp(machine, now_fp)
        self.recompute_due()

    def _write_machine(self, offset: int, value: int) -> None:
        index, register = divmod(offset - _SM0_CLKDIV, _SM_STRIDE)
        machine = self.machines[index]
        was_waiting, old_pc, old_shift_ctrl = machine.waiting, machine.pc, machine.shift_ctrl
        super().write_uint32(offset, value)
        if register == _INSTR:
            # A written instruction acts on the pins at once, also while the machine is disabled.
            self.check_changed_pins()
        if register == _CLKDIV:
            self._phase_fp[index] = self.cycle_fp
        elif register == _SHIFTCTRL and (old_shift_ctrl ^ value) & _FJOIN_MASK:
            self._set_fifo_depths(machine)
        elif register == _INSTR and was_waiting and machine.waiting:
            # The stall belongs to the program, not to the instruction just written...
            machine.exec_ctrl &= ~_EXEC_STALLED
            if machine.pc != old_pc:
                # ...and a jump leaves it for good.
                machine.waiting = False
                machine.next_due_fp = self._next_tick_fp(machine, self.cycle_fp + 256)
                self.recompute_due()

    def _set_fifo_depths(self, machine: Any) -> None:
        """Set the depths of the FIFOs: joining gives one of them all 8 words and the other none; any change empties
        both."""
        join = machine.shift_ctrl & _FJOIN_MASK
        machine.tx_fifo = FIFO(8 if join & _FJOIN_TX else 0 if join & _FJOIN_RX else 4)
        machine.rx_fifo = FIFO(8 if join & _FJOIN_RX else 0 if join & _FJOIN_TX else 4)
        dma = self.rp2040.dma
        dma.clear_dreq(machine.dreq_rx)
        if machine.tx_fifo.full:
            dma.clear_dreq(machine.dreq_tx)
        else:
            dma.set_dreq(machine.dreq_tx)
        self.check_interrupts()

    def _refresh_tx_stall(self) -> None:
        """Set the TXSTALL flag again after it is cleared only for a machine that is stalled right now."""
        self.tx_stall = sum(
            1 << (_TXSTALL_SHIFT + machine.index)
            for machine in self._active
            if machine.waiting and machine.wait_type in _WAITS_FOR_TX
        )

    def _run_due_machines(self) -> None:
        self._armed_ns = None
        now_fp = self.cycle_fp
        if self._loops:
            for index in [index for index, loop in self._loops.items() if loop.end_fp <= now_fp]:
                del self._loops[index]
        active = self._active
        before = [(machine.pc, machine.next_due_fp) for machine in active]
        _cycle_field.__set__(self, now_fp)
        self.advance(0)
        stepped = False
        for machine, (pc, due_fp) in zip(active, before, strict=True):
            if machine.pc == pc and machine.next_due_fp != due_fp and not machine.waiting:
                loop = step_over(machine, self.instructions)
                if loop is not None:
                    self._loops[machine.index] = loop
                    stepped = True
        if stepped:
            self.recompute_due()
        self._arm()

    def _arm(self) -> None:
        """Aim the alarm at the next instruction any machine has to execute."""
        for machine in self._active:
            self._last_due_fp[machine.index] = machine.next_due_fp
        due_fp = NEVER_FP if self.stopped else self.next_due_fp
        if due_fp >= NEVER_FP:
            if self._armed_ns is not None:
                self._alarm.cancel()
                self._armed_ns = None
            return
        due_ns = ((due_fp + 255) >> 8) * CYCLE_NS
        if due_ns != self._armed_ns:
            self._armed_ns = due_ns
            self._alarm.schedule(max(0.0, due_ns - self._clock.nanos))
