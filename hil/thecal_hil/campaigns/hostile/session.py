"""One session of a command with a hostile board: a model pump, and something on the way that changes what it says.

Promise: all that is changed follows from the session's seed. What became of the pump is read from the board itself.
"""

from __future__ import annotations

import random
from typing import Any

from thecal_fw.link import messages
from thecal_fw.link.frames import FrameReader, encode_frame
from thecal_hil.campaigns.interrupted.trial import COMMANDS, NEED_A_KEY, NEED_THE_BUTTON
from thecal_hil.campaigns.stage import Stage

READING = {
    "interrogate": ["interrogate"],
    "interrogate as JSON": ["interrogate", "--json"],
    "log": ["log"],
    "dates": ["dates"],
    "keys": ["keys"],
    "watch": ["watch", "--count", "2"],
    "residual": ["residual", "12.3"],
    "bolus status": ["bolus", "status"],
    "clock": ["time"],
    "life": ["service"],
}
ALL = {**READING, **{name: words for name, words in COMMANDS.items() if name not in NEED_A_KEY}}
MOST_READS = 50_000
"""Of bytes, in a session that ends."""


class EndlessError(BaseException):
    """The command asks and reads without end."""


class HostilePort:
    """The model's port; of what comes back, frames are changed as chance has it. lied: whether any was."""

    def __init__(self, serial: Any, random: random.Random, rate: float) -> None:
        if not serial.is_open:
            serial.open()
        self._serial, self._random, self._rate = serial, random, rate
        self._reader = FrameReader()
        self._ready = bytearray()
        self._last = b""
        self._reads = 0

    @property
    def timeout(self) -> float | None:
        return self._serial.timeout

    @timeout.setter
    def timeout(self, seconds: float | None) -> None:
        self._serial.timeout = seconds

    @property
    def in_waiting(self) -> int:
        return self._serial.in_waiting + len(self._ready)

    def write(self, data: bytes) -> int:
        return self._serial.write(data)

    def read(self, size: int = 1) -> bytes:
        """Return bytes of a hostile board; raise EndlessError for a command that reads without end."""
        self._reads += 1
        if self._reads > MOST_READS:
            raise EndlessError
        while not self._ready:
            data = self._serial.read(1)
            if not data:
                return b""
            frame = self._reader.push(data[0])
            if frame is not None:
                self._ready += self._changed(frame)
        data = bytes(self._ready[:size])
        del self._ready[:size]
        return data

    def _changed(self, frame: Any) -> bytes:
        draw = self._random
        payload = bytearray(frame.payload)
        kind, session, request = frame.kind, frame.session, frame.request
        is_hello = kind == messages.HELLO.kind | messages.RESPONSE
        if draw.random() < self._rate * (0.1 if is_hello else 1.0):
            way = draw.randrange(8)
            begin = 10 if is_hello else 0
            if way <= 3 and len(payload) > begin:
                for _ in range(draw.choice((1, 1, 2, 4, len(payload)))):
                    payload[draw.randrange(begin, len(payload))] = draw.choice(
                        (0, 1, 0x7F, 0x80, 0xFF, draw.randrange(256))
                    )
            elif way == 4 and len(payload) > begin:
                payload[begin:] = draw.randbytes(len(payload) - begin)
            elif way == 5:
                payload = bytearray(draw.randbytes(draw.randrange(0, 200)))
            elif way == 6:
                kind, payload = (
                    messages.KIND_ERROR,
                    bytearray(
                        messages.ERROR.pack(
                            kind & 0x7F,
                            draw.randrange(64),
                            draw.randrange(2**32),
                            tail=draw.randbytes(draw.randrange(12)),
                        )
                    ),
                )
            else:
                return self._last + draw.randbytes(draw.randrange(40))
        self._last = encode_frame(kind, session, request, bytes(payload))
        return self._last

    def reset_output_buffer(self) -> None:
        self._serial.reset_output_buffer()

    def close(self) -> None:
        self._serial.close()


def play_hostile(stage: Stage, command: str, seed: int) -> list[str]:
    """Run the command with a board that is hostile in the way of this seed; what is wrong with how it ended."""
    draw = random.Random(seed)
    rate = draw.choice((0.05, 0.2, 0.6, 1.0))
    stage.model.board.button.held = command in NEED_THE_BUTTON
    ended = stage.run(ALL[command], lambda: HostilePort(stage.model.serial, draw, rate))
    if "EndlessError" in ended.traceback:
        return ["endless"]
    if ended.traceback or "Traceback" in ended.said:
        lines = ended.traceback.strip().splitlines() or [ended.said]
        return [f"traceback: {lines[-1]} at {lines[max(0, len(lines) - 3)].strip()}"]
    if ended.exit_code not in (0, 1, 2, 3):
        return [f"exit code {ended.exit_code}"]
    if "\x1b" in ended.said:
        return ["commands for the terminal"]
    return []
