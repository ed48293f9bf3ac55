"""The step generator: pulses played by PIO and DMA, with no help from the processor while they play.

Promises: the rising edges of STEP are apart by exactly the ticks pushed, the first one counted from the anchor,
whatever the processor does meanwhile; blocks follow one another without a gap; a queue that runs dry stands still
and says so, it never catches up; a take-over that comes late leaves what plays as it is; after ``halt`` there is no
edge; ``start`` takes as long on a heap in pieces as on an empty one.

There are two *queues*, each with a state machine, two DMA channels and two blocks of its own, one block for each
channel: while one queue plays, the other can be loaded and armed beside it. What happens in the registers is in
``step_engine``.

``start`` allocates nothing. MicroPython puts the locals of a larger function in bytecode on the heap, and where that is
full of small pieces, as on a stock board, the search for room takes a third of a millisecond or more for each call.
Native code has them on the stack.
"""

from array import array

import machine
import micropython
import rp2
from machine import Pin
from micropython import const
from uctypes import addressof

from thecal_fw.rp2 import chip, pins, step_engine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micropython import ptr32  # type: ignore[attr-defined]

_TICKS_PER_SECOND = const(100_000)
_TICK_US = const(10)
_OVERHEAD_TICKS = const(4)
"""What the PIO program takes for a word of zero: pull, mov, the last jmp and the pulse."""
# Words of a block: intervals in it, the most that it holds, and the first of them.
_COUNT = const(0)
_MOST = const(1)
_FIRST = const(2)
_LONGEST_WAIT_US = const(1_000_000)
_MASKED_US = const(5_000)
"""Interrupts are off from here to the anchor. What a full buffer of USB packets has scheduled by then takes 2 ms at
most with a warm flash cache; should it take longer than this, the take-over is late and leaves things as they are."""
_BOTH_MACHINES = const(chip.SM0_ENABLE | chip.SM0_ENABLE << 1)
_UNITS_PER_SECOND = const(15_625)
_UNIT_SHIFT = const(6)

_DRY_RUN_US = const(4_000)
_DRY_RUN_TICKS = const(30_000)
"""The pulse that a dry run loads is due long after the end of that."""


