"""The trailer of an image: its length and checksum, on a page of its own just below the storage part of the flash.

The pump's self-test reads the image as it stands in flash and holds it against this (`thecal_fw/rp2/image.py`).
"""

from __future__ import annotations

import struct

from places import PAGE_BYTES, TRAILER_ADDRESS

MAGIC = b"THECAL01"

_BLOCK_BYTES = 512
_HEADER = "<8I"
_PAYLOAD_OFFSET = 32
_MAGIC_END = struct.pack("<I", 0x0AB1_6F30)
_DATA_BYTES = 476
_ADDRESS_FIELD, _NUMBER_FIELD, _COUNT_FIELD = 3, 5, 6


class TrailerError(Exception):
    """The file is not an image that a trailer can be added to."""


def checksum_of(payload: bytes) -> int:
    """Return the checksum of whole words, as the pump takes it."""
    checksum = 0
    for word in memoryview(payload).cast("I"):
        checksum = (checksum * 33 & 0xFFFFFFFF) ^ word
    return checksum


def with_trailer(uf2: bytes) -> bytes:
    """Return the UF2 file with one more block that holds the trailer of its payload. Raise TrailerError if the
    image's pages have gaps or reach into its trailer."""
    blocks = [uf2[at : at + _BLOCK_BYTES] for at in range(0, len(uf2), _BLOCK_BYTES)]
    headers = [list(struct.unpack_from(_HEADER, block)) for block in blocks]
    first = headers[0][_ADDRESS_FIELD]
    for number, header in enumerate(headers):
        if header[_ADDRESS_FIELD] != first + number * PAGE_BYTES or header[4] != PAGE_BYTES:
            raise TrailerError("the image's pages do not follow one another")
    if first + len(blocks) * PAGE_BYTES > TRAILER_ADDRESS:
        raise TrailerError(f"the image has {len(blocks)} pages and reaches into its trailer")
    payload = b"".join(block[_PAYLOAD_OFFSET : _PAYLOAD_OFFSET + PAGE_BYTES] for block in blocks)
    trailer = MAGIC + struct.pack("<II", len(payload), checksum_of(payload))
    header = list(headers[-1])
    header[_ADDRESS_FIELD] = TRAILER_ADDRESS
    header[_NUMBER_FIELD] = len(blocks)
    data = trailer.ljust(PAGE_BYTES, b"\xff").ljust(_DATA_BYTES, b"\0")
    blocks.append(struct.pack(_HEADER, *header) + data + _MAGIC_END)
    headers.append(header)
    return b"".join(
        _with_count(block, header, len(blocks)) for block, header in zip(blocks, headers, strict=True)
    )


def _with_count(block: bytes, header: list[int], count: int) -> bytes:
    counted = list(header)
    counted[_COUNT_FIELD] = count
    return struct.pack(_HEADER, *counted) + block[_PAYLOAD_OFFSET:]
