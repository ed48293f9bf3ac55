"""The board's main loop: read the clock, poll the controller, sleep until it is due again or the host has sent
something.

Promises: an exception never leaves the motor uncontrolled: pulses stop, the driver is disabled, and the watchdog, which
nobody feeds any more, resets the board. Until then the alarm sounds, and requests are answered with that. Whatever else
goes wrong on the way there, nobody gets MicroPython's prompt but by the request for it. The heap is tidied only while
nothing is due.
"""

import gc
import sys

from machine import WDT, Timer
from micropython import const

from thecal_fw.pump.controller import Controller
from thecal_fw.rp2.board import LeaveForPrompt
from thecal_fw.rp2.hardware import Hardware
from thecal_fw.rp2.sleep import Sleeper

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.requests.server import LinkServer

_MAINTENANCE_FEED_MS = const(2_000)
_MOST_LEFT = const(8)
"""As ``poll`` measures what it leaves behind: with so much the heap is looked at, after each request and after several
blocks. Where memory is tight, after each poll."""
_NEEDED_ONCE = ("thecal_fw.pump.recovery", "thecal_fw.store.older_state")
"""Modules that a start needs and nothing afterwards. On a stock board they are in memory, and make room now."""

_UNTIL_RESET_MS = const(8_300)
"""After a start that failed before the watchdog ran: as long as the watchdog takes otherwise."""

maintenance_timer = None
"""Feeds the watchdog at the prompt. Kept here, or the garbage collector would stop it."""


def main() -> None:
    """Run the pump. Returns only if the host asked for the MicroPython prompt."""
    # The loop stands here, not in a function of its own: whatever a poll calls has that much more of the stack.
    hardware = controller = poll = None
    try:
        hardware = Hardware()
        # The board's parts have the types of what they are, not of the ports: tests on the board hold them to those.
        controller = Controller(hardware, _open_link)  # pyright: ignore[reportArgumentType]
        for name in _NEEDED_ONCE:
            sys.modules.pop(name, None)
        clock, poll = hardware.clock, controller.poll
        sleep_until = Sleeper(clock, hardware.port).sleep_until
        most_left = 1 if hardware.machine.room.is_tight else _MOST_LEFT
        left = 0
        while True:
            clock.read()
            # A heartbeat leaves no garbage, other polls may.
            left_now = poll(clock.s, clock.us)
            if left_now:
                left += left_now
                if left >= most_left and controller.agenda.has_time(controller.pace.collect_lead_us()):
                    left = 0
                    controller.memory.keep_tidy()
            sleep_until(controller.wake_s, controller.wake_us)
    except LeaveForPrompt:
        _make_safe(hardware)
        if hardware is not None:
            _begin_maintenance(hardware)
    except BaseException as error:
        # What there is to tell may be that memory is wanted, which these hold.
        controller = poll = None
        _end(hardware, error)


def _end(hardware: "Hardware | None", error: BaseException) -> None:
    """End the program once delivery has stopped. After the reset it resumes, if it was under way. Each part may fail
    and holds up no other: an exception that got out of here would leave an open prompt."""
    for part in (_make_safe, _tidy, _report, _await_watchdog):
        try:
            part(hardware, error)
        except BaseException:
            continue
    while True:
        pass


def _open_link(controller: Controller) -> "LinkServer":
    # Loaded once delivery can wait for it.
    from thecal_fw.requests.server import LinkServer

    return LinkServer(controller)


def _make_safe(hardware: "Hardware | None", error: "BaseException | None" = None) -> None:
    if hardware is None:
        # Nothing of the board has been set up, and its driver is off after a reset.
        return
    hardware.train.halt()
    hardware.driver.disable()
    hardware.gate.close()
    hardware.annunciator.buzzer(False)


def _tidy(hardware: "Hardware | None", error: BaseException) -> None:
    """Free memory, since reporting what happened takes some and the want of it may be what happened: then nothing of
    the program is kept that is in memory."""
    if isinstance(error, MemoryError):
        for name in ("Controller", "Hardware"):
            globals().pop(name, None)
        sys.modules.clear()
    gc.collect()


def _report(hardware: "Hardware | None", error: BaseException) -> None:
    """Report it to whoever is listening, in a frame of its own that no host takes for a reply."""
    if hardware is None:
        return
    import io

    text = io.StringIO()
    sys.print_exception(error, text)  # type: ignore[attr-defined]
    hardware.port.write(b"\x00" + text.getvalue().encode() + b"\x00")


def _await_watchdog(hardware: "Hardware | None", error: BaseException) -> None:
    if hardware is None:
        # Its watchdog may not run yet. The motor's driver is off: nothing has enabled it.
        WDT(timeout=_UNTIL_RESET_MS)
    from thecal_fw.start.not_running import wait_for_reset

    wait_for_reset(isinstance(error, MemoryError))


def _begin_maintenance(hardware: Hardware) -> None:
    """Begin maintenance. Nothing stops the watchdog, so it is fed for as long as somebody is at the prompt."""
    global maintenance_timer
    hardware.watchdog.feed()
    maintenance_timer = Timer(  # type: ignore[call-overload]
        period=_MAINTENANCE_FEED_MS, mode=Timer.PERIODIC, callback=lambda _: hardware.watchdog.feed()
    )
