"""Wires for a fuzzer: ports whose other end says what the fuzzer made up, in no time."""

from __future__ import annotations

from thecal_fw.link import messages
from thecal_fw.link.frames import MOST_PAYLOAD_BYTES, Frame, FrameReader, encode_frame

SESSION = 9


class Line:
    """A serial line on which some bytes lie ready. What is written goes nowhere, and time-outs pass at once."""

    def __init__(self, ready: bytes) -> None:
        self.timeout: float | None = None
        self._ready = bytearray(ready)

    @property
    def in_waiting(self) -> int:
        return len(self._ready)

    def read(self, size: int = 1, /) -> bytes:
        data = bytes(self._ready[:size])
        del self._ready[:size]
        return data

    def write(self, data: bytes, /) -> int:
        return len(data)

    def reset_input_buffer(self) -> None:
        """Keep what lies ready, which is the answer to what is asked next."""

    def close(self) -> None:
        pass


class Answering:
    """A port whose other end greets as a pump does, and answers each request with the next payload that it was given.

    is_framed: the payloads are put into frames that fit the request; otherwise they are sent as they are.
    """

    def __init__(self, payloads: list[bytes], *, is_framed: bool = True) -> None:
        self.timeout: float | None = None
        self._payloads = payloads
        self._is_framed = is_framed
        self._reader = FrameReader()
        self._inbox = bytearray()

    @property
    def in_waiting(self) -> int:
        return len(self._inbox)

    def read(self, size: int = 1, /) -> bytes:
        data = bytes(self._inbox[:size])
        del self._inbox[:size]
        return data

    def write(self, data: bytes, /) -> int:
        for byte in data:
            frame = self._reader.push(byte)
            if frame is not None:
                self._inbox += self._answer(frame)
        return len(data)

    def close(self) -> None:
        pass

    def _answer(self, frame: Frame) -> bytes:
        if frame.kind == messages.HELLO.kind:
            return greeting(frame)
        payload = self._payloads.pop(0) if self._payloads else b""
        if not self._is_framed:
            return payload + b"\0"
        kind = frame.kind | messages.RESPONSE
        if payload[:1] == b"\xff" and len(payload) > 6:
            kind, payload = messages.KIND_ERROR, bytes([frame.kind]) + payload[1:]
        return encode_frame(kind, frame.session, frame.request, payload[:MOST_PAYLOAD_BYTES])


def greeting(frame: Frame) -> bytes:
    """Return a pump's answer to hello."""
    payload = messages.HELLO.response.pack(
        messages.schema_hash(), SESSION, b"1.2.3", b"abc", b"a board", b"77", 0, 0
    )
    return encode_frame(frame.kind | messages.RESPONSE, SESSION, frame.request, payload)


def pieces_of(data: bytes) -> list[bytes]:
    """Return what a fuzzer made up, cut into pieces: a byte says how long each is, 255 as long as the rest."""
    pieces, at = [], 0
    while at < len(data):
        length = data[at] if data[at] < 255 else len(data)
        pieces.append(data[at + 1 : at + 1 + length])
        at += 1 + length
    return pieces
