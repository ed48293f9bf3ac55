# The common PIO instructions, with the results and cycles of the emulator's own state machine.
#
# `step` acts on the emulator's own StateMachine, so an instruction that is not carried out here is simply left to its
# `step`. That is what becomes of IRQ, of what is executed from a register, and of side-sets of more than five bits.

cdef enum:
    WAIT_PIN = 1
    WAIT_RX_FIFO = 2
    WAIT_TX_FIFO = 3
    WAIT_IRQ = 4
    WAIT_OUT = 5

cdef enum:
    AUTOPUSH = 1 << 16
    AUTOPULL = 1 << 17
    IN_SHIFTS_RIGHT = 1 << 18
    OUT_SHIFTS_RIGHT = 1 << 19
    STATUS_OF_RX = 1 << 4
    SIDE_PINDIR = 1 << 29
    SIDE_EN = 1 << 30
    EXEC_STALLED = 1 << 31
    TXSTALL = 1 << 24
    TXOVER = 1 << 16
    RXUNDER = 1 << 8
    RXSTALL = 1 << 0
    ALL_PINS = 0x3FFFFFFF


cdef inline unsigned int threshold(unsigned int field) noexcept:
    return field & 0x1F or 32


cdef inline bint is_input_high(GPIOPin pin):
    """As GPIOPin.input_value."""
    cdef unsigned int override = (pin.ctrl >> 16) & 3
    if override >= 2:
        return override == 3
    return (pin._eff_raw_input() and pin.pad_value & 0x40 != 0) != (override == 1)


cdef inline unsigned int placed(unsigned int before, unsigned int value, unsigned int first, unsigned int count) noexcept:
    """`before` with `count` pins from `first` on set to `value`."""
    cdef unsigned int mask = 0xFFFFFFFF if count > 31 else ((1U << count) - 1) << first
    return ((before & ~mask) | ((value << first) & mask)) & ALL_PINS


cdef inline unsigned int reversed_bits(unsigned int x) noexcept:
    x = (x & 0x55555555U) << 1 | (x >> 1) & 0x55555555U
    x = (x & 0x33333333U) << 2 | (x >> 2) & 0x33333333U
    x = (x & 0x0F0F0F0FU) << 4 | (x >> 4) & 0x0F0F0F0FU
    x = (x & 0x00FF00FFU) << 8 | (x >> 8) & 0x00FF00FFU
    return x << 16 | x >> 16


cdef bint is_common(unsigned int opcode, StateMachine machine) noexcept:
    cdef unsigned int instruction = opcode >> 13
    cdef unsigned int destination = (opcode >> 5) & 7
    if machine.exec_valid or (machine.pin_ctrl >> 29) & 7 > 5:
        return False
    if instruction == 0b001:  # WAIT for a pin
        return (opcode >> 5) & 3 < 2
    if instruction == 0b011:  # OUT
        return destination != 0b111
    if instruction == 0b101:  # MOV
        return destination != 0b100
    return instruction != 0b110  # IRQ


cdef int step(PacedPio pio, StateMachine machine) except -1:
    """As StateMachine.step, of a machine that does not wait."""
    cdef unsigned int opcode = pio.instructions[machine.pc]
    cdef long long before = machine.cycles
    if not is_common(opcode, machine):
        machine.step()
        return 0
    machine.due_rearmed = False
    machine.update_pc = True
    execute(pio, machine, opcode)
    if machine.update_pc:
        next_pc(machine)
    if not machine.due_rearmed:
        machine.next_due_fp += (machine.cycles - before) * machine.div_fp
    return 0


cdef inline void next_pc(StateMachine machine) noexcept:
    if machine.pc == (machine.exec_ctrl >> 12) & 0x1F:
        machine.pc = (machine.exec_ctrl >> 7) & 0x1F
    else:
        machine.pc = (machine.pc + 1) & 0x1F


