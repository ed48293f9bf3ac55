"""Proof that a request comes from somebody who has a key: HMAC-SHA256 over what both ends have chosen at random.

A role's key never crosses the wire after pairing. Both ends make a session key from it, from a number that each of them
chose for this session alone, and from the session's own number; host and pump prove to each other that they have it;
then each request carries a tag over its session, number, kind and payload. So what was recorded in another session, or
is sent again, later, or changed, proves nothing. Promises: pure, the same at both ends; a comparison takes as long
whichever byte differs.
"""

import hashlib
import struct

KEY_BYTES = 32
NONCE_BYTES = 16
TAG_BYTES = 16

_BLOCK_BYTES = 64
_INNER = 0x36
_OUTER = 0x5C

# What is authenticated begins with what it is for, so that no proof can be taken for another.
_OF_SESSION = b"thecal session"
_OF_HOST = b"thecal host"
_OF_PUMP = b"thecal pump"
_OF_REQUEST = b"thecal request"
_OF_NONCE = b"thecal nonce"


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    """Return the HMAC after RFC 2104, which MicroPython does not have."""
    if len(key) > _BLOCK_BYTES:
        key = hashlib.sha256(key).digest()
    block = key + bytes(_BLOCK_BYTES - len(key))
    inner = hashlib.sha256(bytes([byte ^ _INNER for byte in block]))
    inner.update(message)
    outer = hashlib.sha256(bytes([byte ^ _OUTER for byte in block]))
    outer.update(inner.digest())
    return outer.digest()


def are_equal(one: bytes, other: bytes) -> bool:
    """Return True if two proofs are the same, looking at every byte whatever the first ones say."""
    if len(one) != len(other):
        return False
    difference = 0
    for index in range(len(one)):
        difference |= one[index] ^ other[index]
    return difference == 0


def pump_nonce(key: bytes, random_bytes: bytes, boots: int, challenges: int, s: int, us: int) -> bytes:
    """Return a number that no host can foresee and that never comes again.

    Life, count and instant make it differ even if the source of randomness has failed; the key makes it unknown to
    whoever has not got it.
    """
    unique = struct.pack("<IIII", boots, challenges, s, us)
    return hmac_sha256(key, _OF_NONCE + unique + random_bytes)[:NONCE_BYTES]


def session_key(key: bytes, role: int, session: int, of_pump: bytes, of_host: bytes) -> bytes:
    """Return the key of one session, from a role's key and the nonces of pump and host."""
    return hmac_sha256(key, _OF_SESSION + struct.pack("<BH", role, session) + of_pump + of_host)


def host_proof(key_of_session: bytes) -> bytes:
    return hmac_sha256(key_of_session, _OF_HOST)[:TAG_BYTES]


def pump_proof(key_of_session: bytes) -> bytes:
    return hmac_sha256(key_of_session, _OF_PUMP)[:TAG_BYTES]


def request_tag(key_of_session: bytes, session: int, request: int, kind: int, payload: bytes) -> bytes:
    """Return what a request carries behind its payload."""
    about = struct.pack("<HHB", session, request, kind)
    return hmac_sha256(key_of_session, _OF_REQUEST + about + payload)[:TAG_BYTES]
