"""Units of virtual time.

Promise: every instant the emulator hands out is a whole number of nanoseconds, and every instant at which
something can happen inside the chip is a whole number of system clock cycles. The emulator keeps time in a
double; whole numbers below 2**53 ns (104 days) are exact in it, so no rounding error can build up.
"""

from __future__ import annotations

from typing import Final

SYSTEM_CLOCK_HZ: Final = 125_000_000
CYCLE_NS: Final = 8


def cycles_up(t_ns: float) -> int:
    """Return the number of the first system clock cycle that starts at or after `t_ns`."""
    return -int(-t_ns // CYCLE_NS)


def on_cycle_ns(t_ns: float) -> int:
    """Return `t_ns` rounded up to a whole system clock cycle."""
    return cycles_up(t_ns) * CYCLE_NS
