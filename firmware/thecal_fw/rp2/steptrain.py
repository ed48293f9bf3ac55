"""The step generator: pulses played by PIO and DMA, with no help from the processor while they play.

Promises: the rising edges of STEP are apart by exactly the ticks pushed, the first one counted from the anchor,
whatever the processor does meanwhile; blocks follow one another without a gap; a queue that runs dry stands still
and says so, it never catches up; after ``halt`` there is no edge.

How it works. A state machine takes a word from its FIFO, counts it down at one tick a pass and makes one pulse of
one tick. Two DMA channels keep the FIFO full, each from its own block of words, each starting the other one when it
is through. There are two *queues* of two blocks each: while one plays, the other can be loaded beside it.

A channel chains to itself, which means not at all, except while the block behind it is armed. So a channel that
nobody looks after stops at its end; a block can never be played twice.
"""

from array import array

import machine
import micropython
import rp2
from machine import Pin
from micropython import const
from uctypes import addressof

from thecal_fw.rp2 import pins

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micropython import ptr32  # type: ignore[attr-defined]
    from rp2.asm_pio import block, jmp, label, mov, nop, osr, pull, wrap, wrap_target, x, x_dec  # type: ignore

_TICKS_PER_SECOND = const(100_000)
_TICK_US = const(10)
_OVERHEAD_TICKS = const(4)
"""What the program below takes for a word of zero: pull, mov, the last jmp and the pulse."""
_BLOCK_PULSES = const(512)
_LONGEST_WAIT_US = const(50_000)
_LEAST_NOTICE_US = const(500)
_MASKED_US = const(150)
"""Interrupts are off from here to the anchor."""
_REARM_US = const(80)
"""The old queue is withdrawn here. Re-arming takes a quarter of this with a warm flash cache."""

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
def _step_program():
    wrap_target()
    pull(block).side(0)
    mov(x, osr).side(0)
    label("count")
    jmp(x_dec, "count").side(0)
    nop().side(1)
    wrap()


@micropython.viper
def _program_start() -> int:
    return int(ptr32(_PIO)[_SM0_ADDR])


@micropython.viper
def _withdraw(first: int, second: int, program_start: int):
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
def _append(playing: int, idle: int, address: int, pulses: int):
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
def _is_played(channel: int, end_address: int) -> bool:
    """Whether a channel has handed its whole block to the FIFO. An armed one still stands at its beginning."""
    dma = ptr32(_DMA)
    c = channel << 4
    if dma[c + _READ_ADDR] != end_address:
        return False
    return (dma[c + _CTRL] & _CHANNEL_BUSY) == 0


@micropython.viper
def _is_ahead(s: int, us: int, least_us: int, most_us: int) -> bool:
    """Whether an instant less than half an hour away is so far ahead."""
    left = (s * _UNITS_PER_SECOND << _UNIT_SHIFT) + us - ptr32(_TIMER)[_TIMERAWL]
    return least_us < left and left <= most_us


@micropython.viper
def _wait_until(s: int, us: int) -> bool:
    """Spin until an instant less than half an hour away; False if it has passed already."""
    timer = ptr32(_TIMER)
    instant = (s * _UNITS_PER_SECOND << _UNIT_SHIFT) + us
    if instant - timer[_TIMERAWL] <= 0:
        return False
    while instant - timer[_TIMERAWL] > 0:
        pass
    return True


@micropython.viper
def _start_at(s: int, us: int) -> bool:
    """Enable the state machine at an instant; False, and not enabled, if that has passed already."""
    pio = ptr32(_PIO)
    timer = ptr32(_TIMER)
    anchor = (s * _UNITS_PER_SECOND << _UNIT_SHIFT) + us
    enable = _SM0_ENABLE | _SM0_CLKDIV_RESTART
    pio[_PIO_FDEBUG] = _SM0_TXSTALL
    if not pio[_PIO_FLEVEL] & _SM0_TX_LEVEL or anchor - timer[_TIMERAWL] <= 0:
        return False
    while anchor - timer[_TIMERAWL] > 0:
        pass
    pio[_SET + _PIO_CTRL] = enable
    return True


@micropython.viper
def _has_stalled() -> bool:
    return bool(ptr32(_PIO)[_PIO_FDEBUG] & _SM0_TXSTALL)


@micropython.viper
def _stalls_within(us: int) -> bool:
    """Start the machine with nothing to do and see whether it has noticed after some time."""
    pio = ptr32(_PIO)
    timer = ptr32(_TIMER)
    pio[_PIO_FDEBUG] = _SM0_TXSTALL
    pio[_SET + _PIO_CTRL] = _SM0_ENABLE | _SM0_CLKDIV_RESTART
    begun = timer[_TIMERAWL]
    while timer[_TIMERAWL] - begun < us:
        pass
    return bool(pio[_PIO_FDEBUG] & _SM0_TXSTALL)


