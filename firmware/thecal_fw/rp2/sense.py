"""Counter of the STEP edges that arrive at the motor driver, independent of the generator.

Promises: every pulse on the sense pin that lasts for 0.7 us is counted at its rising edge, in hardware, on a state
machine of the other PIO block; one of 0.5 us or less is a disturbance and is not. The count is written by DMA to
memory that outlives a watchdog reset: what it was at the instant of the reset stands there afterwards. Reading it
neither disturbs it nor touches the heap.
"""

import micropython
import rp2
from machine import Pin
from micropython import const

from thecal_fw.rp2 import chip, pins, retained

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micropython import ptr32  # type: ignore[attr-defined]
    from rp2.asm_pio import isr, jmp, label, mov, noblock, pin, push, wait, x, x_dec  # type: ignore[attr-defined]

_STATE_MACHINE = const(4)
"""The first one of PIO block 1."""
_SAMPLES_PER_SECOND = const(15_625_000)
"""A level is looked at every 64 ns."""
_SETTLING = const(8)
"""Cycles from the first look at a new level to the second one, less one: 576 ns. A driver that chops couples spikes of
24 to 128 ns into the wire, and 0.5 us is four times as long; the generator's pulses last 10 us, and a driver of the
A4988 class asks for 1 us."""

_MACHINE = const(_STATE_MACHINE % chip.MACHINES_PER_PIO)
_RXF = const(chip.PIO1 + chip.RXF0_BYTES + chip.WORD_BYTES * _MACHINE)
_DREQ = const(chip.DREQ_PIO1_RX0 + _MACHINE)
_WITHOUT_END = 0xFFFF_FFFF
"""Transfers: at the highest rate of a prime, 500 steps a second, they last for 270 years."""
_COUNT_BITS = const(30)


# x counts down from zero; where it wraps, the jump is not taken, but leads to the same place. Each new count is pushed,
# and taken away by DMA long before the next edge.
@rp2.asm_pio()
def _count_program():
    label("high")
    wait(0, pin, 0)[_SETTLING]
    jmp(pin, "high")
    label("low")
    wait(1, pin, 0)[_SETTLING]
    jmp(pin, "risen")
    jmp("low")
    label("risen")
    jmp(x_dec, "counted")
    label("counted")
    mov(isr, x)
    push(noblock)


class Sense:
    """See ``thecal_fw.ports``. Built once the retained memory has been read."""

    def __init__(self):
        self._machine = rp2.StateMachine(
            _STATE_MACHINE,
            _count_program,
            freq=_SAMPLES_PER_SECOND,
            in_base=Pin(pins.SENSE, Pin.IN, Pin.PULL_DOWN),
            jmp_pin=Pin(pins.SENSE),
        )
        self._mirror = rp2.DMA()
        self._control = self._mirror.pack_ctrl(
            size=2, inc_read=False, inc_write=False, treq_sel=_DREQ, irq_quiet=True
        )
        self.restart()

    def restart(self) -> None:
        """Count from zero again."""
        self._machine.active(0)
        self._mirror.active(0)
        while self._machine.rx_fifo():
            self._machine.get()
        self._machine.restart()
        self._machine.exec("set(x, 0)")
        retained.clear_count()
        self._mirror.config(
            read=_RXF,
            write=retained.COUNT_ADDRESS,
            count=_WITHOUT_END,
            ctrl=self._control,
            trigger=True,
        )
        self._machine.active(1)

    @micropython.viper
    def count(self) -> int:
        # Constants of more than 16 bits are not written out: see step_engine.
        kept = chip.STACK_HIGH
        kept <<= 16
        modulus = 1
        modulus <<= _COUNT_BITS
        return (0 - ptr32(kept)[retained.COUNT_WORD]) & (modulus - 1)
