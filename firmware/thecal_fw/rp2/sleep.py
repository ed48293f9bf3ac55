"""Sleep until an instant, until the host has sent something, or until the button moves.

Promises: the processor stands still meanwhile (WFI), which saves the battery; no wake-up is lost, whenever it comes; an
instant that has passed is not slept through; no heap is touched.

Why interrupts are masked around the sleep: what is looked at before it must still hold when it begins. WFI ends on a
pending interrupt all the same, which then runs as soon as they are unmasked. The interrupt of the alarm is enabled in
that window only and withdrawn before its end, so it needs no handler; that of the button likewise.
"""

import micropython
from machine import disable_irq, enable_irq
from micropython import const

from thecal_fw.rp2.button import moved

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

_PART_S = const(1_000)
"""Longest sleep in one go. The alarm compares 32 bits, 71 minutes; half of that must not be exceeded."""


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
    io = ptr32(_IO_BANK0)
    both_edges = 3
    both_edges = both_edges << _BUTTON_EDGES_SHIFT
    io[_INTE0_SET] = both_edges
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
    io[_INTE0_CLEAR] = both_edges
    nvic[_DISABLE] = _TIMER_IRQ_0_BIT | _IO_IRQ_BIT
    nvic[_WITHDRAW] = _TIMER_IRQ_0_BIT | _IO_IRQ_BIT
    return instant - timer[_TIMERAWL] <= 0


class Sleeper:
    """Sleeps on one port. The clock must have been read within the last half hour."""

    def __init__(self, clock, port):
        self._clock = clock
        self._port = port

    def sleep_until(self, s: int, us: int) -> None:
        """Return once the instant has come, a byte has arrived or the button's line has moved."""
        clock = self._clock
        while s - clock.s > _PART_S:
            if self._sleep_part(clock.s + _PART_S, 0):
                return
            clock.read()
        self._sleep_part(s, us)

    def _sleep_part(self, s, us):
        """Whether a byte has arrived, or the button's line has moved, before the instant."""
        port = self._port
        while True:
            state = disable_irq()
            if port.any() or moved():
                enable_irq(state)
                return True
            come = _doze(s, us)
            enable_irq(state)
            if come:
                return False
