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

from thecal_fw.rp2 import chip

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
"""The pass that changes nothing may be as late as it likes, within what distinguishes before from after."""

# A second is 15,625 units of 64 us. Constants of more than 16 bits must not be written out in viper code: in a frozen
# module, which MicroPython 1.25 aligns to two bytes, the processor would fetch them from the wrong address.
_UNITS_PER_SECOND = const(15_625)
_UNIT_SHIFT = const(6)

_PAUSED = const(chip.CTRL_INCR_READ | chip.CTRL_WORDS | chip.DREQ_PIO0_TX0 << chip.CTRL_TREQ_SHIFT)
_TO_FIFO = const(_PAUSED | chip.CTRL_ENABLED)
_TXF0 = const(chip.PIO0 + chip.TXF0_BYTES)
_BOTH_MACHINES = const(chip.SM0_ENABLE | chip.SM0_ENABLE << 1)
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
    return int(ptr32(chip.PIO0)[chip.SM0_ADDR])


@micropython.viper
def fall(program_start: int):
    """Drive STEP low, with both machines standing. A pulse that was under way ends, long enough for the motor driver to
    have seen it, as the sense counter has."""
    ptr32(chip.PIO0)[chip.SM0_INSTR] = program_start | chip.SIDE_SET_OPTIONAL


@micropython.viper
def withdraw(machine: int, first: int, second: int, program_start: int):
    """Stop a machine and forget all it was going to do. STEP and the other machine are left alone."""
    pio = ptr32(chip.PIO0)
    dma = ptr32(chip.DMA)
    registers = machine * chip.MACHINE_WORDS
    paused = _PAUSED | (machine << chip.CTRL_TREQ_SHIFT)
    pio[chip.CLEAR + chip.PIO_CTRL] = chip.SM0_ENABLE << machine
    # An aborted channel may still complete what was in flight (RP2040-E13), and must then start nothing.
    dma[(first << chip.CHANNEL_SHIFT) + chip.CTRL] = paused | (first << chip.CTRL_CHAIN_TO_SHIFT)
    dma[(second << chip.CHANNEL_SHIFT) + chip.CTRL] = paused | (second << chip.CTRL_CHAIN_TO_SHIFT)
    both = (1 << first) | (1 << second)
    dma[chip.CHAN_ABORT] = both
    while dma[chip.CHAN_ABORT] & both:
        pass
    while (
        dma[(first << chip.CHANNEL_SHIFT) + chip.CTRL] | dma[(second << chip.CHANNEL_SHIFT) + chip.CTRL]
    ) & chip.CTRL_BUSY:
        pass
    # Two changes of how the FIFOs are joined empty them.
    join = 1
    join <<= chip.FJOIN_RX_BIT
    pio[chip.TOGGLE + chip.SM0_SHIFTCTRL + registers] = join
    pio[chip.TOGGLE + chip.SM0_SHIFTCTRL + registers] = join
    # Each channel counts on its own how many words the FIFO has asked it for. That is void now.
    dma[(first << chip.CHANNEL_SHIFT) + chip.CTDREQ] = 0
    dma[(second << chip.CHANNEL_SHIFT) + chip.CTDREQ] = 0
    pio[chip.SET + chip.PIO_CTRL] = chip.SM0_RESTART << machine
    # A jump to the program's start, which leaves the pin as it is.
    pio[chip.SM0_INSTR + registers] = program_start


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
    dma = ptr32(chip.DMA)
    fifo = int(ptr32(_TXF0)) + machine * chip.WORD_BYTES
    to_fifo = _TO_FIFO | (machine << chip.CTRL_TREQ_SHIFT)
    a = first << chip.CHANNEL_SHIFT
    b = second << chip.CHANNEL_SHIFT
    dma[b + chip.READ_ADDR] = second_address
    dma[b + chip.WRITE_ADDR] = fifo
    dma[b + chip.TRANS_COUNT] = second_pulses
    dma[b + chip.CTRL] = to_fifo | (second << chip.CTRL_CHAIN_TO_SHIFT)
    dma[a + chip.READ_ADDR] = first_address
    dma[a + chip.WRITE_ADDR] = fifo
    dma[a + chip.TRANS_COUNT] = first_pulses
    if second_pulses:
        dma[a + chip.CTRL] = to_fifo | (second << chip.CTRL_CHAIN_TO_SHIFT)
    else:
        dma[a + chip.CTRL] = to_fifo | (first << chip.CTRL_CHAIN_TO_SHIFT)
    dma[chip.MULTI_CHAN_TRIGGER] = 1 << first
    tries = _TRIES
    while tries and not (ptr32(chip.PIO0)[chip.PIO_FLEVEL] >> (machine << chip.FLEVEL_SHIFT)) & chip.TX_LEVEL:
        tries -= 1
    return tries > 0


