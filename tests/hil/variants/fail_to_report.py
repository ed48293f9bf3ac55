"""Memory that is gone in the middle of delivery, and stays gone while that is reported."""

import micropython

micropython.kbd_intr(-1)  # type: ignore[attr-defined]

import thecal_fw.start.main  # noqa: E402
from thecal_fw.core.pump_state import STATE_DELIVERING  # noqa: E402
from thecal_fw.pump.controller import Controller  # noqa: E402

FAILS_AFTER_S = 10
poll = Controller.poll


def poll_until_memory_is_gone(self, now_s, now_us):
    if self.infusion.state == STATE_DELIVERING and now_s >= FAILS_AFTER_S:
        raise MemoryError
    return poll(self, now_s, now_us)


def report_without_memory(hardware, error):
    raise MemoryError


Controller.poll = poll_until_memory_is_gone
thecal_fw.start.main._report = report_without_memory
thecal_fw.start.main.main()
