"""The cause of the board's reset: by a bite of its watchdog, or by anything else.

Promise: a reset counts as a bite only if the watchdog's own timer caused it, while a program had it armed, and if no
program has run on the chip since. What outlived the reset is believed after a bite alone.

REASON by itself shows less than that. The boot ROM enters and leaves its USB boot loader by watchdog, and
`machine.reset()` and a reboot asked for by a tool use it as well; all of them keep the memory. The SDK therefore puts a
mark into scratch register 4 when a program arms the watchdog, and something else when it means to reboot (pico-sdk,
hardware_watchdog/watchdog.c). A debugger's reset of the processor and a soft reset at the prompt change neither
register: both leave what an earlier bite has left. A bit in SYSCFG shows the difference. A reset by the watchdog clears
it with all other peripherals, and neither the SDK's start-up code (pico_runtime_init) nor the boot ROM touches it. The
masks of interrupts in the same peripheral would not do: the boot ROM clears both at every start (bootrom_rt0.S, _nmi).
The bit has no effect: it has the processor's own reads of a pin bypass their synchroniser, and that pin is never read
as an input.
"""

import machine
from micropython import const

from thecal_fw.rp2 import chip, pins

_ARMED_BY_A_PROGRAM = 0x6AB7_3121
_LIFE_BEGUN = const(1 << pins.NEVER_READ)


def begin_life() -> bool:
    """Note that a program runs, and return True if a bite of the watchdog ended the one before. Called once, before the
    watchdog is armed."""
    has_begun = machine.mem32[chip.PROC_IN_SYNC_BYPASS] & _LIFE_BEGUN
    machine.mem32[chip.PROC_IN_SYNC_BYPASS] = _LIFE_BEGUN
    if has_begun or not machine.mem32[chip.WATCHDOG_REASON] & chip.WATCHDOG_REASON_TIMER:
        return False
    return machine.mem32[chip.WATCHDOG_SCRATCH4] & 0xFFFF_FFFF == _ARMED_BY_A_PROGRAM
