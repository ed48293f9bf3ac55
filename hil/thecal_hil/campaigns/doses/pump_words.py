"""The words between host and pump: requests by message, and events by name, with the meaning of their values.

The one place that knows how the log reports doses; everything else works with what is here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from thecal.alarm_sets import acknowledged_in, names_of
from thecal_fw.core import events
from thecal_fw.core.alarms import ALARM_NAMES
from thecal_fw.core.bolus import KIND_NAMES
from thecal_fw.core.bolus_history import REFUSAL_NAMES
from thecal_fw.core.events import EVENT_NAMES, KIND_SHIFT, WAS_CUT_SHORT
from thecal_fw.core.program import Program
from thecal_fw.link import messages
from thecal_fw.link.messages import Message
from thecal_hil.contract.rig import Rig
from thecal_hil.course.raw_link import RawLink, error_name
from thecal_sim import bare_host
from thecal_sim.therapy.dose import End
from thecal_sim.units import NS_PER_S, NS_PER_US

_SESSION_LASTS_NS = 100 * NS_PER_S
"""Shorter than the pump keeps a session that has gone quiet."""
_STAGED_AT_ONCE = 200
_PATIENCE_S = 3.0
"""A commit beside a change and an erase takes longer than a host usually waits."""
_MOMENT_S = 0.01
_MOST_TIMES = 1_000
_NUMBER_SHIFT, _NUMBER_MASK = 17, 0x7FF
_SECONDS_MASK = (1 << _NUMBER_SHIFT) - 1
_END_SHIFT, _END_MASK = 1, 0xFF
_ENDS = {
    "whole": End.WHOLE,
    "a stop": End.STOP,
    "an alarm": End.ALARM,
    "another program": End.PROGRAM,
    "a person": End.CANCEL,
    "a power cut": End.POWER_CUT,
    "held delivery": End.HELD,
}
_END_NAMES: tuple[str, ...] = getattr(events, "END_NAMES", ())
"""Firmware that names no ends reports only whether a dose was cut short."""


class RefusedError(Exception):
    """The pump refuses a request. error: its name. reason: of a bolus, why."""

    def __init__(self, error: str, detail: int) -> None:
        super().__init__(f"{error} ({detail})")
        self.error = error
        self.reason = REFUSAL_NAMES[detail] if error == "bolus refused" else error


class SilentError(Exception):
    """The pump does not answer."""


@dataclass(frozen=True)
class Event:
    """One event. name: of its code. t_ns: rig time, as far as it is of this life; None if it is of one before."""

    name: str
    t_ns: int | None
    first: int
    second: int

    @property
    def raised(self) -> set[str]:
        """Return alarms that it raises."""
        return {ALARM_NAMES[self.first]} if self.name == "alarm raised" else set()

    @property
    def cleared(self) -> set[str]:
        """Return alarms that it clears: one whose cause is gone, or those latched ones that an acknowledgement ends."""
        acknowledged = acknowledged_in(EVENT_NAMES.index(self.name), self.first, self.second)
        if acknowledged is not None:
            return set(names_of(acknowledged[1]))
        return {ALARM_NAMES[self.first]} if self.name == "alarm cleared" else set()

    @property
    def kind(self) -> str:
        """Return the kind of a dose."""
        number = self.second >> KIND_SHIFT
        return KIND_NAMES[number] if number < len(KIND_NAMES) else f"kind {number}"

    @property
    def seconds(self) -> int:
        """Return the seconds of a dose that has begun; ``first`` is its rate."""
        return self.second & _SECONDS_MASK

    @property
    def was_cut_short(self) -> bool:
        """Return True if a dose that has ended was cut short; ``first`` is what it gave, in nL."""
        return bool(self.second & WAS_CUT_SHORT)

    @property
    def number(self) -> int:
        """Return the number of a dose, its low 11 bits; 0 from firmware that gives none."""
        return self.second >> _NUMBER_SHIFT & _NUMBER_MASK

    @property
    def end(self) -> End | None:
        """Return what ended a dose, as far as the log shows it; a name of no end of the reference's is none either."""
        index = self.second >> _END_SHIFT & _END_MASK
        return _ENDS.get(_END_NAMES[index]) if index < len(_END_NAMES) else None

    @property
    def refusal(self) -> str:
        return REFUSAL_NAMES[self.first]


def kind_number(kind: str | int) -> int:
    return kind if isinstance(kind, int) else KIND_NAMES.index(kind)


class PumpWords:
    """One host at the port of a rig's pump."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._sequence = 1
        self.connect()

    def connect(self) -> None:
        """Connect a session of its own, after the pump has been reset or has been left alone for long. Raise
        SilentError if nothing answers."""
        self._rig.port.timeout = _PATIENCE_S
        try:
            self._link = RawLink(self._rig.port)
        except (bare_host.RefusedError, TimeoutError) as error:
            raise SilentError("hello") from error
        self._asked_ns = self._rig.now_ns

    def ask(self, message: Message, *values: object, tail: bytes = b"") -> dict[str, Any]:
        """Return the fields of the answer; raise RefusedError if the pump refuses, SilentError if it does not answer
        or never finishes.

        Asked again while the pump is still at work on it.
        """
        for _ in range(_MOST_TIMES):
            try:
                return self._ask_once(message, *values, tail=tail)
            except RefusedError as refused:
                if refused.error != "in progress":
                    raise
            self._rig.run_for(_MOMENT_S)
        raise SilentError(message.name)

    def _ask_once(self, message: Message, *values: object, tail: bytes = b"") -> dict[str, Any]:
        if self._rig.now_ns - self._asked_ns > _SESSION_LASTS_NS:
            self.connect()
        frame = self._link.answer(self._link.frame(message, *values, tail=tail))
        self._asked_ns = self._rig.now_ns
        if frame is None:
            raise SilentError(message.name)
        if frame.kind == messages.KIND_ERROR:
            fields = messages.ERROR.unpack(frame.payload)
            assert fields is not None
            raise RefusedError(error_name(frame), fields["detail"])
        fields = message.response.unpack(frame.payload)
        assert fields is not None
        return fields

    def stage(self, program: Program) -> bytes:
        """Stage a program; its digest. RefusedError if it has faults."""
        encoded = program.encode()
        self.ask(messages.STAGE_BEGIN, len(encoded))
        for offset in range(0, len(encoded), _STAGED_AT_ONCE):
            self.ask(messages.STAGE_DATA, offset, tail=encoded[offset : offset + _STAGED_AT_ONCE])
        return bytes(self.ask(messages.STAGE_CHECK, 0)["digest"])

    def instant_ns(self, answer: dict[str, Any], prefix: str = "effective_") -> int:
        """Return the rig time of an instant that an answer names."""
        boot_ns = answer[prefix + "boot_s"] * NS_PER_S + answer[prefix + "boot_us"] * NS_PER_US
        return self._rig.boot_origin_ns + boot_ns

    def new_events(self) -> Iterator[Event]:
        """Yield what the log has got since it was last read."""
        boots = self.ask(messages.INTERROGATE)["boots"] & 0xFFFF
        while True:
            answer = self.ask(messages.READ_LOG, self._sequence)
            tail = answer["tail"]
            for at in range(0, len(tail), messages.EVENT.size):
                fields = messages.EVENT.unpack(tail[at : at + messages.EVENT.size])
                assert fields is not None
                t_ns = self.instant_ns(fields, "") if fields["boots"] == boots else None
                yield Event(EVENT_NAMES[fields["code"]], t_ns, fields["first"], fields["second"])
            self._sequence = answer["next_sequence"]
            if self._sequence > answer["latest_sequence"]:
                return
