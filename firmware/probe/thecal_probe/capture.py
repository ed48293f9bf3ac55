"""Capture of edges by PIO and DMA: a record of each, with no help from the processor.

Promises: every edge on an input gets a number and, as long as the ring holds it, the value of the microsecond timer at
which it came; a record is late by less than half a microsecond, always by about the same; pulses of 100 ns and more are
seen; nothing is lost at a thousand edges a second for four seconds without the processor, and what is lost after
that is missing in the numbers.

How it works. Each input has a state machine that waits for the pin to change and raises a flag. A fourth one in the
same block takes the flag, and puts a running number and the levels of all three inputs into its FIFO. One DMA channel
moves that word into a ring and starts another one, which copies the timer into a second ring beside it and starts the
first one again. An edge that finds the FIFO full is not kept, but has had its number.
"""

import micropython
import rp2
from machine import Pin
from micropython import const
from uctypes import addressof

from thecal_probe import pins as wiring

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micropython import ptr32  # type: ignore[attr-defined]
    from rp2.asm_pio import in_, irq, jmp, label, noblock, pin, pins, push, wait, x, x_dec  # type: ignore[attr-defined]

_SAMPLES_PER_SECOND = const(62_500_000)
_RING_BITS = const(14)
_RING_BYTES = const(1 << _RING_BITS)
_RING_RECORDS = const(_RING_BYTES >> 2)
_RING_MASK = const(_RING_RECORDS - 1)
_NEVER_READ = const(64)
"""The oldest records of a full ring are not handed out: they may be overwritten meanwhile."""
_POSITION_MASK = const((1 << 30) - 1)

_DMA = const(0x5000_0000)
_WRITE_ADDR = const(0x04 >> 2)
_TIMERAWL = 0x4005_4028
_RXF3 = (0x5020_002C, 0x5030_002C)
_DREQ_RX3 = (7, 15)
_NO_PACING = const(0x3F)
_MACHINES_PER_BLOCK = const(4)


@rp2.asm_pio()
def _watch_program():
    wait(1, pin, 0)
    irq(0)
    wait(0, pin, 0)
    irq(0)


# x counts down from zero; where it wraps, the jump is not taken, but leads to the same place.
@rp2.asm_pio(in_shiftdir=rp2.PIO.SHIFT_LEFT, fifo_join=rp2.PIO.JOIN_RX)
def _collect_program():
    label("next")
    wait(1, irq, 0)  # pyright: ignore[reportArgumentType]
    in_(x, 29)
    in_(pins, 3)
    push(noblock)
    jmp(x_dec, "next")


@micropython.viper
def _written_words(channel: int) -> int:
    """Return where in its ring a channel writes next, in words."""
    return (int(ptr32(_DMA)[(channel << 4) + _WRITE_ADDR]) >> 2) & _RING_MASK


@micropython.viper
def _copy(times: int, words: int, begin: int, count: int, buffer):
    target = ptr32(buffer)
    time_ring = ptr32(times)
    word_ring = ptr32(words)
    for index in range(count):
        place = (begin + index) & _RING_MASK
        target[2 * index] = time_ring[place]
        # Kept as it counts: downwards, and so negative.
        target[2 * index + 1] = word_ring[place]


class Group:
    """Three neighbouring inputs on one PIO block, with rings of ``_RING_BYTES`` at two aligned addresses."""

    def __init__(self, block: int, first_pin: int, words_address: int, times_address: int):
        self._words, self._times = words_address, times_address
        self._captured = 0
        first = block * _MACHINES_PER_BLOCK
        for offset in range(wiring.INPUTS_PER_GROUP):
            Pin(first_pin + offset, Pin.IN, Pin.PULL_DOWN)
        self._collector = rp2.StateMachine(
            first + 3, _collect_program, freq=_SAMPLES_PER_SECOND, in_base=Pin(first_pin)
        )
        self._watchers = [
            rp2.StateMachine(
                first + offset, _watch_program, freq=_SAMPLES_PER_SECOND, in_base=Pin(first_pin + offset)
            )
            for offset in range(wiring.INPUTS_PER_GROUP)
        ]
        self._move, self._stamp = rp2.DMA(), rp2.DMA()
        self._stamp_channel = self._stamp.channel
        self._start(block)

    def _start(self, block):
        move, stamp = self._move, self._stamp
        stamp.config(
            read=_TIMERAWL,
            write=self._times,
            count=1,
            ctrl=self._control(stamp, _NO_PACING, move),
            trigger=False,
        )
        move.config(
            read=_RXF3[block],
            write=self._words,
            count=1,
            ctrl=self._control(move, _DREQ_RX3[block], stamp),
            trigger=True,
        )
        self._collector.exec("set(x, 0)")
        self._collector.active(1)
        for watcher in self._watchers:
            watcher.active(1)

    def _control(self, channel, paced_by, then):
        return channel.pack_ctrl(
            size=2,
            inc_read=False,
            inc_write=True,
            ring_sel=True,
            ring_size=_RING_BITS,
            treq_sel=paced_by,
            chain_to=then.channel,
            irq_quiet=True,
        )

    def captured(self) -> int:
        """Return the position behind the newest record. Asked at least once for each time the ring goes round."""
        advance = (_written_words(self._stamp_channel) - self._captured) & _RING_MASK
        self._captured = (self._captured + advance) & _POSITION_MASK
        return self._captured

    def read_into(self, position: int, buffer, most: int):
        """Copy up to ``most`` records from a position on; the position of the first one and how many there are.

        A position that is no longer there, or not there yet, is taken for the oldest that is kept, or for the newest.
        """
        captured = self.captured()
        waiting = (captured - position) & _POSITION_MASK
        if waiting > _POSITION_MASK >> 1:
            waiting = 0
        waiting = min(
            waiting, captured if captured < _RING_RECORDS else _RING_RECORDS, _RING_RECORDS - _NEVER_READ
        )
        position = (captured - waiting) & _POSITION_MASK
        count = min(waiting, most)
        _copy(self._times, self._words, position, count, buffer)
        return position, count


def groups():
    """Return all inputs, capturing from now on."""
    memory = bytearray((2 * wiring.GROUPS + 1) * _RING_BYTES)
    ring = (addressof(memory) + _RING_BYTES - 1) & ~(_RING_BYTES - 1)
    made = []
    for block in range(wiring.GROUPS):
        first_pin = wiring.FIRST_INPUT + block * wiring.INPUTS_PER_GROUP
        made.append(Group(block, first_pin, ring, ring + _RING_BYTES))
        ring += 2 * _RING_BYTES
    # The rings live as long as this is kept.
    return made, memory
