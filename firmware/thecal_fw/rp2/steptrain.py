"""The step generator: pulses played by PIO and DMA, with no help from the processor while they play.

Promises: the rising edges of STEP are apart by exactly the ticks pushed, the first one counted from the anchor,
whatever the processor does meanwhile; blocks follow one another without a gap; a queue that runs dry stands still
and says so, it never catches up; after ``halt`` there is no edge.

There are two *queues* of two blocks each, one block for each DMA channel: while one queue plays, the other can be
loaded beside it. What happens in the registers is in ``step_engine``.
"""

from array import array

import machine
import micropython
import rp2
from machine import Pin
from micropython import const
from uctypes import addressof

from thecal_fw.rp2 import pins, step_engine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micropython import ptr32  # type: ignore[attr-defined]

_TICKS_PER_SECOND = const(100_000)
_TICK_US = const(10)
_OVERHEAD_TICKS = const(4)
"""What the PIO program takes for a word of zero: pull, mov, the last jmp and the pulse."""
_BLOCK_PULSES = const(512)
_LONGEST_WAIT_US = const(50_000)
_LEAST_NOTICE_US = const(500)
_MASKED_US = const(2_000)
"""Interrupts are off from here to the anchor. What a full buffer of USB packets has scheduled by then takes less."""

# The one register that is written here, see ``step_engine``.
_PIO = const(0x5020_0000)
_CLEAR_CTRL = const(0x3000 >> 2)
_STATE_MACHINE_0 = const(1 << 0)


class StepTrain:
    """One state machine, two DMA channels and four blocks; see ``thecal_fw.ports``."""

    BLOCK_PULSES = _BLOCK_PULSES
    LEAST_INTERVAL_TICKS = _OVERHEAD_TICKS

    def __init__(self):
        self._machine = rp2.StateMachine(
            0, step_engine.step_program, freq=_TICKS_PER_SECOND, sideset_base=Pin(pins.STEP, Pin.OUT, value=0)
        )
        self._program_start = step_engine.program_start()
        self._channels = (rp2.DMA(), rp2.DMA())
        self._first_channel = self._channels[0].channel
        self._second_channel = self._channels[1].channel
        # What is handed over at a start, laid out as step_engine has it.
        self._plan = array("I", bytes(4 * step_engine.PLAN_WORDS))
        self._plan[2] = self._first_channel
        self._plan[3] = self._second_channel
        self._plan[4] = self._program_start
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
        at_once = step_engine.stalls_within(_TICK_US // 2)
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
            is_free = step_engine.is_played(self._second_channel, self._second_end)
        else:
            is_free = step_engine.is_played(self._first_channel, self._first_end)
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
        step_engine.append(playing, idle, address, pulses)
        machine.enable_irq(state)

    def load(self) -> None:
        if not self._is_loading:
            self._queue ^= 1
        self._is_loading = True
        self._half = self._released = 0
        self._loaded_pulses = self._loaded_pulses_behind = 0
        self._begin_block()

    def start(self, anchor_s: int, anchor_us: int) -> bool:
        if not self._released or not step_engine.is_ahead(
            anchor_s, anchor_us, _LEAST_NOTICE_US, _LONGEST_WAIT_US
        ):
            self.halt()
            return False
        address, address_behind = self._addresses[2 * self._queue], self._addresses[2 * self._queue + 1]
        pulses, pulses_behind = self._loaded_pulses, self._loaded_pulses_behind
        self._first_end = address + 4 * pulses
        self._second_end = address_behind + 4 * pulses_behind
        plan = self._plan
        plan[0], plan[1] = anchor_s, anchor_us
        plan[5], plan[6] = address, pulses
        plan[7], plan[8] = address_behind, pulses_behind
        # The words count from a machine that is under way already; only the first one starts from standing.
        self._blocks[2 * self._queue][0] += 1 - self._first_tick
        self._half = self._released & 1
        self._released = 0
        self._block = self._no_block
        # Waits in bytecode, so that USB traffic is served for as long as possible.
        while step_engine.is_ahead(anchor_s, anchor_us, _MASKED_US, _LONGEST_WAIT_US):
            pass
        # No jump in between, not even for a condition: there, what is scheduled would run, and make it late.
        state = machine.disable_irq()
        started = step_engine.take_over(plan)
        machine.enable_irq(state)
        if started:
            self._is_loading = False
            self._is_playing = True
        else:
            self.halt()
        return started

    @micropython.viper
    def halt(self):
        # Before anything that takes time, even a call: from here on there is no edge.
        ptr32(_PIO)[_CLEAR_CTRL] = _STATE_MACHINE_0
        step_engine.withdraw(self._first_channel, self._second_channel, self._program_start)
        self._is_playing = False
        self._is_loading = False
        self._released = 0
        self._block = self._no_block

    def starved(self) -> bool:
        return self._is_playing and step_engine.has_stalled()
