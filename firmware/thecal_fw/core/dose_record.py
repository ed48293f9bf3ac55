"""The record of doses that the pump still needs after a power cut, 512 bytes: those under way, those on demand that
limits and lockout still count, the daily dose last delivered, and as much as there is room for of the turns of what was
given in the last 24 hours. The newest whole record is the whole truth; nothing is read from the log.

Times are seconds of the pump's running time, begins and lengths rounded up: what is not known to the tick ends a limit
or a lockout later, never sooner. Only turns are known to 40 us, by their age. The first 8 bytes (magic, layout version,
two of the layout's own, sequence) and the last 4 (CRC-32) keep their places in every layout.
"""

import binascii
import struct

from thecal_fw.core.bolus import Bolus
from thecal_fw.core.instant import TICKS_PER_SECOND
from thecal_fw.core.line_room import NOT_KNOWN as LINE_NOT_KNOWN
from thecal_fw.core.lived_minutes import MOST_SPANS, NOT_KNOWN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.core.given_rates import GivenRates
    from thecal_fw.core.octets import Octets, Writable

RECORD_BYTES = 512
MAGIC = 0xD7
LAYOUT_VERSION = 3
_LAYOUT_WITHOUT_LAST = 2
"""Has no daily dose. It is read, and written anew."""
MOST_DOSES = 16
"""The 12 on demand that are remembered, a prime, and those of the clock that a setting of it makes overlap."""

_HEADER = "<BBBBIIIHIQHIHBIBI"
_LAST = "<IIIIII"
_DOSE = "<IIIII"
_DOSE_BEFORE = "<IIIIIBB"
"""A dose in the layout without a daily dose: kind and flags stand apart from the seconds."""
_SPAN = "<IIH"
_TURN = "<II"
_HEADER_BYTES = struct.calcsize(_HEADER)
_LAST_BYTES = struct.calcsize(_LAST)
_DOSE_BYTES = struct.calcsize(_DOSE)
_BEFORE_BYTES = struct.calcsize(_DOSE_BEFORE)
_SPAN_BYTES = struct.calcsize(_SPAN)
_TURN_BYTES = struct.calcsize(_TURN)
_TICKS_OF_AGE = 4
_AGED_FROM_S = 2
"""After the second of writing: a change is noted a little ahead."""
_CRC_OFFSET = RECORD_BYTES - 4
SEQUENCE_OFFSET = 4
_KIND_SHIFT = 26
_FLAGS_SHIFT = 30
"""In a word with the seconds of a dose: 26 bits are two years, 4 bits a kind."""
_IS_UNDER_WAY = 1
_IS_REMEMBERED = 2
_ALL_SECONDS = 0xFFFFFFFF
IS_GIVEN = _ALL_SECONDS
"""End of a daily dose that is still given."""
NO_DOSE = (0, 0, 0, 0, 0, 0)
_MOST_AGE = 0xFFFFFFFF


