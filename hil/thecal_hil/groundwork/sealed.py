"""Bytes that carry their own digest, so that whoever reads them again knows whether they are what was written.

Promise: content that was changed in any bit, cut short or added to is refused, with what is wrong in words. The seal
guards against accidents and mix-ups; it is no signature.
"""

from __future__ import annotations

import hashlib
import re

_SEAL = re.compile(rb"sha256 ([0-9a-f]{64}) of (\d+) bytes\n")


class DamagedError(Exception):
    """The content read is not what was written; the message says how it differs."""


def sealed(content: bytes) -> bytes:
    """Return the content behind a line with its digest and its length."""
    return b"sha256 %s of %d bytes\n" % (hashlib.sha256(content).hexdigest().encode(), len(content)) + content


def unsealed(data: bytes) -> bytes:
    """Return the content; raise DamagedError if it is not what was sealed."""
    seal = _SEAL.match(data)
    if seal is None:
        raise DamagedError("does not begin with its digest")
    content, length = data[seal.end() :], int(seal[2])
    if len(content) < length:
        raise DamagedError(f"is cut short: {len(content):,} of {length:,} bytes are left")
    if len(content) > length:
        raise DamagedError(f"has {len(content) - length:,} bytes more than were written")
    if hashlib.sha256(content).hexdigest().encode() != seal[1]:
        raise DamagedError("is damaged: its content does not have the digest that was written with it")
    return content
