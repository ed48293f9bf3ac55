"""Somebody between a host and a pump: a port that takes each frame either way, and passes on what it likes."""

from __future__ import annotations

from typing import Any

from thecal_fw.link.frames import Frame, FrameReader, encode_frame

MOST_READS = 50_000
"""A session that ends reads no more bytes than this."""


class EndlessError(BaseException):
    """The command asks and reads without end."""


class PortInFront:
    """The model's port with something in front of it; as such it passes on everything as it is."""

    def __init__(self, serial: Any) -> None:
        if not serial.is_open:
            serial.open()
        self._serial = serial

    @property
    def timeout(self) -> float | None:
        return self._serial.timeout

    @timeout.setter
    def timeout(self, seconds: float | None) -> None:
        self._serial.timeout = seconds

    @property
    def in_waiting(self) -> int:
        return self._serial.in_waiting

    def write(self, data: bytes) -> int:
        return self._serial.write(data)

    def read(self, size: int = 1) -> bytes:
        return self._serial.read(size)

    def reset_output_buffer(self) -> None:
        self._serial.reset_output_buffer()

    def close(self) -> None:
        self._serial.close()


class Between(PortInFront):
    """Somebody in the midst, who takes each frame either way."""

    def __init__(self, serial: Any) -> None:
        super().__init__(serial)
        self._from_pump, self._from_host = FrameReader(), FrameReader()
        self._ready = bytearray()
        self._reads = 0

    def to_host(self, frame: Frame) -> bytes:
        """Return what the host hears in place of the pump's frame."""
        return as_it_is(frame)

    def to_pump(self, frame: Frame) -> bytes:
        """Return what the pump hears in place of the host's frame."""
        return as_it_is(frame)

    def say(self, data: bytes) -> None:
        """Have the host hear this next."""
        self._ready += data

    @property
    def in_waiting(self) -> int:
        return super().in_waiting + len(self._ready)

    def write(self, data: bytes) -> int:
        for byte in data:
            frame = self._from_host.push(byte)
            if frame is not None:
                self._serial.write(self.to_pump(frame))
        if data == b"\0":
            self._serial.write(data)
        return len(data)

    def read(self, size: int = 1) -> bytes:
        """Return bytes for the host; raise EndlessError for a command that reads without end."""
        self._reads += 1
        if self._reads > MOST_READS:
            raise EndlessError
        while not self._ready:
            data = self._serial.read(1)
            if not data:
                return b""
            frame = self._from_pump.push(data[0])
            if frame is not None:
                self._ready += self.to_host(frame)
        data = bytes(self._ready[:size])
        del self._ready[:size]
        return data


def as_it_is(frame: Frame) -> bytes:
    return bytes(encode_frame(frame.kind, frame.session, frame.request, frame.payload))
