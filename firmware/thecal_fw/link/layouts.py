"""Layouts: which fields a payload has, and how they are packed into bytes and out of them.

A layout is a list of ``(field, struct code)``; ``s`` codes carry bytes. A message whose layout ends in ``TAIL``
carries the rest of its payload as bytes of any length. A payload of any other length than its layout's is none.
"""

import struct

from thecal_fw.core.roles import ROLE_CLINICIAN, ROLE_NONE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Answer = tuple[int | bytes, ...]
    Field = tuple[str, str | None]

TAIL = ("tail", None)

STORES_NOTHING = 0
STORES_ITSELF = 1
"""What has to last is made durable while the request is carried out, in an order of its own."""
STORES_AFTER = 2
"""The state is written before the answer goes out; the answer says if that could not be done."""
STORES_FIRST = 3
"""As the one before, and refused while the supply may fail in a moment: nothing that has to last is begun then."""


class Values(dict):
    """Values of a payload's fields by name, the tail's among them."""

    def number(self, name: str) -> int:
        return self[name]

    def octets(self, name: str) -> bytes:
        return self[name]


class Layout:
    """Names and struct codes of a payload's fields."""

    def __init__(self, fields: "Sequence[Field]") -> None:
        self.fields = fields
        self.has_tail = bool(fields) and fields[-1] is TAIL
        fixed = fields[:-1] if self.has_tail else fields
        self.names = tuple(name for name, _ in fixed)
        self.format = "<" + "".join(code or "" for _, code in fixed)
        self.size = struct.calcsize(self.format)

    def pack(self, *values: object, tail: bytes = b"") -> bytes:
        return struct.pack(self.format, *values) + tail

    def encode(self, values: "Answer") -> bytes:
        """Return the payload with these values; the last one is the tail if the layout has one."""
        if not self.has_tail:
            return struct.pack(self.format, *values)
        tail = values[-1]
        assert isinstance(tail, bytes)
        return struct.pack(self.format, *values[:-1]) + tail

    def unpack(self, payload: bytes) -> "Values | None":
        """Return values of the fields, or None if the payload has the wrong length."""
        if len(payload) < self.size or (len(payload) > self.size and not self.has_tail):
            return None
        values = Values(zip(self.names, struct.unpack(self.format, payload[: self.size])))
        if self.has_tail:
            values["tail"] = payload[self.size :]
        return values


class Message:
    """One kind of request with its response.

    changes: whether the request changes anything in the pump; such a request is carried out at most once
    however often it is repeated.
    longest_us: the longest that serving it holds the pump's loop, apart from what flash takes, with the largest program
    on a board as slow as silicon is believed to be; measured by ``make memory``. Work that takes longer is cut into
    pieces, and the request is to be made again.
    stores: what becomes durable before the answer goes out. What changes something and does not say is refused while it
    could not be made to last.
    role: who may make it of a pump that has keys. What changes something needs the clinician unless it says otherwise,
    so that a message that forgets to say is closed and not open.
    lesser: a field, a value and a role: a request with that value there may be made by that role too.
    """

    def __init__(
        self,
        name: str,
        kind: int,
        changes: bool,
        longest_us: int,
        request: "Sequence[Field]",
        response: "Sequence[Field]",
        doc: str,
        role: int = -1,
        lesser: "tuple[str, int, int] | None" = None,
        stores: int = -1,
    ) -> None:
        self.name = name
        self.kind = kind
        self.changes = changes
        self.longest_us = longest_us
        self.request = Layout(request)
        self.response = Layout(response)
        self.doc = doc
        self.role = role if role >= 0 else ROLE_CLINICIAN if changes else ROLE_NONE
        self.lesser = lesser
        self.stores = stores if stores >= 0 else STORES_FIRST if changes else STORES_NOTHING
        self.reports_stored = bool(response) and response[-1][0] == "is_stored"

    def role_for(self, values: "Mapping[str, object]") -> int:
        """Return who may make a request with these values of its fields."""
        if self.lesser is not None:
            field, value, role = self.lesser
            if values[field] == value:
                return role
        return self.role
