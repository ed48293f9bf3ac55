# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Compares two emulated processors after each instruction. Only the parity test uses this module.

`Leader` runs one chip by the emulator's own `execute_instruction` and writes down the processor's state after each.
`Follower` is told by the compiled path of the other chip of each instruction that it has carried out, compares
registers, flags and cycles with what the leader wrote down, and counts the cases of `forms`. What is compared is
the state between an instruction and the passing of its time, which is the same instant on both.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t, uintptr_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcmp, memcpy

from rp2040py.native._cortex_m0_core cimport CortexM0Core
from rp2040py.native._rp2040 cimport RP2040
from rp2040py.native._simulation_clock cimport ClockAlarm, SimulationClock

cdef double CYCLE_NS = 8.0
cdef enum:
    VARIANTS = 64
    FLAG_STATES = 16
    PATHS = 2
    MOST_STEPS = 10000
    # A program that fetches from where there is no memory is let go on for so many instructions.
    STRAY_FETCHES = 16

ctypedef struct Step:
    uint32_t r[16]
    uint32_t nzcv
    uint32_t form_and_variant
    uint32_t opcode_pc
    uint32_t opcode
    uint64_t cycles
    uint32_t pending
    uint32_t enabled
    uint32_t banked_sp
    uint32_t control

MOST = MOST_STEPS


cdef inline uint32_t flags_of(CortexM0Core core) noexcept:
    return (core.n << 3) | (core.z << 2) | (core.c << 1) | core.v


cdef inline uint32_t control_of(CortexM0Core core) noexcept:
    """What else decides how the processor goes on."""
    return (
        (core.ipsr & 0x3F) | (core.current_mode << 6) | (core.sp_sel << 7) | (core.pm << 8) | (core.n_priv << 9)
        | (core.waiting << 10) | (core.event_registered << 11) | (core.interrupts_updated << 12)
        | (core.pending_nmi << 13) | (core.pending_pend_sv << 14) | (core.pending_svcall << 15)
        | (core.pending_systick << 16)
    )


cdef void write_down(Step* step, CortexM0Core core) noexcept:
    memcpy(step.r, &core.registers[0], 64)
    step.nzcv = flags_of(core)
    step.cycles = core.cycles
    step.pending = core.pending_interrupts
    step.enabled = core.enabled_interrupts
    step.banked_sp = core.banked_sp
    step.control = control_of(core)


cdef dict in_words(Step* step):
    return {
        "registers": [step.r[i] for i in range(16)], "nzcv": step.nzcv, "cycles": step.cycles,
        "pending": step.pending, "enabled": step.enabled, "banked_sp": step.banked_sp, "control": step.control,
    }


