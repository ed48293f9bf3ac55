"""What can go wrong between a host and a pump, each with a message a person can act on."""

from thecal_fw.core.alarms import ALARM_NAMES
from thecal_fw.core.bolus_history import REFUSAL_NAMES
from thecal_fw.link import messages
from thecal_fw.link.messages import ERROR_NAMES


class ThecalError(Exception):
    """Anything this library raises about a pump, a port or an input."""


class BadInputError(ThecalError):
    """What a person gave is not acceptable; nothing was sent. ``problems`` has one line for each fault."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class PortError(ThecalError):
    """The serial port can't be used: it does not exist, is busy, or has gone."""


class NoAnswerError(ThecalError):
    """The pump did not answer in time, however often it was asked."""


class NotAPumpError(ThecalError):
    """Something answers on the port, and it is not a Thecal pump."""


class VersionMismatchError(ThecalError):
    """Host and pump speak different versions of the protocol or have different message layouts."""


class StaleSessionError(ThecalError):
    """Another host has opened a session with the pump meanwhile."""


class SessionEndedError(ThecalError):
    """The pump has no session open: it went quiet or the pump restarted; no other host is talking to it."""


class PumpRefusedError(ThecalError):
    """The pump understood the request and refused it. ``code`` and ``detail`` are the protocol's."""

    def __init__(self, request: str, code: int, detail: int) -> None:
        name = ERROR_NAMES[code] if code < len(ERROR_NAMES) else f"error {code}"
        advice = _advice(request, code, detail)
        super().__init__(f"the pump refused {request.replace('_', ' ')}: {name}{advice}")
        self.request = request
        self.code = code
        self.detail = detail


def _advice(request: str, code: int, detail: int) -> str:
    """What a person can do about a refusal, or at least its detail."""
    if code == messages.ERROR_BLOCKED:
        names = ", ".join(name for bit, name in enumerate(ALARM_NAMES) if detail >> bit & 1)
        return f" ({names}). Remove the cause and acknowledge it first"
    if code == messages.ERROR_NOT_WHILE_DELIVERING:
        return ". Stop it first"
    if code == messages.ERROR_NOT_STORED:
        return (
            "; its supply is low or its memory takes nothing, see `thecal interrogate`. Nothing has changed"
        )
    if code == messages.ERROR_BOLUS_REFUSED:
        name = REFUSAL_NAMES[detail] if detail < len(REFUSAL_NAMES) else f"reason {detail}"
        return f" ({name}). `thecal bolus status` tells what was given and how long to wait"
    if code == messages.ERROR_NO_PROGRAM:
        return ". Commit one first"
    if code == messages.ERROR_RANGE and request == "refill":
        return f". Its reservoir holds {detail / 1e6:g} mL"
    if code == messages.ERROR_RANGE and request == "start":
        return ". Its program is to deliver nothing"
    if code == messages.ERROR_RANGE and request == "set_time":
        return ". The year must be 2024 or later, and the offset from UTC at most 14 hours"
    return f" (detail {detail})" if detail else ""
