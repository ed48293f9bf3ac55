"""Lies to the host: devices in a pump's place, and somebody on its wire, each lying in a way of docs/threats.md.

A computer keeps the key of a pump; a command that changes something is run at what answers. Promises: each trial
follows from its seed; whether the pump was changed is read from the board's own log. A device in the pump's place must
get no change, and the command must not end as if it had made one. Somebody on the wire can have a change fail or stay
in doubt: what was carried out must be reported, once, and nothing may be claimed that was not.
"""

from __future__ import annotations

import os
import random
import tempfile
from collections import Counter
from collections.abc import Iterator
from typing import Any

from thecal_fw.core.roles import OPEN
from thecal_fw.link import messages
from thecal_fw.link.frames import Frame, encode_frame
from thecal_hil.campaigns.between import Between, as_it_is
from thecal_hil.campaigns.interrupted import command as interrupted
from thecal_hil.campaigns.interrupted.trial import COMMANDS, Plan, findings
from thecal_hil.campaigns.stage import Stage
from thecal_hil.groundwork.copies import in_a_copy

LIES = 20_000
SOURCES = (*interrupted.SOURCES, "hil/thecal_hil/campaigns/attack/lies.py")
"""All that decides how a lie ends."""
_ASKED = ("stop", "refill", "time", "bolus", "program", "acknowledge", "service", "visit")
_A_COPY = 10
_CHALLENGE, _AUTHENTICATE = (
    message.kind | messages.RESPONSE for message in (messages.CHALLENGE, messages.AUTHENTICATE)
)
_HELLO = messages.HELLO.kind | messages.RESPONSE


class Liar(Between):
    """In the pump's place, or on its wire. changes_heard: requests for a change that the host made of it."""

    is_on_the_wire = False

    def __init__(self, serial: Any, draw: random.Random, recorded: dict[str, bytes]) -> None:
        super().__init__(serial)
        self.draw, self.recorded = draw, recorded
        self.answers = 0
        self.changes_heard = 0

    def to_pump(self, frame: Frame) -> bytes:
        message = messages.BY_KIND.get(frame.kind & ~messages.TAGGED)
        if message is not None and message.changes and message.kind not in _NO_CHANGES:
            self.changes_heard += 1
        return self.asked(frame)

    def to_host(self, frame: Frame) -> bytes:
        self.answers += 1
        return self.answered(frame)

    def asked(self, frame: Frame) -> bytes:
        return as_it_is(frame)

    def answered(self, frame: Frame) -> bytes:
        return as_it_is(frame)


_NO_CHANGES = (messages.AUTHENTICATE.kind, messages.SIGN_OFF.kind)
"""Change the session and nothing else."""


def _with(frame: Frame, payload: bytes) -> bytes:
    return bytes(encode_frame(frame.kind, frame.session, frame.request, payload))


class SaysItIsOpen(Liar):
    def answered(self, frame: Frame) -> bytes:
        if frame.kind == _CHALLENGE:
            return _with(frame, bytes([OPEN, self.draw.choice((0, frame.payload[1]))]) + frame.payload[2:])
        return as_it_is(frame)


class MakesUpItsProof(Liar):
    def answered(self, frame: Frame) -> bytes:
        proof = messages.AUTHENTICATE.response.pack(self.draw.randbytes(16))
        if frame.kind == _AUTHENTICATE:
            return _with(frame, proof)
        if frame.kind == messages.KIND_ERROR and frame.payload[0] == messages.AUTHENTICATE.kind:
            return bytes(encode_frame(_AUTHENTICATE, frame.session, frame.request, proof))
        return as_it_is(frame)


class ShowsTheHostsProof(Liar):
    _host_proof = bytes(16)

    def asked(self, frame: Frame) -> bytes:
        if frame.kind == messages.AUTHENTICATE.kind:
            self._host_proof = frame.payload[-16:]
        return as_it_is(frame)

    def answered(self, frame: Frame) -> bytes:
        return _with(frame, self._host_proof) if frame.kind == _AUTHENTICATE else as_it_is(frame)


