"""The part of a stretch of time that a rig is through, for whoever shows a line about it."""

from __future__ import annotations

import time
from collections.abc import Callable

from thecal_hil.contract.rig import Capability, Rig
from thecal_sim.units import NS_PER_S


def share_of_time(rig: Rig, duration_ns: int) -> Callable[[], float]:
    """Return how much of a duration has passed on a rig since now: on its own clock, or on the wall's for a board,
    which must not be asked in the midst of something else."""
    if Capability.VIRTUAL_TIME in rig.capabilities:
        begun_ns = rig.now_ns
        return lambda: (rig.now_ns - begun_ns) / duration_ns
    begun_s = time.monotonic()
    return lambda: (time.monotonic() - begun_s) * NS_PER_S / duration_ns
