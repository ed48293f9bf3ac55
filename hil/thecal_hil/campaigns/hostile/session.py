"""One session of a command with a hostile board: a model pump, and something on the way that changes what it says.

Promise: all that is changed follows from the session's seed. What became of the pump is read from the board's own log,
and held against what was said, unless an answer to the very request for a change was a lie: without a key nobody can
know that.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from thecal_fw.link import messages
from thecal_fw.link.frames import Frame, encode_frame
from thecal_hil.campaigns.between import Between
from thecal_hil.campaigns.interrupted.trial import (
    COMMANDS,
    NEED_A_KEY,
    NEED_THE_BUTTON,
    NOTHING_DONE,
    Plan,
    findings,
)
from thecal_hil.campaigns.stage import Ended, Stage

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
_LOST = 7
"""The way in which an answer never comes; in the others another one comes in its place."""
ALL = {**READING, **{name: words for name, words in COMMANDS.items() if name not in NEED_A_KEY}}


class HostilePort(Between):
    """The model's port; of what comes back, frames are changed as chance has it. has_lied: whether an answer to a
    request that changes something was one of them."""

    def __init__(self, serial: Any, random: random.Random, rate: float) -> None:
        super().__init__(serial)
        self._random, self._rate = random, rate
        self._last = b""
        self.has_lied = False

    def to_host(self, frame: Frame) -> bytes:
        draw = self._random
        payload = bytearray(frame.payload)
        kind = frame.kind
        is_hello = kind == messages.HELLO.kind | messages.RESPONSE
        if draw.random() < self._rate * (0.1 if is_hello else 1.0):
            way = draw.randrange(8)
            request = messages.BY_KIND.get(kind & 0x7F)
            # Who it is decides whose key is kept.
            self.has_lied |= way < _LOST and (request is None or request.changes or is_hello)
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
                # What was answered is lost, which is no lie.
                return self._last + draw.randbytes(draw.randrange(40))
        self._last = bytes(encode_frame(kind, frame.session, frame.request, bytes(payload)))
        return self._last


def play_hostile(stage: Stage, command: str, seed: int) -> list[str]:
    """Run the command with a board that is hostile in the way of this seed; what is wrong with how it ended."""
    draw = random.Random(seed)
    rate = rate_of(draw)
    stage.model.board.button.held = command in NEED_THE_BUTTON
    ports: list[HostilePort] = []

    def port() -> HostilePort:
        ports.append(HostilePort(stage.model.serial, draw, rate))
        return ports[-1]

    return judged(stage, command, stage.run(ALL[command], port), ports)


def rate_of(draw: random.Random) -> float:
    """Draw how many of the answers are changed."""
    return draw.choice((0.05, 0.2, 0.6, 1.0))


def judged(stage: Stage, command: str, ended: Ended, ports: Sequence[HostilePort]) -> list[str]:
    """Return what is wrong with how a command ended."""
    if "EndlessError" in ended.traceback:
        return ["endless"]
    if ended.traceback or "Traceback" in ended.said:
        lines = ended.traceback.strip().splitlines() or [ended.said]
        return [f"traceback: {lines[-1]} at {lines[max(0, len(lines) - 3)].strip()}"]
    if ended.exit_code not in (0, 1, 2, 3):
        return [f"exit code {ended.exit_code}"]
    if "\x1b" in ended.said:
        return ["commands for the terminal"]
    if command in READING or any(one.has_lied for one in ports):
        return []
    return [one for one in findings(stage, command, Plan(), ended, "") if one != NOTHING_DONE]
