"""Just enough of a host to program a model pump over its link, for benchmarks: no retries, no time-outs."""

from __future__ import annotations

from typing import Any

from thecal_fw.core.program import Program
from thecal_fw.link import messages
from thecal_fw.link.frames import FrameReader, encode_frame
from thecal_sim.model import ModelPump

_STAGED_AT_ONCE = 64
"""Bytes of a program in one frame: any number that fits into it."""


class BareHost:
    """A host at the port of a model pump, with an open session."""

    def __init__(self, pump: ModelPump) -> None:
        self._pump = pump
        self._reader = FrameReader()
        self._request = self._session = 0
        self.open_session()

    def open_session(self) -> None:
        """Begin a session; one that has gone quiet ends by itself."""
        self._session = 0
        self._session = self.ask(messages.HELLO, messages.schema_hash(), 1)["session"]

    def ask(self, message: messages.Message, *values: object, tail: bytes = b"") -> dict[str, Any]:
        """Return the fields of the pump's answer, once it has worked out what it is asked for. Raise RuntimeError if
        it refuses."""
        while True:
            fields = self._ask_once(message, message.request.pack(*values, tail=tail))
            if fields is not None:
                return fields

    def _ask_once(self, message: messages.Message, payload: bytes) -> dict[str, Any] | None:
        self._request += 1
        self._pump.serial.write(encode_frame(message.kind, self._session, self._request, payload))
        frame = None
        while frame is None:
            frame = self._reader.push(self._pump.serial.read(1)[0])
        error = messages.ERROR.unpack(frame.payload) if frame.kind == messages.KIND_ERROR else None
        if error is not None and error["code"] == messages.ERROR_IN_PROGRESS:
            return None
        fields = message.response.unpack(frame.payload)
        if frame.kind == messages.KIND_ERROR or fields is None:
            raise RuntimeError(f"the pump refused {message.name}: {frame.payload.hex()}")
        return fields

    def begin(self, program: Program, fill_nl: int) -> int:
        """Have a pump that has none deliver a program, from a full reservoir; the instant at which it begins."""
        encoded = program.encode()
        self.ask(messages.STAGE_BEGIN, len(encoded))
        for at in range(0, len(encoded), _STAGED_AT_ONCE):
            self.ask(messages.STAGE_DATA, at, tail=encoded[at : at + _STAGED_AT_ONCE])
        self.ask(messages.STAGE_CHECK, 0)
        self.ask(messages.COMMIT, program.digest())
        self.ask(messages.REFILL, fill_nl)
        return self.instant_ns(self.ask(messages.START, program.digest()))

    def instant_ns(self, answer: dict[str, Any]) -> int:
        """Return when what was asked for takes effect, in virtual time."""
        processor = self._pump.board.processor
        return processor.instant_ns(answer["effective_boot_s"], answer["effective_boot_us"])
