"""Frames: how a message is cut out of a stream of bytes and known to be whole.

A frame is ``version, kind, session, request, payload, CRC-32``, little-endian, COBS-encoded and closed by one
zero byte. COBS leaves no zero inside a frame, so after any garbage the next zero byte starts afresh. Whatever
bytes come in, the decoder raises nothing and keeps no more than one frame's worth of memory: what is not a
frame is counted and dropped.
"""

import binascii
import struct

from thecal_fw.core.counts import one_more

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.core.octets import Octets

PROTOCOL_VERSION = 1
MOST_PAYLOAD_BYTES = 236
"""Eight events fit, and the frame fits the 256 bytes that the board's USB takes at once."""

_HEADER = "<BBHH"
_HEADER_BYTES = struct.calcsize(_HEADER)
_CRC_BYTES = 4
_MOST_BODY_BYTES = _HEADER_BYTES + MOST_PAYLOAD_BYTES + _CRC_BYTES
_MOST_RUN_BYTES = 254
# COBS adds one byte for every 254 and the closing zero.
MOST_FRAME_BYTES = _MOST_BODY_BYTES + _MOST_BODY_BYTES // _MOST_RUN_BYTES + 2


def cobs_encode(body: "Octets") -> bytearray:
    """Return the COBS encoding, without the closing zero, of at most 254 bytes, as any frame's body is; raise
    ValueError for more."""
    if len(body) > _MOST_RUN_BYTES:
        raise ValueError("%d bytes to encode, at most %d" % (len(body), _MOST_RUN_BYTES))
    body = bytes(body)
    encoded = bytearray(1)
    encoded.extend(body)
    # The bytes stay where they are, only the places of the zeros are written: byte by byte it takes four times as long.
    place = 0
    while True:
        zero = body.find(b"\0", place)
        if zero < 0:
            break
        encoded[place] = zero + 1 - place
        place = zero + 1
    encoded[place] = len(encoded) - place
    return encoded


def cobs_decode(encoded: "Octets") -> "bytearray | None":
    """Return bytes that a COBS encoding without its closing zero stands for, or None if it is not one."""
    body = bytearray()
    position = 0
    size = len(encoded)
    while position < size:
        code = encoded[position]
        if not code or position + code > size:
            return None
        # In one piece: byte by byte it takes five times as long.
        run = bytes(encoded[position + 1 : position + code])
        if b"\0" in run:
            return None
        body.extend(run)
        position += code
        if code < 255 and position < size:
            body.append(0)
    return body


def crc32(data: "Octets") -> int:
    return binascii.crc32(data) & 0xFFFFFFFF


def encode_frame(kind: int, session: int, request: int, payload: bytes = b"") -> bytes:
    """Return one frame ready for the wire, closing zero included; raises ValueError if the payload is too long."""
    if len(payload) > MOST_PAYLOAD_BYTES:
        raise ValueError("payload of %d bytes, at most %d fit a frame" % (len(payload), MOST_PAYLOAD_BYTES))
    body = struct.pack(_HEADER, PROTOCOL_VERSION, kind, session, request) + payload
    encoded = cobs_encode(body + struct.pack("<I", crc32(body)))
    encoded.append(0)
    return bytes(encoded)


class Frame:
    """A frame that arrived whole. ``version`` may differ from ours; the receiver decides what to say."""

    def __init__(self, version: int, kind: int, session: int, request: int, payload: bytes) -> None:
        self.version = version
        self.kind = kind
        self.session = session
        self.request = request
        self.payload = payload


class FrameReader:
    """Turns received bytes into frames, dropping and counting what is not one.

    garbled: runs of bytes that were closed by a zero but are no frame (bad COBS, CRC or length).
    overlong: runs longer than any frame; the bytes up to the next zero are thrown away.
    """

    def __init__(self) -> None:
        self._buffer = bytearray(MOST_FRAME_BYTES)
        self._fill = 0
        self._skipping = False
        self.garbled = 0
        self.overlong = 0

    def push(self, byte: int) -> "Frame | None":
        """Take one byte; return the Frame it completes, or None."""
        if byte:
            if self._fill < MOST_FRAME_BYTES:
                self._buffer[self._fill] = byte
                self._fill += 1
            elif not self._skipping:
                self._skipping = True
                self.overlong = one_more(self.overlong)
            return None
        fill, skipped = self._fill, self._skipping
        self._fill = 0
        self._skipping = False
        if skipped or not fill:
            return None
        frame = _frame_of(cobs_decode(memoryview(self._buffer)[:fill]))
        if frame is None:
            self.garbled = one_more(self.garbled)
        return frame


def _frame_of(body: "Octets | None") -> "Frame | None":
    if body is None or not _HEADER_BYTES + _CRC_BYTES <= len(body) <= _MOST_BODY_BYTES:
        return None
    split = len(body) - _CRC_BYTES
    if crc32(memoryview(body)[:split]) != struct.unpack("<I", bytes(body[split:]))[0]:
        return None
    version, kind, session, request = struct.unpack(_HEADER, bytes(body[:_HEADER_BYTES]))
    return Frame(version, kind, session, request, bytes(body[_HEADER_BYTES:split]))