class ShowsARecordedProof(Liar):
    """With the nonce that goes with it, or with its own."""

    def answered(self, frame: Frame) -> bytes:
        if frame.kind == _AUTHENTICATE:
            return _with(frame, self.recorded["proof"])
        if frame.kind == _CHALLENGE and self.draw.random() < 0.5:
            return _with(frame, frame.payload[:4] + self.recorded["nonce"])
        return as_it_is(frame)


class RefusesTheKey(Liar):
    def answered(self, frame: Frame) -> bytes:
        if frame.kind in (_CHALLENGE, _AUTHENTICATE):
            code = self.draw.choice(
                (messages.ERROR_WRONG_KEY, messages.ERROR_WAIT, messages.ERROR_NOT_AUTHENTICATED)
            )
            error = messages.ERROR.pack(frame.kind & 0x7F, code, self.draw.randrange(2**32))
            return bytes(encode_frame(messages.KIND_ERROR, frame.session, frame.request, error))
        return as_it_is(frame)


class MakesUpItsRoles(Liar):
    """Says of its keys what comes to its mind, and proves nothing."""

    def answered(self, frame: Frame) -> bytes:
        if frame.kind == _CHALLENGE:
            return _with(frame, self.draw.randbytes(len(frame.payload)))
        if frame.kind == _AUTHENTICATE:
            return _with(frame, self.draw.randbytes(len(frame.payload)))
        return as_it_is(frame)


class BecomesAnother(Liar):
    """Ends the session in the midst of it, and greets with another serial number."""

    def answered(self, frame: Frame) -> bytes:
        if frame.kind == _HELLO and self.answers > 1:
            payload = bytearray(frame.payload)
            payload[66:82] = self.draw.randbytes(4).hex().encode().ljust(16, b"\0")
            return _with(frame, bytes(payload))
        message = messages.BY_KIND.get(frame.kind & 0x7F)
        if message is not None and frame.kind != _HELLO:
            error = messages.ERROR.pack(message.kind, messages.ERROR_NO_SESSION, 0)
            return bytes(encode_frame(messages.KIND_ERROR, frame.session, frame.request, error))
        return as_it_is(frame)


class CommandsTheTerminal(Liar):
    """In its name, its version and every text; and shows a proof that it made up."""

    def answered(self, frame: Frame) -> bytes:
        if frame.kind == _HELLO:
            payload = bytearray(frame.payload)
            payload[10:66] = (b"\x1b[2J\x1b]0;owned\x07\x9b31m\r\n" * 3)[:56]
            return _with(frame, bytes(payload))
        return MakesUpItsProof.answered(self, frame)  # type: ignore[arg-type] - it has all that is used there


class ChangesARequest(Liar):
    is_on_the_wire = True

    def asked(self, frame: Frame) -> bytes:
        if frame.kind & messages.TAGGED and frame.payload and self.draw.random() < 0.5:
            payload = bytearray(frame.payload)
            payload[self.draw.randrange(len(payload))] ^= 1 << self.draw.randrange(8)
            return _with(frame, bytes(payload))
        return as_it_is(frame)


class SendsItAgain(Liar):
    """Each request twice, or one of before with it."""

    is_on_the_wire = True
    _before = b""

    def asked(self, frame: Frame) -> bytes:
        sent = as_it_is(frame)
        also = self.draw.choice((sent, self._before, self.recorded["request"]))
        self._before = sent
        return sent + also


class HoldsBack(Liar):
    """Some of the requests and some of the answers never come."""

    is_on_the_wire = True

    def asked(self, frame: Frame) -> bytes:
        return b"" if self.draw.random() < 0.15 else as_it_is(frame)

    def answered(self, frame: Frame) -> bytes:
        return b"" if self.draw.random() < 0.15 else as_it_is(frame)


