"""The pump's whole durable state as one record of 128 bytes, so that the newest valid record is the whole truth.

The first 8 bytes (magic, layout version, how well the mirror kept up, sequence) and the last 4 (CRC-32) keep
their places in every layout there will ever be: a record of a layout that this firmware does not know is
recognised as such and never taken for damage. An older layout is read by its own decoder (``decoding``).
"""

import binascii
import struct

from thecal_fw.core.alarm_sets import NO_ALARMS
from thecal_fw.core.flash_map import STATE_BYTES
from thecal_fw.core.ledger import MOST_STALLS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.core.octets import Octets

MAGIC = 0xB5
LAYOUT_VERSION = 5
NO_PAIR = 0xFF
"""``program_pair`` of a pump without a program."""
NEVER = 0xFFFFFFFF
"""``watchdog_reset_s`` of a pump that no watchdog has reset."""
MOST_GAP_S = 0xFFFF
"""``watchdog_gap_s`` of two resets that lie as far apart or farther, and of one that is the first."""
NOT_MIRRORED = 0xFF
"""``since_mirrored`` when no record is known to be in both rings, or only one that far back."""

# The name of each field and its format. What the pump knows is in the fields that FIELDS names below.
_RECORD = (
    ("magic", "B"),
    ("layout_version", "B"),
    ("since_mirrored", "B"),
    ("program_pair", "B"),
    ("sequence", "I"),
    ("boots", "H"),
    ("bridge_end", "H"),
    ("watchdog_reset_s", "I"),
    ("watchdog_gap_s", "H"),
    ("refilled_day", "H"),
    ("flags", "B"),
    ("other_pair_erased", "B"),
    ("program_bytes", "H"),
    ("pump_day", "H"),
    ("tubing_day", "H"),
    ("tubing_hundreds", "H"),
    ("offset_minutes", "h"),
    ("active_alarms", "8s"),
    ("uncertain_steps", "I"),
    ("stalled_steps", "I"),
    ("fill_nl", "I"),
    ("filled_at_steps", "I"),
    ("calibration_id", "H"),
    ("microsteps_per_rev", "H"),
    ("nl_per_rev", "I"),
    ("program_digest", "32s"),
    # Of the counts these are the low 32 bits: the next 12 of what was counted are above the microseconds.
    # These six change with every grant and lie side by side, to be patched at once.
    ("latest_event", "I"),
    ("counted_steps", "I"),
    ("granted_steps", "I"),
    ("lifetime_s", "I"),
    ("utc_s", "I"),
    ("utc_us_and_counted_high", "I"),
    ("bolus_minute", "I"),
    ("crc32", "I"),
)
_FORMAT = "<" + "".join([form for _, form in _RECORD])
_PACKED = tuple([name for name, _ in _RECORD])
_FLAGS = _PACKED.index("flags")
_US_AND_HIGH = _PACKED.index("utc_us_and_counted_high")
_LOW_WORDS = ("filled_at_steps", "counted_steps", "granted_steps")
_OF_THE_RECORD = ("magic", "layout_version", "since_mirrored", "flags", "utc_us_and_counted_high", "crc32")
_LOW = 0xFFFFFFFF
_US_BITS = 20
_MOST_HIGH = 0xFFF
"""Of the microsteps of all lives the record has 44 bits: 30,000 years of the highest basal rate."""
FIELDS = tuple([name for name in _PACKED if name not in _OF_THE_RECORD]) + (
    "delivering",
    "reservoir_known",
    "time_source",
    "stalls",
    "utc_us",
)
"""Attributes of a ``State``, in the order of the record; the last five share places of it."""


def offset_of(name: str) -> int:
    """Return where a field begins in the record."""
    offset = 0
    for other, form in _RECORD:
        if other == name:
            break
        offset += struct.calcsize("<" + form)
    return offset


CRC_OFFSET = STATE_BYTES - 4
SEQUENCE_OFFSET = 4
SINCE_MIRRORED_OFFSET = 2
OTHER_PAIR_ERASED_OFFSET = offset_of("other_pair_erased")
GRANT_OFFSET = offset_of("latest_event")
GRANT_FORMAT = "<6I"


