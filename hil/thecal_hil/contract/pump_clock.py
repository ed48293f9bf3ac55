"""The relation of a rig's time, the pump's time since reset and the pump's wall time, exactly.

Promises: integers only, nanoseconds throughout. Rig time is what edges are stamped with. Boot time is what the
pump's own timer shows, so it begins again with each reset. Wall time is UTC as the pump keeps it: whole ticks of
its step generator added to boot time, so that the two never drift apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from thecal_fw.core.instant import TICK_US, TICKS_PER_SECOND, ticks_at
from thecal_sim.units import NS_PER_S, NS_PER_US

TICK_NS = TICK_US * NS_PER_US

Instants = NDArray[np.int64]
"""Instants in nanoseconds."""


class ClockReading(Protocol):
    """The pump's answer to "what time is it": one instant, in both of its times."""

    @property
    def boot_s(self) -> int: ...
    @property
    def boot_us(self) -> int: ...
    @property
    def utc_s(self) -> int: ...
    @property
    def utc_us(self) -> int: ...


def wall_ticks_at_boot(reading: ClockReading) -> int:
    """Return the wall time at the pump's reset, in ticks since 1970: the one number that relates its two times."""
    return ticks_at(reading.utc_s, reading.utc_us) - ticks_at(reading.boot_s, reading.boot_us)


@dataclass(frozen=True)
class PumpClock:
    """One relation of the three times; a reset or a setting of the clock makes another.

    boot_origin_ns: rig time at which the pump's time since reset was zero.
    wall_ticks_at_boot: see the function of that name; None while the pump does not know the time.
    """

    boot_origin_ns: int
    wall_ticks_at_boot: int | None = None

    def rig_ns_of_boot(self, boot_s: int, boot_us: int) -> int:
        return self.boot_origin_ns + boot_s * NS_PER_S + boot_us * NS_PER_US

    def whole_second_ns(self, rig_ns: int) -> int:
        """Return the latest whole second of the pump's clock at an instant: of wall time, or since reset if it has
        none."""
        clock_ns = rig_ns - self.boot_origin_ns if self.wall_ticks_at_boot is None else self.wall_ns(rig_ns)
        return rig_ns - clock_ns % NS_PER_S

    def wall_ns(self, rig_ns: int) -> int:
        """Return the pump's UTC at an instant of the rig, in nanoseconds since 1970."""
        return rig_ns + self._wall_minus_rig_ns()

    def rig_ns_of_wall(self, wall_ns: int) -> int:
        return wall_ns - self._wall_minus_rig_ns()

    def _wall_minus_rig_ns(self) -> int:
        if self.wall_ticks_at_boot is None:
            raise ValueError("the pump does not know the time, so it has no wall time")
        return self.wall_ticks_at_boot * TICK_NS - self.boot_origin_ns


assert TICK_NS * TICKS_PER_SECOND == NS_PER_S
