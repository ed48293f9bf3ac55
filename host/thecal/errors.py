"""The errors between a host and a pump, each with a message a person can act on."""

from collections.abc import Sequence

from thecal.alarm_sets import bits_in, names_of
from thecal.printable import printable
from thecal_fw.core.bolus_history import REFUSAL_NAMES, REFUSED_METER
from thecal_fw.core.roles import ROLE_NAMES
from thecal_fw.link import messages
from thecal_fw.link.messages import ERROR_NAMES

MOST_PROBLEMS = 100
"""Told of one file: nobody reads more, and a file that is no file of this kind may have a hundred thousand."""


def first_of(problems: Sequence[str]) -> list[str]:
    """Return as many as anybody reads, and how many more there are."""
    more = len(problems) - MOST_PROBLEMS
    return [*problems[:MOST_PROBLEMS], *([f"and {more:,} more"] if more > 0 else [])]


class ThecalError(Exception):
    """Anything this library raises about a pump, a port or an input."""


class BadInputError(ThecalError):
    """The input of a person is not acceptable; nothing was sent. ``problems`` has one line for each fault."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = [printable(problem) for problem in first_of(problems)]
        super().__init__("\n".join(self.problems))


class PortError(ThecalError):
    """The serial port can't be used: it does not exist, is busy, or has gone."""


class NoAnswerError(ThecalError):
    """The pump did not answer in time, however often it was asked."""


class NotAPumpError(ThecalError):
    """The device on the port answers, and is not a Thecal pump."""


class VersionMismatchError(ThecalError):
    """Host and pump speak different versions of the protocol or have different message layouts."""


class StaleSessionError(ThecalError):
    """Another host has opened a session with the pump meanwhile."""


class SessionEndedError(ThecalError):
    """The pump has no session open: it went quiet or the pump restarted; no other host is talking to it."""


class KeyStoreError(ThecalError):
    """This computer has no key store, or it does not do what is asked of it."""


class NoKeyStoreError(KeyStoreError):
    """This computer has no key store, so no key is in it."""


class NotPairedError(ThecalError):
    """The pump has keys, and this computer has none that is enough."""


class WrongPumpError(ThecalError):
    """The device that answers does not have the key that the pump has, or is another pump than a moment before."""


class BadAnswerError(ThecalError):
    """The device that answers says something that no pump can mean."""


class OpenPumpError(ThecalError):
    """The device that answers says that it has no key, and this computer keeps one of the pump whose number it
    gives."""


class PumpRefusedError(ThecalError):
    """The pump understood the request and refused it. ``code``, ``detail`` and ``tail`` are the protocol's."""

    def __init__(self, request: str, code: int, detail: int, tail: bytes = b"") -> None:
        name = ERROR_NAMES[code] if code < len(ERROR_NAMES) else f"error {code}"
        advice = _advice(request, code, detail, tail)
        super().__init__(f"the pump refused {request.replace('_', ' ')}: {name}{advice}")
        self.request = request
        self.code = code
        self.detail = detail


def _advice(request: str, code: int, detail: int, tail: bytes) -> str:
    """Return what a person can do about a refusal, or at least its detail."""
    if code == messages.ERROR_BLOCKED:
        return f" ({', '.join(names_of(bits_in(tail)))}). Remove the cause and acknowledge it first"
    if code == messages.ERROR_NOT_WHILE_DELIVERING:
        return ". Stop it first"
    if code == messages.ERROR_NOT_STORED:
        return (
            "; its supply is low or its memory takes nothing, see `thecal interrogate`. Nothing has changed"
        )
    if code == messages.ERROR_BOLUS_REFUSED:
        name = REFUSAL_NAMES[detail] if detail < len(REFUSAL_NAMES) else f"reason {detail}"
        if detail == REFUSED_METER:
            return (
                f" ({name}): with it, an hour or 24 hours would hold more than the program's limit."
                " `thecal interrogate` shows what was counted; ask again when less of it is in that time"
            )
        return f" ({name}). `thecal bolus status` shows what was given and how long to wait"
    if code == messages.ERROR_TOO_LARGE:
        return (
            f". This image has room for programs of {detail} bytes: use fewer patterns, steps or boluses,"
            " or flash the pump's own image with `thecal flash`. The program before it continues"
        )
    if code == messages.ERROR_IN_PROGRESS:
        return f", {detail >> 16} of {detail & 0xFFFF} done, and got no further for a while. Ask again later"
    if code == messages.ERROR_NOT_CHECKED:
        return ". It takes a program only after it has checked all of it. The program before it continues"
    if code == messages.ERROR_NO_MEMORY:
        return "; it continues as before. The request was not carried out to its end: see `thecal log`"
    if code == messages.ERROR_NOT_RUNNING:
        what = "ran out of memory" if detail else "ended with an error"
        return f": its program {what}, and nothing is delivered. It starts again by itself within seconds"
    if code == messages.ERROR_NO_PROGRAM:
        return ". Commit one first"
    if code == messages.ERROR_RANGE and request == "refill":
        return f". Its reservoir holds {detail / 1e6:g} mL, reservoir.capacity_ml of its program: fill in no more"
    if code == messages.ERROR_RANGE and request == "start":
        return ". Its program is to deliver nothing"
    if code == messages.ERROR_RANGE and request == "set_time":
        return ". The year must be 2024 or later, and the offset from UTC at most 14 hours"
    return _advice_about_keys(code, detail)


def _advice_about_keys(code: int, detail: int) -> str:
    role = ROLE_NAMES[detail] if detail < len(ROLE_NAMES) else "other role"
    if code == messages.ERROR_NOT_AUTHENTICATED:
        return ". It has keys: `thecal keys` shows which, `thecal pair` gives this computer one"
    if code == messages.ERROR_NOT_ALLOWED:
        return f". It takes the key of the {role}, and this computer has another"
    if code == messages.ERROR_BUTTON:
        return ". Nobody held the button on the board: a key is taken only while it is held"
    if code == messages.ERROR_WRONG_KEY:
        return ". The pump has been given another key since; `thecal pair` gives both a new one"
    if code == messages.ERROR_WAIT:
        return f". Wrong keys were tried. Wait {detail} s, or pair anew at the pump with `thecal pair`"
    if code == messages.ERROR_NO_KEY:
        return f". The {role} has to be given one, with `thecal pair --role {role}`"
    return f" (detail {detail})" if detail else ""
