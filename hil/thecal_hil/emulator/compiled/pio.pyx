# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, auto_pickle=False
"""A PIO block driven by clock alarms, in compiled code: what `paced_pio` and `delay_loop` promise, on the same cycle.

State machines, pins and alarms are the emulator's own objects. The common instructions are in `pio_instructions.pxi`;
the others are left to the emulator. Whatever is done to the clock's list of alarms is done in the order in which
`paced_pio` does it, since alarms of one instant fire in the order they were scheduled in.
"""

from rp2040py.native._cortex_m0_core cimport CortexM0Core
from rp2040py.native._gpio_pin cimport GPIOPin
from rp2040py.native._pio cimport RPPIO
from rp2040py.native._rp2040 cimport RP2040
from rp2040py.native._simulation_clock cimport ClockAlarm, SimulationClock
from rp2040py.native._state_machine cimport StateMachine

include "fifo.pxi"
include "pio_instructions.pxi"
include "pio_loops.pxi"

cdef enum:
    CTRL = 0x000
    FDEBUG = 0x008
    TXF0 = 0x010
    TXF3 = 0x01C
    RXF0 = 0x020
    RXF3 = 0x02C
    INSTR_MEM0 = 0x048
    SM0_CLKDIV = 0x0C8
    SM_STRIDE = 0x18
    SM_LAST = 0x127
    CLKDIV = 0x00
    SHIFTCTRL = 0x08
    INSTR = 0x10

cdef unsigned int FJOIN_TX = 1U << 30
cdef unsigned int FJOIN_RX = 1U << 31
cdef long long MOST_ARREARS_FP = 8 << 8
cdef long long NOT_ARMED = -1