cdef int execute(PacedPio pio, StateMachine machine, unsigned int opcode) except -1:
    cdef unsigned int instruction = opcode >> 13
    cdef unsigned int arg = opcode & 0xFF
    if instruction == 0b000:
        if is_jump_taken(pio, machine, arg >> 5):
            machine.pc = arg & 0x1F
            machine.update_pc = False
    elif instruction == 0b001:
        # A pin by its own number, or counted from the machine's first.
        stall(machine, WAIT_PIN, arg >> 7, arg & 0x1F if arg & 0x60 == 0 else ((arg & 0x1F) + in_base(machine)) % 32)
    elif instruction == 0b010:
        shift_in(pio, machine, arg)
    elif instruction == 0b011:
        out(pio, machine, arg)
    elif instruction == 0b100:
        if not arg & 0x1F:
            pull(pio, machine, arg) if arg & 0x80 else push(pio, machine, arg)
    elif instruction == 0b101:
        move(pio, machine, arg)
    else:
        set_immediate(pio, machine, arg >> 5, arg & 0x1F)
    machine.cycles += 1

    cdef unsigned int side_count = (machine.pin_ctrl >> 29) & 7
    cdef unsigned int field = (opcode >> 8) & 0x1F
    cdef unsigned int delay = field & ((1 << (5 - side_count)) - 1)
    cdef bint is_optional = machine.exec_ctrl & SIDE_EN != 0
    if side_count and (not is_optional or field & 0x10):
        side_set(pio, machine, field >> (5 - side_count), side_count - is_optional)
    if machine.waiting:
        if machine.wait_delay < 0:
            machine.wait_delay = delay
        check_wait(pio, machine)
    else:
        machine.cycles += delay
    return 0


cdef inline unsigned int in_base(StateMachine machine) noexcept:
    return (machine.pin_ctrl >> 15) & 0x1F


cdef inline void side_set(PacedPio pio, StateMachine machine, unsigned int value, unsigned int count) noexcept:
    cdef unsigned int first = (machine.pin_ctrl >> 10) & 0x1F
    if machine.exec_ctrl & SIDE_PINDIR:
        pio.pin_directions = placed(pio.pin_directions, value, first, count)
    else:
        pio.pin_values = placed(pio.pin_values, value, first, count)


cdef inline void out_pins(PacedPio pio, StateMachine machine, unsigned int value) noexcept:
    machine.out_pin_values = value
    pio.pin_values = placed(pio.pin_values, value, machine.pin_ctrl & 0x1F, (machine.pin_ctrl >> 20) & 0x3F)


cdef inline void out_directions(PacedPio pio, StateMachine machine, unsigned int value) noexcept:
    machine.out_pin_direction = value
    pio.pin_directions = placed(pio.pin_directions, value, machine.pin_ctrl & 0x1F, (machine.pin_ctrl >> 20) & 0x3F)


cdef void set_immediate(PacedPio pio, StateMachine machine, unsigned int destination, unsigned int value) noexcept:
    cdef unsigned int first = (machine.pin_ctrl >> 5) & 0x1F, count = (machine.pin_ctrl >> 26) & 7
    if destination == 0b000:
        pio.pin_values = placed(pio.pin_values, value, first, count)
    elif destination == 0b001:
        machine.x = value
    elif destination == 0b010:
        machine.y = value
    elif destination == 0b100:
        pio.pin_directions = placed(pio.pin_directions, value, first, count)


cdef bint is_jump_taken(PacedPio pio, StateMachine machine, unsigned int condition) except -1:
    cdef unsigned int before, pin
    if condition == 0b000:
        return True
    if condition == 0b001:
        return machine.x == 0
    if condition == 0b010:
        before = machine.x
        machine.x = before - 1
        return before != 0
    if condition == 0b011:
        return machine.y == 0
    if condition == 0b100:
        before = machine.y
        machine.y = before - 1
        return before != 0
    if condition == 0b101:
        return machine.x != machine.y
    if condition == 0b110:
        pin = (machine.exec_ctrl >> 24) & 0x1F
        return is_input_high(<GPIOPin> pio._gpio[pin]) if pin < pio._pins else False
    return machine.output_shift_count < threshold(machine.shift_ctrl >> 25)