cdef class Classifier:
    """Finds the form and the variant of an instruction that is about to be executed; see `forms`."""

    cdef uint8_t form[0x10000]
    cdef uint8_t kind[256]
    cdef uint8_t width[256]
    cdef uint16_t long_mask[16], long_value[16], second_mask[16], second_value[16]
    cdef uint8_t long_form[16]
    cdef int longs
    cdef int undefined
    # Whether the emulator reads or writes beyond the end of its own buffer, where anything may be: it does at an
    # unaligned access across the end of a memory, which is a fault on the chip.
    cdef bint leaves_buffer

    def __init__(self, table, forms, int undefined):
        for opcode, number in enumerate(table):
            self.form[opcode] = number
        self.undefined = undefined
        for number, form in enumerate(forms):
            self.kind[number] = form.kind
            self.width[number] = form.width
            if form.second is not None:
                self.long_mask[self.longs], self.long_value[self.longs] = form.mask, form.value
                self.second_mask[self.longs], self.second_value[self.longs] = form.second
                self.long_form[self.longs] = number
                self.longs += 1

    cdef uint32_t classify(self, uint32_t opcode, uint32_t second, const uint32_t* r, uint32_t nzcv,
                           bint in_handler, uint32_t popped) noexcept:
        cdef uint32_t form = self.form[opcode]
        cdef int i
        self.leaves_buffer = False
        if opcode >= 0xF000 and opcode < 0xF800:
            for i in range(self.longs):
                if ((opcode & self.long_mask[i]) == self.long_value[i]
                        and (second & self.second_mask[i]) == self.second_value[i]):
                    form = self.long_form[i]
                    break
        return form << 8 | self.variant(form, opcode, second, r, nzcv, in_handler, popped)

    cdef uint32_t variant(self, uint32_t form, uint32_t opcode, uint32_t second, const uint32_t* r, uint32_t nzcv,
                          bint in_handler, uint32_t popped) noexcept:
        cdef uint32_t kind = self.kind[form], n, address
        if kind == 0:
            return 0
        if kind == 1:
            return (nzcv >> 1) & 1
        if kind == 2:
            n = (opcode >> 6) & 31
            return 0 if n == 0 else 1 if n == 1 else 3 if n == 31 else 2
        if kind == 3:
            n = r[(opcode >> 3) & 7]
            if (n & 0xFF) == 0:
                return 0 if n == 0 else 4
            n &= 0xFF
            return 1 if n < 32 else 2 if n == 32 else 3
        if kind == 4:
            return 5 * register_class(((opcode >> 4) & 8) | (opcode & 7)) + register_class((opcode >> 3) & 15)
        if kind == 5:
            n = (opcode >> 3) & 15
            address = r[n]
            return 4 * register_class(n) + ((3 if in_handler else 2) if address >> 28 == 15 else 0 if address & 1 else 1)
        if kind == 6:
            return nzcv
        if kind == 7:
            return (opcode >> 10) & 1
        if kind == 8:
            return ((opcode >> 10) & 1) << 2 | ((second >> 13) & 1) << 1 | ((second >> 11) & 1)
        if kind == 9:
            address = self.address(form, opcode, r)
            self.leaves_buffer = crosses_an_end(address, self.width[form])
            return 2 * region_of(address, self.width[form]) + ((address & (self.width[form] - 1)) != 0)
        if kind == 10:
            n = (opcode >> 8) & 7
            address = r[n]
            self.leaves_buffer = crosses_an_end(address, 4 * bits(opcode & 0xFF))
            return (4 * region_of(address & ~<uint32_t> 3, 4 * bits(opcode & 0xFF)) + (2 if opcode & (1 << n) else 0)
                    + ((address & 3) != 0))
        if kind == 11:
            address = r[13]
            if opcode & 0x800:
                if opcode & 0x100 and popped >> 28 == 15:
                    return 60 + in_handler
            else:
                address -= 4 * bits(opcode & 0x1FF)
            return (4 * region_of(address & ~<uint32_t> 3, 4 * bits(opcode & 0x1FF)) + (2 if opcode & 0x100 else 0)
                    + ((address & 3) != 0))
        n = second & 0xFF
        return (0 if n == 0 else 1 if n == 3 else 2 if n == 5 else 3 if n == 8 else 4 if n == 9 else 5 if n == 16
                else 6 if n == 20 else 7)

    cdef uint32_t address(self, uint32_t form, uint32_t opcode, const uint32_t* r) noexcept:
        cdef uint32_t top = opcode >> 12
        if top == 4:
            return ((r[15] + 4) & ~<uint32_t> 3) + ((opcode & 0xFF) << 2)
        if top == 5:
            return r[(opcode >> 3) & 7] + r[(opcode >> 6) & 7]
        if top == 9:
            return r[13] + ((opcode & 0xFF) << 2)
        return r[(opcode >> 3) & 7] + ((opcode >> 6) & 31) * self.width[form]


cdef inline bint crosses_an_end(uint32_t address, uint32_t size) noexcept:
    """Whether an unaligned access goes across the end of SRAM, flash or the USB controller's memory."""
    cdef uint32_t last = address + size - 1
    if not address & 3:
        return False
    return (
        (address < 0x20042000 and last >= 0x20042000)
        or (address < 0x50101000 and last >= 0x50101000)
        or (address >> 26 == 4 and address >> 24 != last >> 24)
    )


cdef inline uint32_t bits(uint32_t mask) noexcept:
    cdef uint32_t count = 0
    while mask:
        mask &= mask - 1
        count += 1
    return count


cdef inline uint32_t register_class(uint32_t register) noexcept:
    return 0 if register < 8 else 1 if register < 13 else register - 11


cdef inline uint32_t region_of(uint32_t address, uint32_t size) noexcept:
    cdef uint32_t offset
    if address < 0x4000:
        return 4
    if address >> 24 == 0x10:
        return 2
    if address >> 26 == 4:
        return 3
    if address >> 24 == 0x20 and address < 0x20042000:
        return 0 if address + size <= 0x20042000 else 1
    if address >= 0x50100000 and address < 0x50101000:
        return 5
    if address >> 24 == 0x40 and address < 0x40070000:
        return 6
    if address >> 24 == 0x50 and address < 0x50400000:
        return 7
    if address >> 24 == 0x14 or address >> 24 == 0x18:
        return 8
    if address >> 12 == 0xE000E:
        return 9
    if address >> 28 == 0xD:
        offset = address - 0xD0000000
        return 10 if 0x60 <= offset < 0x7C else 11 if 0x100 <= offset < 0x180 else 12
    return 13


