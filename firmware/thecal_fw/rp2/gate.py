"""The dose gate: a PIO program of its own that takes the driver's enable away when all that was granted is used up.

Promises: it counts what arrives on the sense pin, on the other PIO block than the step generator; from the last edge
granted it takes less than a microsecond until the enable line is high, with no help from the processor; once it
has tripped nothing but ``arm`` opens it, and a grant that comes too late does not. A grant that finds no room in the
FIFO is refused, since the FIFO would lose it in silence.

The gate holds the enable line by side-set. The driver's own say is an override of the same pin, see ``driver``.
"""

import micropython
import rp2
from machine import Pin
from micropython import const

from thecal_fw.rp2 import pins

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micropython import ptr32  # type: ignore[attr-defined]
    from rp2.asm_pio import block, jmp, label, mov, noblock, not_x, osr, pin, pull, wait, x, x_dec  # type: ignore

_STATE_MACHINE = const(5)
"""The second one of PIO block 1."""
_SAMPLES_PER_SECOND = const(15_625_000)
_SETTLING = const(8)
"""As the sense counter looks, so that both see the same edges."""

_PIO = const(0x5030_0000)
_CTRL = const(0x000 >> 2)
_FLEVEL = const(0x00C >> 2)
_TXF1 = const(0x014 >> 2)
_SM1_SHIFTCTRL = const(0x0E8 >> 2)
_SM1_ADDR = const(0x0EC >> 2)
_SM1_INSTR = const(0x0F0 >> 2)
_TOGGLE = const(0x1000 >> 2)
_SET = const(0x2000 >> 2)
_CLEAR = const(0x3000 >> 2)
_SM1_ENABLE = const(1 << 1)
_SM1_RESTART = const(1 << 5)
_FJOIN_RX_BIT = const(31)
_SM1_TX_LEVEL_SHIFT = const(8)
_TX_LEVEL = const(0xF)
_FIFO_WORDS = const(8)
_JUMP_WITH_ENABLE_HIGH = const(0x1000)
"""A jump, with the side-set bit that holds the enable line high; the address is added."""
_TRAP = const(13)
"""Where the trap stands in the program."""


# Exhausted and nothing granted behind: x is 0, and so is what an empty FIFO gives, so the program falls into the trap.
@rp2.asm_pio(sideset_init=rp2.PIO.OUT_HIGH, fifo_join=rp2.PIO.JOIN_TX)
def _gate_program():
    pull(block).side(1)
    mov(x, osr).side(1)
    label("next")
    jmp(not_x, "more").side(0)
    label("high")
    wait(0, pin, 0).side(0)[_SETTLING]
    jmp(pin, "high").side(0)
    label("low")
    wait(1, pin, 0).side(0)[_SETTLING]
    jmp(pin, "risen").side(0)
    jmp("low").side(0)
    label("risen")
    jmp(x_dec, "next").side(0)
    label("more")
    pull(noblock).side(0)
    mov(x, osr).side(0)
    jmp(not_x, "trap").side(0)
    jmp("next").side(0)
    label("trap")
    jmp("trap").side(1)


@micropython.viper
def _program_start() -> int:
    return int(ptr32(_PIO)[_SM1_ADDR])


@micropython.viper
def _shut(program_start: int):
    pio = ptr32(_PIO)
    pio[_CLEAR + _CTRL] = _SM1_ENABLE
    # Executed at once, also while the machine stands still: its side-set takes the enable away.
    pio[_SM1_INSTR] = _JUMP_WITH_ENABLE_HIGH | program_start
    # Two changes of how the FIFOs are joined empty them.
    join = 1
    join <<= _FJOIN_RX_BIT
    pio[_TOGGLE + _SM1_SHIFTCTRL] = join
    pio[_TOGGLE + _SM1_SHIFTCTRL] = join
    pio[_SET + _CTRL] = _SM1_RESTART


@micropython.viper
def _open(steps: int):
    pio = ptr32(_PIO)
    pio[_TXF1] = steps
    pio[_SET + _CTRL] = _SM1_ENABLE


@micropython.viper
def _push(steps: int):
    ptr32(_PIO)[_TXF1] = steps


@micropython.viper
def _has_room() -> bool:
    return (ptr32(_PIO)[_FLEVEL] >> _SM1_TX_LEVEL_SHIFT) & _TX_LEVEL < _FIFO_WORDS


@micropython.viper
def _is_open() -> bool:
    return bool(ptr32(_PIO)[_CTRL] & _SM1_ENABLE)


@micropython.viper
def _stands_at(address: int) -> bool:
    return int(ptr32(_PIO)[_SM1_ADDR]) == address


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
        if steps <= 0:
            raise ValueError
        _shut(self._program_start)
        _open(steps)

    def grant(self, steps: int) -> bool:
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

    def has_tripped(self) -> bool:
        return _stands_at(self._trap)
