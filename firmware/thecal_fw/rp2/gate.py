"""The dose gate: a PIO program of its own that takes the driver's enable away when all that was granted is used up.

Promises: it counts what arrives on the sense pin, on the other PIO block than the step generator; from the last edge
granted it takes less than a microsecond until the enable line is off, with no help from the processor; once it
has tripped nothing but ``arm`` opens it, and a grant that comes too late does not. A grant that finds no room in the
FIFO is refused, since the FIFO would lose it in silence.

The gate holds the enable line by side-set. The driver's own say is an override of the same pin, see ``driver``.
"""

import micropython
import rp2
from machine import Pin
from micropython import const

from thecal_fw.rp2 import chip, pins

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micropython import ptr32  # type: ignore[attr-defined]
    from rp2.asm_pio import block, jmp, label, mov, noblock, not_x, osr, pin, pull, wait, x, x_dec  # type: ignore

_STATE_MACHINE = const(5)
"""The second one of PIO block 1."""
_SAMPLES_PER_SECOND = const(15_625_000)
_SETTLING = const(8)
"""As the sense counter looks, so that both see the same edges."""

_MACHINE = const(_STATE_MACHINE % chip.MACHINES_PER_PIO)
_TXF = const(chip.TXF0 + _MACHINE)
_SHIFTCTRL = const(chip.SM0_SHIFTCTRL + _MACHINE * chip.MACHINE_WORDS)
_ADDR = const(chip.SM0_ADDR + _MACHINE * chip.MACHINE_WORDS)
_INSTR = const(chip.SM0_INSTR + _MACHINE * chip.MACHINE_WORDS)
_ENABLE = const(chip.SM0_ENABLE << _MACHINE)
_RESTART = const(chip.SM0_RESTART << _MACHINE)
_TX_LEVEL_SHIFT = const(_MACHINE << chip.FLEVEL_SHIFT)
_ON = const(pins.ENABLE_ON)
_OFF = const(1 - pins.ENABLE_ON)
_JUMP_WITH_MOTOR_OFF = const(_OFF << chip.SIDE_SET_BIT_SHIFT)
"""A jump, with the side-set bit for the level of the enable line at which the motor is off; the address is added."""
_TRAP = const(13)
"""Where the trap stands in the program."""


# Exhausted and nothing granted behind: x is 0, and so is what an empty FIFO gives, so the program falls into the trap.
@rp2.asm_pio(sideset_init=rp2.PIO.OUT_HIGH if _OFF else rp2.PIO.OUT_LOW, fifo_join=rp2.PIO.JOIN_TX)
def _gate_program():
    pull(block).side(_OFF)
    mov(x, osr).side(_OFF)
    label("next")
    jmp(not_x, "more").side(_ON)
    label("high")
    wait(0, pin, 0).side(_ON)[_SETTLING]
    jmp(pin, "high").side(_ON)
    label("low")
    wait(1, pin, 0).side(_ON)[_SETTLING]
    jmp(pin, "risen").side(_ON)
    jmp("low").side(_ON)
    label("risen")
    jmp(x_dec, "next").side(_ON)
    label("more")
    pull(noblock).side(_ON)
    mov(x, osr).side(_ON)
    jmp(not_x, "trap").side(_ON)
    jmp("next").side(_ON)
    label("trap")
    jmp("trap").side(_OFF)


@micropython.viper
def _program_start() -> int:
    return int(ptr32(chip.PIO1)[_ADDR])


@micropython.viper
def _shut(program_start: int):
    pio = ptr32(chip.PIO1)
    pio[chip.CLEAR + chip.PIO_CTRL] = _ENABLE
    # Executed at once, also while the machine stands still: its side-set takes the enable away.
    pio[_INSTR] = _JUMP_WITH_MOTOR_OFF | program_start
    # Two changes of how the FIFOs are joined empty them.
    join = 1
    join <<= chip.FJOIN_RX_BIT
    pio[chip.TOGGLE + _SHIFTCTRL] = join
    pio[chip.TOGGLE + _SHIFTCTRL] = join
    pio[chip.SET + chip.PIO_CTRL] = _RESTART


@micropython.viper
def _open(steps: int):
    pio = ptr32(chip.PIO1)
    pio[_TXF] = steps
    pio[chip.SET + chip.PIO_CTRL] = _ENABLE


@micropython.viper
def _push(steps: int):
    ptr32(chip.PIO1)[_TXF] = steps


@micropython.viper
def _has_room() -> bool:
    return (ptr32(chip.PIO1)[chip.PIO_FLEVEL] >> _TX_LEVEL_SHIFT) & chip.TX_LEVEL < chip.JOINED_FIFO_WORDS


@micropython.viper
def _is_open() -> bool:
    return bool(ptr32(chip.PIO1)[chip.PIO_CTRL] & _ENABLE)


class DoseGate:
    """See ``thecal_fw.ports``."""

    def __init__(self):
        self._machine = rp2.StateMachine(
            _STATE_MACHINE,
            _gate_program,
            freq=_SAMPLES_PER_SECOND,
            in_base=Pin(pins.SENSE, Pin.IN, Pin.PULL_DOWN),
            jmp_pin=Pin(pins.SENSE),
            sideset_base=Pin(pins.ENABLE),
        )
        self._program_start = _program_start()
        self._trap = self._program_start + _TRAP
        self.close()

    def arm(self, steps: int) -> None:
        """Arm the gate; raise ValueError unless it is for one step at least."""
        if steps <= 0:
            raise ValueError
        _shut(self._program_start)
        _open(steps)

    def grant(self, steps: int) -> bool:
        """Grant more steps; raise ValueError unless it is one at least."""
        if steps <= 0:
            raise ValueError
        if not _is_open() or self.has_tripped():
            return True
        if not _has_room():
            return False
        # Should it trip just now, the word stays where nothing ever takes it before the next ``arm`` empties the FIFO.
        _push(steps)
        return True

    def close(self) -> None:
        _shut(self._program_start)

    @micropython.viper
    def has_tripped(self) -> bool:
        return int(ptr32(chip.PIO1)[_ADDR]) == int(self._trap)