cdef class Leader:
    """Runs a chip by the emulator's own instructions, a stretch at a time, and keeps what came of each.

    `stop()` ends a stretch at the next boundary of instructions. `watch()` is what the engine's method
    `watch_for_masked_sleep` does: from then on, a sleep with an enabled interrupt pending under PRIMASK ends at once.
    """

    cdef readonly int count
    cdef readonly uint64_t total
    cdef public bint stopped
    cdef bint watchful
    cdef Step* steps
    cdef RP2040 chip
    cdef CortexM0Core core
    cdef SimulationClock clock
    cdef Classifier classifier
    cdef int strayed
    # End a stretch in which the program has gone where there is no memory, or is about to leave the emulator's own.
    cdef public bint keep_in_memory

    def __cinit__(self):
        self.steps = <Step*> calloc(MOST_STEPS, sizeof(Step))

    def __dealloc__(self):
        free(self.steps)

    def __init__(self, chip, Classifier classifier):
        self.chip, self.core, self.clock = chip, chip.core, chip.clock
        self.classifier = classifier

    def stop(self):
        self.stopped = True

    def watch(self):
        self.watchful = True

    def run(self, int most, double until_ns):
        """Run to an instant, at most so many instructions; the number of those. Sleep ends exactly at the instant."""
        cdef CortexM0Core core = self.core
        cdef SimulationClock clock = self.clock
        cdef ClockAlarm alarm
        cdef Step* step
        cdef int cycles
        self.count = 0
        self.strayed = 0
        self.stopped = False
        while self.count < most and clock._nanos_counter < until_ns and not self.stopped:
            if core.waiting:
                if self.watchful:
                    self.watchful = False
                    if core.pm and core.pending_interrupts & core.enabled_interrupts:
                        self.watchful = True
                        core.waiting = False
                        continue
                alarm = clock._next_alarm
                if alarm is None or alarm.nanos > until_ns:
                    clock.tick(until_ns - clock._nanos_counter)
                else:
                    clock.tick(alarm.nanos - clock._nanos_counter)
                continue
            step = &self.steps[self.count]
            self._foresee(step)
            if self.keep_in_memory and self.classifier.leaves_buffer:
                break
            cycles = core.execute_instruction()
            write_down(step, core)
            self.count += 1
            self.total += 1
            clock.tick(cycles * CYCLE_NS)
            if self.watchful and not core.pm:
                self.watchful = False
            if self.keep_in_memory and self.strayed > STRAY_FETCHES:
                break
        return self.count

    cdef void _foresee(self, Step* step) noexcept:
        """Note which instruction comes next, unless an interrupt may come first."""
        cdef CortexM0Core core = self.core
        cdef uint32_t pc = core.registers[15] & ~<uint32_t> 1
        cdef uint32_t opcode = 0xFFFF, second = 0, popped = 0, sp = core.registers[13]
        self.classifier.leaves_buffer = False
        if core.interrupts_updated:
            step.form_and_variant = 0xFFFFFFFF
            step.opcode_pc = pc
            step.opcode = 0
            return
        if not self._fetch(pc, &opcode):
            self.strayed += 1
        if opcode >> 11 == 0x1E:
            self._fetch(pc + 2, &second)
        elif opcode >> 8 == 0xBD:
            sp += 4 * bits(opcode & 0xFF)
            if sp >= 0x20000000 and sp <= 0x20041FFC:
                memcpy(&popped, &self.chip._sram[sp - 0x20000000], 4)
        step.opcode_pc = pc
        step.opcode = opcode
        step.form_and_variant = self.classifier.classify(
            opcode, second, &core.registers[0], flags_of(core), core.current_mode, popped
        )

    cdef bint _fetch(self, uint32_t pc, uint32_t* opcode) noexcept:
        cdef uint16_t halfword = 0
        if pc >> 24 == 0x10:
            memcpy(&halfword, &self.chip._flash[pc & 0xFFFFFF], 2)
        elif pc >= 0x20000000 and pc <= 0x20041FFE:
            memcpy(&halfword, &self.chip._sram[pc - 0x20000000], 2)
        elif pc < 0x4000:
            memcpy(&halfword, <uint8_t*> &self.chip._bootrom[0] + pc, 2)
        else:
            return False
        opcode[0] = halfword
        return True

    def step(self, int index):
        """What was written down after an instruction of the latest stretch."""
        cdef Step* step = &self.steps[index]
        return {"at": step.opcode_pc, "opcode": step.opcode, **in_words(step)}