class DoseRecord:
    """lifetime_s: running second at writing. next_number: number of the next dose. unknown_until_s: running second
    before which doses may have been given of which nothing is known.

    judged_until_s: running second before which doses are judged against what was given; it and the one before lie
    within 24 hours of writing, and 0 is none. settled_minute, passed_over,
    passed_reason: as ``Boluses`` has them. primes, primed_nl: as ``LineRoom`` has them.
    free_steps: microsteps of all lives that only filled the line, which the meter leaves out.
    lived_since, lived: as ``LivedMinutes`` has them. line_empty_at_steps: as ``LineRoom`` has it.
    last: the daily dose last delivered: the beginning of its program's digest as a number, the mean nL a day and the
    most nL in 24 hours by the clock, ng/mL, and the running seconds at which it began and ended, ``IS_GIVEN`` before
    its end. NO_DOSE before the first.
    under_way: doses that have begun and not ended. remembered: what counts against limits, of the history; a dose can
    be in both, as two objects of one number. Their ticks count from running second 0 of the pump.
    """

    def __init__(self, lifetime_s: int = 0, next_number: int = 1) -> None:
        self.lifetime_s = lifetime_s
        self.next_number = next_number
        self.unknown_until_s = self.free_steps = 0
        self.lived_since = NOT_KNOWN
        self.lived = []
        self.judged_until_s = 0
        self.settled_minute = NOT_KNOWN
        self.passed_over = 0
        self.passed_reason = 0
        self.primes = self.primed_nl = 0
        self.line_empty_at_steps = LINE_NOT_KNOWN
        self.last: "tuple[int, ...]" = NO_DOSE
        self.under_way = []
        self.remembered = []

    def encode_into(self, record: "Writable", base_s: int, given: "GivenRates") -> None:
        """Fill a record but for its sequence; the ticks of the doses count from the running second ``base_s``.

        given: what was given in the last 24 hours, of which the oldest turns are dropped that there is no room for."""
        numbers = []
        struct.pack_into(_LAST, record, _HEADER_BYTES, *self.last)
        offset = _HEADER_BYTES + _LAST_BYTES
        for bolus in self.under_way + self.remembered:
            if bolus.number in numbers or len(numbers) == MOST_DOSES:
                continue
            numbers.append(bolus.number)
            begun = _of_number(self.under_way, bolus.number)
            counted = _of_number(self.remembered, bolus.number)
            flags = (_IS_UNDER_WAY if begun is not None else 0) | (
                _IS_REMEMBERED if counted is not None else 0
            )
            start_s = base_s - -bolus.start_tick // TICKS_PER_SECOND
            length_ticks = bolus.end_tick - bolus.start_tick
            struct.pack_into(
                _DOSE,
                record,
                offset,
                bolus.number,
                min(max(0, start_s), _ALL_SECONDS),
                _in_a_word(-(-length_ticks // TICKS_PER_SECOND), bolus.kind, flags),
                begun.rate_nl_per_day if begun is not None else bolus.rate_nl_per_day,
                counted.rate_nl_per_day if counted is not None else 0,
            )
            offset += _DOSE_BYTES
        struct.pack_into(
            _HEADER,
            record,
            0,
            MAGIC,
            LAYOUT_VERSION,
            len(numbers),
            len(self.lived),
            0,
            self.lifetime_s,
            self.next_number,
            _time_left(self.unknown_until_s, self.lifetime_s),
            self.lived_since,
            self.line_empty_at_steps,
            _time_left(self.judged_until_s, self.lifetime_s),
            self.settled_minute,
            self.passed_over,
            self.passed_reason,
            self.free_steps,
            self.primes,
            self.primed_nl,
        )
        record[offset:_CRC_OFFSET] = bytes(_CRC_OFFSET - offset)
        for first, until, until_tick in self.lived:
            until_s = min(max(0, base_s - -until_tick // TICKS_PER_SECOND), _ALL_SECONDS)
            struct.pack_into(_SPAN, record, offset, first, until_s, min(until - first, 0xFFFF))
            offset += _SPAN_BYTES
        aged_from = (self.lifetime_s + _AGED_FROM_S - base_s) * TICKS_PER_SECOND
        given.keep((_CRC_OFFSET - offset) // _TURN_BYTES, aged_from)
        ticks, rates = given.ticks, given.rates
        for index in range(given.count):
            # An age of 0 is none, which ends them.
            age = (aged_from - ticks[index]) // _TICKS_OF_AGE + 1
            if not 0 < age < _MOST_AGE:
                age = 1 if age < 1 else _MOST_AGE
            struct.pack_into(_TURN, record, offset, age, rates[index])
            offset += _TURN_BYTES


def _in_a_word(seconds: int, kind: int, flags: int) -> int:
    return min(seconds, (1 << _KIND_SHIFT) - 1) | kind << _KIND_SHIFT | flags << _FLAGS_SHIFT


def _out_of_a_word(word: int) -> "tuple[int, int, int]":
    """Return seconds, kind and flags of a dose."""
    kind = word >> _KIND_SHIFT & (1 << _FLAGS_SHIFT - _KIND_SHIFT) - 1
    return word & (1 << _KIND_SHIFT) - 1, kind, word >> _FLAGS_SHIFT


def _time_left(until_s: int, now_s: int) -> int:
    """Return a time that is over within 24 hours, as it is kept: rounded up to 2 s."""
    return min(max(0, until_s - now_s + 1) // 2, 0xFFFF)


def _until_s(left: int, now_s: int) -> int:
    return now_s + 2 * left if left else 0


def _of_number(boluses: "list[Bolus]", number: int) -> "Bolus | None":
    for bolus in boluses:
        if bolus.number == number:
            return bolus
    return None


def complete(record: "Writable", sequence: int) -> None:
    """Put the sequence and the CRC into a record."""
    struct.pack_into("<I", record, SEQUENCE_OFFSET, sequence)
    struct.pack_into("<I", record, _CRC_OFFSET, _crc(record))


def sequence_in(record: "Octets") -> int:
    """Return the sequence of an undamaged record of any layout, -1 of anything else."""
    if record[0] != MAGIC or struct.unpack_from("<I", record, _CRC_OFFSET)[0] != _crc(record):
        return -1
    return struct.unpack_from("<I", record, SEQUENCE_OFFSET)[0]


def decode(record: "Octets", base_s: int, given: "GivenRates", late_ticks: int = 0) -> "DoseRecord | None":
    """Return what an undamaged record says, with ticks from the running second given; None if its layout is unknown.

    given: takes the turns of what was given. late_ticks: by how much tick 0 is later than that running second."""
    _, version, count, spans, _, lifetime_s, next_number, unknown, lived_since, line, judged, *rest = (
        struct.unpack_from(_HEADER, record, 0)
    )
    if version not in (LAYOUT_VERSION, _LAYOUT_WITHOUT_LAST) or count > MOST_DOSES:
        return None
    told = DoseRecord(lifetime_s, next_number)
    told.unknown_until_s, told.judged_until_s = _until_s(unknown, lifetime_s), _until_s(judged, lifetime_s)
    told.lived_since = lived_since
    told.line_empty_at_steps = line
    told.settled_minute, told.passed_over, told.passed_reason, *rest = rest
    told.free_steps, told.primes, told.primed_nl = rest
    doses_at, dose_bytes = _HEADER_BYTES, _BEFORE_BYTES
    if version == LAYOUT_VERSION:
        told.last = struct.unpack_from(_LAST, record, doses_at)
        doses_at, dose_bytes = doses_at + _LAST_BYTES, _DOSE_BYTES
    offset = doses_at + count * dose_bytes
    for _ in range(min(spans, MOST_SPANS)):
        first, until_s, minutes = struct.unpack_from(_SPAN, record, offset)
        offset += _SPAN_BYTES
        told.lived.append((first, first + minutes, (until_s - base_s) * TICKS_PER_SECOND))
    for index in range(count):
        at = doses_at + index * dose_bytes
        if version == LAYOUT_VERSION:
            number, start_s, word, rate, counted_rate = struct.unpack_from(_DOSE, record, at)
            seconds, kind, flags = _out_of_a_word(word)
        else:
            number, start_s, seconds, rate, counted_rate, kind, flags = struct.unpack_from(
                _DOSE_BEFORE, record, at
            )
        start_tick = (start_s - base_s) * TICKS_PER_SECOND
        if flags & _IS_UNDER_WAY:
            told.under_way.append(Bolus(kind, start_tick, seconds * TICKS_PER_SECOND, rate, number))
        if flags & _IS_REMEMBERED:
            told.remembered.append(Bolus(kind, start_tick, seconds * TICKS_PER_SECOND, counted_rate, number))
    told.remembered.sort(key=_start_of)
    now = (lifetime_s - base_s) * TICKS_PER_SECOND - late_ticks
    aged_from = now + _AGED_FROM_S * TICKS_PER_SECOND
    while offset + _TURN_BYTES <= _CRC_OFFSET:
        age, rate = struct.unpack_from(_TURN, record, offset)
        if not age:
            break
        turn = min(0, aged_from - _TICKS_OF_AGE * (age - 1))
        given.turn(turn, rate)
        now = max(now, turn)
        offset += _TURN_BYTES
    given.note_until(now)
    return told


def _start_of(bolus: Bolus) -> int:
    # Not by their numbers, which begin anew one day.
    return bolus.start_tick


def _crc(record: "Octets") -> int:
    return binascii.crc32(memoryview(record)[:_CRC_OFFSET]) & 0xFFFFFFFF
