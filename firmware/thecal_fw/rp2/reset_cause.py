"""Why the board was reset: by a bite of its watchdog, or by anything else.

Promise: a reset counts as a bite only if the watchdog's own timer caused it, while a program had it armed, and if no
program has run on the chip since. What outlived the reset is believed after a bite alone.

REASON by itself shows less than that. The boot ROM enters and leaves its USB boot loader by watchdog, and
`machine.reset()` and a reboot asked for by a tool use it as well; all of them keep the memory. The SDK therefore puts a
mark into scratch register 4 when a program arms the watchdog, and something else when it means to reboot (pico-sdk,
hardware_watchdog/watchdog.c). A debugger's reset of the processor and a soft reset at the prompt change neither
register: both leave what an earlier bite has left. A bit in SYSCFG shows the difference. A reset by the watchdog clears
it with all other peripherals, the SDK's start-up code spares it (pico_runtime_init), and it has no effect: it masks an
interrupt of processor 1 that nothing raises, and that processor is never started.
"""

import machine
from micropython import const

_REASON = const(0x4005_8008)
_REASON_TIMER = const(1 << 0)
_SCRATCH4 = const(0x4005_801C)
_ARMED_BY_A_PROGRAM = 0x6AB7_3121
_PROC1_NMI_MASK = const(0x4000_4004)
_LIFE_BEGUN = 0x8000_0000
"""Interrupt 31: the RP2040 has 26."""


def begin_life() -> bool:
    """Note that a program runs, and return True if a bite of the watchdog ended the one before. Called once, before the
    watchdog is armed."""
    has_begun = machine.mem32[_PROC1_NMI_MASK] & _LIFE_BEGUN
    machine.mem32[_PROC1_NMI_MASK] = _LIFE_BEGUN
    if has_begun or not machine.mem32[_REASON] & _REASON_TIMER:
        return False
    return machine.mem32[_SCRATCH4] & 0xFFFF_FFFF == _ARMED_BY_A_PROGRAM
