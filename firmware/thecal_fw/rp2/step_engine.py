"""The step generator's registers: the PIO program, and what sets up, exchanges and stops its two machines.

Promises: a queue takes over at its anchor exactly or not at all; a block that is appended is played once or not at
all; what is set up for one machine moves no edge of the other; ``fall`` leaves STEP low.

How it works. A state machine takes a word from its FIFO, counts it down at one tick a pass and makes one pulse of
one tick. Two DMA channels keep the FIFO full, each from its own block of words, each starting the other one when it
is through. A channel chains to itself, which means not at all, except while the block behind it is armed. So a
channel that nobody looks after stops at its end; a block can never be played twice.

There are two such machines on the one STEP pin. While one plays, the other is set up: its channels run and its FIFO is
full, but it stands still. A machine that stands still has no say in the pin, and of its program only the pulse and the
fall behind it drive the pin at all. So a take-over is one store into the register that enables both, and all
that takes time comes before it or after it. The wait for that store runs from flash, like all frozen code. It is
gone through once with a store that changes nothing: what follows comes from the flash cache, which nothing else uses
while interrupts are masked.

What must not be interrupted is native code from end to end, called once with interrupts masked: MicroPython runs what
an earlier interrupt has scheduled, as USB traffic does, at the jumps of its bytecode even then.
"""

import micropython
import rp2
from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micropython import ptr32  # type: ignore[attr-defined]
    from rp2.asm_pio import block, jmp, label, mov, nop, osr, pull, wrap, wrap_target, x, x_dec  # type: ignore

# What ``take_over`` is given, and where it leaves how late its store was.
PLAN_WORDS = 4
PLAN_ANCHOR_S = const(0)
PLAN_ANCHOR_US = const(1)
PLAN_MACHINE = const(2)
PLAN_LATE_US = const(3)

_MOST_LATE_US = const(1)
"""The timer counts whole microseconds, so the first look at it that finds the anchor come may find it one past."""
_MOST_LATE_FIRST_US = const(1_000)
"""The pass that changes nothing may be as late as it likes, within what tells before from after."""

_DMA = const(0x5000_0000)
_PIO = const(0x5020_0000)
_TIMER = const(0x4005_4000)
_TIMERAWL = const(0x28 >> 2)

# A second is 15,625 units of 64 us. Constants of more than 16 bits must not be written out in viper code: in a frozen
# module, which MicroPython 1.25 aligns to two bytes, the processor would fetch them from the wrong address.
_UNITS_PER_SECOND = const(15_625)
_UNIT_SHIFT = const(6)

# Word offsets within one DMA channel, whose registers are 16 words apart...
_READ_ADDR = const(0x00 >> 2)
_WRITE_ADDR = const(0x04 >> 2)
_TRANS_COUNT = const(0x08 >> 2)
_CTRL = const(0x10 >> 2)  # the alias that starts nothing when written
_CTDREQ = const(0x800 >> 2)
# ...and of the DMA block.
_MULTI_CHAN_TRIGGER = const(0x430 >> 2)
_CHAN_ABORT = const(0x444 >> 2)

_CHANNEL_BUSY = const(1 << 24)
_DREQ_SHIFT = const(15)
"""The first machine's FIFO asks on line 0, the second one's on line 1."""
_CHAIN_TO_SHIFT = const(11)
_INCR_READ = const(1 << 4)
_WORDS = const(2 << 2)
_ENABLED = const(1 << 0)
_PAUSED = const(_INCR_READ | _WORDS)
_TO_FIFO = const(_PAUSED | _ENABLED)

# Word offsets within the PIO block; atomic set, clear and toggle are at aliases.
_TOGGLE = const(0x1000 >> 2)
_SET = const(0x2000 >> 2)
_CLEAR = const(0x3000 >> 2)
_PIO_CTRL = const(0x000 >> 2)
_PIO_FDEBUG = const(0x008 >> 2)
_PIO_FLEVEL = const(0x00C >> 2)
_PIO_TXF0 = const(0x5020_0010)
_BYTES_PER_WORD = const(4)
# Of the first machine; the second one's are so many words further on.
_MACHINE_WORDS = const(0x18 >> 2)
_SM0_SHIFTCTRL = const(0x0D0 >> 2)
_SM0_ADDR = const(0x0D4 >> 2)
_SM0_INSTR = const(0x0D8 >> 2)
_SM0_ENABLE = const(1 << 0)
_SM0_RESTART = const(1 << 4)
_SM0_CLKDIV_RESTART = const(1 << 8)
_BOTH_MACHINES = const(0b11)
_SM0_TXSTALL = const(1 << 24)
_LEVELS_SHIFT = const(3)
"""Each machine has eight bits of FLEVEL, the level of its TX FIFO in the lower four."""
_TX_LEVEL = const(0xF)
_FJOIN_RX_BIT = const(31)
_WITH_STEP_LOW = const(1 << 12)
"""In an instruction, beside the optional side-set: it drives the pin, and low."""
_TRIES = const(1_000)


