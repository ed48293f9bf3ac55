"""A host that makes its frames by hand, to send what the client library never would.

Promises: what goes out is what was asked for, right or wrong; answers are decoded with the pump's own frame reader and
handed over one by one, an absent one as None after the port's time-out.
"""

from __future__ import annotations

import struct
from typing import Any

from cobs import cobs

from thecal_fw.link import messages
from thecal_fw.link.frames import PROTOCOL_VERSION, Frame, FrameReader, crc32
from thecal_fw.link.messages import Message
from thecal_hil.contract.rig import SerialPort


def frame_bytes(
    kind: int,
    session: int,
    request: int,
    payload: bytes = b"",
    *,
    version: int = PROTOCOL_VERSION,
    crc_error: int = 0,
) -> bytes:
    """Return one frame as it goes over the wire, with another version or a wrong CRC if wanted."""
    body = struct.pack("<BBHH", version, kind, session, request) + payload
    return cobs.encode(body + struct.pack("<I", crc32(body) ^ crc_error)) + b"\0"


class RawLink:
    """One session with a pump. ``request`` is the number of the latest request."""

    def __init__(self, port: SerialPort, host_nonce: int = 1) -> None:
        self._port = port
        self._reader = FrameReader()
        self._unread = b""
        self.session = 0
        self.request = 0
        self.session = self.ask(messages.HELLO, messages.schema_hash(), host_nonce)["session"]

    def frame(
        self, message: Message, *values: Any, tail: bytes = b"", request: int | None = None, **wrong: int
    ) -> bytes:
        """Return the next request's frame, or that of another request number; ``wrong`` as in ``frame_bytes``."""
        if request is None:
            self.request += 1
            request = self.request
        payload = message.request.pack(*values, tail=tail)
        return frame_bytes(message.kind, self.session, request, payload, **wrong)

    def send(self, data: bytes) -> None:
        self._port.write(data)

    def receive(self) -> Frame | None:
        """Return the next answer, or None if none comes."""
        while data := self._unread or self._port.read(max(1, self._port.in_waiting)):
            for place, byte in enumerate(data, 1):
                frame = self._reader.push(byte)
                if frame is not None:
                    self._unread = data[place:]
                    return frame
            self._unread = b""
        return None

    def exchange(self, data: bytes) -> Frame | None:
        self.send(data)
        return self.receive()

    def ask(self, message: Message, *values: Any, tail: bytes = b"") -> dict[str, Any]:
        """Return the fields of a response; raise AssertionError if an error or nothing comes instead."""
        frame = self.exchange(self.frame(message, *values, tail=tail))
        assert frame is not None, f"no answer to {message.name}"
        assert frame.kind == message.kind | messages.RESPONSE, (
            f"{message.name} is answered by {error_name(frame)}"
        )
        fields = message.response.unpack(frame.payload)
        assert fields is not None
        return fields

    def refusal(self, message: Message, *values: Any, tail: bytes = b"") -> str:
        """Return the name of the error that a request is answered with."""
        frame = self.exchange(self.frame(message, *values, tail=tail))
        assert frame is not None, f"no answer to {message.name}"
        return error_name(frame)


def error_name(frame: Frame | None) -> str:
    """Name of the error a frame carries; "none" if it carries none, "silence" for no frame."""
    if frame is None:
        return "silence"
    if frame.kind != messages.KIND_ERROR:
        return "none"
    fields = messages.ERROR.unpack(frame.payload)
    assert fields is not None
    return messages.ERROR_NAMES[fields["code"]]
