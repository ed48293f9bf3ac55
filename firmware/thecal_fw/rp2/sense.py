"""Counter of the STEP edges that arrive at the motor driver, independent of the generator.

Promise: every rising edge on the sense pin is counted, in hardware, on a state machine of the other PIO block; reading
the count neither disturbs it nor touches the heap.
"""

import micropython
import rp2
from machine import Pin
from micropython import const

from thecal_fw.rp2 import pins

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micropython import ptr32  # type: ignore[attr-defined]
    from rp2.asm_pio import jmp, label, pin, wait, x_dec  # type: ignore[attr-defined]

_STATE_MACHINE = const(4)
"""The first one of PIO block 1."""
_SAMPLES_PER_SECOND = const(15_625_000)
"""A level is looked at every 64 ns: whatever a motor driver takes for a step is counted as one."""

_PIO = const(0x5030_0000)
_FSTAT = const(0x004 >> 2)
_RXF0 = const(0x020 >> 2)
_SM0_INSTR = const(0x0D8 >> 2)
_RX_EMPTY = const(1 << 8)
_IN_X_32 = const(0x4020)
_COUNT_BITS = const(30)


# x counts down from zero; where it wraps, the jump is not taken, but leads to the same place. Reading shifts x into
# the receive FIFO, which autopush makes a single instruction.
@rp2.asm_pio(autopush=True, push_thresh=32)
def _count_program():
    label("next")
    wait(0, pin, 0)
    wait(1, pin, 0)
    jmp(x_dec, "next")


class Sense:
    """See ``thecal_fw.ports``."""

    def __init__(self):
        self._machine = rp2.StateMachine(
            _STATE_MACHINE,
            _count_program,
            freq=_SAMPLES_PER_SECOND,
            in_base=Pin(pins.SENSE, Pin.IN, Pin.PULL_DOWN),
        )
        self._machine.exec("set(x, 0)")
        self._machine.active(1)

    @micropython.viper
    def count(self) -> int:
        pio = ptr32(_PIO)
        while not pio[_FSTAT] & _RX_EMPTY:
            stale = pio[_RXF0]  # noqa: F841 - reading it removes it
        pio[_SM0_INSTR] = _IN_X_32
        while pio[_FSTAT] & _RX_EMPTY:
            pass
        modulus = 1  # 2**30 is not written out as a constant: see steptrain
        modulus <<= _COUNT_BITS
        return (0 - pio[_RXF0]) & (modulus - 1)
