"""Sleep until an instant, until the host has sent something, or until the button moves.

Promises: the processor stands still meanwhile, which saves the battery; no wake-up is lost, whenever it comes; an
instant that has passed is not slept through; no heap is touched; a host that does not take what was sent keeps nobody
awake.
"""

from machine import disable_irq, enable_irq
from micropython import const

from thecal_fw.rp2.button import moved
from thecal_fw.rp2.doze import BOTH_EDGES, doze
from thecal_fw.rp2.usb_frames import FRAMES_TO_TAKE_IT, let_be

_PART_S = const(1_000)
"""Longest sleep in one go. The alarm compares 32 bits, 71 minutes; half of that must not be exceeded."""


class Sleeper:
    """Sleeps on one port. The clock must have been read within the last half hour."""

    def __init__(self, clock, port):
        self._clock = clock
        self._any = port.any

    def sleep_until(self, s: int, us: int) -> None:
        """Return once the instant has come, a byte has arrived or the button's line has moved."""
        clock, any_byte, wakes = self._clock, self._any, 0
        part_s, part_us = s, us
        while True:
            if s - clock.s > _PART_S:
                part_s, part_us = clock.s + _PART_S, 0
            state = disable_irq()
            if any_byte() or moved():
                enable_irq(state)
                return
            come = doze(part_s, part_us, BOTH_EDGES)
            wakes += 1
            if wakes == FRAMES_TO_TAKE_IT:
                wakes = 0
                let_be()
            enable_irq(state)
            if come:
                if part_s == s:
                    return
                clock.read()
                part_s, part_us = s, us
