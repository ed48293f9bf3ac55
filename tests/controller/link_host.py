"""The least host there can be: one request, one answer, straight from the declared messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from thecal.alarm_sets import set_of, with_bits
from thecal_fw.core.program import Program
from thecal_fw.link import messages
from thecal_fw.link.frames import Frame, FrameReader, encode_frame
from thecal_fw.link.messages import Message
from thecal_fw.requests.server import LinkServer
from thecal_sim.link import HostPort
from thecal_sim.model import ModelPump
from thecal_sim.units import NS_PER_S

_STAGE_BYTES = 200
_PATIENCE_S = 2.0
_MOMENT_S = 0.05
_MOST_TIMES = 1_000
_SESSION_LASTS_NS = 100 * NS_PER_S
"""Shorter than the pump keeps a session that has gone quiet."""


class RefusedError(Exception):
    """The pump answered with an error."""

    def __init__(self, code: int, detail: int):
        super().__init__(f"refused: {messages.ERROR_NAMES[code]} ({detail})")
        self.code = code
        self.detail = detail


class LinkHost:
    """A host with a session of its own on a serial port; given the time, it says hello again after a long silence."""

    def __init__(self, port: HostPort, nonce: int = 1, now_ns: Callable[[], int] = lambda: 0):
        self._now_ns = now_ns
        self._asked_ns = 0
        self.port = port
        self.nonce = nonce
        self.session = 0
        self.request = 0
        self.sent = b""
        self._reader = FrameReader()
        port.timeout = _PATIENCE_S

    def hello(self) -> dict[str, Any]:
        self.session = self.request = 0
        answer = self.ask(messages.HELLO, messages.schema_hash(), self.nonce)
        self.session = answer["session"]
        return answer

    def ask(self, message: Message, *values: object, tail: bytes = b"") -> dict[str, Any]:
        """Make a new request, and again while the pump works on it; its answer's fields, or RefusedError."""
        before = -1
        for _ in range(_MOST_TIMES):
            try:
                return self.ask_once(message, *values, tail=tail)
            except RefusedError as refusal:
                if refusal.code != messages.ERROR_IN_PROGRESS:
                    raise
                if refusal.detail == before:
                    self._wait_a_moment()
                before = refusal.detail
        raise TimeoutError("the pump does not get on with it")

    def acknowledge(self, alarms: int) -> dict[str, Any]:
        """Acknowledge alarms by bit."""
        return self.ask(messages.ACKNOWLEDGE, set_of(alarms))

    def _wait_a_moment(self) -> None:
        self.port.timeout = _MOMENT_S
        assert self.port.read(1) == b"", "the pump says something that nobody asked for"
        self.port.timeout = _PATIENCE_S

    def ask_once(self, message: Message, *values: object, tail: bytes = b"") -> dict[str, Any]:
        """Make a new request; its answer's fields, or RefusedError."""
        if self.session and self._now_ns() - self._asked_ns > _SESSION_LASTS_NS:
            self.hello()
        self._asked_ns = self._now_ns()
        self.request += 1
        self.sent = encode_frame(
            message.kind, self.session, self.request, message.request.pack(*values, tail=tail)
        )
        return self.fields_of(self.exchange(self.sent))

    def exchange(self, sent: bytes) -> Frame:
        self.port.write(sent)
        return self.next_frame()

    def next_frame(self) -> Frame:
        while True:
            byte = self.port.read(1)
            if not byte:
                raise TimeoutError("the pump does not answer")
            frame = self._reader.push(byte[0])
            if frame is not None:
                return frame

    @staticmethod
    def fields_of(frame: Frame) -> dict[str, Any]:
        if frame.kind == messages.KIND_ERROR:
            fields = messages.ERROR.unpack(frame.payload)
            assert fields is not None
            raise RefusedError(fields["code"], fields["detail"])
        fields = messages.BY_KIND[frame.kind & ~messages.RESPONSE].response.unpack(frame.payload)
        assert fields is not None
        return with_bits(fields)

    def stage(self, program: Program) -> dict[str, Any]:
        """Stage a program and have it checked."""
        encoded = program.encode()
        self.ask(messages.STAGE_BEGIN, len(encoded))
        for offset in range(0, len(encoded), _STAGE_BYTES):
            self.ask(messages.STAGE_DATA, offset, tail=encoded[offset : offset + _STAGE_BYTES])
        return self.ask(messages.STAGE_CHECK, 0)


def link_of(pump: ModelPump) -> LinkServer:
    """Return what serves the link of a model pump that runs."""
    link = pump.controller._link
    assert isinstance(link, LinkServer)
    return link
