"""Somebody on the wire without a key: what they can make up, and what they can make of what they have heard.

Promises: everything follows from the seed; no frame is made with a key. What was heard are whole frames of sessions
that somebody with a key has proved.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Callable
from random import Random

from cobs import cobs

from thecal_fw.core.roles import ROLE_CLINICIAN
from thecal_fw.link import messages
from thecal_fw.link.authentication import TAG_BYTES
from thecal_fw.link.frames import (
    MOST_FRAME_BYTES,
    PROTOCOL_VERSION,
    cobs_decode,
    crc32,
    encode_frame,
)

_MOST_TAIL_BYTES = 40
_MOST_HEARD = 200
_HELLO_ONE_IN = 50


class Adversary:
    """session: the pump's present one, which anybody on the wire can read. says_hello: whether they end it by hellos
    of their own. sent: how many frames of each sort."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._heard: list[bytes] = []
        self.session = 0
        self.says_hello = False
        self.sent: Counter[str] = Counter()
        self._sorts: dict[str, Callable[[], bytes]] = {
            "random bytes": self._noise,
            "made up": self._made_up,
            "made up, with a tag": self._made_up_with_tag,
            "guessed proof": self._guessed_proof,
            "mutated": self._mutated,
            "mutated, of this session": self._moved_to_this_session,
            "replayed": self._replayed,
        }

    def hear(self, frames: list[bytes]) -> None:
        """Hear frames that somebody with a key has sent."""
        self._heard = (self._heard + frames)[-_MOST_HEARD:]

    def next(self) -> bytes:
        """Return the next thing to send."""
        random = self._random
        if self.says_hello and not random.randrange(_HELLO_ONE_IN):
            self.sent["hello"] += 1
            payload = messages.HELLO.request.pack(messages.schema_hash(), random.getrandbits(32))
            return encode_frame(messages.HELLO.kind, 0, random.getrandbits(16), payload)
        sort = random.choice(list(self._sorts))
        self.sent[sort] += 1
        return self._sorts[sort]()

    # --- what can be made up

    def _noise(self) -> bytes:
        return self._random.randbytes(self._random.randrange(1, MOST_FRAME_BYTES + 20)) + b"\0"

    def _request(self) -> int:
        """Return a number of a request; low ones are those that are in use."""
        return self._random.choice((self._random.randrange(1, 20), self._random.getrandbits(16)))

    def _made_up_payload(self) -> tuple[int, bytes]:
        random = self._random
        message = random.choice([message for message in messages.MESSAGES if message is not messages.HELLO])
        payload = bytearray(random.randbytes(message.request.size))
        if message in (messages.CHALLENGE, messages.AUTHENTICATE, messages.PAIR) and random.random() < 0.9:
            payload[0] = random.randrange(1, ROLE_CLINICIAN + 1)
        if message.request.has_tail:
            payload += random.randbytes(random.randrange(_MOST_TAIL_BYTES))
        return message.kind, bytes(payload)

    def _made_up(self) -> bytes:
        kind, payload = self._made_up_payload()
        return encode_frame(kind, self.session, self._request(), payload)

    def _made_up_with_tag(self) -> bytes:
        kind, payload = self._made_up_payload()
        tag = self._random.choice((bytes(TAG_BYTES), self._random.randbytes(TAG_BYTES)))
        return encode_frame(kind | messages.TAGGED, self.session, self._request(), payload + tag)

    def _guessed_proof(self) -> bytes:
        if self._random.random() < 0.5:
            payload = messages.CHALLENGE.request.pack(ROLE_CLINICIAN)
            return encode_frame(messages.CHALLENGE.kind, self.session, self._request(), payload)
        guess = self._random.randbytes(16), self._random.randbytes(16)
        payload = messages.AUTHENTICATE.request.pack(ROLE_CLINICIAN, *guess)
        return encode_frame(messages.AUTHENTICATE.kind, self.session, self._request(), payload)

    # --- what can be made of what was heard

    def _replayed(self) -> bytes:
        heard = self._random.choice(self._heard) if self._heard else b""
        # A hello ends whatever session there is, and is for when that is meant.
        return heard if heard and (self.says_hello or not _is_hello(heard)) else self._noise()

    def _body(self) -> bytearray | None:
        """Return a frame that was heard, without its checksum."""
        body = cobs_decode(self._replayed()[:-1])
        return body[:-4] if body else None

    def _mutated(self) -> bytes:
        return _sealed(self._flipped(self._body()))

    def _moved_to_this_session(self) -> bytes:
        """Return the frame with the number of the present session and perhaps a fresh one of the request; or with
        bits changed too."""
        body = self._body()
        if body is not None and len(body) >= 6:
            struct.pack_into("<H", body, 2, self.session)
            if self._random.random() < 0.5:
                struct.pack_into("<H", body, 4, self._request())
            if self._random.random() < 0.3:
                body = self._flipped(body)
        return _sealed(body)

    def _flipped(self, body: bytearray | None) -> bytearray | None:
        for _ in range(self._random.randrange(1, 4) if body else 0):
            place = self._random.randrange(len(body or b""))
            if body:
                body[place] ^= 1 << self._random.randrange(8)
        return body


def _is_hello(frame: bytes) -> bool:
    body = cobs_decode(frame[:-1])
    return bool(body) and len(body) > 1 and body[1] == messages.HELLO.kind


def _sealed(body: bytearray | None) -> bytes:
    """Return a body as a frame whose checksum is right."""
    if body is None:
        body = bytearray([PROTOCOL_VERSION])
    return cobs.encode(bytes(body) + struct.pack("<I", crc32(body))) + b"\0"