class State:
    """The state that the pump must still know after a power cut, save for the program's bytes and the events.

    sequence: number of the record, given when it is written.
    boots: resets. watchdog_reset_s, watchdog_gap_s: lifetime second of the last one by the watchdog, and how long
    before it the one before was.
    lifetime_s: the pump's own running seconds at writing.
    counted_steps: lifetime microsteps counted at writing.
    granted_steps: lifetime microsteps that may have been delivered under this record.
    uncertain_steps, stalled_steps: microsteps since the last refill of which it is not known whether they came, and
    that the shaft did not turn for.
    reservoir_known, fill_nl, filled_at_steps, refilled_day: the last refill, at that many lifetime microsteps, on that
    local day since 1970; 0 if the day was not known. The record has the low 32 bits of it only, as of the grant:
    neither is so many microsteps away from what was counted.
    stalls: how often the motor stood still since.
    time_source, offset_minutes, utc_s, utc_us: wall time at writing; 0 seconds while it is unknown.
    bridge_end: lifetime microstep on which a bridge is over, its low 16 bits; 0 if there is none.
    bolus_minute: local minute since 1970 from which boluses begin by the clock.
    delivering, active_alarms: what the pump was doing, and the alarms that were active.
    program_pair, program_digest, program_bytes: the program in force; pair ``NO_PAIR`` if there is none.
    other_pair_erased: whether the pair that is not in force was erased at writing. The journal's own.
    calibration_id, nl_per_rev, microsteps_per_rev: the calibration in force, see ``Calibration.kept_nl``.
    pump_day, tubing_day: days of ``lifetime_s`` on which pump and tubing were last new.
    tubing_hundreds: hundreds of revolutions made when the tubing was new, its low 16 bits.
    latest_event: newest event at writing.
    """

    sequence: int
    boots: int
    watchdog_reset_s: int
    watchdog_gap_s: int
    lifetime_s: int
    counted_steps: int
    granted_steps: int
    uncertain_steps: int
    stalled_steps: int
    reservoir_known: int
    fill_nl: int
    filled_at_steps: int
    refilled_day: int
    stalls: int
    time_source: int
    offset_minutes: int
    utc_s: int
    utc_us: int
    delivering: int
    active_alarms: bytes
    program_pair: int
    program_digest: bytes
    program_bytes: int
    other_pair_erased: int
    calibration_id: int
    nl_per_rev: int
    microsteps_per_rev: int
    latest_event: int
    bolus_minute: int
    bridge_end: int
    pump_day: int
    tubing_day: int
    tubing_hundreds: int

    def __init__(self) -> None:
        for name in FIELDS:
            setattr(self, name, 0)
        self.watchdog_reset_s = NEVER
        self.watchdog_gap_s = MOST_GAP_S
        self.program_pair = NO_PAIR
        self.program_digest = bytes(32)
        self.active_alarms = NO_ALARMS

    def note_other_pair(self, is_erased: bool) -> None:
        """Note that the pair that is not in force is erased, or is not."""
        self.other_pair_erased = int(is_erased)

    def encode_into(self, record: bytearray) -> None:
        """Fill a record, save for what ``complete`` adds."""
        values = []
        for name in _PACKED:
            value = getattr(self, name, 0)
            values.append(value & _LOW if name in _LOW_WORDS else value)
        values[_US_AND_HIGH] = us_and_high(self.utc_us, self.counted_steps)
        values[0] = MAGIC
        values[1] = LAYOUT_VERSION
        flags = (self.delivering != 0) | (self.reservoir_known != 0) << 1 | self.time_source << 2
        values[_FLAGS] = flags | min(self.stalls, MOST_STALLS) << 4
        struct.pack_into(_FORMAT, record, 0, *values)

    def encode(self) -> bytes:
        """Return the whole record, as ``decode`` reads it."""
        record = bytearray(STATE_BYTES)
        self.encode_into(record)
        complete(record, memoryview(record)[:CRC_OFFSET], self.sequence, NOT_MIRRORED)
        return bytes(record)


def us_and_high(utc_us: int, counted_steps: int) -> int:
    """Return what the record has in one place: the microseconds of UTC, and above them the count's bits from the 33rd
    on."""
    return utc_us | (counted_steps >> 32 & _MOST_HIGH) << _US_BITS


def complete(record: bytearray, checked: memoryview, sequence: int, since_mirrored: int) -> None:
    """Put the sequence and the CRC into a record; ``checked`` is a view of what the CRC covers."""
    record[SINCE_MIRRORED_OFFSET] = since_mirrored
    struct.pack_into("<I", record, SEQUENCE_OFFSET, sequence)
    struct.pack_into("<I", record, CRC_OFFSET, binascii.crc32(checked) & 0xFFFFFFFF)


def is_whole(record: "Octets", checked: "Octets") -> bool:
    """Return True if this is a record of any layout, undamaged."""
    return record[0] == MAGIC and struct.unpack_from("<I", record, CRC_OFFSET)[0] == (
        binascii.crc32(checked) & 0xFFFFFFFF
    )


def sequence_of(record: "Octets") -> int:
    return struct.unpack_from("<I", record, SEQUENCE_OFFSET)[0]


def set_flags(state: State, flags: int) -> None:
    """Put into a state what is in the flags of its record."""
    state.delivering, state.reservoir_known = flags & 1, flags >> 1 & 1
    state.time_source, state.stalls = flags >> 2 & 3, flags >> 4


def decode_present(record: "Octets") -> State:
    """Return the state in an undamaged record of this layout."""
    state = State()
    values = struct.unpack(_FORMAT, record)
    for index in range(len(_PACKED)):
        if _PACKED[index] not in _OF_THE_RECORD:
            setattr(state, _PACKED[index], values[index])
    set_flags(state, values[_FLAGS])
    state.utc_us = values[_US_AND_HIGH] & (1 << _US_BITS) - 1
    complete_counts(state, values[_US_AND_HIGH] >> _US_BITS)
    return state


def complete_counts(state: State, counted_high: int) -> None:
    """Make whole the counts of which a state has the low 32 bits: none is as much as those away from what was
    counted."""
    counted = state.counted_steps + (counted_high << 32)
    state.counted_steps = counted
    state.granted_steps = counted + (state.granted_steps - counted & _LOW)
    state.filled_at_steps = counted - (counted - state.filled_at_steps & _LOW)
