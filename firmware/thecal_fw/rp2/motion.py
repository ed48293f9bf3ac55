"""Counter of the shaft encoder's edges, up and down: one for each microstep that the motor has turned.

Promises: every edge is counted in hardware once its level has lasted for 17 us; a disturbance of 15 us or less is none.
Reading the count neither disturbs it nor touches the heap.
"""

import micropython
import rp2
from machine import Pin
from micropython import const

from thecal_fw.rp2 import chip, pins

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micropython import ptr32  # type: ignore[attr-defined]
    from rp2.asm_pio import jmp, label, pin, wait, x_dec  # type: ignore[attr-defined]

_STATE_MACHINE = const(6)
"""The third one of PIO block 1."""
_SAMPLES_PER_SECOND = const(1_000_000)
_SETTLING = const(15)
"""Cycles from the first look at a new level to the second one, less one: 16 us. The shaft turns no more than 500
microsteps a second, 2,000 us each; what is shorter than 15 us is no edge of an encoder."""

_MACHINE = const(_STATE_MACHINE % chip.MACHINES_PER_PIO)
_RXF = const(chip.RXF0 + _MACHINE)
_INSTR = const(chip.SM0_INSTR + _MACHINE * chip.MACHINE_WORDS)
_RX_EMPTY = const(chip.SM0_RX_EMPTY << _MACHINE)
_COUNT_BITS = const(30)


# x counts down from zero; where it wraps, the jump is not taken, but leads to the same place.
@rp2.asm_pio(autopush=True, push_thresh=32)
def _count_program():
    label("low")
    wait(1, pin, 0)[_SETTLING]
    jmp(pin, "risen")
    jmp("low")
    label("risen")
    jmp(x_dec, "high")
    label("high")
    wait(0, pin, 0)[_SETTLING]
    jmp(pin, "high")
    jmp(x_dec, "low")


class Motion:
    """See ``thecal_fw.ports``. Where there is no encoder nothing is set up, and nobody asks."""

    def __init__(self):
        self._begun = 0
        if pins.HAS_MOTION:
            self._begin()

    def _begin(self):
        sensor = Pin(pins.MOTION, Pin.IN, Pin.PULL_DOWN)
        self._machine = rp2.StateMachine(
            _STATE_MACHINE, _count_program, freq=_SAMPLES_PER_SECOND, in_base=sensor, jmp_pin=sensor
        )
        self._machine.exec("set(x, 0)")
        self._machine.active(1)
        # The encoder may stand at either level. At the high one the program counts an edge that was none.
        if sensor.value():
            self._begun = 1

    @micropython.viper
    def count(self) -> int:
        pio = ptr32(chip.PIO1)
        while not pio[chip.PIO_FSTAT] & _RX_EMPTY:
            stale = pio[_RXF]  # noqa: F841 - reading it removes it
        pio[_INSTR] = chip.IN_X_32
        while pio[chip.PIO_FSTAT] & _RX_EMPTY:
            pass
        modulus = 1  # 2**30 is not written out as a constant: see step_engine
        modulus <<= _COUNT_BITS
        return (0 - pio[_RXF] - int(self._begun)) & (modulus - 1)
