"""Serves the host's requests: one response for each frame that is whole, none for anything else.

Promise: nothing that comes in over the port raises, and a request that is not understood switches nothing.
"""

import struct

from thecal_fw.link.frames import FrameReader, encode_frame
from thecal_fw.version import COMMIT, VERSION
from thecal_probe import messages, pins


class Server:
    """groups: the captures; switches, clock, serial: the board's; boot_id: another one after each reset."""

    def __init__(self, groups, switches, clock, serial: bytes, boot_id: int):
        self._groups = groups
        self._switches = switches
        self._clock = clock
        self._serial = serial
        self._boot_id = boot_id
        self._reader = FrameReader()
        self._records = bytearray(messages.RECORD_BYTES * messages.MOST_RECORDS)
        self._handlers = {
            messages.HELLO.kind: (messages.HELLO, self._hello),
            messages.TIME.kind: (messages.TIME, self._time),
            messages.READ.kind: (messages.READ, self._read),
            messages.SWITCH.kind: (messages.SWITCH, self._switch),
        }

    def push(self, byte: int):
        """Take one byte from the host; the bytes of a response if that ends a frame, else None."""
        frame = self._reader.push(byte)
        if frame is None:
            return None
        message, handler = self._handlers.get(frame.kind, (None, None))
        if message is None or handler is None:
            return self._refusal(frame, messages.ERROR_UNKNOWN)
        values = message.request.unpack(frame.payload)
        if values is None:
            return self._refusal(frame, messages.ERROR_MALFORMED)
        payload = handler(values)
        if payload is None:
            return self._refusal(frame, messages.ERROR_RANGE)
        return encode_frame(message.kind | messages.RESPONSE, 0, frame.request, payload)

    def _refusal(self, frame, code):
        return encode_frame(messages.KIND_ERROR, 0, frame.request, struct.pack("<B", code))

    def _now(self):
        self._clock.read()
        return self._clock.s, self._clock.us, self._boot_id

    def _hello(self, _):
        return messages.HELLO.response.pack(
            messages.schema_hash(), VERSION.encode(), COMMIT.encode(), self._serial, *self._now()
        )

    def _time(self, _):
        return messages.TIME.response.pack(*self._now())

    def _read(self, values):
        if values["group"] >= len(self._groups):
            return None
        group = self._groups[values["group"]]
        position, count = group.read_into(values["position"], self._records, messages.MOST_RECORDS)
        return messages.READ.response.pack(
            group.captured(),
            position,
            *self._now(),
            tail=bytes(self._records[: messages.RECORD_BYTES * count]),
        )

    def _switch(self, values):
        line, is_on, hold_ms = values["line"], values["is_on"], values["hold_ms"]
        if line >= len(pins.SWITCHES) or is_on > 1 or (is_on and not 0 < hold_ms <= messages.LONGEST_HOLD_MS):
            return None
        now_s, now_us, boot_id = self._now()
        self._switches.switch(line, bool(is_on), now_s, now_us, hold_ms)
        return messages.SWITCH.response.pack(now_s, now_us, boot_id)
