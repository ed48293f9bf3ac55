"""The program: one value object that says what the pump is to deliver, with a fixed encoding and a digest.

A program is built by the host from a prescription, sent as bytes, and only ever replaced whole. Its encoding
is canonical: decoding and encoding again gives the same bytes, so the SHA-256 digest of the bytes names the
program. Rates are nanolitres a day, volumes nanolitres, concentration nanograms a millilitre, times of day
minutes after local midnight. Decoding checks form only; whether a program is safe is for ``validation``.
"""

import hashlib
import struct

PROGRAM_LAYOUT_VERSION = 1

MODE_STOPPED = 0
MODE_MINIMUM_RATE = 1
MODE_CONTINUOUS = 2
MODE_FLEX = 3
MODE_NAMES = ("stopped", "minimum rate", "simple continuous", "flex")

MINUTES_PER_DAY = 1_440
DAYS_PER_WEEK = 7
MOST_STEPS_PER_DAY = 48
MOST_PATTERNS = 7
DRUG_NAME_BYTES = 16

# layout version, mode, drug name (ASCII, zero padded), concentration, calibration id, rate of simple
# continuous mode, reservoir capacity, low-reservoir threshold, hourly and 24-hour limit, pattern of each
# weekday from Monday on, number of patterns
_HEADER = "<BB16sIIIIIII7BB"
_HEADER_BYTES = struct.calcsize(_HEADER)
# minute of day the step begins at, rate from then on
_STEP = "<HI"
_STEP_BYTES = struct.calcsize(_STEP)
MOST_PROGRAM_BYTES = _HEADER_BYTES + MOST_PATTERNS * (1 + MOST_STEPS_PER_DAY * _STEP_BYTES)


class ProgramFormatError(ValueError):
    """The bytes are not a program of this layout version."""


class Program:
    """What to deliver. Attributes are read-only by convention; build a new program to change one.

    patterns: list of day patterns, each a list of (start_minute, rate_nl_per_day) in rising order of start.
    weekdays: seven pattern indices, Monday first. Both are empty/zero except in flex mode.
    """

    def __init__(
        self,
        mode: int,
        drug: str = "",
        concentration_ng_per_ml: int = 0,
        calibration_id: int = 0,
        rate_nl_per_day: int = 0,
        reservoir_nl: int = 0,
        low_reservoir_nl: int = 0,
        most_nl_per_hour: int = 0,
        most_nl_per_day: int = 0,
        patterns=(),
        weekdays=(0, 0, 0, 0, 0, 0, 0),
    ):
        self.mode = mode
        self.drug = drug
        self.concentration_ng_per_ml = concentration_ng_per_ml
        self.calibration_id = calibration_id
        self.rate_nl_per_day = rate_nl_per_day
        self.reservoir_nl = reservoir_nl
        self.low_reservoir_nl = low_reservoir_nl
        self.most_nl_per_hour = most_nl_per_hour
        self.most_nl_per_day = most_nl_per_day
        self.patterns = [list(pattern) for pattern in patterns]
        self.weekdays = tuple(weekdays)

    def encode(self) -> bytes:
        """Canonical bytes of the program."""
        parts = [
            struct.pack(
                _HEADER,
                PROGRAM_LAYOUT_VERSION,
                self.mode,
                self.drug.encode(),
                self.concentration_ng_per_ml,
                self.calibration_id,
                self.rate_nl_per_day,
                self.reservoir_nl,
                self.low_reservoir_nl,
                self.most_nl_per_hour,
                self.most_nl_per_day,
                *self.weekdays,
                len(self.patterns),
            )
        ]
        for pattern in self.patterns:
            parts.append(bytes([len(pattern)]))
            for start_minute, rate_nl_per_day in pattern:
                parts.append(struct.pack(_STEP, start_minute, rate_nl_per_day))
        return b"".join(parts)

    def digest(self) -> bytes:
        """SHA-256 of the canonical bytes, 32 bytes."""
        return digest_of(self.encode())


def digest_of(encoded) -> bytes:
    return hashlib.sha256(encoded).digest()


def decode(encoded) -> Program:
    """The program that canonical bytes stand for; raises ProgramFormatError for anything else."""
    if len(encoded) < _HEADER_BYTES:
        raise ProgramFormatError(
            "program is %d bytes, its header alone has %d" % (len(encoded), _HEADER_BYTES)
        )
    fields = struct.unpack(_HEADER, encoded[:_HEADER_BYTES])
    if fields[0] != PROGRAM_LAYOUT_VERSION:
        raise ProgramFormatError(
            "program layout %d, this firmware has %d" % (fields[0], PROGRAM_LAYOUT_VERSION)
        )
    pattern_count = fields[17]
    patterns = []
    offset = _HEADER_BYTES
    for _ in range(pattern_count):
        if offset >= len(encoded):
            raise ProgramFormatError("program ends before its last pattern")
        step_count = encoded[offset]
        offset += 1
        if offset + step_count * _STEP_BYTES > len(encoded):
            raise ProgramFormatError("program ends inside a pattern")
        steps = []
        for _ in range(step_count):
            steps.append(struct.unpack(_STEP, encoded[offset : offset + _STEP_BYTES]))
            offset += _STEP_BYTES
        patterns.append(steps)
    if offset != len(encoded):
        raise ProgramFormatError("program has %d bytes too many" % (len(encoded) - offset))
    name = fields[2]
    end = len(name)
    while end and name[end - 1] == 0:
        end -= 1
    for character in name[:end]:
        if not 0x20 <= character <= 0x7E:
            raise ProgramFormatError("drug name is not printable ASCII")
    return Program(
        fields[1],
        name[:end].decode(),
        fields[3],
        fields[4],
        fields[5],
        fields[6],
        fields[7],
        fields[8],
        fields[9],
        patterns,
        fields[10:17],
    )
