"""Driver of a balance that speaks MT-SICS level 0 and 1 over a serial port, as the maker publishes it.

Promises: nothing is written to any port but the one that was given; whatever the balance sends, or does not send, ends
in a `Reading` or in an exception that says what happened, within the stated time. A value keeps the decimals it was
sent with and the unit it came in; grams are worked out, never assumed. A line that answers something else is
reported as such and not skipped in silence.

A command is a line of ASCII closed by CR LF. An answer begins with the command's name and a status: for a weight ``S``
(stable), ``D`` (not stable), ``+`` and ``-`` (above and below the range), ``I`` (can't be carried out now). ``ES``,
``ET`` and ``EL`` say: no such command, a fault in transmission, the right command with a wrong parameter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from time import monotonic
from typing import Final, Protocol

END_OF_LINE: Final = b"\r\n"
_LONGEST_LINE_BYTES: Final = 200
"""An answer is a few dozen bytes; what is longer is noise."""
_MOST_TOLD: Final = 3
_QUICK_ANSWER_S: Final = 2.0
"""For what a balance answers at once."""

GRAMS_OF: Final = {
    "g": Decimal(1),
    "kg": Decimal(1_000),
    "mg": Decimal("0.001"),
    "ug": Decimal("0.000001"),
    "µg": Decimal("0.000001"),
}
"""Units whose readings can be turned into grams; a balance may be set to others."""
_ERRORS: Final = {
    "ES": "does not know the command",
    "ET": "had a fault in transmission",
    "EL": "can't carry the command out: wrong parameter",
}
_REFUSALS: Final = {
    "I": "can't carry the command out now: it is busy, or did not become stable in time",
    "L": "understood the command and not its parameter",
}
_OUT_OF_RANGE: Final = {
    "S": (
        "is overloaded: more is on the pan than it can weigh",
        "is underloaded: the pan is missing, or something lifts it",
    ),
    "Z": (
        "does not set itself to zero: more is on the pan than may be for that",
        "does not set itself to zero: less is on the pan than may be for that",
    ),
    "T": (
        "does not tare: more is on the pan than it can tare",
        "does not tare: less is on the pan than it can tare",
    ),
}
"""By the command's first letter: what ``+`` and ``-`` mean."""
_NUMBER: Final = re.compile(r"[-+]?[0-9]{1,9}(?:[.][0-9]{1,9})?")
"""As a balance sends it: digits and a point, and none of what else would be a number to Python."""


class BalanceError(Exception):
    """No reading was available; the message says why."""


class BalanceSilentError(BalanceError):
    """Nothing came within the time allowed, or not a whole line."""


class BalanceAnswerError(BalanceError):
    """The balance's answer does not fit what was asked."""


class BalanceRefusedError(BalanceError):
    """The balance answered that it can't."""


class OutOfRangeError(BalanceRefusedError):
    """Too much or too little is on the pan. ``is_over``: which of the two."""

    def __init__(self, message: str, is_over: bool) -> None:
        super().__init__(message)
        self.is_over = is_over


class SerialLine(Protocol):
    """The part of pyserial's port that the driver needs."""

    @property
    def timeout(self) -> float | None: ...
    @timeout.setter
    def timeout(self, timeout: float | None, /) -> None: ...
    def read(self, size: int = 1, /) -> bytes: ...
    def write(self, data: bytes, /) -> int | None: ...
    def reset_input_buffer(self) -> None: ...


@dataclass(frozen=True)
class Reading:
    """One weight as the balance sent it. ``value`` has the decimals of its display."""

    value: Decimal
    unit: str
    is_stable: bool

    @property
    def grams(self) -> Decimal:
        """Return the weight in grams; raise BalanceError for a unit that is no mass known here."""
        return self.value * self._grams_of_one

    @property
    def _grams_of_one(self) -> Decimal:
        if self.unit not in GRAMS_OF:
            raise BalanceError(
                f"unit: the balance weighs in {self.unit!r}; set it to one of {', '.join(GRAMS_OF)}"
            )
        return GRAMS_OF[self.unit]

    @property
    def resolution_g(self) -> Decimal:
        """Return the last digit shown, in grams."""
        exponent = self.value.as_tuple().exponent
        assert isinstance(exponent, int)
        return Decimal(1).scaleb(exponent) * self._grams_of_one


