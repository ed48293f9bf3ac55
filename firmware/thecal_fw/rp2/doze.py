"""The processor stands still until an interrupt is pending or an instant has come.

Promises: an instant that has passed is not slept through; no heap is touched; nothing is left enabled or pending.

Interrupts must be masked around it: what was looked at before must still hold when it begins. WFI ends on a pending
interrupt all the same, which then runs as soon as they are unmasked. The interrupt of the alarm is enabled in that
window only and withdrawn before its end, so it needs no handler; that of the button likewise.
"""

import micropython
from micropython import const

from thecal_fw.rp2 import chip, pins

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micropython import ptr32  # type: ignore[attr-defined]

    def wfi() -> None: ...


# A second is 15,625 units of 64 us: constants of more than 16 bits are not written out, see steptrain.
_UNITS_PER_SECOND = const(15_625)
_UNIT_SHIFT = const(6)

_IRQS = const(chip.TIMER_IRQ_0 | chip.IO_IRQ_BANK0)
# As in ``button``.
_WORD = const(pins.BUTTON // chip.PINS_PER_INTR)
_EDGES_SHIFT = const(pins.BUTTON % chip.PINS_PER_INTR * chip.INTR_BITS_PER_PIN + chip.INTR_EDGES_SHIFT)
NO_EDGE = const(0)
BOTH_EDGES = const(chip.INTR_EDGES)


@micropython.asm_thumb
def _wait_for_interrupt():
    wfi()


@micropython.viper
def doze(s: int, us: int, edges: int) -> bool:
    """Sleep with interrupts masked, until one is pending or the instant comes; return True if the instant has come.

    The instant is less than half an hour ahead, or the same past. edges: of the button's line, that end the sleep too:
    BOTH_EDGES or NO_EDGE.
    """
    # Alarm 0 is free: MicroPython uses alarm 2, the Pico SDK alarm 3.
    timer = ptr32(chip.TIMER)
    nvic = ptr32(chip.NVIC)
    instant = (s * _UNITS_PER_SECOND << _UNIT_SHIFT) + us
    if instant - timer[chip.TIMERAWL] <= 0:
        return True
    timer[chip.TIMER_INTR] = chip.TIMER_ALARM0_BIT
    timer[chip.SET + chip.TIMER_INTE] = chip.TIMER_ALARM0_BIT
    timer[chip.TIMER_ALARM0] = instant
    io = ptr32(chip.IO_BANK0)
    edges = edges << _EDGES_SHIFT
    io[chip.SET + chip.PROC0_INTE0 + _WORD] = edges
    nvic[chip.NVIC_ENABLE] = _IRQS
    # Had the instant come before the alarm was armed, it would fire 71 minutes later.
    if instant - timer[chip.TIMERAWL] > 0:
        _wait_for_interrupt()
    timer[chip.TIMER_ARMED] = chip.TIMER_ALARM0_BIT
    timer[chip.CLEAR + chip.TIMER_INTE] = chip.TIMER_ALARM0_BIT
    timer[chip.TIMER_INTR] = chip.TIMER_ALARM0_BIT
    # The line must have dropped before the pending bit is cleared, or it would be set again.
    while timer[chip.TIMER_INTS] & chip.TIMER_ALARM0_BIT:
        pass
    io[chip.CLEAR + chip.PROC0_INTE0 + _WORD] = edges
    nvic[chip.NVIC_DISABLE] = _IRQS
    nvic[chip.NVIC_WITHDRAW] = _IRQS
    return instant - timer[chip.TIMERAWL] <= 0