class StepTrain:
    """Two state machines, four DMA channels and four blocks; see ``thecal_fw.ports``. ``push`` raises ValueError for an
    interval that is too short, or one more than a block holds."""

    LEAST_INTERVAL_TICKS = _OVERHEAD_TICKS

    def __init__(self, block_pulses: int):
        self.block_pulses = block_pulses
        step = Pin(pins.STEP, Pin.OUT, value=0)
        self._machines = tuple(
            rp2.StateMachine(number, step_engine.step_program, freq=_TICKS_PER_SECOND, sideset_base=step)
            for number in range(2)
        )
        self._program_start = step_engine.program_start()
        self._dma = tuple(rp2.DMA() for _ in range(4))
        # Of each block: its channel, and where that stands once the block is played.
        self._channels = tuple(dma.channel for dma in self._dma)
        self._ends = [0] * 4
        self._plan = array("I", bytes(4 * step_engine.PLAN_WORDS))
        # Before the intervals of a block stands how many there are and how many it holds: fewer look-ups for a push.
        self._blocks = tuple(array("I", bytes(4 * (_FIRST + block_pulses))) for _ in range(4))
        for block in self._blocks:
            block[_MOST] = block_pulses
        self._addresses = tuple(addressof(block) + 4 * _FIRST for block in self._blocks)
        self._halted = array("I", bytes(4))
        self._is_playing = False
        self._is_loading = False
        self._queue = 0  # the one that plays; the other one is loaded
        self._half = 0  # which of its two blocks is filled next
        # Stands for the block being filled while there is none. It is full, so a push into it is refused.
        self._no_block = array("I", (0, 0))
        self._block = self._no_block
        self._released = 0  # blocks of the queue being loaded
        self._loaded_pulses = 0  # in the first of them
        self._loaded_pulses_behind = 0  # in the second
        self.margin_us = 0
        self.masked_us = 0
        self.late_us = 0
        self.halt()
        self._first_tick = self._measure_first_tick()
        self.take_over_us = self._measure_take_over()

    def _measure_first_tick(self):
        """Return ticks from enabling a machine to its first instruction.

        How the clock divider begins after a restart is not documented to the cycle, so it is found out once.
        """
        state = machine.disable_irq()
        at_once = step_engine.stalls_within(_TICK_US // 2)
        self.halt()
        machine.enable_irq(state)
        return 0 if at_once else 1

    def _measure_take_over(self):
        """Return microseconds from a call of ``start`` until nothing but the wait for the anchor is left to do.

        The flash cache is as cold as it will ever be: nothing of this has run before. USB traffic may come in between,
        as it may later.
        """
        self.load()
        self.push(_DRY_RUN_TICKS)
        self.release()
        anchor_us = _DRY_RUN_US - step_engine.microseconds_until(0, 0)
        self.start(anchor_us // 1_000_000, anchor_us % 1_000_000)
        self.halt()
        return _DRY_RUN_US - self.masked_us

    def has_room(self) -> bool:
        if self._is_loading:
            return self._released < 2
        if self._block is not self._no_block:
            return True
        if not self._is_playing:
            return False
        slot = 2 * self._queue + self._half
        is_free = step_engine.is_played(self._channels[slot], self._ends[slot])
        if is_free:
            self._begin_block(slot)
        return is_free

    @micropython.viper
    def push(self, interval_ticks: int):
        block = ptr32(self._block)
        pulses = block[_COUNT]
        if pulses >= block[_MOST] or interval_ticks < _OVERHEAD_TICKS:
            raise ValueError
        block[_FIRST + pulses] = interval_ticks - _OVERHEAD_TICKS
        block[_COUNT] = pulses + 1

    def release(self) -> None:
        pulses = self._block[_COUNT]
        if not pulses or self._block is self._no_block:
            return
        if self._is_loading:
            self._release_loaded(pulses)
            return
        if self._is_playing:
            self._queue_behind(pulses)
        self._half ^= 1
        self._block = self._no_block

    def _release_loaded(self, pulses):
        self._block = self._no_block
        self._released += 1
        if self._released == 1:
            self._loaded_pulses = pulses
            self._begin_block(2 * (self._queue ^ 1) + 1)
        else:
            self._loaded_pulses_behind = pulses

    def _begin_block(self, slot):
        block = self._blocks[slot]
        block[_COUNT] = 0
        self._block = block

    def _queue_behind(self, pulses):
        slot = 2 * self._queue + self._half
        address = self._addresses[slot]
        self._ends[slot] = address + 4 * pulses
        idle, playing = self._channels[slot], self._channels[slot ^ 1]
        state = machine.disable_irq()
        step_engine.append(self._queue, playing, idle, address, pulses)
        machine.enable_irq(state)

    def load(self) -> None:
        self._is_loading = True
        self._released = 0
        self._loaded_pulses = self._loaded_pulses_behind = 0
        self._begin_block(2 * (self._queue ^ 1))

    def unload(self) -> None:
        self._is_loading = False
        self._released = 0
        self._block = self._no_block

    def start(self, anchor_s: int, anchor_us: int) -> bool:
        until = step_engine.microseconds_until
        if not 0 < until(anchor_s, anchor_us) <= _LONGEST_WAIT_US or not self._prepare(anchor_s, anchor_us):
            self.unload()
            return False
        # Waits in bytecode, so that USB traffic is served for as long as possible.
        while until(anchor_s, anchor_us) > _MASKED_US:
            pass
        return self._exchange()

    @micropython.native
    def _prepare(self, anchor_s, anchor_us):
        """Set up all that a take-over at an anchor needs; return whether one is possible."""
        if not self._released or not self._arm_loaded():
            return False
        plan = self._plan
        plan[step_engine.PLAN_ANCHOR_S] = anchor_s
        plan[step_engine.PLAN_ANCHOR_US] = anchor_us
        plan[step_engine.PLAN_MACHINE] = self._queue ^ 1
        self.margin_us = step_engine.microseconds_until(anchor_s, anchor_us)
        return True

    @micropython.native
    def _exchange(self):
        """Have the loaded queue take over as planned, once there is little left to wait; return whether it has."""
        plan = self._plan
        queue = self._queue ^ 1
        # In bytecode what is scheduled would run at any jump in between, and make it late.
        state = machine.disable_irq()
        masked_us = step_engine.take_over(plan)
        machine.enable_irq(state)
        self.masked_us = masked_us
        if not masked_us:
            self._withdraw(queue)
            self.unload()
            return False
        self._withdraw(queue ^ 1)
        self.late_us = plan[step_engine.PLAN_LATE_US]
        self._queue = queue
        self._half = self._released & 1
        self._is_playing = True
        self.unload()
        return True

    @micropython.native
    def _arm_loaded(self):
        """Set the machine of the loaded queue up, so that it only has to be enabled."""
        queue = self._queue ^ 1
        first = 2 * queue
        behind = first + 1
        pulses, pulses_behind = self._loaded_pulses, self._loaded_pulses_behind
        self._ends[first] = self._addresses[first] + 4 * pulses
        self._ends[behind] = self._addresses[behind] + 4 * pulses_behind
        # The words count from a machine that is under way already; only the first one starts from standing.
        self._blocks[first][_FIRST] += 1 - self._first_tick
        self._withdraw(queue)
        return step_engine.arm(
            queue,
            self._channels[first],
            self._addresses[first],
            pulses,
            self._channels[behind],
            self._addresses[behind],
            pulses_behind,
        )

    @micropython.native
    def _withdraw(self, queue):
        step_engine.withdraw(
            queue, self._channels[2 * queue], self._channels[2 * queue + 1], self._program_start
        )

    @micropython.viper
    def halt(self):
        # Before anything that takes time, even a call: from here on there is no edge.
        ptr32(chip.PIO0)[chip.CLEAR + chip.PIO_CTRL] = _BOTH_MACHINES
        ptr32(self._halted)[0] = ptr32(chip.TIMER)[chip.TIMERAWL]
        step_engine.fall(self._program_start)
        self._withdraw(0)
        self._withdraw(1)
        self._is_playing = False
        self.unload()

    @micropython.viper
    def since_halt_us(self, s: int, us: int) -> int:
        return (s * _UNITS_PER_SECOND << _UNIT_SHIFT) + us - ptr32(self._halted)[0]

    @micropython.viper
    def starved(self) -> bool:
        if not self._is_playing:
            return False
        return bool(ptr32(chip.PIO0)[chip.PIO_FDEBUG] & (chip.SM0_TXSTALL << int(self._queue)))
