"""Trouble for the link: hosts that flood it, chatter or never read, and wires that lose, double and damage frames.

Promises: what is sent follows from the arguments alone, so a scenario repeats byte for byte; every disturbance lasts
as long as it was asked to in the rig's own time and is over when the call returns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from random import Random

from serial import SerialTimeoutException

from thecal_fw.link import messages
from thecal_fw.link.frames import MOST_FRAME_BYTES, encode_frame
from thecal_hil.contract.rig import Rig, SerialPort
from thecal_sim.units import NS_PER_S

_PAUSE_S = 0.003
_IMPATIENCE_S = 0.01
_LOOK_S = 0.05
_QUIET_LOOKS = 10
_TAKEN_WITHIN_NS = 60 * NS_PER_S


def valid_frames(session: int) -> Iterator[bytes]:
    """Yield endless well-formed requests that change nothing and that the pump has to answer."""
    for number in count(1):
        yield encode_frame(messages.INTERROGATE.kind, session, number & 0xFFFF)


def garbage(seed: int) -> Iterator[bytes]:
    """Yield endless runs of random bytes, some of them closed like a frame, some longer than any frame."""
    random = Random(seed)
    while True:
        run = random.randbytes(random.randrange(1, 2 * MOST_FRAME_BYTES))
        yield run + b"\0" if random.random() < 0.8 else run


def flood(rig: Rig, seconds: float, sent: Iterator[bytes]) -> int:
    """Have the host send at least as fast as the pump takes it for so long, dropping what comes back; bytes sent."""
    port = rig.port
    patience_s, port.write_timeout = port.write_timeout, _IMPATIENCE_S
    end_ns = rig.now_ns + round(seconds * NS_PER_S)
    total = 0
    while rig.now_ns < end_ns:
        data = next(sent)
        # What the pump has no room for yet waits in the host's own buffer.
        with suppress(SerialTimeoutException):
            port.write(data)
        total += len(data)
        rig.run_for(_PAUSE_S)
        port.reset_input_buffer()
    port.write_timeout = patience_s
    settle(rig)
    _close_run(rig)
    settle(rig)
    return total


def _close_run(rig: Rig) -> None:
    """Close whatever run of bytes is open, so that the next request begins afresh. Raises SerialTimeoutException if the
    pump has not taken all that was sent before within a minute."""
    end_ns = rig.now_ns + _TAKEN_WITHIN_NS
    while True:
        try:
            rig.port.write(b"\0")
            return
        except SerialTimeoutException:
            if rig.now_ns >= end_ns:
                raise


def settle(rig: Rig, most_s: float = 5.0) -> None:
    """Wait until the pump has answered everything that was sent, and forget the answers."""
    end_ns = rig.now_ns + round(most_s * NS_PER_S)
    quiet = 0
    while quiet < _QUIET_LOOKS and rig.now_ns < end_ns:
        rig.run_for(_LOOK_S)
        quiet = 0 if rig.port.in_waiting else quiet + 1
        rig.port.reset_input_buffer()


class BadWire:
    """A port with a bad wire: a proxy that alters whole frames on their way, as its hooks say.

    ``to_pump`` and ``to_host`` turn each frame (closing zero included) into the bytes that arrive instead of it.
    """

    def __init__(self, port: SerialPort) -> None:
        self._port = port
        self.timeout = port.timeout
        self.write_timeout = port.write_timeout
        self.to_pump: Callable[[bytes], bytes] = bytes
        self.to_host: Callable[[bytes], bytes] = bytes
        self._outgoing = bytearray()
        self._incoming = bytearray()
        self._inbox = bytearray()
        self.frames_to_pump: list[bytes] = []

    @property
    def in_waiting(self) -> int:
        self._take(self._port.read(self._port.in_waiting) if self._port.in_waiting else b"")
        return len(self._inbox)

    def read(self, size: int = 1) -> bytes:
        self._port.timeout = self.timeout
        while len(self._inbox) < size:
            data = self._port.read(max(1, self._port.in_waiting))
            if not data:
                break
            self._take(data)
        data = bytes(self._inbox[:size])
        del self._inbox[:size]
        return data

    def write(self, data: bytes) -> int:
        self._port.write_timeout = self.write_timeout
        self._outgoing += data
        for frame in _whole_frames(self._outgoing):
            self.frames_to_pump.append(frame)
            arriving = self.to_pump(frame)
            if arriving:
                self._port.write(arriving)
        return len(data)

    def reset_input_buffer(self) -> None:
        self._inbox.clear()
        self._incoming.clear()
        self._port.reset_input_buffer()

    def close(self) -> None:
        self._port.close()

    def _take(self, data: bytes) -> None:
        self._incoming += data
        for frame in _whole_frames(self._incoming):
            self._inbox += self.to_host(frame)


def _whole_frames(buffer: bytearray) -> Iterator[bytes]:
    """Cut every closed frame off the front of a buffer."""
    while (end := buffer.find(0)) >= 0:
        frame = bytes(buffer[: end + 1])
        del buffer[: end + 1]
        yield frame


class FirstOnly:
    """Applies a change to the next so many frames, then lets everything through: a fault that passes."""

    def __init__(self, change: Callable[[bytes], bytes], frames: int = 1) -> None:
        self._change = change
        self.left = frames

    def __call__(self, frame: bytes) -> bytes:
        if self.left <= 0:
            return frame
        self.left -= 1
        return self._change(frame)


def lost(frame: bytes) -> bytes:
    return b""


def doubled(frame: bytes) -> bytes:
    return frame + frame


def cut_short(frame: bytes) -> bytes:
    """Return a frame whose second half never arrives; the closing zero does."""
    return frame[: len(frame) // 2] + b"\0"


def damaged(frame: bytes) -> bytes:
    """Return a frame with one bit of its body wrong."""
    middle = len(frame) // 2
    flipped = frame[middle] ^ 0x40 or 0x01
    return frame[:middle] + bytes([flipped]) + frame[middle + 1 :]