cdef class Follower:
    """Compares each instruction of another chip's path with what the leader wrote down."""

    cdef Leader leader
    cdef CortexM0Core core
    # Instructions of this stretch so far.
    cdef readonly int index
    cdef readonly int first_difference
    cdef readonly bint fell_back
    cdef readonly uint64_t total
    cdef readonly uint64_t total_fallen_back
    cdef Step differs
    cdef uint32_t forms
    cdef uint64_t* counts

    def __cinit__(self, Leader leader, chip, int forms):
        self.forms = forms
        self.counts = <uint64_t*> calloc(forms * VARIANTS * FLAG_STATES * PATHS, sizeof(uint64_t))

    def __dealloc__(self):
        free(self.counts)

    def __init__(self, Leader leader, chip, int forms):
        self.leader = leader
        self.core = chip.core
        self.first_difference = -1

    def begin(self):
        """Begin a stretch: the leader has just run it."""
        self.index = 0

    def address(self):
        """Address of the function that is to be called after each instruction, and of what is passed to it."""
        return <uintptr_t> &after_instruction, <uintptr_t> <void*> self

    def difference(self):
        """The first instruction of the stretch after which the two differ, as each has it; None if they do not."""
        if self.first_difference < 0:
            return None
        found = {"index": self.first_difference, "fell_back": self.fell_back, "follower": in_words(&self.differs)}
        if self.first_difference < self.leader.count:
            found["leader"] = self.leader.step(self.first_difference)
        return found

    def taken(self):
        """How often each case was taken: (form, variant, flags left, fell back) to a number, of those that were."""
        cdef int form, variant, flags, path
        found = {}
        for form in range(self.forms):
            for variant in range(VARIANTS):
                for flags in range(FLAG_STATES):
                    for path in range(PATHS):
                        n = self.counts[((form * VARIANTS + variant) * FLAG_STATES + flags) * PATHS + path]
                        if n:
                            found[form, variant, flags, path] = n
        return found

    cdef void compare(self, const uint32_t* r, uint32_t next_pc, uint32_t nzcv, uint64_t cycles, bint fell_back) noexcept:
        cdef Step* due
        cdef int index = self.index
        cdef uint32_t case
        self.index += 1
        if self.first_difference >= 0:
            return
        self.total += 1
        self.total_fallen_back += fell_back
        if index < self.leader.count:
            due = &self.leader.steps[index]
            if (memcmp(due.r, r, 60) == 0 and due.r[15] == next_pc and due.nzcv == nzcv and due.cycles == cycles
                    and (not fell_back or self._same_control(due))):
                case = due.form_and_variant
                if case != <uint32_t> 0xFFFFFFFF:
                    self.counts[
                        (((case >> 8) * VARIANTS + (case & 0xFF)) * FLAG_STATES + nzcv) * PATHS + fell_back
                    ] += 1
                return
        self.first_difference = index
        self.fell_back = fell_back
        write_down(&self.differs, self.core)
        memcpy(self.differs.r, r, 60)
        self.differs.r[15], self.differs.nzcv, self.differs.cycles = next_pc, nzcv, cycles

    cdef bint _same_control(self, Step* due) noexcept:
        cdef CortexM0Core core = self.core
        return (due.pending == core.pending_interrupts and due.enabled == core.enabled_interrupts
                and due.banked_sp == core.banked_sp and due.control == control_of(core))


cdef void after_instruction(void* follower, const uint32_t* r, uint32_t next_pc, uint32_t nzcv, uint64_t cycles,
                            int fell_back) noexcept:
    (<Follower> follower).compare(r, next_pc, nzcv, cycles, fell_back)


def first_difference(a, b):
    """Offset of the first byte in which two buffers of one length differ; -1 if they are the same."""
    cdef const uint8_t[::1] left = a, right = b
    cdef Py_ssize_t size = left.shape[0], begin = 0, piece
    if memcmp(&left[0], &right[0], size) == 0:
        return -1
    while begin < size:
        piece = min(size - begin, 4096)
        if memcmp(&left[begin], &right[begin], piece):
            while left[begin] == right[begin]:
                begin += 1
            return begin
        begin += piece
    return -1