class StepTrain:
    """One state machine, two DMA channels and four blocks; see ``thecal_fw.ports``."""

    BLOCK_PULSES = _BLOCK_PULSES
    LEAST_INTERVAL_TICKS = _OVERHEAD_TICKS

    def __init__(self):
        self._machine = rp2.StateMachine(
            0, _step_program, freq=_TICKS_PER_SECOND, sideset_base=Pin(pins.STEP, Pin.OUT, value=0)
        )
        self._program_start = _program_start()
        self._channels = (rp2.DMA(), rp2.DMA())
        self._first_channel = self._channels[0].channel
        self._second_channel = self._channels[1].channel
        # Behind the intervals of a block stands how many there are: one look-up less for each push.
        self._blocks = tuple(array("I", bytes(4 * (_BLOCK_PULSES + 1))) for _ in range(4))
        self._addresses = tuple(addressof(block) for block in self._blocks)
        self._is_playing = False
        self._is_loading = False
        self._queue = 0  # being filled; the other one plays while this one is loaded
        self._half = 0  # which of its two blocks is being filled
        # Stands for the block being filled while there is none. It is full, so a push into it is refused.
        self._no_block = array("I", bytes(4 * _BLOCK_PULSES))
        self._no_block.append(_BLOCK_PULSES)
        self._block = self._no_block
        self._released = 0  # blocks of the queue being loaded
        self._loaded_pulses = 0  # in the first of them
        self._loaded_pulses_behind = 0  # in the second
        self._first_end = 0  # where each channel stands once its block is played
        self._second_end = 0
        self.halt()
        self._first_tick = self._measure_first_tick()

    def _measure_first_tick(self):
        """Ticks from enabling the machine to its first instruction.

        How the clock divider begins after a restart is not documented to the cycle, so it is found out once.
        """
        state = machine.disable_irq()
        at_once = _stalls_within(_TICK_US // 2)
        self.halt()
        machine.enable_irq(state)
        return 0 if at_once else 1

    def has_room(self) -> bool:
        if self._is_loading:
            return self._released < 2
        if self._block is not self._no_block:
            return True
        if not self._is_playing:
            return False
        if self._half:
            is_free = _is_played(self._second_channel, self._second_end)
        else:
            is_free = _is_played(self._first_channel, self._first_end)
        if is_free:
            self._begin_block()
        return is_free

    @micropython.viper
    def push(self, interval_ticks: int):
        block = ptr32(self._block)
        pulses = block[_BLOCK_PULSES]
        if pulses >= _BLOCK_PULSES or interval_ticks < _OVERHEAD_TICKS:
            raise ValueError
        block[pulses] = interval_ticks - _OVERHEAD_TICKS
        block[_BLOCK_PULSES] = pulses + 1

    def release(self) -> None:
        pulses = self._block[_BLOCK_PULSES]
        if not pulses or self._block is self._no_block:
            return
        if self._is_loading:
            if self._half:
                self._loaded_pulses_behind = pulses
            else:
                self._loaded_pulses = pulses
            self._released += 1
        elif self._is_playing:
            self._queue_behind(pulses)
        self._half ^= 1
        if self._is_loading and self._released < 2:
            self._begin_block()
        else:
            self._block = self._no_block

    def _begin_block(self):
        block = self._blocks[2 * self._queue + self._half]
        block[_BLOCK_PULSES] = 0
        self._block = block

    def _queue_behind(self, pulses):
        address = self._addresses[2 * self._queue + self._half]
        if self._half:
            idle, playing = self._second_channel, self._first_channel
            self._second_end = address + 4 * pulses
        else:
            idle, playing = self._first_channel, self._second_channel
            self._first_end = address + 4 * pulses
        state = machine.disable_irq()
        _append(playing, idle, address, pulses)
        machine.enable_irq(state)

    def load(self) -> None:
        if not self._is_loading:
            self._queue ^= 1
        self._is_loading = True
        self._half = self._released = 0
        self._loaded_pulses = self._loaded_pulses_behind = 0
        self._begin_block()

    def start(self, anchor_s: int, anchor_us: int) -> bool:
        if not self._released or not _is_ahead(anchor_s, anchor_us, _LEAST_NOTICE_US, _LONGEST_WAIT_US):
            self.halt()
            return False
        first, second = self._first_channel, self._second_channel
        address, address_behind = self._addresses[2 * self._queue], self._addresses[2 * self._queue + 1]
        pulses, pulses_behind = self._loaded_pulses, self._loaded_pulses_behind
        self._first_end = address + 4 * pulses
        self._second_end = address_behind + 4 * pulses_behind
        # The words count from a machine that is under way already; only the first one starts from standing.
        self._blocks[2 * self._queue][0] += 1 - self._first_tick
        self._half = self._released & 1
        self._released = 0
        self._block = self._no_block
        # Waits in bytecode: what an interrupt schedules, as USB traffic does, runs here at its jumps. A wait in
        # native code would leave it to the masked section, which it makes late.
        while _is_ahead(anchor_s, anchor_us, _MASKED_US, _LONGEST_WAIT_US):
            pass
        state = machine.disable_irq()
        started = False
        if _wait_until(anchor_s, anchor_us - _REARM_US):
            _withdraw(first, second, self._program_start)
            _arm(first, address, pulses, second, address_behind, pulses_behind)
            started = _start_at(anchor_s, anchor_us)
        machine.enable_irq(state)
        if started:
            self._is_loading = False
            self._is_playing = True
        else:
            self.halt()
        return started

    @micropython.viper
    def halt(self):
        # Before anything that takes time: from here on there is no edge.
        ptr32(_PIO)[_CLEAR + _PIO_CTRL] = _SM0_ENABLE
        _withdraw(self._first_channel, self._second_channel, self._program_start)
        self._is_playing = False
        self._is_loading = False
        self._released = 0
        self._block = self._no_block

    def starved(self) -> bool:
        return self._is_playing and _has_stalled()