# The pulse lasts the tick between the counter's end and the next pull, so a stalled machine holds STEP low.
@rp2.asm_pio(sideset_init=rp2.PIO.OUT_LOW, fifo_join=rp2.PIO.JOIN_TX)
def step_program():
    wrap_target()
    pull(block).side(0)
    mov(x, osr)
    label("count")
    jmp(x_dec, "count")
    nop().side(1)
    wrap()


@micropython.viper
def program_start() -> int:
    return int(ptr32(_PIO)[_SM0_ADDR])


@micropython.viper
def fall(program_start: int):
    """Drive STEP low, with both machines standing. A pulse that was under way ends, long enough for the motor driver to
    have seen it, as the sense counter has."""
    ptr32(_PIO)[_SM0_INSTR] = program_start | _WITH_STEP_LOW


@micropython.viper
def withdraw(machine: int, first: int, second: int, program_start: int):
    """Stop a machine and forget all it was going to do. STEP and the other machine are left alone."""
    pio = ptr32(_PIO)
    dma = ptr32(_DMA)
    registers = machine * _MACHINE_WORDS
    paused = _PAUSED | (machine << _DREQ_SHIFT)
    pio[_CLEAR + _PIO_CTRL] = _SM0_ENABLE << machine
    # An aborted channel may still complete what was in flight (RP2040-E13), and must then start nothing.
    dma[(first << 4) + _CTRL] = paused | (first << _CHAIN_TO_SHIFT)
    dma[(second << 4) + _CTRL] = paused | (second << _CHAIN_TO_SHIFT)
    both = (1 << first) | (1 << second)
    dma[_CHAN_ABORT] = both
    while dma[_CHAN_ABORT] & both:
        pass
    while (dma[(first << 4) + _CTRL] | dma[(second << 4) + _CTRL]) & _CHANNEL_BUSY:
        pass
    # Two changes of how the FIFOs are joined empty them.
    join = 1
    join <<= _FJOIN_RX_BIT
    pio[_TOGGLE + _SM0_SHIFTCTRL + registers] = join
    pio[_TOGGLE + _SM0_SHIFTCTRL + registers] = join
    # Each channel counts on its own how many words the FIFO has asked it for. That is void now.
    dma[(first << 4) + _CTDREQ] = 0
    dma[(second << 4) + _CTDREQ] = 0
    pio[_SET + _PIO_CTRL] = _SM0_RESTART << machine
    # A jump to the program's start, which leaves the pin as it is.
    pio[_SM0_INSTR + registers] = program_start


@micropython.viper
def arm(
    machine: int,
    first: int,
    first_address: int,
    first_pulses: int,
    second: int,
    second_address: int,
    second_pulses: int,
) -> bool:
    """Set both channels of a withdrawn machine up for a new queue and start the first one, which fills the FIFO at
    once; return whether the FIFO holds something then."""
    dma = ptr32(_DMA)
    fifo = int(ptr32(_PIO_TXF0)) + machine * _BYTES_PER_WORD
    to_fifo = _TO_FIFO | (machine << _DREQ_SHIFT)
    a = first << 4
    b = second << 4
    dma[b + _READ_ADDR] = second_address
    dma[b + _WRITE_ADDR] = fifo
    dma[b + _TRANS_COUNT] = second_pulses
    dma[b + _CTRL] = to_fifo | (second << _CHAIN_TO_SHIFT)
    dma[a + _READ_ADDR] = first_address
    dma[a + _WRITE_ADDR] = fifo
    dma[a + _TRANS_COUNT] = first_pulses
    if second_pulses:
        dma[a + _CTRL] = to_fifo | (second << _CHAIN_TO_SHIFT)
    else:
        dma[a + _CTRL] = to_fifo | (first << _CHAIN_TO_SHIFT)
    dma[_MULTI_CHAN_TRIGGER] = 1 << first
    tries = _TRIES
    while tries and not (ptr32(_PIO)[_PIO_FLEVEL] >> (machine << _LEVELS_SHIFT)) & _TX_LEVEL:
        tries -= 1
    return tries > 0


