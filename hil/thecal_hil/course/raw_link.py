"""A host that makes its frames by hand, to send what the client library never would.

Promises: what goes out is what was asked for, right or wrong; answers are decoded with the pump's own frame reader and
handed over one by one, an absent one as None after the port's time-out.
"""

from __future__ import annotations

import struct
from typing import Any

from cobs import cobs

from thecal_fw.link import messages
from thecal_fw.link.frames import PROTOCOL_VERSION, Frame, crc32
from thecal_fw.link.messages import Message
from thecal_hil.contract.rig import SerialPort
from thecal_sim.bare_host import BareHost


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


class RawLink(BareHost):
    """One session with a pump."""

    def __init__(self, port: SerialPort, host_nonce: int = 1) -> None:
        super().__init__(port, host_nonce)
        self.hello()

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
        self.port.write(data)

    def answer(self, data: bytes) -> Frame | None:
        """Send a frame; the next answer, or None if none comes."""
        self.send(data)
        return self.receive()

    def refusal(self, message: Message, *values: Any, tail: bytes = b"") -> str:
        """Return the name of the error that a request is answered with."""
        return error_name(self.exchange(self.frame(message, *values, tail=tail)))


def error_name(frame: Frame | None) -> str:
    """Name of the error a frame carries; "none" if it carries none, "silence" for no frame."""
    if frame is None:
        return "silence"
    if frame.kind != messages.KIND_ERROR:
        return "none"
    fields = messages.ERROR.unpack(frame.payload)
    assert fields is not None
    return messages.ERROR_NAMES[fields["code"]]
