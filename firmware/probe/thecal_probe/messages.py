"""Messages between host and probe, each declared once; both ends import this.

They travel in the frames of ``thecal_fw.link.frames``, without sessions: a response carries the number of its
request. Every request but ``SWITCH`` only reads, and ``SWITCH`` names the state that is wanted: each may be repeated.
Times are ``boot_s`` and ``boot_us``, seconds and microseconds since the probe's own reset; ``boot_id`` is another one
after each reset, so a host knows whether its time and its record are of one piece.

An edge record is eight bytes: the low 32 bits of the probe's microsecond timer, then a word with the levels of the
group's three inputs in its low bits and the edge's number above them, counted *down* from zero modulo 2**29. A number
that is left out is an edge that was seen and not kept.
"""

import hashlib

from thecal_fw.link.layouts import TAIL, Message

RESPONSE = 0x80
KIND_ERROR = 0xFF

RECORD_BYTES = 8
MOST_RECORDS = 26
"""In one response: what fits a frame."""
LEVEL_BITS = 3
NUMBER_BITS = 29
POSITION_BITS = 30
"""Positions in the record count modulo this many bits."""
LONGEST_HOLD_MS = 600_000
"""No switch stays on longer than this without being switched on again."""

_LONGEST_US = 60_000
"""No request keeps the probe for longer; what it captures, hardware captures."""

HELLO = Message(
    "hello",
    0x41,
    False,
    _LONGEST_US,
    [],
    [
        ("schema_hash", "8s"),
        ("version", "16s"),
        ("commit", "16s"),
        ("serial", "16s"),
        ("boot_s", "I"),
        ("boot_us", "I"),
        ("boot_id", "I"),
    ],
    "Who is there. The schema hash covers all layouts, so ends that differ know it.",
)
TIME = Message(
    "time",
    0x42,
    False,
    _LONGEST_US,
    [],
    [("boot_s", "I"), ("boot_us", "I"), ("boot_id", "I")],
    "The probe's time.",
)
READ = Message(
    "read",
    0x43,
    False,
    _LONGEST_US,
    [("group", "B"), ("position", "I")],
    [("captured", "I"), ("position", "I"), ("boot_s", "I"), ("boot_us", "I"), ("boot_id", "I"), TAIL],
    "Edge records of a group of inputs, from a position on or from the oldest still kept; ``captured`` is the position "
    "behind the newest.",
)
SWITCH = Message(
    "switch",
    0x44,
    True,
    _LONGEST_US,
    [("line", "B"), ("is_on", "B"), ("hold_ms", "I")],
    [("boot_s", "I"), ("boot_us", "I"), ("boot_id", "I")],
    "Switch a line on for so many milliseconds, or off at once; the time is that just before the line changes.",
)
MESSAGES = (HELLO, TIME, READ, SWITCH)

ERROR = [("code", "B")]
ERROR_UNKNOWN = 1
ERROR_MALFORMED = 2
ERROR_RANGE = 3
ERROR_NAMES = ("none", "unknown message", "malformed payload", "value out of range")


def schema_hash() -> bytes:
    """Return the eight bytes that differ between any two versions of the layouts or of the meaning of a record."""
    parts = [
        (message.name, message.kind, message.request.fields, message.response.fields) for message in MESSAGES
    ]
    return hashlib.sha256(repr((parts, LEVEL_BITS, NUMBER_BITS)).encode()).digest()[:8]
