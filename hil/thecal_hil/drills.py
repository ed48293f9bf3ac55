"""Measurements that a rig makes on a pump that is delivering, beside the pulses themselves.

Promises: each works on the shipped firmware as it is, through the link and the probe alone, and each says in its
docstring from what to what it measures.
"""

from __future__ import annotations

from thecal_fw.core import events

from thecal_hil.rig import DRIVER_ENABLED, ENABLE, ResetCause, Rig

_NL_PER_STEP = 15.625
_SECONDS_PER_DAY = 86_400
_RESTART_S = 3
_MOST_COLLECTIONS = 3


def heap_bytes_per_pulse(rig: Rig, pulses_at_least: int = 100) -> float:
    """Bytes that steady delivery takes from the heap for each pulse, over so many pulses.

    Interrogating takes some too: as much as between two interrogations with nothing between. That is subtracted.
    A collection in between would give some back and hide what was taken; then it is measured once more.
    """
    pump = rig.pump()
    bytes_per_pulse = float("nan")
    for _ in range(_MOST_COLLECTIONS):
        first, second = pump.interrogate(), pump.interrogate()
        rig.run_for(pulses_at_least * _NL_PER_STEP * _SECONDS_PER_DAY / max(1, second.rate_nl_per_day))
        third = pump.interrogate()
        of_asking = first.heap_free_bytes - second.heap_free_bytes
        taken = second.heap_free_bytes - third.heap_free_bytes
        bytes_per_pulse = (taken - of_asking) / max(1, third.counted_steps - second.counted_steps)
        if of_asking >= 0 and taken >= 0:
            break
    return bytes_per_pulse


def restart_ms(rig: Rig) -> float:
    """Have the watchdog reset the pump in the middle of delivery; the time until it delivers again."""
    before_ns = rig.now_ns
    rig.reset(ResetCause.WATCHDOG)
    rig.run_for(_RESTART_S)
    enabled_ns = [
        edge.t_ns
        for edge in rig.edges
        if edge.signal == ENABLE and edge.level == DRIVER_ENABLED and edge.t_ns >= before_ns
    ]
    started = [event for event in rig.pump().log() if event.code == events.EVENT_PROGRAM_EFFECTIVE]
    if not enabled_ns or not started:
        return float("nan")
    delivering_ns = rig.clock().rig_ns_of_boot(started[0].boot_s, started[0].boot_us)
    return (max(delivering_ns, enabled_ns[0]) - before_ns) / 1e6