cdef class PacedPio(RPPIO):
    cdef RP2040 _chip
    cdef CortexM0Core _core
    cdef SimulationClock _clock
    cdef ClockAlarm _alarm
    cdef list _gpio
    cdef unsigned int _pins
    cdef dict _requests
    cdef long long _armed_ns
    cdef bint _is_active[4]
    cdef long long _phase_fp[4]
    cdef long long _last_due_fp[4]
    cdef SteppedLoop _loops[4]
    cdef bint _has_loops

    def __init__(self, chip, str name, first_irq, index):
        self._chip = chip
        self._core = chip.core
        self._clock = chip.clock
        self._alarm = self._clock.create_alarm(self._run_due_machines)
        self._gpio = chip.gpio
        self._pins = len(self._gpio)
        self._requests = chip.dma.dreq
        self._armed_ns = NOT_ARMED
        for machine in self.machines:
            self._set_fifo_depths(machine)

    cdef inline StateMachine machine(self, int index):
        return <StateMachine> self.machines[index]

    cdef inline long long now_fp(self) noexcept:
        return (<long long> self._clock._nanos_counter) >> 3 << 8

    @property
    def cycle_fp(self):
        """System clock cycles times 256: the clock itself, so the two cannot drift apart."""
        return self.now_fp()

    def reset(self):
        cdef int index
        RPPIO.reset(self)
        self._has_loops = False
        for index in range(4):
            self._loops[index].passes = 0
            self._is_active[index] = False
            self._phase_fp[index] = self.now_fp()
        for machine in self.machines:
            self._set_fifo_depths(machine)
        self._arm()

    cpdef settle(self):
        """Put the registers of machines in a stepped-over delay loop right for the present instant."""
        cdef int index
        if not self._has_loops:
            return
        for index in range(4):
            if self._loops[index].passes:
                settle_loop(&self._loops[index], self.machine(index), self.now_fp())
                self._loops[index].passes = 0
        self._has_loops = False
        self.find_next_due()

    def read_uint32(self, offset):
        if RXF0 <= offset <= RXF3:
            # Taking a word may release a stalled machine.
            value = RPPIO.read_uint32(self, offset)
            self._arm()
            return value
        return RPPIO.read_uint32(self, offset)

    def write_uint32(self, offset, value):
        (<RPPIO> self).cycle_fp = self.now_fp()
        if TXF0 <= offset <= TXF3:
            RPPIO.write_uint32(self, offset, value)
        else:
            if offset == CTRL or offset >= INSTR_MEM0:
                self.settle()
            if SM0_CLKDIV <= offset <= SM_LAST:
                self._write_machine(offset, value)
            elif offset == CTRL:
                self._write_ctrl(value)
            else:
                if offset == FDEBUG:
                    self._refresh_tx_stall()
                RPPIO.write_uint32(self, offset, value)
        self._arm()

    cpdef notify_due(self, long long due_fp):
        self.machine_released(due_fp)

    cdef int machine_released(self, long long due_fp) except -1:
        """Align a machine that has just been released from a stall with its divider."""
        cdef long long now_fp = self.now_fp()
        cdef int index
        cdef StateMachine machine
        for index in range(4):
            if not self._is_active[index]:
                continue
            machine = self.machine(index)
            if machine.next_due_fp == due_fp and due_fp != self._last_due_fp[index] and not machine.waiting:
                due_fp = self._next_tick_fp(machine, now_fp) + (due_fp - now_fp)
                machine.next_due_fp = due_fp
                break
        if due_fp < self.next_due_fp:
            self.next_due_fp = due_fp
        return self._arm()

    cdef long long _next_tick_fp(self, StateMachine machine, long long now_fp):
        """First divider tick that falls into the present cycle or a later one."""
        cdef long long phase_fp = self._phase_fp[machine.index], divider_fp = machine.div_fp
        cdef long long since = now_fp - 256 - phase_fp
        # Rounded down, also where the phase lies ahead.
        cdef long long ticks = since // divider_fp
        if since < ticks * divider_fp:
            ticks -= 1
        return phase_fp + (ticks + 1) * divider_fp

    cdef int _write_ctrl(self, unsigned int value) except -1:
        cdef bint was_active[4]
        cdef int index
        cdef StateMachine machine
        for index in range(4):
            was_active[index] = self._is_active[index]
        RPPIO.write_uint32(self, CTRL, value)
        cdef long long now_fp = self.now_fp()
        for index in range(4):
            machine = self.machine(index)
            self._is_active[index] = machine.enabled
            if value & (1U << (8 + index)):
                self._phase_fp[index] = now_fp
            elif machine.enabled and not was_active[index]:
                machine.next_due_fp = self._next_tick_fp(machine, now_fp)
        self.find_next_due()
        return 0

    cdef int _write_machine(self, unsigned int offset, unsigned int value) except -1:
        cdef unsigned int index = (offset - SM0_CLKDIV) // SM_STRIDE, register = (offset - SM0_CLKDIV) % SM_STRIDE
        cdef StateMachine machine = self.machine(index)
        cdef bint was_waiting = machine.waiting
        cdef unsigned int old_pc = machine.pc, old_shift_ctrl = machine.shift_ctrl
        RPPIO.write_uint32(self, offset, value)
        if register == INSTR:
            # A written instruction acts on the pins at once, also while the machine is disabled.
            self.check_changed_pins()
        if register == CLKDIV:
            self._phase_fp[index] = self.now_fp()
        elif register == SHIFTCTRL and (old_shift_ctrl ^ value) & (FJOIN_TX | FJOIN_RX):
            self._set_fifo_depths(machine)
        elif register == INSTR and was_waiting and machine.waiting:
            # The stall belongs to the program, not to the instruction just written...
            machine.exec_ctrl &= ~<unsigned int> EXEC_STALLED
            if machine.pc != old_pc:
                # ...and a jump leaves it for good.
                machine.waiting = False
                machine.next_due_fp = self._next_tick_fp(machine, self.now_fp() + 256)
                self.find_next_due()
        return 0

    cdef int _set_fifo_depths(self, StateMachine machine) except -1:
        """Joining FIFOs gives one of them all 8 words and the other none; any change empties both."""
        cdef bint tx = machine.shift_ctrl & FJOIN_TX != 0, rx = machine.shift_ctrl & FJOIN_RX != 0
        machine.tx_fifo = Fifo(8 if tx else 0 if rx else 4)
        machine.rx_fifo = Fifo(8 if rx else 0 if tx else 4)
        self._chip.dma.clear_dreq(machine.dreq_rx)
        update_tx_request(self, machine)
        self.check_interrupts_now()
        return 0

    cdef int _refresh_tx_stall(self) except -1:
        """Only a machine that is stalled right now may set its TXSTALL flag again after it is cleared."""
        cdef int index
        cdef StateMachine machine
        self.tx_stall = 0
        for index in range(4):
            machine = self.machine(index)
            if self._is_active[index] and machine.waiting and machine.wait_type in (WAIT_TX_FIFO, WAIT_OUT):
                self.tx_stall |= <unsigned int> TXSTALL << index
        return 0

    def check_interrupts(self):
        self.check_interrupts_now()

    cdef int check_interrupts_now(self) except -1:
        cdef unsigned int raw = (self.irq & 0xF) << 8
        cdef int index
        cdef Fifo tx, rx
        if (self.irq0_int_enable | self.irq1_int_enable) & 0xFF:
            for index in range(4):
                tx, rx = self.machine(index).tx_fifo, self.machine(index).rx_fifo
                raw |= (tx._used < tx._size) << (4 + index) | (rx._used > 0) << index
        self._set_interrupt(self.first_irq, raw & self.irq0_int_enable | self.irq0_int_force)
        self._set_interrupt(self.first_irq + 1, raw & self.irq1_int_enable | self.irq1_int_force)
        return 0

    cdef int _set_interrupt(self, unsigned int irq, unsigned int is_raised) except -1:
        """As `chip.set_interrupt`, which is called only where it may do more than clear a bit."""
        if not is_raised:
            self._core.pending_interrupts &= ~(1U << irq)
        elif not self._core.pending_interrupts & (1U << irq):
            self._chip.set_interrupt(irq, True)
        return 0

    def _run_due_machines(self):
        cdef long long now_fp = self.now_fp()
        cdef unsigned int pc_before[4]
        cdef long long due_before[4]
        cdef int index
        cdef bint stepped = False
        cdef StateMachine machine
        self._armed_ns = NOT_ARMED
        if self._has_loops:
            self._has_loops = False
            for index in range(4):
                if self._loops[index].passes and self._loops[index].end_fp <= now_fp:
                    self._loops[index].passes = 0
                self._has_loops = self._has_loops or self._loops[index].passes != 0
        for index in range(4):
            machine = self.machine(index)
            pc_before[index] = machine.pc
            due_before[index] = machine.next_due_fp
        (<RPPIO> self).cycle_fp = now_fp
        if now_fp >= self.next_due_fp:
            self._step_due_machines(now_fp)
        for index in range(4):
            machine = self.machine(index)
            if (
                self._is_active[index]
                and machine.pc == pc_before[index]
                and machine.next_due_fp != due_before[index]
                and not machine.waiting
                and step_over(&self._loops[index], machine, self.instructions)
            ):
                stepped = self._has_loops = True
        if stepped:
            self.find_next_due()
        self._arm()

    cdef int _step_due_machines(self, long long now_fp) except -1:
        cdef int index
        cdef StateMachine machine
        for index in range(4):
            machine = self.machine(index)
            if machine.enabled and not machine.waiting and machine.next_due_fp <= now_fp:
                if now_fp - machine.next_due_fp > MOST_ARREARS_FP:
                    self.backlog_drops += 1
                    machine.next_due_fp = now_fp
                step(self, machine)
        self.find_next_due()
        if self.old_pin_values != self.pin_values or self.old_pin_directions != self.pin_directions:
            self.check_changed_pins()
        return 0

    cdef void find_next_due(self) noexcept:
        cdef long long next_due_fp = NEVER_FP
        cdef int index
        cdef StateMachine machine
        for index in range(4):
            machine = self.machine(index)
            if machine.enabled and not machine.waiting and machine.next_due_fp < next_due_fp:
                next_due_fp = machine.next_due_fp
        self.next_due_fp = next_due_fp

    cdef int _arm(self) except -1:
        """Aim the alarm at the next instruction any machine has to execute."""
        cdef int index
        cdef long long due_ns, due_fp
        cdef SimulationClock clock = self._clock
        for index in range(4):
            if self._is_active[index]:
                self._last_due_fp[index] = self.machine(index).next_due_fp
        due_fp = NEVER_FP if self.stopped else self.next_due_fp
        if due_fp >= NEVER_FP:
            if self._armed_ns != NOT_ARMED:
                clock.unlink_alarm(self._alarm)
                self._alarm.scheduled = False
                self._armed_ns = NOT_ARMED
            return 0
        due_ns = ((due_fp + 255) >> 8) * 8
        if due_ns != self._armed_ns:
            self._armed_ns = due_ns
            if self._alarm.scheduled:
                clock.unlink_alarm(self._alarm)
            clock.link_alarm(max(0.0, due_ns - clock._nanos_counter), self._alarm)
        return 0


cdef int update_tx_request(PacedPio pio, StateMachine machine) except -1:
    """DMA is asked for words while the FIFO has room for them."""
    cdef Fifo fifo = machine.tx_fifo
    if fifo._used == fifo._size:
        pio._requests[machine.dreq_tx] = False
    elif pio._requests.get(machine.dreq_tx) is not True:
        pio._chip.dma.set_dreq(machine.dreq_tx)
    return 0


cdef int update_rx_request(PacedPio pio, StateMachine machine) except -1:
    """DMA is asked to take words while there are some."""
    cdef Fifo fifo = machine.rx_fifo
    if not fifo._used:
        pio._requests[machine.dreq_rx] = False
    elif pio._requests.get(machine.dreq_rx) is not True:
        pio._chip.dma.set_dreq(machine.dreq_rx)
    return 0
