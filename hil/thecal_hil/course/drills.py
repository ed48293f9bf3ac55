"""Measurements that a rig makes on a pump that is delivering, beside the pulses themselves.

Promises: each works on the shipped firmware as it is, through the link and the probe alone, and each says in its
docstring from what to what it measures.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

from thecal_fw.core import events
from thecal_hil.contract.rig import DRIVER_ENABLED, ENABLE, ResetCause, Rig

MOST_RESTART_MS = 600
"""What the boot ROM and the start of the clocks take of it is part of it."""
MOST_RESTART_MS_FROM_FILES = 1_000
"""A stock image has to read the firmware's modules from its file system first."""

_RESTART_S = 3
_HEAP_ASKINGS = 12
_HEAP_PAUSE_S = 1.2
_HEAP_STRETCHES = 8
_MOST_HEAP_STRETCHES = 40
_HEAP_STRETCH_S = 12


def heap_bytes_per_pulse(rig: Rig) -> int:
    """Return bytes that steady delivery takes from the heap for each pulse, in the stretch that takes least, to
    the byte. Raise RuntimeError if no stretch can be measured.

    Looked at from one grant, and one refill of the queue, to the next: those take a little each time, however many
    pulses they are for. Interrogating takes some too, now more and now less with what the answer holds. As much as it
    ever took between two interrogations about a second apart is subtracted: right behind one another they take less,
    and a second holds few of the pulses of a stretch. One allocation for each pulse is more, in every stretch. What a
    stretch takes besides, as a minute of the meter does with counts beyond 30 bits, is not for its pulses.
    A collection in between would give some back and hide what was taken; such a stretch is left out.
    """
    pump = rig.pump()
    asking = []
    for _ in range(_HEAP_ASKINGS):
        asking.append(pump.interrogate().heap_free_bytes)
        rig.run_for(_HEAP_PAUSE_S)
    of_asking = [before - after for before, after in pairwise(asking) if before > after]
    stretches: list[float] = []
    for _ in range(_MOST_HEAP_STRETCHES):
        begin = pump.interrogate()
        rig.run_for(_HEAP_STRETCH_S)
        end = pump.interrogate()
        taken = begin.heap_free_bytes - end.heap_free_bytes
        grant_is_the_same = begin.granted_steps + begin.counted_steps == end.granted_steps + end.counted_steps
        if taken >= 0 and grant_is_the_same and begin.planned_steps == end.planned_steps:
            pulses = end.counted_steps - begin.counted_steps
            if pulses:
                stretches.append(max(0, taken - max(of_asking, default=0)) / pulses)
        if len(stretches) == _HEAP_STRETCHES:
            break
    if not stretches:
        raise RuntimeError(
            "no stretch without a collection or a grant, or no pulse in any: nothing can be said about the heap"
        )
    return round(min(stretches))


def most_restart_ms(rig: Rig) -> int:
    """Return how long the pump of a rig may take to deliver again after a reset."""
    return MOST_RESTART_MS_FROM_FILES if rig.starts_from_files else MOST_RESTART_MS


class Restart(NamedTuple):
    """ms: from a reset to delivering again. before_clock_ms: what of it the chip's clock does not show, the boot ROM's
    part and the start of the clocks."""

    ms: float
    before_clock_ms: float


def restart(rig: Rig) -> Restart:
    """Have the watchdog reset the pump in the middle of delivery, and time how long it takes to deliver again."""
    rig.reset(ResetCause.WATCHDOG)
    reset_ns = rig.reset_ns
    before_clock_ms = (rig.boot_origin_ns - reset_ns) / 1e6
    rig.run_for(_RESTART_S)
    enabled_ns = [
        edge.t_ns
        for edge in rig.edges
        if edge.signal == ENABLE and edge.level == DRIVER_ENABLED and edge.t_ns >= reset_ns
    ]
    life = rig.pump().interrogate().boots
    started = [
        event
        for event in rig.pump().log()
        if event.code == events.EVENT_PROGRAM_EFFECTIVE and event.boots == life
    ]
    if not enabled_ns or not started:
        return Restart(float("nan"), before_clock_ms)
    delivering_ns = rig.clock().rig_ns_of_boot(started[0].boot_s, started[0].boot_us)
    return Restart((max(delivering_ns, enabled_ns[0]) - reset_ns) / 1e6, before_clock_ms)
