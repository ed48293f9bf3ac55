"""The step generator's registers: the PIO program, and what sets up, joins and stops the two DMA channels.

Promises: a queue takes over at its anchor exactly or not at all; a block that is appended is played once or not at
all; ``withdraw`` leaves STEP low and nothing behind that could raise it.

How it works. A state machine takes a word from its FIFO, counts it down at one tick a pass and makes one pulse of
one tick. Two DMA channels keep the FIFO full, each from its own block of words, each starting the other one when it
is through. A channel chains to itself, which means not at all, except while the block behind it is armed. So a
channel that nobody looks after stops at its end; a block can never be played twice.

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

_REARM_US = const(80)
"""The old queue is withdrawn so long before the anchor. Re-arming takes a quarter of it with a warm flash cache."""

# What a plan holds: where in it each of the things stands that ``take_over`` needs.
PLAN_WORDS = 9
_ANCHOR_S = const(0)
_ANCHOR_US = const(1)
_FIRST = const(2)
_SECOND = const(3)
_PROGRAM_START = const(4)
_FIRST_ADDRESS = const(5)
_FIRST_PULSES = const(6)
_SECOND_ADDRESS = const(7)
_SECOND_PULSES = const(8)

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
_DREQ_PIO0_TX0 = const(0 << 15)
_CHAIN_TO_SHIFT = const(11)
_INCR_READ = const(1 << 4)
_WORDS = const(2 << 2)
_ENABLED = const(1 << 0)
_PAUSED = const(_DREQ_PIO0_TX0 | _INCR_READ | _WORDS)
_TO_FIFO = const(_PAUSED | _ENABLED)

# Word offsets within the PIO block; atomic set, clear and toggle are at aliases.
_TOGGLE = const(0x1000 >> 2)
_SET = const(0x2000 >> 2)
_CLEAR = const(0x3000 >> 2)
_PIO_CTRL = const(0x000 >> 2)
_PIO_FDEBUG = const(0x008 >> 2)
_PIO_FLEVEL = const(0x00C >> 2)
_PIO_TXF0 = const(0x5020_0010)
_SM0_SHIFTCTRL = const(0x0D0 >> 2)
_SM0_ADDR = const(0x0D4 >> 2)
_SM0_INSTR = const(0x0D8 >> 2)
_SM0_ENABLE = const(1 << 0)
_SM0_RESTART = const(1 << 4)
_SM0_CLKDIV_RESTART = const(1 << 8)
_SM0_TXSTALL = const(1 << 24)
_SM0_TX_LEVEL = const(0xF)
_FJOIN_RX_BIT = const(31)


# The pulse lasts the tick between the counter's end and the next pull, so a stalled machine holds STEP low.
@rp2.asm_pio(sideset_init=rp2.PIO.OUT_LOW, fifo_join=rp2.PIO.JOIN_TX)
def step_program():
    wrap_target()
    pull(block).side(0)
    mov(x, osr).side(0)
    label("count")
    jmp(x_dec, "count").side(0)
    nop().side(1)
    wrap()


@micropython.viper
def program_start() -> int:
    return int(ptr32(_PIO)[_SM0_ADDR])


@micropython.viper
def withdraw(first: int, second: int, program_start: int):
    """Stop the generator and forget all it was going to do."""
    pio = ptr32(_PIO)
    dma = ptr32(_DMA)
    pio[_CLEAR + _PIO_CTRL] = _SM0_ENABLE
    # An aborted channel may still complete what was in flight (RP2040-E13), and must then start nothing.
    dma[(first << 4) + _CTRL] = _PAUSED | (first << _CHAIN_TO_SHIFT)
    dma[(second << 4) + _CTRL] = _PAUSED | (second << _CHAIN_TO_SHIFT)
    both = (1 << first) | (1 << second)
    dma[_CHAN_ABORT] = both
    while dma[_CHAN_ABORT] & both:
        pass
    while (dma[(first << 4) + _CTRL] | dma[(second << 4) + _CTRL]) & _CHANNEL_BUSY:
        pass
    # Two changes of how the FIFOs are joined empty them.
    join = 1
    join <<= _FJOIN_RX_BIT
    pio[_TOGGLE + _SM0_SHIFTCTRL] = join
    pio[_TOGGLE + _SM0_SHIFTCTRL] = join
    # Each channel counts on its own how many words the FIFO has asked it for. That is void now.
    dma[(first << 4) + _CTDREQ] = 0
    dma[(second << 4) + _CTDREQ] = 0
    pio[_SET + _PIO_CTRL] = _SM0_RESTART
    # A jump to the program's start, with side-set zero. It comes last: a pulse that was under way has by now
    # lasted long enough for the motor driver to have seen it, as the sense counter has.
    pio[_SM0_INSTR] = program_start


@micropython.viper
def _arm(
    first: int, first_address: int, first_pulses: int, second: int, second_address: int, second_pulses: int
):
    """Set both channels up for a new queue and start the first one; it fills the FIFO at once."""
    dma = ptr32(_DMA)
    fifo = int(ptr32(_PIO_TXF0))
    a = first << 4
    b = second << 4
    dma[b + _READ_ADDR] = second_address
    dma[b + _WRITE_ADDR] = fifo
    dma[b + _TRANS_COUNT] = second_pulses
    dma[b + _CTRL] = _TO_FIFO | (second << _CHAIN_TO_SHIFT)
    dma[a + _READ_ADDR] = first_address
    dma[a + _WRITE_ADDR] = fifo
    dma[a + _TRANS_COUNT] = first_pulses
    if second_pulses:
        dma[a + _CTRL] = _TO_FIFO | (second << _CHAIN_TO_SHIFT)
    else:
        dma[a + _CTRL] = _TO_FIFO | (first << _CHAIN_TO_SHIFT)
    dma[_MULTI_CHAN_TRIGGER] = 1 << first


@micropython.viper
def take_over(plan) -> bool:
    """Replace what plays by a new queue that starts at its anchor; False if there is no time left for that.

    Interrupts are off. After False the generator is stopped or still plays what it played.
    """
    planned = ptr32(plan)
    pio = ptr32(_PIO)
    timer = ptr32(_TIMER)
    anchor = (planned[_ANCHOR_S] * _UNITS_PER_SECOND << _UNIT_SHIFT) + planned[_ANCHOR_US]
    if anchor - _REARM_US - timer[_TIMERAWL] <= 0:
        return False
    while anchor - _REARM_US - timer[_TIMERAWL] > 0:
        pass
    first = planned[_FIRST]
    second = planned[_SECOND]
    withdraw(first, second, planned[_PROGRAM_START])
    _arm(
        first,
        planned[_FIRST_ADDRESS],
        planned[_FIRST_PULSES],
        second,
        planned[_SECOND_ADDRESS],
        planned[_SECOND_PULSES],
    )
    enable = _SM0_ENABLE | _SM0_CLKDIV_RESTART
    pio[_PIO_FDEBUG] = _SM0_TXSTALL
    if not pio[_PIO_FLEVEL] & _SM0_TX_LEVEL or anchor - timer[_TIMERAWL] <= 0:
        return False
    while anchor - timer[_TIMERAWL] > 0:
        pass
    pio[_SET + _PIO_CTRL] = enable
    return True


@micropython.viper
def append(playing: int, idle: int, address: int, pulses: int):
    """Queue a block on the idle channel behind the other one. Interrupts are off."""
    dma = ptr32(_DMA)
    a = playing << 4
    b = idle << 4
    dma[b + _READ_ADDR] = address
    dma[b + _TRANS_COUNT] = pulses
    dma[b + _CTRL] = _TO_FIFO | (idle << _CHAIN_TO_SHIFT)
    dma[a + _CTRL] = _TO_FIFO | (idle << _CHAIN_TO_SHIFT)
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
    if not ptr32(_PIO)[_PIO_FDEBUG] & _SM0_TXSTALL:
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
def is_ahead(s: int, us: int, least_us: int, most_us: int) -> bool:
    """Whether an instant less than half an hour away is so far ahead."""
    left = (s * _UNITS_PER_SECOND << _UNIT_SHIFT) + us - ptr32(_TIMER)[_TIMERAWL]
    return least_us < left and left <= most_us


@micropython.viper
def has_stalled() -> bool:
    return bool(ptr32(_PIO)[_PIO_FDEBUG] & _SM0_TXSTALL)


@micropython.viper
def stalls_within(us: int) -> bool:
    """Start the machine with nothing to do and see whether it has noticed after some time."""
    pio = ptr32(_PIO)
    timer = ptr32(_TIMER)
    pio[_PIO_FDEBUG] = _SM0_TXSTALL
    pio[_SET + _PIO_CTRL] = _SM0_ENABLE | _SM0_CLKDIV_RESTART
    begun = timer[_TIMERAWL]
    while timer[_TIMERAWL] - begun < us:
        pass
    return bool(pio[_PIO_FDEBUG] & _SM0_TXSTALL)
