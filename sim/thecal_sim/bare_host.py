"""The least host there can be: it numbers requests, frames them, and takes the pump's answers, without retries.

Promises: straight from the declared messages; what the pump refuses is raised with its code. What makes wrong frames,
proves a key or renews its session builds on it.
"""

from __future__ import annotations

from typing import Any, Protocol

from thecal_fw.core.program import Program
from thecal_fw.link import messages
from thecal_fw.link.frames import Frame, FrameReader, encode_frame
from thecal_fw.link.messages import Message

_MOST_TIMES = 1_000


class Line(Protocol):
    """The host's end of a serial port."""

    @property
    def in_waiting(self) -> int: ...

    def read(self, size: int = 1, /) -> bytes: ...

    def write(self, data: bytes, /) -> int | None: ...


class RefusedError(RuntimeError):
    """The pump answered with an error."""

    def __init__(self, code: int, detail: int) -> None:
        super().__init__(f"refused: {messages.ERROR_NAMES[code]} ({detail})")
        self.code = code
        self.detail = detail


class BareHost:
    """A host on a serial port. sent: the latest request as it went out. request: its number."""

    staged_at_once = 64
    """Bytes of a program in one frame: any number that fits into it."""

    def __init__(self, port: Line, nonce: int = 1) -> None:
        self.port = port
        self.nonce = nonce
        self.session = 0
        self.request = 0
        self.sent = b""
        self._reader = FrameReader()
        self._unread = b""

    def hello(self) -> dict[str, Any]:
        """Begin a session; one that has gone quiet ends by itself."""
        self.session = self.request = 0
        answer = self.ask(messages.HELLO, messages.schema_hash(), self.nonce)
        self.session = answer["session"]
        return answer

    def ask(self, message: Message, *values: object, tail: bytes = b"") -> dict[str, Any]:
        """Make a new request, and again while the pump works on it; its answer's fields. Raise RefusedError if the
        pump refuses, TimeoutError if it never gets on with it."""
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

    def _wait_a_moment(self) -> None:
        """Let the pump get on with it; the line's time-out has done so already."""

    def ask_once(self, message: Message, *values: object, tail: bytes = b"") -> dict[str, Any]:
        """Make a new request; its answer's fields. Raise RefusedError if the pump refuses."""
        self.request += 1
        payload = message.request.pack(*values, tail=tail)
        self.sent = encode_frame(message.kind, self.session, self.request, payload)
        return self.fields_of(self.exchange(self.sent))

    def exchange(self, sent: bytes) -> Frame:
        """Send a frame; the next answer. Raise TimeoutError if none comes."""
        self.port.write(sent)
        return self.next_frame()

    def next_frame(self) -> Frame:
        """Return the next answer. Raise TimeoutError if none comes."""
        frame = self.receive()
        if frame is None:
            raise TimeoutError("the pump does not answer")
        return frame

    def receive(self) -> Frame | None:
        """Return the next answer, or None if none comes."""
        while data := self._unread or self.port.read(max(1, self.port.in_waiting)):
            for place, byte in enumerate(data, 1):
                frame = self._reader.push(byte)
                if frame is not None:
                    self._unread = data[place:]
                    return frame
            self._unread = b""
        return None

    @staticmethod
    def fields_of(frame: Frame) -> dict[str, Any]:
        """Return the fields of an answer. Raise RefusedError if it is an error."""
        if frame.kind == messages.KIND_ERROR:
            fields = messages.ERROR.unpack(frame.payload)
            assert fields is not None
            raise RefusedError(fields["code"], fields["detail"])
        fields = messages.BY_KIND[frame.kind & ~messages.RESPONSE].response.unpack(frame.payload)
        assert fields is not None
        return fields

    def stage(self, program: Program) -> dict[str, Any]:
        """Stage a program and have it checked."""
        encoded = program.encode()
        self.ask(messages.STAGE_BEGIN, len(encoded))
        for at in range(0, len(encoded), self.staged_at_once):
            self.ask(messages.STAGE_DATA, at, tail=encoded[at : at + self.staged_at_once])
        return self.ask(messages.STAGE_CHECK, 0)

    def begin(self, program: Program, fill_nl: int) -> dict[str, Any]:
        """Have a pump that has none deliver a program, from a full reservoir; what it answers to the start."""
        self.stage(program)
        self.ask(messages.COMMIT, program.digest())
        self.ask(messages.REFILL, fill_nl)
        return self.ask(messages.START, program.digest())
