# Steps over a PIO loop of one instruction in one go, as `delay_loop` does.
#
# A loop is stepped over only once its first pass has been executed, since that pass may move side-set pins.

cdef long long ENDLESS = 1LL << 62
cdef long long NEVER_FP = 1LL << 62

cdef struct SteppedLoop:
    int counter  # 0, or which of x (1) and y (2) counts down
    long long passes  # still to be made when it was begun; 0 where no loop is stepped over
    long long period_fp
    long long first_due_fp
    long long end_fp


cdef int settle_loop(SteppedLoop *loop, StateMachine machine, long long now_fp) except -1:
    """Put the machine into the state it would have at this instant, had every pass been executed."""
    cdef long long done = 0
    if now_fp >= loop.first_due_fp:
        done = min((now_fp - loop.first_due_fp) // loop.period_fp + 1, loop.passes)
    if loop.counter == 1:
        machine.x = <unsigned int> (loop.passes - done)
    elif loop.counter == 2:
        machine.y = <unsigned int> (loop.passes - done)
    machine.next_due_fp = loop.first_due_fp + done * loop.period_fp
    return 0


cdef bint step_over(SteppedLoop *loop, StateMachine machine, list instructions) except -1:
    """Step over the loop that the machine is in the middle of; False if it is in none, or in its last pass."""
    cdef unsigned int opcode = instructions[machine.pc]
    cdef unsigned int condition = (opcode >> 5) & 7
    cdef unsigned int x = machine.x, y = machine.y
    cdef unsigned int side_count = (machine.pin_ctrl >> 29) & 7
    cdef long long passes
    cdef int counter = 0
    if opcode >> 13 or opcode & 0x1F != machine.pc or side_count > 5:
        return False
    if condition == 0b010:
        counter, passes = 1, x
    elif condition == 0b100:
        counter, passes = 2, y
    elif (
        condition == 0b000
        or (condition == 0b001 and x == 0)
        or (condition == 0b011 and y == 0)
        or (condition == 0b101 and x != y)
    ):
        passes = ENDLESS
    else:
        return False
    if not passes:
        return False
    loop.counter = counter
    loop.passes = passes
    loop.period_fp = (1 + ((opcode >> 8) & 0x1F & ((1 << (5 - side_count)) - 1))) * machine.div_fp
    loop.first_due_fp = machine.next_due_fp
    loop.end_fp = NEVER_FP if passes == ENDLESS else loop.first_due_fp + passes * loop.period_fp
    if counter == 1:
        machine.x = 0
    elif counter == 2:
        machine.y = 0
    machine.next_due_fp = loop.end_fp
    return True
