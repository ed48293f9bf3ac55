"""The processor stands still until an interrupt is pending or an instant has come.

Promises: an instant that has passed is not slept through; no heap is touched; nothing is left enabled or pending.

Interrupts must be masked around it: what was looked at before must still hold when it begins. WFI ends on a pending
interrupt all the same, which then runs as soon as they are unmasked. The interrupt of the alarm is enabled in that
window only and withdrawn before its end, so it needs no handler; that of the button likewise.
"""

import micropython
from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micropython import ptr32  # type: ignore[attr-defined]

    def wfi() -> None: ...


_TIMER = const(0x4005_4000)
_TIMERAWL = const(0x28 >> 2)
_ALARM0 = const(0x10 >> 2)  # free: MicroPython uses alarm 2, the Pico SDK alarm 3
_ARMED = const(0x20 >> 2)
_INTR = const(0x34 >> 2)
_INTE_SET = const((0x2000 + 0x38) >> 2)
_INTE_CLEAR = const((0x3000 + 0x38) >> 2)
_INTS = const(0x40 >> 2)
_ALARM0_BIT = const(1 << 0)

# A second is 15,625 units of 64 us: constants of more than 16 bits are not written out, see steptrain.
_UNITS_PER_SECOND = const(15_625)
_UNIT_SHIFT = const(6)

_NVIC = const(0xE000_E100)
_ENABLE = const(0x000 >> 2)
_DISABLE = const(0x080 >> 2)
_WITHDRAW = const(0x180 >> 2)
_TIMER_IRQ_0_BIT = const(1 << 0)
_IO_IRQ_BIT = const(1 << 13)

_IO_BANK0 = const(0x4001_4000)
_INTE0_SET = const((0x2000 + 0x100) >> 2)
_INTE0_CLEAR = const((0x3000 + 0x100) >> 2)
_BUTTON_EDGES_SHIFT = const(30)  # see button
NO_EDGE = const(0)
BOTH_EDGES = const(3)


@micropython.asm_thumb
def _wait_for_interrupt():
    wfi()


@micropython.viper
def doze(s: int, us: int, edges: int) -> bool:
    """With interrupts masked: sleep until one is pending or the instant comes; whether it has come.

    The instant is less than half an hour ahead, or the same past. edges: of the button's line, that end the sleep too:
    BOTH_EDGES or NO_EDGE.
    """
    timer = ptr32(_TIMER)
    nvic = ptr32(_NVIC)
    instant = (s * _UNITS_PER_SECOND << _UNIT_SHIFT) + us
    if instant - timer[_TIMERAWL] <= 0:
        return True
    timer[_INTR] = _ALARM0_BIT
    timer[_INTE_SET] = _ALARM0_BIT
    timer[_ALARM0] = instant
    io = ptr32(_IO_BANK0)
    edges = edges << _BUTTON_EDGES_SHIFT
    io[_INTE0_SET] = edges
    nvic[_ENABLE] = _TIMER_IRQ_0_BIT | _IO_IRQ_BIT
    # Had the instant come before the alarm was armed, it would fire 71 minutes later.
    if instant - timer[_TIMERAWL] > 0:
        _wait_for_interrupt()
    timer[_ARMED] = _ALARM0_BIT
    timer[_INTE_CLEAR] = _ALARM0_BIT
    timer[_INTR] = _ALARM0_BIT
    # The line must have dropped before the pending bit is cleared, or it would be set again.
    while timer[_INTS] & _ALARM0_BIT:
        pass
    io[_INTE0_CLEAR] = edges
    nvic[_DISABLE] = _TIMER_IRQ_0_BIT | _IO_IRQ_BIT
    nvic[_WITHDRAW] = _TIMER_IRQ_0_BIT | _IO_IRQ_BIT
    return instant - timer[_TIMERAWL] <= 0
