"""Driver of the bench probe: edges with their instants, and the fault switches.

Promises: every edge the probe kept is handed out once, in order of time, as the rigs have them (``t_ns``, ``signal``,
``level``), in nanoseconds since the probe's reset by its own clock; what the probe saw and did not keep is counted in
``lost``, what it could not distinguish in ``unplaced``. Requests may be repeated without harm, and are; how often is in
``repeats``.

An instant is that of the probe's timer, which counts microseconds, put in the middle of what it can stand for. With the
way from the pin to the timer taken off, it is wrong by at most ``RESOLUTION_NS``.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from thecal.link import SerialPort
from thecal_fw.link.frames import Frame, FrameReader, encode_frame
from thecal_fw.link.layouts import Message
from thecal_probe import messages, pins
from thecal_sim.edge_record import Edge

RESOLUTION_NS: Final = 1_000
_TIMER_STEP_NS: Final = 1_000
_PIN_TO_TIMER_NS: Final = 150
"""Synchroniser, two state machines at 16 ns an instruction, two DMA transfers: 100 to 200 ns."""
_TIMER_WORDS: Final = 1 << 32
_NUMBERS: Final = 1 << messages.NUMBER_BITS
_POSITIONS: Final = 1 << messages.POSITION_BITS
_LEVELS: Final = (1 << messages.LEVEL_BITS) - 1
_TRIES: Final = 3
_LINES: Final = {name: line for line, name in enumerate(pins.SWITCHES)}


class ProbeError(Exception):
    """The probe can't be used as asked, or its record can't be trusted; the message says why."""


class _Group:
    """The edges that have been read of one group of inputs."""

    def __init__(self, number: int) -> None:
        first = number * pins.INPUTS_PER_GROUP
        self.signals = pins.INPUTS[first : first + pins.INPUTS_PER_GROUP]
        self.position = 0
        self.levels = 0
        self.next_number: int | None = None
        self.changed_before = 0
        self.read_us = 0


class Probe:
    """A probe behind a serial port; only edges after this are handed out."""

    def __init__(self, port: SerialPort) -> None:
        """Raise ProbeError if the probe's firmware is of another protocol."""
        self._port = port
        self._reader = FrameReader()
        self._request = 0
        self.lost = 0
        """Edges that the probe numbered and did not keep."""
        self.unplaced = 0
        """Records that show no change: pulses shorter than the probe can show."""
        self.repeats = 0
        self._waiting: list[Edge] = []
        self._boot_id: int | None = None
        port.read(port.in_waiting)
        # Ends whatever an earlier program has left half-way.
        port.write(b"\0")
        hello = self._ask(messages.HELLO)
        if hello["schema_hash"] != messages.schema_hash():
            raise ProbeError(
                f"the probe's firmware {_text(hello['version'])} ({_text(hello['commit'])}) speaks another version of "
                "the protocol: flash build/firmware/probe.uf2"
            )
        self.version, self.commit, self.serial = (
            _text(hello[key]) for key in ("version", "commit", "serial")
        )
        self._groups = [_Group(number) for number in range(pins.GROUPS)]
        for number, group in enumerate(self._groups):
            self._begin(number, group)

    def _begin(self, number: int, group: _Group) -> None:
        """Start behind the newest record, with the levels it left."""
        captured = self._ask(messages.READ, number, 0)["captured"]
        answer = self._ask(messages.READ, number, (captured - 1) % _POSITIONS)
        for _, word in struct.iter_unpack("<II", answer["tail"]):
            group.levels = word & _LEVELS
            group.next_number = (_number(word) + 1) % _NUMBERS
        group.position = (answer["position"] + len(answer["tail"]) // messages.RECORD_BYTES) % _POSITIONS
        group.read_us = _us(answer)

    # --- time and edges ----------------------------------------------------------------------

    def now_ns(self) -> int:
        """Return the probe's clock, read at some instant within the call."""
        return _us(self._ask(messages.TIME)) * _TIMER_STEP_NS

    def level(self, signal: str) -> int:
        """Return the level of an input as of the latest poll."""
        group, bit = divmod(pins.INPUTS.index(signal), pins.INPUTS_PER_GROUP)
        return self._groups[group].levels >> bit & 1

    def poll(self) -> list[Edge]:
        """Return edges that have come since the poll before, in order of time. Has to be called at least hourly."""
        for number, group in enumerate(self._groups):
            while self._read(number, group):
                pass
        known_ns = min(group.read_us for group in self._groups) * _TIMER_STEP_NS - 2 * RESOLUTION_NS
        self._waiting.sort(key=lambda edge: edge.t_ns)
        ready = [edge for edge in self._waiting if edge.t_ns <= known_ns]
        del self._waiting[: len(ready)]
        return ready

    def _read(self, number: int, group: _Group) -> bool:
        """Read one response's worth of records; whether there are more."""
        answer = self._ask(messages.READ, number, group.position)
        now_us = _us(answer)
        if now_us - group.read_us >= _TIMER_WORDS:
            raise ProbeError(
                f"the probe was not read for {(now_us - group.read_us) // 60_000_000} minutes: after 71 its instants "
                "can't be known apart any more"
            )
        group.read_us = now_us
        tail = answer["tail"]
        for low_us, word in struct.iter_unpack("<II", tail):
            t_us = now_us - (now_us - low_us) % _TIMER_WORDS
            self._take(group, t_us * _TIMER_STEP_NS + _TIMER_STEP_NS // 2 - _PIN_TO_TIMER_NS, word)
        group.position = (answer["position"] + len(tail) // messages.RECORD_BYTES) % _POSITIONS
        return group.position != answer["captured"]

    def _take(self, group: _Group, t_ns: int, word: int) -> None:
        number, levels = _number(word), word & _LEVELS
        if group.next_number is None:
            group.next_number = 0
        missing = (number - group.next_number) % _NUMBERS
        self.lost += missing
        group.next_number = (number + 1) % _NUMBERS
        changed = levels ^ group.levels
        # Two edges at once make two records, and the first one shows both.
        if not changed and missing:
            # Of which input it was can't be known behind a gap.
            self.lost += 1
        elif not changed and group.changed_before < 2:
            self.unplaced += 1
        group.changed_before = changed.bit_count() if changed else group.changed_before - 1
        group.levels = levels
        self._waiting += [
            Edge(t_ns, signal, levels >> bit & 1)
            for bit, signal in enumerate(group.signals)
            if changed >> bit & 1
        ]

    # --- switches ----------------------------------------------------------------------------

    def switch_on(self, line: str, hold_s: float) -> int:
        """Switch a line on; it goes off by itself after ``hold_s``. Returns the probe's time just before, in ns.
        Raise ProbeError if the probe can't hold it that long."""
        hold_ms = round(hold_s * 1_000)
        if not 0 < hold_ms <= messages.LONGEST_HOLD_MS:
            raise ProbeError(f"hold_s: {hold_s} is not within 0.001 to {messages.LONGEST_HOLD_MS / 1000:g}")
        return self._switch(line, 1, hold_ms)

    def switch_off(self, line: str) -> int:
        return self._switch(line, 0, 0)

    @contextmanager
    def switched_on(self, line: str, longest_s: float = messages.LONGEST_HOLD_MS / 1_000) -> Iterator[None]:
        """Yield a line that is on within the context, and off after ``longest_s`` in any case."""
        self.switch_on(line, longest_s)
        try:
            yield
        finally:
            self.switch_off(line)

    def _switch(self, line: str, is_on: int, hold_ms: int) -> int:
        if line not in _LINES:
            raise ProbeError(f"line: the probe has no switch {line!r}; it has {', '.join(_LINES)}")
        return _us(self._ask(messages.SWITCH, _LINES[line], is_on, hold_ms)) * _TIMER_STEP_NS

    def close(self) -> None:
        self._port.close()

    # --- exchange ----------------------------------------------------------------------------

    def _ask(self, message: Message, *values: int) -> dict[str, Any]:
        self._request = self._request % 0xFFFF + 1
        request = encode_frame(message.kind, 0, self._request, message.request.pack(*values))
        for attempt in range(_TRIES):
            self.repeats += attempt > 0
            self._port.write(request)
            frame = self._answer()
            if frame is not None:
                return self._fields(message, frame)
        raise ProbeError(f"the probe does not answer {message.name}, asked {_TRIES} times")

    def _answer(self) -> Frame | None:
        while data := self._port.read(max(1, self._port.in_waiting)):
            for byte in data:
                frame = self._reader.push(byte)
                if frame is not None and frame.request == self._request:
                    return frame
        return None

    def _fields(self, message: Message, frame: Frame) -> dict[str, Any]:
        if frame.kind == messages.KIND_ERROR:
            code = frame.payload[0] if frame.payload else 0
            name = messages.ERROR_NAMES[code] if code < len(messages.ERROR_NAMES) else f"error {code}"
            raise ProbeError(f"the probe refuses {message.name}: {name}")
        fields = (
            message.response.unpack(frame.payload) if frame.kind == message.kind | messages.RESPONSE else None
        )
        if fields is None:
            raise ProbeError(f"the probe answers {message.name} with something else: is it a probe?")
        if self._boot_id is None and message is messages.HELLO:
            self._boot_id = fields["boot_id"]
        if fields["boot_id"] != self._boot_id:
            raise ProbeError("the probe has been reset: its record has a gap of unknown length")
        return fields


def _us(fields: dict[str, Any]) -> int:
    return int(fields["boot_s"]) * 1_000_000 + int(fields["boot_us"])


def _number(word: int) -> int:
    """Return the number of an edge: the probe counts downwards from zero."""
    return -(word >> messages.LEVEL_BITS) % _NUMBERS


def _text(field: bytes) -> str:
    return field.rstrip(b"\0").decode("ascii", "replace")