class Balance:
    """A balance behind an open port, taken over in whatever state it is."""

    def __init__(self, port: SerialLine, *, stable_within_s: float = 30.0) -> None:
        """``stable_within_s``: how long a balance may take to become stable or to tare."""
        self._port = port
        self._stable_within_s = stable_within_s

    # --- identity ----------------------------------------------------------------------------

    def cancel(self) -> str:
        """Have the balance forget what it was doing (``@``); returns its serial number.

        Raise BalanceAnswerError if it answers something else.
        """
        self._port.reset_input_buffer()
        self._send("@")
        end_s = monotonic() + _QUICK_ANSWER_S
        others: list[str] = []
        while True:
            try:
                line = self._line(end_s)
            except BalanceSilentError:
                if not others:
                    raise
                line = ""
            words = line.split()
            if words[:2] == ["I4", "A"]:
                return _quoted(line)
            # Lines of a repetition that was going on may still come first.
            if words[:1] != ["S"]:
                others.append(line)
            if not line or monotonic() >= end_s or words[:1] == ["ES"]:
                raise BalanceAnswerError(
                    f"the balance answers @ with {', '.join(map(repr, others[:_MOST_TOLD]))}, and not with its"
                    " serial number"
                )

    def serial_number(self) -> str:
        return _quoted(self._ask("I4", "I4", _QUICK_ANSWER_S))

    def model(self) -> str:
        """Type, capacity and equipment, as the balance words it (``I2``)."""
        return _quoted(self._ask("I2", "I2", _QUICK_ANSWER_S))

    # --- weights -----------------------------------------------------------------------------

    def weigh_stable(self) -> Reading:
        """Return the next stable weight (``S``). Raise BalanceAnswerError for one that is not."""
        reading = self._weight(self._ask("S", "S", self._stable_within_s))
        if not reading.is_stable:
            raise BalanceAnswerError("the balance answers S with a weight that is not stable")
        return reading

    def weigh(self) -> Reading:
        """Return the weight at this moment, stable or not (``SI``)."""
        return self._weight(self._ask("SI", "S", _QUICK_ANSWER_S))

    def repeat(self) -> Iterator[Reading]:
        """Yield weights as fast as the balance sends them (``SIR``), until the iterator is closed."""
        self._send("SIR")
        try:
            while True:
                yield self._weight(self._line(monotonic() + _QUICK_ANSWER_S))
        finally:
            self.cancel()

    # --- zero and tare -----------------------------------------------------------------------

    def zero(self) -> None:
        """Set to zero once stable (``Z``)."""
        self._ask("Z", "Z", self._stable_within_s)

    def tare(self) -> Reading:
        """Tare once stable (``T``); returns the tare weight."""
        return self._weight(self._ask("T", "T", self._stable_within_s))

    # --- lines -------------------------------------------------------------------------------

    def _send(self, command: str) -> None:
        self._port.write(command.encode("ascii") + END_OF_LINE)

    def _ask(self, command: str, name: str, within_s: float) -> str:
        """Return the answer to a command, which begins with ``name`` and says that it was carried out."""
        # What lies there is the end of something else, such as an answer that came too late.
        self._port.reset_input_buffer()
        self._send(command)
        line = self._line(monotonic() + within_s)
        _must_be_carried_out(command, line)
        words = line.split()
        if len(words) < 2 or words[0] != name:
            raise BalanceAnswerError(f"the balance answers {command} with {line!r}")
        return line

    def _line(self, end_s: float) -> str:
        """Return one line without its end, by an instant of the monotonic clock."""
        data = bytearray()
        while not data.endswith(END_OF_LINE):
            self._port.timeout = max(0.0, end_s - monotonic())
            byte = self._port.read(1)
            if not byte:
                came = f"only {bytes(data)!r}" if data else "nothing"
                raise BalanceSilentError(f"the balance sent {came} within the time allowed")
            data += byte
            if len(data) > _LONGEST_LINE_BYTES:
                raise BalanceAnswerError(
                    f"the balance sent {len(data)} bytes without an end of line: check its baud rate"
                )
        return data[: -len(END_OF_LINE)].decode("latin-1")

    def _weight(self, line: str) -> Reading:
        _must_be_carried_out("a weight", line)
        words = line.split()
        if len(words) != 4 or words[1] not in ("S", "D"):
            raise BalanceAnswerError(f"no weight: {line!r}")
        if not _NUMBER.fullmatch(words[2]):
            raise BalanceAnswerError(f"no number in {line!r}")
        return Reading(Decimal(words[2]), words[3], words[1] == "S")


def _must_be_carried_out(command: str, line: str) -> None:
    """Raise the exception for an answer that says why there is none."""
    words = line.split()
    if not words:
        raise BalanceAnswerError(f"the balance answers {command} with an empty line")
    if words[0] in _ERRORS:
        raise BalanceRefusedError(f"the balance {_ERRORS[words[0]]}: {command}")
    if len(words) == 2 and words[1] in ("+", "-"):
        too_much, too_little = _OUT_OF_RANGE.get(words[0][:1], _OUT_OF_RANGE["S"])
        is_over = words[1] == "+"
        raise OutOfRangeError(f"the balance {too_much if is_over else too_little}", is_over)
    if len(words) == 2 and words[1] in _REFUSALS:
        raise BalanceRefusedError(f"the balance {_REFUSALS[words[1]]}: {command}")


def _quoted(line: str) -> str:
    """Return the text that an answer has in quotation marks."""
    parts = line.split('"')
    if len(parts) != 3:
        raise BalanceAnswerError(f"no text in quotation marks: {line!r}")
    return parts[1]
