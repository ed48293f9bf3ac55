# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Runs the processor: common instructions in C, everything else by the emulator's own `execute_instruction`.

Promises, held by a test that runs both paths side by side:

- After each instruction registers, flags, cycles and the clock are what the emulator's own loop would have made them.
  There is no exception to this.
- The clock stands at the start of an instruction while the emulator carries it out, and every alarm fires after the
  same instruction as on the emulator's own loop.
- Whatever the emulator keeps in Python (peripherals, interrupts, sleep) is reached only through it.

While the emulator has an interrupt to look at (`interrupts_updated`), instructions are carried out by the emulator, which
looks before each; an interrupt that can't be taken for certain is set aside here, as its own look would.
"""

from libc.math cimport ceil
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t, uintptr_t
from cpython.exc cimport PyErr_CheckSignals

from rp2040py.native._cortex_m0_core cimport CortexM0Core
from rp2040py.native._rp2040 cimport RP2040
from rp2040py.native._simulation_clock cimport ClockAlarm, SimulationClock


cdef extern from "thumb.h":
    int RAN, INTERRUPT_CHECK, REASONS
    ctypedef struct Sio:
        pass
    ctypedef struct XipCache:
        uint64_t misses
    void xip_cache_init(
        XipCache *cache, uint32_t miss_cycles, bint fills_half_lines, bint replaces_at_random, uint32_t seed
    )
    void xip_cache_flush(XipCache *cache)
    void xip_cache_enable(XipCache *cache, bint is_enabled)
    ctypedef void (*Observer)(void *of, const uint32_t *r, uint32_t pc, uint32_t nzcv, uint64_t cycles, int fell_back)
    ctypedef struct Memory:
        uint8_t *sram
        uint8_t *flash
        uint8_t *rom
        uint32_t sram_size, rom_size
    ctypedef struct Cpu:
        uint32_t *r
        uint32_t n, z, c, v, primask, unmasked
        Memory memory
        uint32_t opcode, owed
        Sio *sio
        XipCache *flash_cache
        uint64_t instructions
        Observer observer
        void *observer_of
        uint64_t cycles
    int run_batch(Cpu *cpu, int64_t limit, int64_t *used, bint timed)


cdef double CYCLE_NS = 8.0
# An interrupt from the keyboard is noticed within about a second.
cdef int64_t MOST_CYCLES = 100_000_000
cdef enum:
    OPCODE_GROUPS = 256

REASON_NAMES = (
    "ran",
    "outside_memory",
    "rare_instruction",
    "rare_access",
    "exception_return",
    "interrupt_check",
)
"""By number, as in memory.h."""


cdef class RunLoop:
    """The compiled run loop of one chip.

    `request_stop` makes `run` return at the next instruction boundary. `instructions` counts those carried out, by
    whom ever; `fell_back` those of them that the emulator carried out, and `fall_backs()` the same by reason and by the
    high byte of the opcode. After `run(1, ...)`, `last_reason` and `last_opcode` are those of the instruction (0 where it
    ran here; the opcode of an `interrupt_check` is not known and 0).
    """

    cdef Cpu cpu
    cdef RP2040 chip
    cdef CortexM0Core core
    cdef SimulationClock clock
    cdef uint32_t[::1] _sio
    cdef bint _stop
    cdef readonly bint timed
    """Whether fetches from flash and reads of it cost what the flash cache model says."""
    cdef XipCache _flash_cache
    cdef readonly uint64_t fell_back
    cdef readonly int last_reason
    cdef readonly uint32_t last_opcode
    cdef uint64_t _fell_back_by[6][OPCODE_GROUPS]

    def __cinit__(self, RP2040 chip, uint32_t[::1] sio):
        """`sio` holds the shared fields of SIO (see `shared_sio.py`)."""
        self.chip = chip
        self.core = chip.core
        self.clock = chip.clock
        self._sio = sio
        self.cpu.r = <uint32_t *> &self.core.registers[0]
        self.cpu.memory.sram = &chip._sram[0]
        self.cpu.memory.flash = &chip._flash[0]
        self.cpu.memory.rom = <uint8_t *> &chip._bootrom[0]
        self.cpu.memory.sram_size = chip.ram_byte_size
        self.cpu.memory.rom_size = chip.bootrom_byte_size
        self.cpu.sio = <Sio *> &sio[0]
        self.cpu.flash_cache = &self._flash_cache

    @property
    def instructions(self):
        return self.cpu.instructions + self.fell_back

    def fall_backs(self):
        """How often the emulator carried an instruction out, by reason and high byte of the opcode."""
        return {
            (REASON_NAMES[reason], group): self._fell_back_by[reason][group]
            for reason in range(REASONS)
            for group in range(OPCODE_GROUPS)
            if self._fell_back_by[reason][group]
        }

    def observe(self, uintptr_t function, uintptr_t of):
        """Have a C function of the type `Observer` called after each instruction; both 0: none."""
        self.cpu.observer = <Observer> function
        self.cpu.observer_of = <void *> of

    cdef void _show_observer(self) noexcept:
        cdef CortexM0Core core = self.core
        self.cpu.observer(
            self.cpu.observer_of, self.cpu.r, self.cpu.r[15],
            core.n << 3 | core.z << 2 | core.c << 1 | core.v, core.cycles, True,
        )

    def request_stop(self):
        self._stop = True

    def impose_flash_cache(self, uint32_t miss_cycles, bint fills_half_lines, bint replaces_at_random, uint32_t seed):
        """Have each miss of the flash cache cost so many cycles, from an empty cache on; see xip_cache.h."""
        xip_cache_init(&self._flash_cache, miss_cycles, fills_half_lines, replaces_at_random, seed)
        self.timed = miss_cycles > 0

    def flush_flash_cache(self):
        xip_cache_flush(&self._flash_cache)

    def enable_flash_cache(self, bint is_enabled):
        xip_cache_enable(&self._flash_cache, is_enabled)

    @property
    def flash_misses(self):
        """Misses of the flash cache so far; 0 while none is imposed."""
        return self._flash_cache.misses

    def run(self, int64_t steps, bint watchful):
        """Take up to `steps` steps and return how many were taken.

        A step is an instruction or, asleep, a jump to the next alarm. It returns early on request and, if `watchful`,
        when the processor sleeps or interrupts are unmasked.
        """
        cdef int64_t left = steps
        cdef CortexM0Core core = self.core
        self._stop = False
        while left > 0 and not self._stop:
            if watchful and (core.waiting or not core.pm):
                break
            if core.waiting:
                self._jump_to_next_alarm()
                left -= 1
                continue
            if core.interrupts_updated and self._nothing_can_be_taken():
                core.interrupts_updated = False
            if core.interrupts_updated:
                self._fall_back(INTERRUPT_CHECK, 0, 0)
                left -= 1
            else:
                left -= self._run_batch(left)
        return steps - left

    cdef int64_t _run_batch(self, int64_t most) except -1:
        """Run up to `most` instructions, to the next alarm at most."""
        cdef CortexM0Core core = self.core
        cdef Cpu *cpu = &self.cpu
        cdef int64_t limit = min(self._cycles_to_next_alarm(), most)
        cdef int64_t used = 0
        cdef uint64_t before = cpu.instructions
        cdef int reason
        cpu.n = core.n
        cpu.z = core.z
        cpu.c = core.c
        cpu.v = core.v
        cpu.primask = core.pm
        cpu.unmasked = False
        cpu.cycles = core.cycles
        reason = run_batch(cpu, limit, &used, self.timed)
        core.n = cpu.n
        core.z = cpu.z
        core.c = cpu.c
        core.v = cpu.v
        core.pm = cpu.primask
        if cpu.unmasked:
            core.interrupts_updated = True
        core.cycles += used
        cdef int64_t ran = <int64_t> (cpu.instructions - before)
        # Instructions are counted in cycles above, of which each takes at least one.
        if used:
            self._advance(used)
        self.last_reason = RAN
        self.last_opcode = 0
        if reason != RAN:
            self._fall_back(reason, cpu.opcode, cpu.owed)
            ran += 1
        return ran

    cdef int _fall_back(self, int reason, uint32_t opcode, uint32_t owed) except -1:
        cdef int cycles
        self.fell_back += 1
        self._fell_back_by[reason][opcode >> 8] += 1
        self.last_reason = reason
        self.last_opcode = opcode
        cycles = self.core.execute_instruction()
        if owed:
            cycles += owed
            self.core.cycles += owed
        if self.cpu.observer != NULL:
            self._show_observer()
        self._advance(cycles)
        return 0

    cdef bint _nothing_can_be_taken(self):
        """Whether the emulator's look at interrupts is certain to find none to take."""
        cdef CortexM0Core core = self.core
        if core.pending_nmi:
            return False
        return core.pm or not (
            core.pending_svcall
            or core.pending_pend_sv
            or core.pending_systick
            or core.pending_interrupts & core.enabled_interrupts
        )

    cdef int64_t _cycles_to_next_alarm(self):
        cdef ClockAlarm alarm = self.clock._next_alarm
        cdef double cycles
        if alarm is None:
            return MOST_CYCLES
        cycles = ceil((alarm.nanos - self.clock._nanos_counter) / CYCLE_NS)
        if cycles < 1:
            return 1
        return MOST_CYCLES if cycles > MOST_CYCLES else <int64_t> cycles

    cdef int _advance(self, int64_t cycles) except -1:
        cdef SimulationClock clock = self.clock
        cdef ClockAlarm alarm = clock._next_alarm
        cdef double target_ns = clock._nanos_counter + cycles * CYCLE_NS
        if alarm is not None and alarm.nanos <= target_ns:
            clock.tick(cycles * CYCLE_NS)
        else:
            clock._nanos_counter = target_ns
            if cycles >= MOST_CYCLES:
                PyErr_CheckSignals()
        return 0

    cdef int _jump_to_next_alarm(self) except -1:
        cdef ClockAlarm alarm = self.clock._next_alarm
        if alarm is None:
            PyErr_CheckSignals()
        self.clock.tick(0.0 if alarm is None else alarm.nanos - self.clock._nanos_counter)
        return 0