WAYS: dict[str, type[Liar]] = {
    "says that it has no key": SaysItIsOpen,
    "makes up its proof": MakesUpItsProof,
    "shows the host's proof": ShowsTheHostsProof,
    "shows a recorded proof": ShowsARecordedProof,
    "refuses the key": RefusesTheKey,
    "makes up its roles and nonces": MakesUpItsRoles,
    "becomes another pump": BecomesAnother,
    "commands the terminal": CommandsTheTerminal,
    "changes a request": ChangesARequest,
    "sends a request again": SendsItAgain,
    "holds back": HoldsBack,
}


def lie(stage: Stage, way: str, seed: int, recorded: dict[str, bytes]) -> list[str]:
    """Run one command at a liar of this way; return what is wrong with how it ended."""
    draw = random.Random(seed)
    command = draw.choice(_ASKED)
    liars: list[Liar] = []

    def port() -> Liar:
        liars.append(WAYS[way](stage.model.serial, draw, recorded))
        return liars[-1]

    ended = stage.run(COMMANDS[command], port)
    found = [f"{command}: {one}" for one in (["commands for the terminal"] if "\x1b" in ended.said else [])]
    if ended.traceback:
        return [*found, f"{command}: a traceback: {ended.traceback.strip().splitlines()[-1]}"]
    if WAYS[way].is_on_the_wire:
        return [*found, *(f"{command}: {one}" for one in findings(stage, command, Plan(), ended, ""))]
    heard = sum(one.changes_heard for one in liars)
    if heard or ended.changed:
        found.append(
            f"{command}: was asked for {heard} changes, and {sum(ended.changed.values())} came of it"
        )
    if ended.exit_code == 0:
        found.append(f"{command}: ended as if all were well: {ended.said[-200:]!r}")
    return found


class _Recorder(Liar):
    """Passes everything on and remembers what can be used later."""

    def asked(self, frame: Frame) -> bytes:
        if frame.kind & messages.TAGGED:
            self.recorded["request"] = as_it_is(frame)
        return as_it_is(frame)

    def answered(self, frame: Frame) -> bytes:
        if frame.kind == _CHALLENGE:
            self.recorded["nonce"] = bytes(frame.payload[4:20])
        if frame.kind == _AUTHENTICATE:
            self.recorded["proof"] = bytes(frame.payload)
        return as_it_is(frame)


def prepared() -> tuple[Stage, dict[str, bytes]]:
    """Return a keyed pump, and what was recorded of a session that went well."""
    stage, recorded = Stage(is_keyed=True), dict[str, bytes]()
    ended = stage.run(COMMANDS["refill"], lambda: _Recorder(stage.model.serial, random.Random(0), recorded))
    assert ended.exit_code == 0, ended
    return stage, recorded


def _batches(first: int, count: int) -> Iterator[list[tuple[int, str]]]:
    """Yield seeds with their ways. On the wire a pump is changed, so each such lie has a copy of its own."""
    ways = list(WAYS)
    numbered = [(seed, ways[seed % len(ways)]) for seed in range(first, first + count)]
    together = [one for one in numbered if not WAYS[one[1]].is_on_the_wire]
    for begin in range(0, len(together), _A_COPY):
        yield together[begin : begin + _A_COPY]
    for one in numbered:
        if WAYS[one[1]].is_on_the_wire:
            yield [one]


def lies(first: int, count: int) -> tuple[Counter[str], list[str]]:
    """Send so many lies, of all ways in turn; return how many of each, and what was wrong."""
    stage, recorded = prepared()
    tried, wrong = Counter[str](), list[str]()
    with tempfile.TemporaryDirectory() as state:
        before, os.environ["XDG_STATE_HOME"] = os.environ.get("XDG_STATE_HOME"), state
        try:
            for seeds in _batches(first, count):
                wrong += in_a_copy(
                    lambda seeds=seeds: [
                        f"{seed}, {way}: {one}"
                        for seed, way in seeds
                        for one in lie(stage, way, seed, recorded)
                    ]
                )
                tried.update(way for _, way in seeds)
        finally:
            if before is None:
                del os.environ["XDG_STATE_HOME"]
            else:
                os.environ["XDG_STATE_HOME"] = before
    return tried, wrong