@micropython.viper
def take_over(plan) -> int:
    """Put an armed machine in the place of whatever plays, at the anchor; microseconds that were left when the wait for
    it began. If it had come by then, or nothing could be done exactly at it, 0, and what plays plays on.

    Interrupts are off. The machine has been armed.
    """
    planned = ptr32(plan)
    pio = ptr32(_PIO)
    timer = ptr32(_TIMER)
    anchor = (planned[PLAN_ANCHOR_S] * _UNITS_PER_SECOND << _UNIT_SHIFT) + planned[PLAN_ANCHOR_US]
    machine = planned[PLAN_MACHINE]
    pio[_PIO_FDEBUG] = _SM0_TXSTALL << machine
    # The first pass writes what stands there already.
    enabled = pio[_PIO_CTRL] & _BOTH_MACHINES
    until = timer[_TIMERAWL]
    most_late = _MOST_LATE_FIRST_US
    left = 0
    passes = 2
    while passes:
        while until - timer[_TIMERAWL] > 0:
            pass
        if timer[_TIMERAWL] - until > most_late:
            return 0
        pio[_PIO_CTRL] = enabled
        passes -= 1
        if passes:
            enabled = (_SM0_ENABLE | _SM0_CLKDIV_RESTART) << machine
            until = anchor
            most_late = _MOST_LATE_US
            left = anchor - timer[_TIMERAWL]
            if left <= 0:
                return 0
    planned[PLAN_LATE_US] = timer[_TIMERAWL] - anchor
    return left


@micropython.viper
def append(machine: int, playing: int, idle: int, address: int, pulses: int):
    """Queue a block on the idle channel of a machine behind the other one. Interrupts are off."""
    dma = ptr32(_DMA)
    a = playing << 4
    b = idle << 4
    to_fifo = _TO_FIFO | (machine << _DREQ_SHIFT) | (idle << _CHAIN_TO_SHIFT)
    dma[b + _READ_ADDR] = address
    dma[b + _TRANS_COUNT] = pulses
    dma[b + _CTRL] = to_fifo
    dma[a + _CTRL] = to_fifo
    if dma[a + _CTRL] & _CHANNEL_BUSY and dma[a + _TRANS_COUNT]:
        # It has transfers to make after this instant, so it ends after it learnt whom to start.
        return
    # It is ending just now, or has ended before. What is in flight ends within a few cycles.
    while dma[a + _CTRL] & _CHANNEL_BUSY:
        pass
    settled = dma[b + _CTRL]
    settled = dma[b + _CTRL]
    if settled & _CHANNEL_BUSY or dma[b + _READ_ADDR] != address:
        return
    # Nobody started it. Up to eight words still wait in the FIFO, so there is time, unless it has run dry.
    if not ptr32(_PIO)[_PIO_FDEBUG] & (_SM0_TXSTALL << machine):
        dma[_MULTI_CHAN_TRIGGER] = 1 << idle


@micropython.viper
def is_played(channel: int, end_address: int) -> bool:
    """Whether a channel has handed its whole block to the FIFO. An armed one still stands at its beginning."""
    dma = ptr32(_DMA)
    c = channel << 4
    if dma[c + _READ_ADDR] != end_address:
        return False
    return (dma[c + _CTRL] & _CHANNEL_BUSY) == 0


@micropython.viper
def microseconds_until(s: int, us: int) -> int:
    """Microseconds from now to an instant less than half an hour away; negative once it has passed."""
    return (s * _UNITS_PER_SECOND << _UNIT_SHIFT) + us - ptr32(_TIMER)[_TIMERAWL]


@micropython.viper
def has_stalled(machine: int) -> bool:
    return bool(ptr32(_PIO)[_PIO_FDEBUG] & (_SM0_TXSTALL << machine))


@micropython.viper
def stalls_within(us: int) -> bool:
    """Start the first machine with nothing to do and see whether it has noticed after some time."""
    pio = ptr32(_PIO)
    timer = ptr32(_TIMER)
    pio[_PIO_FDEBUG] = _SM0_TXSTALL
    pio[_SET + _PIO_CTRL] = _SM0_ENABLE | _SM0_CLKDIV_RESTART
    begun = timer[_TIMERAWL]
    while timer[_TIMERAWL] - begun < us:
        pass
    return bool(pio[_PIO_FDEBUG] & _SM0_TXSTALL)
