"""Sleep until an instant or until the host has sent something, as the pump does, which also wakes for its button.

Promises: the processor stands still meanwhile (WFI); no wake-up is lost, whenever it comes; an instant that has passed
is not slept through. What is looked at before the sleep must still hold when it begins, so interrupts are masked.
"""

import micropython
from machine import disable_irq, enable_irq
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

# A second is 15,625 units of 64 us: constants of more than 16 bits are not written out in native code.
_UNITS_PER_SECOND = const(15_625)
_UNIT_SHIFT = const(6)

_NVIC = const(0xE000_E100)
_ENABLE = const(0x000 >> 2)
_DISABLE = const(0x080 >> 2)
_WITHDRAW = const(0x180 >> 2)
_TIMER_IRQ_0_BIT = const(1 << 0)


@micropython.asm_thumb
def _wait_for_interrupt():
    wfi()


@micropython.viper
def _doze(s: int, us: int) -> bool:
    """With interrupts masked: sleep until one is pending or the instant comes; whether it has come."""
    timer = ptr32(_TIMER)
    nvic = ptr32(_NVIC)
    instant = (s * _UNITS_PER_SECOND << _UNIT_SHIFT) + us
    if instant - timer[_TIMERAWL] <= 0:
        return True
    timer[_INTR] = _ALARM0_BIT
    timer[_INTE_SET] = _ALARM0_BIT
    timer[_ALARM0] = instant
    nvic[_ENABLE] = _TIMER_IRQ_0_BIT
    # Had the instant come before the alarm was armed, it would fire 71 minutes later.
    if instant - timer[_TIMERAWL] > 0:
        _wait_for_interrupt()
    timer[_ARMED] = _ALARM0_BIT
    timer[_INTE_CLEAR] = _ALARM0_BIT
    timer[_INTR] = _ALARM0_BIT
    # The line must have dropped before the pending bit is cleared, or it would be set again.
    while timer[_INTS] & _ALARM0_BIT:
        pass
    nvic[_DISABLE] = _TIMER_IRQ_0_BIT
    nvic[_WITHDRAW] = _TIMER_IRQ_0_BIT
    return instant - timer[_TIMERAWL] <= 0


def sleep_until(port, s: int, us: int) -> None:
    """Return once the instant, less than half an hour ahead, has come or a byte has arrived."""
    while True:
        state = disable_irq()
        if port.any():
            enable_irq(state)
            return
        come = _doze(s, us)
        enable_irq(state)
        if come:
            return