cdef unsigned int source_value(PacedPio pio, StateMachine machine, unsigned int source) except? 0xFFFFFFFF:
    cdef unsigned int value = 0, i, base
    cdef Fifo fifo
    if source == 0b000:
        for i in range(pio._pins):
            value |= <unsigned int> is_input_high(<GPIOPin> pio._gpio[i]) << i
        base = in_base(machine)
        return value >> base | value << (32 - base) if base else value
    if source == 0b001:
        return machine.x
    if source == 0b010:
        return machine.y
    if source == 0b101:
        fifo = machine.rx_fifo if machine.exec_ctrl & STATUS_OF_RX else machine.tx_fifo
        return 0xFFFFFFFF if fifo._used < machine.exec_ctrl & 0xF else 0
    if source == 0b110:
        return machine.input_shift_reg
    if source == 0b111:
        return machine.output_shift_reg
    return 0


cdef int move(PacedPio pio, StateMachine machine, unsigned int arg) except -1:
    cdef unsigned int value = source_value(pio, machine, arg & 7)
    cdef unsigned int operation = (arg >> 3) & 3
    cdef unsigned int destination = arg >> 5
    if operation == 1:
        value = ~value
    elif operation == 2:
        value = reversed_bits(value)
    if destination == 0b000:
        out_pins(pio, machine, value)
    elif destination == 0b001:
        machine.x = value
    elif destination == 0b010:
        machine.y = value
    elif destination == 0b101:
        machine.pc = value & 0x1F
        machine.update_pc = False
    elif destination == 0b110:
        machine.input_shift_reg = value
        machine.input_shift_count = 0
    elif destination == 0b111:
        machine.output_shift_reg = value
        machine.output_shift_count = 0
    return 0


cdef int shift_in(PacedPio pio, StateMachine machine, unsigned int arg) except -1:
    cdef unsigned int count = arg & 0x1F
    cdef unsigned int value = source_value(pio, machine, arg >> 5)
    if count == 0:
        machine.input_shift_reg = value
        machine.input_shift_count = 32
    else:
        value &= (1U << count) - 1
        if machine.shift_ctrl & IN_SHIFTS_RIGHT:
            machine.input_shift_reg = machine.input_shift_reg >> count | value << (32 - count)
        else:
            machine.input_shift_reg = machine.input_shift_reg << count | value
        machine.input_shift_count = min(machine.input_shift_count + count, 32)
    if machine.shift_ctrl & AUTOPUSH and machine.input_shift_count >= threshold(machine.shift_ctrl >> 20):
        push_or_stall(pio, machine, True)
    return 0


cdef int out(PacedPio pio, StateMachine machine, unsigned int arg) except -1:
    if machine.shift_ctrl & AUTOPULL and machine.output_shift_count >= threshold(machine.shift_ctrl >> 25):
        machine.output_shift_count = 0
        if not pull_word(pio, machine):
            stall(machine, WAIT_OUT, False, arg)
    if not machine.waiting:
        shift_out(pio, machine, arg)
    return 0


cdef int shift_out(PacedPio pio, StateMachine machine, unsigned int arg) except -1:
    cdef unsigned int count = arg & 0x1F or 32, destination = arg >> 5
    cdef unsigned int value = machine.output_shift_reg
    if count < 32:
        if machine.shift_ctrl & OUT_SHIFTS_RIGHT:
            machine.output_shift_reg = value >> count
            value &= (1U << count) - 1
        else:
            machine.output_shift_reg = value << count
            value >>= 32 - count
    if destination == 0b000:
        out_pins(pio, machine, value)
    elif destination == 0b001:
        machine.x = value
    elif destination == 0b010:
        machine.y = value
    elif destination == 0b100:
        out_directions(pio, machine, value)
    elif destination == 0b101:
        machine.pc = value & 0x1F
        machine.update_pc = False
    elif destination == 0b110:
        machine.input_shift_reg = value
        machine.input_shift_count = count
    machine.output_shift_count = min(machine.output_shift_count + count, 32)
    return 0


