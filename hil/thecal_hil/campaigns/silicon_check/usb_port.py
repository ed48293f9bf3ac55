"""Frames of the USB host, and what a reply that waits unread costs."""

from __future__ import annotations

from typing import Final

from .prompt import Prompt
from .verdicts import NotMeasuredError, Reading, Readings
from .way import Way

_CODE: Final = """
import select, sys
from machine import disable_irq, enable_irq
from thecal_fw.rp2.clock import Clock
from thecal_fw.rp2.doze import NO_EDGE, doze
from thecal_fw.rp2.usb_frames import let_be

def frames():
    number, first_us, counted = mem32[0x50110048] & 0x7FF, None, 0
    begin = last_us = time.ticks_us()
    while time.ticks_diff(time.ticks_us(), begin) < 1_500_000:
        now, now_us = mem32[0x50110048] & 0x7FF, time.ticks_us()
        if now != number:
            if first_us is None:
                first_us = now_us
            else:
                counted += (now - number) & 0x7FF
            number, last_us = now, now_us
    return counted, 0 if first_us is None else time.ticks_diff(last_us, first_us)

def fill_port(most):
    poll = select.poll()
    poll.register(sys.stdout, select.POLLOUT)
    piece, sent, since = b'.' * 64, 0, time.ticks_ms()
    while sent < most:
        if poll.poll(0):
            sent += sys.stdout.buffer.write(piece)
            since = time.ticks_ms()
        elif time.ticks_diff(time.ticks_ms(), since) > 200:
            return True
    return False

def wakes():
    clock, count = Clock(), 0
    end_s, end_us = clock.s + 2, clock.us
    while True:
        state = disable_irq()
        come = doze(end_s, end_us, NO_EDGE)
        enable_irq(state)
        if come:
            return count
        count += 1

def unread():
    global found
    found = None
    if fill_port(131_072):
        before = wakes()
        state = disable_irq()
        let_be()
        enable_irq(state)
        found = before, wakes()
"""
_SECONDS: Final = 2
_NOTHING_READ_S: Final = 6.0
_US_PER_S: Final = 1e6


class UsbPort:
    def __init__(self, prompt: Prompt, way: Way) -> None:
        self._prompt = prompt
        self._way = way
        prompt.run(_CODE)

    def readings(self) -> Readings:
        counted, taken_us = self._prompt.ask("frames()")
        rate = counted * _US_PER_S / taken_us if taken_us else 0.0
        yield "frames", Reading(round(rate, 2), 0.2)
        yield from self._unread()

    def _unread(self) -> Readings:
        self._way.leave_unread(True)
        self._prompt.start("unread()")
        self._way.sleep(_NOTHING_READ_S)
        self._way.leave_unread(False)
        self._prompt = Prompt(self._way.emptied_port())
        found = self._prompt.ask("found")
        if found is None:
            raise NotMeasuredError("this computer takes whatever the board sends, read or not")
        before, after = found
        yield "kept-awake", Reading(before / _SECONDS)
        yield "let-be", Reading(after / _SECONDS)
