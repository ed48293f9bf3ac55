"""The board's main loop: read the clock, poll the controller, sleep until it is due again or the host has sent
something.

Promises: an exception never leaves the motor uncontrolled: pulses stop, the driver is disabled, and the watchdog, which
nobody feeds any more, resets the board. The heap is tidied only while nothing is due.
"""

import gc
import sys

from machine import Timer
from micropython import const

from thecal_fw.controller import Controller
from thecal_fw.rp2.board import LeaveForPrompt
from thecal_fw.rp2.hardware import Hardware
from thecal_fw.rp2.sleep import Sleeper

_MAINTENANCE_FEED_MS = const(2_000)
_POLLS_PER_COLLECTION = const(8)
"""Few enough that what they leave behind fits several times into what is free: no request waits for a collection."""
_COLLECTION_US = const(50_000)
"""More than collecting garbage takes."""

maintenance_timer = None
"""Feeds the watchdog at the prompt. Kept here, or the garbage collector would stop it."""


def main() -> None:
    """Run the pump. Returns only if the host asked for the MicroPython prompt."""
    hardware = Hardware()
    try:
        _run(hardware)
    except LeaveForPrompt:
        _make_safe(hardware)
        _begin_maintenance(hardware)
    except BaseException as error:
        _make_safe(hardware)
        _report(hardware, error)
        _await_watchdog(hardware)


def _run(hardware) -> None:
    controller = Controller(hardware)
    clock, poll = hardware.clock, controller.poll
    sleep_until = Sleeper(clock, hardware.port).sleep_until
    gc.collect()
    polls = 0
    while True:
        clock.read()
        # A heartbeat leaves no garbage, other polls may; looking at the heap would cost more than it tells.
        if poll(clock.s, clock.us):
            polls += 1
            if polls >= _POLLS_PER_COLLECTION and controller.has_time(_COLLECTION_US):
                polls = 0
                gc.collect()
        sleep_until(controller.wake_s, controller.wake_us)


def _make_safe(hardware) -> None:
    hardware.train.halt()
    hardware.driver.disable()
    hardware.gate.close()
    hardware.annunciator.buzzer(False)


def _report(hardware, error) -> None:
    """Tell whoever is listening, in a frame of its own that no host takes for a reply."""
    import io

    text = io.StringIO()
    sys.print_exception(error, text)  # type: ignore[attr-defined]
    hardware.port.write(b"\x00" + text.getvalue().encode() + b"\x00")


def _await_watchdog(hardware) -> None:
    """Delivery has stopped. After the reset it resumes, if it was under way."""
    sleep_until = Sleeper(hardware.clock, hardware.port).sleep_until
    while True:
        hardware.clock.read()
        sleep_until(hardware.clock.s + 1, 0)
        hardware.port.read()


def _begin_maintenance(hardware) -> None:
    """Nothing stops the watchdog, so it is fed for as long as somebody is at the prompt."""
    global maintenance_timer
    hardware.watchdog.feed()
    maintenance_timer = Timer(  # type: ignore[call-overload]
        period=_MAINTENANCE_FEED_MS, mode=Timer.PERIODIC, callback=lambda _: hardware.watchdog.feed()
    )
