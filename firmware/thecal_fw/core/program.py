"""The program: one value object that says what the pump is to deliver, with a fixed encoding and a digest.

A program is built by the host from a prescription, sent as bytes, and only ever replaced whole. Its encoding
is canonical: decoding and encoding again gives the same bytes, so the SHA-256 digest of the bytes names the
program. Rates are nanolitres a day, volumes nanolitres, concentration nanograms a millilitre, times of day
minutes after local midnight. Decoding checks form only; whether a program is safe is for ``validation``. Which fields
count depends on the mode; what they stand for together is for ``modes``.

What it says of boluses adds to the basal rate: those of a day pattern at their times, periodic ones at an interval,
and what a patient may ask for. A bolus is a rate over some minutes; rate times time is its volume. A bridge says how
long the old drug, which still lies between pump and patient when the reservoir holds another one, is to continue at its
own rate before the new program begins.

On the pump a program's steps and boluses are not copied out of its bytes: ``decode_in_place`` leaves them where they
lie, so the largest program takes no more memory than its encoding.
"""

import hashlib
import struct

from thecal_fw.core.modes import WeekOfPatterns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, TypeVar

    from thecal_fw.core.octets import Octets

    Steps = Iterable[tuple[int, int]]
    DayBoluses = Iterable[tuple[int, int, int]]
    Part = TypeVar("Part")

PROGRAM_LAYOUT_VERSION = 3

MINUTES_PER_DAY = 1_440
DAYS_PER_WEEK = 7
MOST_STEPS_PER_DAY = 48
MOST_PATTERNS = 7
MOST_BOLUSES_PER_DAY = 24
"""Scheduled boluses in a pattern."""
DRUG_NAME_BYTES = 16
PATIENT_BYTES = 16
LIBRARY_DIGEST_BYTES = 8
USUAL_ACCURACY_PERMILLE = 145
"""How far a pump may be off its calculated volume, of a thousand: 14.5 %, what is published for implanted pumps of
this kind as the bound beyond which they overinfuse (alert of ECRI, March 2014)."""

# layout version, mode, drug name (ASCII, zero padded), concentration, calibration id, rate of simple
# continuous mode, reservoir capacity, low-reservoir threshold, hourly and 24-hour limit, pattern of each
# weekday from Monday on, number of patterns
_HEADER = "<BB16sIIIIIII7BB"
_HEADER_BYTES = struct.calcsize(_HEADER)
# digest of the drug library, accuracy band, days the drug is stable, dead volume's id, catheter's dead volume, most
# of a single bolus;
# patient bolus: rate, minutes, lockout, most in 24 hours; periodic bolus: first minute, interval, rate,
# minutes; bridge: seconds, rate; patient's identity (ASCII, zero padded)
_THERAPY = "<8sHHHIIIHHBHHIHII16s"
_THERAPY_BYTES = struct.calcsize(_THERAPY)
_SETTINGS_BYTES = _HEADER_BYTES + _THERAPY_BYTES
# minute of day the step begins at, rate from then on
_STEP = "<HI"
_STEP_BYTES = struct.calcsize(_STEP)
# minute of day the bolus begins at, rate, minutes
_BOLUS = "<HIH"
_BOLUS_BYTES = struct.calcsize(_BOLUS)
MOST_PROGRAM_BYTES = _SETTINGS_BYTES + MOST_PATTERNS * (
    2 + MOST_STEPS_PER_DAY * _STEP_BYTES + MOST_BOLUSES_PER_DAY * _BOLUS_BYTES
)


class ProgramFormatError(ValueError):
    """The bytes are not a program of this layout version."""


class PatientBolus:
    """The bolus that a patient may ask for: a rate over so many minutes, no sooner than the lockout after the last
    one began, and no more than so many in any 24 hours."""

    def __init__(self, rate_nl_per_day: int, minutes: int, lockout_minutes: int, most_per_day: int) -> None:
        self.rate_nl_per_day = rate_nl_per_day
        self.minutes = minutes
        self.lockout_minutes = lockout_minutes
        self.most_per_day = most_per_day


class PeriodicBolus:
    """A rate over so many minutes, again and again: the local minutes at which one begins are those that lie a whole
    number of intervals after the first minute, counted from the beginning of 1970."""

    def __init__(self, first_minute: int, interval_minutes: int, rate_nl_per_day: int, minutes: int) -> None:
        self.first_minute = first_minute
        self.interval_minutes = interval_minutes
        self.rate_nl_per_day = rate_nl_per_day
        self.minutes = minutes