@micropython.viper
def take_over(plan) -> int:
    """Put an armed machine in the place of whatever plays, at the anchor; microseconds that were left when the wait for
    it began. If it had come by then, or nothing could be done exactly at it, 0, and what plays plays on.

    Interrupts are off. The machine has been armed.
    """
    planned = ptr32(plan)
    pio = ptr32(chip.PIO0)
    timer = ptr32(chip.TIMER)
    anchor = (planned[PLAN_ANCHOR_S] * _UNITS_PER_SECOND << _UNIT_SHIFT) + planned[PLAN_ANCHOR_US]
    machine = planned[PLAN_MACHINE]
    pio[chip.PIO_FDEBUG] = chip.SM0_TXSTALL << machine
    # The first pass writes what stands there already.
    enabled = pio[chip.PIO_CTRL] & _BOTH_MACHINES
    until = timer[chip.TIMERAWL]
    most_late = _MOST_LATE_FIRST_US
    left = 0
    passes = 2
    while passes:
        while until - timer[chip.TIMERAWL] > 0:
            pass
        if timer[chip.TIMERAWL] - until > most_late:
            return 0
        pio[chip.PIO_CTRL] = enabled
        passes -= 1
        if passes:
            enabled = (chip.SM0_ENABLE | chip.SM0_CLKDIV_RESTART) << machine
            until = anchor
            most_late = _MOST_LATE_US
            left = anchor - timer[chip.TIMERAWL]
            if left <= 0:
                return 0
    planned[PLAN_LATE_US] = timer[chip.TIMERAWL] - anchor
    return left


@micropython.viper
def append(machine: int, playing: int, idle: int, address: int, pulses: int):
    """Queue a block on the idle channel of a machine behind the other one. Interrupts are off."""
    dma = ptr32(chip.DMA)
    a = playing << chip.CHANNEL_SHIFT
    b = idle << chip.CHANNEL_SHIFT
    to_fifo = _TO_FIFO | (machine << chip.CTRL_TREQ_SHIFT) | (idle << chip.CTRL_CHAIN_TO_SHIFT)
    dma[b + chip.READ_ADDR] = address
    dma[b + chip.TRANS_COUNT] = pulses
    dma[b + chip.CTRL] = to_fifo
    dma[a + chip.CTRL] = to_fifo
    if dma[a + chip.CTRL] & chip.CTRL_BUSY and dma[a + chip.TRANS_COUNT]:
        # It has transfers to make after this instant, so it ends after it learnt whom to start.
        return
    # It is ending just now, or has ended before. What is in flight ends within a few cycles.
    while dma[a + chip.CTRL] & chip.CTRL_BUSY:
        pass
    settled = dma[b + chip.CTRL]
    settled = dma[b + chip.CTRL]
    if settled & chip.CTRL_BUSY or dma[b + chip.READ_ADDR] != address:
        return
    # Nobody started it. Up to eight words still wait in the FIFO, so there is time, unless it has run dry.
    if not ptr32(chip.PIO0)[chip.PIO_FDEBUG] & (chip.SM0_TXSTALL << machine):
        dma[chip.MULTI_CHAN_TRIGGER] = 1 << idle


@micropython.viper
def is_played(channel: int, end_address: int) -> bool:
    """Return True if a channel has handed its whole block to the FIFO. An armed one still stands at its beginning."""
    dma = ptr32(chip.DMA)
    c = channel << chip.CHANNEL_SHIFT
    if dma[c + chip.READ_ADDR] != end_address:
        return False
    return (dma[c + chip.CTRL] & chip.CTRL_BUSY) == 0


@micropython.viper
def microseconds_until(s: int, us: int) -> int:
    """Return microseconds from now to an instant less than half an hour away; negative once it has passed."""
    return (s * _UNITS_PER_SECOND << _UNIT_SHIFT) + us - ptr32(chip.TIMER)[chip.TIMERAWL]


@micropython.viper
def stalls_within(us: int) -> bool:
    """Start the first machine with nothing to do and see whether it has noticed after some time."""
    pio = ptr32(chip.PIO0)
    timer = ptr32(chip.TIMER)
    pio[chip.PIO_FDEBUG] = chip.SM0_TXSTALL
    pio[chip.SET + chip.PIO_CTRL] = chip.SM0_ENABLE | chip.SM0_CLKDIV_RESTART
    begun = timer[chip.TIMERAWL]
    while timer[chip.TIMERAWL] - begun < us:
        pass
    return bool(pio[chip.PIO_FDEBUG] & chip.SM0_TXSTALL)