cdef int pull(PacedPio pio, StateMachine machine, unsigned int arg) except -1:
    cdef bint if_empty = arg & 0x40 != 0
    if if_empty and machine.shift_ctrl & AUTOPULL and machine.output_shift_count < threshold(machine.shift_ctrl >> 25):
        return 0
    if not pull_word(pio, machine):
        if arg & 0x20:
            stall(machine, WAIT_TX_FIFO, False, 0)
        else:
            machine.output_shift_reg = machine.x
    machine.output_shift_count = 0
    return 0


cdef int push(PacedPio pio, StateMachine machine, unsigned int arg) except -1:
    cdef bint if_full = arg & 0x40 != 0
    if if_full and machine.shift_ctrl & AUTOPUSH and machine.input_shift_count < threshold(machine.shift_ctrl >> 20):
        return 0
    push_or_stall(pio, machine, arg & 0x20 != 0)
    return 0


cdef bint pull_word(PacedPio pio, StateMachine machine) except -1:
    """Fill the output shift register from the FIFO; False, and so flagged, where that is empty."""
    cdef Fifo fifo = machine.tx_fifo
    if fifo._used:
        machine.output_shift_reg = fifo.take()
        update_tx_request(pio, machine)
        pio.check_interrupts_now()
        return True
    pio.tx_stall |= <unsigned int> TXSTALL << machine.index
    pio.fdebug |= pio.tx_stall
    return False


cdef int push_or_stall(PacedPio pio, StateMachine machine, bint block) except -1:
    cdef Fifo fifo = machine.rx_fifo
    if fifo._used < fifo._size:
        fifo.put(machine.input_shift_reg)
        update_rx_request(pio, machine)
        pio.check_interrupts_now()
    else:
        pio.rx_stall |= <unsigned int> RXSTALL << machine.index
        pio.fdebug |= pio.rx_stall
        if block:
            stall(machine, WAIT_RX_FIFO, False, machine.input_shift_reg)
    machine.input_shift_reg = 0
    machine.input_shift_count = 0
    return 0


cdef inline void stall(StateMachine machine, unsigned int kind, bint polarity, unsigned int index) noexcept:
    machine.waiting = True
    machine.wait_type = kind
    machine.wait_polarity = polarity
    machine.wait_index = index
    machine.wait_delay = -1
    machine.update_pc = False


cdef int check_wait(PacedPio pio, StateMachine machine) except -1:
    """As StateMachine.check_wait: release the machine if what it waits for is there."""
    cdef Fifo fifo
    cdef int delay
    if not machine.waiting:
        return 0
    if machine.wait_type == WAIT_PIN:
        if machine.wait_index >= pio._pins:
            return 0
        if is_input_high(<GPIOPin> pio._gpio[machine.wait_index]) != machine.wait_polarity:
            return 0
        machine.waiting = False
    elif machine.wait_type == WAIT_RX_FIFO:
        fifo = machine.rx_fifo
        if fifo._used == fifo._size:
            return 0
        fifo.put(machine.wait_index)
        machine.waiting = False
        update_rx_request(pio, machine)
        pio.check_interrupts_now()
    elif machine.wait_type == WAIT_TX_FIFO:
        fifo = machine.tx_fifo
        if not fifo._used:
            return 0
        machine.output_shift_reg = fifo.take()
        machine.waiting = False
        update_tx_request(pio, machine)
        pio.check_interrupts_now()
    else:
        machine.check_wait()
        return 0
    next_pc(machine)
    machine.cycles += machine.wait_delay
    machine.exec_ctrl &= ~<unsigned int> EXEC_STALLED
    delay = machine.wait_delay if machine.wait_delay > 0 else 0
    machine.next_due_fp = pio.now_fp() + (1 + delay) * machine.div_fp
    machine.due_rearmed = True
    pio.machine_released(machine.next_due_fp)
    return 0