class Bridge:
    """The old drug continues at this rate for so many seconds of delivery, then the program begins."""

    def __init__(self, seconds: int, rate_nl_per_day: int) -> None:
        self.seconds = seconds
        self.rate_nl_per_day = rate_nl_per_day


class Program(WeekOfPatterns):
    """A program: what the pump is to deliver. Attributes are read-only by convention; build a new program to change
    one.

    patterns: list of day patterns, each a list of (start_minute, rate_nl_per_day) in rising order of start.
    weekdays: seven pattern indices, Monday first. Both are empty/zero in a mode without patterns of its own.
    boluses: for each pattern a list of (start_minute, rate_nl_per_day, minutes) in rising order of start.
    patient_bolus, periodic_bolus, bridge: None if there is none.
    patient: whom it is for, as the clinic names them; empty on a bench.
    encoded: the bytes in which its steps and boluses lie, None unless it was decoded in place.
    extremes: see ``schedule``; only of one decoded in place.
    """

    encoded: "memoryview | None" = None
    extremes: "object | None" = None

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
        patterns: "Sequence[Steps]" = (),
        weekdays: "Sequence[int]" = (0, 0, 0, 0, 0, 0, 0),
        boluses: "Sequence[DayBoluses]" = (),
        patient_bolus: "PatientBolus | None" = None,
        periodic_bolus: "PeriodicBolus | None" = None,
        bridge: "Bridge | None" = None,
        dead_volume_id: int = 0,
        catheter_nl: int = 0,
        most_nl_per_bolus: int = 0,
        accuracy_permille: int = USUAL_ACCURACY_PERMILLE,
        stability_days: int = 0,
        library_digest: bytes = bytes(LIBRARY_DIGEST_BYTES),
        patient: str = "",
    ) -> None:
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
        self.boluses = [list(day) for day in boluses] or [[] for _ in self.patterns]
        self.patient_bolus = patient_bolus
        self.periodic_bolus = periodic_bolus
        self.bridge = bridge
        self.dead_volume_id = dead_volume_id
        self.catheter_nl = catheter_nl
        self.most_nl_per_bolus = most_nl_per_bolus
        self.accuracy_permille = accuracy_permille
        self.stability_days = stability_days
        self.library_digest = library_digest
        self.patient = patient

    def lie_in(self, encoded: memoryview, patterns: list, boluses: list) -> None:
        """Leave steps and boluses in the bytes where they lie."""
        self.patterns, self.boluses, self.encoded = patterns, boluses, encoded

    def note_extremes(self, extremes: object) -> None:
        """Keep what was found out, for as long as the program is what it is."""
        self.extremes = extremes

    def encode(self) -> bytes:
        """Return the canonical bytes of the program."""
        parts = [self._encode_settings()]
        for pattern, boluses in zip(self.patterns, self.boluses):
            parts.append(bytes([len(pattern), len(boluses)]))
            for index in range(len(pattern)):
                parts.append(struct.pack(_STEP, *pattern[index]))
            for index in range(len(boluses)):
                parts.append(struct.pack(_BOLUS, *boluses[index]))
        return b"".join(parts)

    def _encode_settings(self) -> bytes:
        """Return all but the patterns."""
        return (
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
            + self._encode_therapy()
        )

    def _encode_therapy(self) -> bytes:
        patient, periodic, bridge = self.patient_bolus, self.periodic_bolus, self.bridge
        patient_fields = (0, 0, 0, 0)
        if patient is not None:
            patient_fields = (
                patient.rate_nl_per_day,
                patient.minutes,
                patient.lockout_minutes,
                patient.most_per_day,
            )
        periodic_fields = (0, 0, 0, 0)
        if periodic is not None:
            periodic_fields = (
                periodic.first_minute,
                periodic.interval_minutes,
                periodic.rate_nl_per_day,
                periodic.minutes,
            )
        return struct.pack(
            _THERAPY,
            self.library_digest,
            self.accuracy_permille,
            self.stability_days,
            self.dead_volume_id,
            self.catheter_nl,
            self.most_nl_per_bolus,
            *patient_fields,
            *periodic_fields,
            bridge.seconds if bridge is not None else 0,
            bridge.rate_nl_per_day if bridge is not None else 0,
            self.patient.encode(),
        )

    def digest(self) -> bytes:
        """Return the SHA-256 of the canonical bytes, 32 bytes."""
        if self.encoded is None:
            return digest_of(self.encode())
        # The settings are taken from where they are used, so a change of either in memory is seen.
        digest = hashlib.sha256(self._encode_settings())
        digest.update(self.encoded[_SETTINGS_BYTES:])
        return digest.digest()


