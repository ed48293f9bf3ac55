"""A serial port whose other end is a function from a frame to the bytes that answer it."""

from collections.abc import Callable

from thecal_fw.link import messages
from thecal_fw.link.frames import Frame, FrameReader, encode_frame

Answer = Callable[[Frame], bytes]


class ScriptedPort:
    """A port that gives what the host writes to ``answer``; what that returns can be read. Time-outs pass at once."""

    def __init__(self, answer: Answer):
        self.answer = answer
        self.timeout: float | None = None
        self.written: list[bytes] = []
        self._reader = FrameReader()
        self._inbox = bytearray()

    @property
    def in_waiting(self) -> int:
        return len(self._inbox)

    def read(self, size: int = 1) -> bytes:
        data = bytes(self._inbox[:size])
        del self._inbox[:size]
        return data

    def write(self, data: bytes) -> int:
        self.written.append(bytes(data))
        for byte in data:
            frame = self._reader.push(byte)
            if frame is not None:
                self._inbox += self.answer(frame)
        return len(data)

    def close(self) -> None:
        pass


def greeting(frame: Frame, session: int = 9, schema_hash: bytes | None = None) -> bytes:
    """Return a pump's answer to hello."""
    payload = messages.HELLO.response.pack(
        schema_hash or messages.schema_hash(), session, b"1.2.3", b"abc", b"a board", b"77", 0, 0
    )
    return encode_frame(frame.kind | messages.RESPONSE, session, frame.request, payload)


def error(frame: Frame, code: int, detail: int = 0, tail: bytes = b"") -> bytes:
    payload = messages.ERROR.pack(frame.kind, code, detail, tail=tail)
    return encode_frame(messages.KIND_ERROR, frame.session, frame.request, payload)


def time_answer(frame: Frame) -> bytes:
    payload = messages.GET_TIME.response.pack(1, 2, 3, 4, 1, 60)
    return encode_frame(frame.kind | messages.RESPONSE, frame.session, frame.request, payload)


def pump(frame: Frame) -> bytes:
    """Return a pump that greets and knows the time."""
    return greeting(frame) if frame.kind == messages.HELLO.kind else time_answer(frame)
