"""Leaving the pump's program at a host's request: for the boot loader or for MicroPython's prompt, while nothing is
delivered."""

from thecal_fw.core.events import EVENT_BOOTLOADER, EVENT_PROMPT
from thecal_fw.core.instant import NEVER_S
from thecal_fw.core.pump_state import STATE_STOPPED
from thecal_fw.link import messages
from thecal_fw.requests.refusal import RequestRefusedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.link.layouts import Answer, Values
    from thecal_fw.pump.controller import Controller

_DELAY_US = 200_000
"""Between answering the request and leaving, so that the answer gets out."""
_TO_BOOTLOADER = 1
_TO_PROMPT = 2


class Leaving:
    """Handlers of one pump. due_s, due_us: when to leave, if ever. handlers: by kind of message."""

    def __init__(self, pump: "Controller") -> None:
        self._clock = pump.time.clock
        self._machine = pump.hardware.machine
        self._driver = pump.hardware.driver
        self._infusion = pump.infusion
        self._reports = pump.reports
        self._leave_to = 0
        self.due_s = NEVER_S
        self.due_us = 0
        self.handlers = {
            messages.BOOTLOADER.kind: self._bootloader,
            messages.PROMPT.kind: self._prompt,
        }

    def _bootloader(self, values: "Values") -> "Answer":
        return self._prepare(_TO_BOOTLOADER, EVENT_BOOTLOADER)

    def _prompt(self, values: "Values") -> "Answer":
        return self._prepare(_TO_PROMPT, EVENT_PROMPT)

    def _prepare(self, leave_to: int, event: int) -> "Answer":
        if self._infusion.state != STATE_STOPPED:
            raise RequestRefusedError(messages.ERROR_NOT_WHILE_DELIVERING)
        self._reports.tell_bursts(True)
        self._reports.record(event)
        self._leave_to = leave_to
        us = self._clock.us + _DELAY_US
        self.due_s, self.due_us = self._clock.s + us // 1_000_000, us % 1_000_000
        return ()

    def leave(self) -> None:
        """Leave for the boot loader or the prompt, if that was asked for and the pump still stands."""
        leave_to, self._leave_to = self._leave_to, 0
        self.due_s = NEVER_S
        if self._infusion.state != STATE_STOPPED:
            return
        self._driver.disable()
        if leave_to == _TO_BOOTLOADER:
            self._machine.bootloader()
        else:
            self._machine.prompt()
