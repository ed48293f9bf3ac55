"""What can go wrong between a host and a pump, each with a message a person can act on."""

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


class PumpRefusedError(ThecalError):
    """The pump understood the request and refused it. ``code`` and ``detail`` are the protocol's."""

    def __init__(self, request: str, code: int, detail: int) -> None:
        name = ERROR_NAMES[code] if code < len(ERROR_NAMES) else f"error {code}"
        super().__init__(f"the pump refused {request.replace('_', ' ')}: {name} (detail {detail})")
        self.request = request
        self.code = code
        self.detail = detail