def digest_of(encoded: "Octets") -> bytes:
    return hashlib.sha256(encoded).digest()


class Entries:
    """Steps or boluses of one pattern, read from a program's bytes where they lie: as a list of tuples, by index."""

    def __init__(self, encoded: "Octets", offset: int, count: int, layout: str, entry_bytes: int) -> None:
        self._encoded = encoded
        self._offset = offset
        self._count = count
        self._layout = layout
        self._entry_bytes = entry_bytes

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> "tuple[int, ...]":
        if not 0 <= index < self._count:
            raise IndexError
        return struct.unpack_from(self._layout, self._encoded, self._offset + index * self._entry_bytes)


def decode(encoded: "Octets") -> Program:
    """Return the program that canonical bytes stand for; raises ProgramFormatError for anything else."""
    fields, therapy, patterns, boluses = _parts_of(encoded)
    return _program_of(fields, therapy, [_listed(day) for day in patterns], [_listed(day) for day in boluses])


def decode_in_place(encoded: memoryview) -> Program:
    """Decode as ``decode`` does, with steps and boluses left in the bytes, which must stay what they are while it is
    used."""
    fields, therapy, patterns, boluses = _parts_of(encoded)
    program = _program_of(fields, therapy, (), ())
    program.lie_in(encoded, patterns, boluses)
    return program


def _listed(entries: Entries) -> list:
    return [entries[index] for index in range(len(entries))]


def _parts_of(encoded: "Octets") -> "tuple[tuple[Any, ...], tuple[Any, ...], list[Entries], list[Entries]]":
    """Return fields of the header, fields of the therapy, steps and boluses of each pattern."""
    if len(encoded) < _HEADER_BYTES:
        raise ProgramFormatError(
            "program is %d bytes, its header alone has %d" % (len(encoded), _HEADER_BYTES)
        )
    fields = struct.unpack_from(_HEADER, encoded, 0)
    if fields[0] != PROGRAM_LAYOUT_VERSION:
        raise ProgramFormatError(
            "program layout %d, this firmware has %d" % (fields[0], PROGRAM_LAYOUT_VERSION)
        )
    offset = _SETTINGS_BYTES
    if len(encoded) < offset:
        raise ProgramFormatError("program ends inside its settings")
    therapy = struct.unpack_from(_THERAPY, encoded, _HEADER_BYTES)
    if fields[17] > MOST_PATTERNS:
        raise ProgramFormatError("program has %d patterns, at most %d" % (fields[17], MOST_PATTERNS))
    patterns = []
    boluses = []
    for _ in range(fields[17]):
        if offset + 2 > len(encoded):
            raise ProgramFormatError("program ends before its last pattern")
        step_count, bolus_count = encoded[offset], encoded[offset + 1]
        patterns.append(Entries(encoded, offset + 2, step_count, _STEP, _STEP_BYTES))
        offset += 2 + step_count * _STEP_BYTES
        boluses.append(Entries(encoded, offset, bolus_count, _BOLUS, _BOLUS_BYTES))
        offset += bolus_count * _BOLUS_BYTES
        if offset > len(encoded):
            raise ProgramFormatError("program ends inside a pattern")
    if offset != len(encoded):
        raise ProgramFormatError("program has %d bytes too many" % (len(encoded) - offset))
    return fields, therapy, patterns, boluses


def _program_of(
    fields: "tuple[Any, ...]",
    therapy: "tuple[Any, ...]",
    patterns: "Sequence[Steps]",
    boluses: "Sequence[DayBoluses]",
) -> Program:
    return Program(
        fields[1],
        _name_in(fields[2], "drug name"),
        fields[3],
        fields[4],
        fields[5],
        fields[6],
        fields[7],
        fields[8],
        fields[9],
        patterns,
        fields[10:17],
        boluses,
        _part(PatientBolus, therapy[6:10]),
        _part(PeriodicBolus, therapy[10:14]),
        _part(Bridge, therapy[14:16]),
        therapy[3],
        therapy[4],
        therapy[5],
        therapy[1],
        therapy[2],
        therapy[0],
        _name_in(therapy[16], "patient's identity"),
    )


def _part(part: "Callable[..., Part]", fields: "tuple[int, ...]") -> "Part | None":
    """Return a part of the program, None if all of its fields are zero."""
    for field in fields:
        if field:
            return part(*fields)
    return None


def _name_in(name: bytes, what: str) -> str:
    end = len(name)
    while end and name[end - 1] == 0:
        end -= 1
    for character in name[:end]:
        if not 0x20 <= character <= 0x7E:
            raise ProgramFormatError(what + " is not printable ASCII")
    return name[:end].decode()
