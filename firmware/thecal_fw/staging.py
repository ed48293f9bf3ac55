"""A program on its way in: gathered piece by piece, checked as a whole, and nothing to the pump until committed.

It lies in the pump's spare place, so staging takes no memory that is not there. Checking the largest program takes
about a second; it is done in pieces, one for each time that it is asked for, until all faults are known.
"""

from thecal_fw.core.bolus_validation import PIECES_OF_BOLUS
from thecal_fw.core.program import MOST_PROGRAM_BYTES, digest_of
from thecal_fw.core.program_fault import Faults
from thecal_fw.core.validation import checking
from thecal_fw.core.week import advance, turns_of
from thecal_fw.link import messages
from thecal_fw.link.frames import MOST_PAYLOAD_BYTES

_PIECES_AT_ONCE = 64
"""Steps, boluses or turns that are looked at for one request: within what the message declares."""
_PIECES_OF_BEGINNING = 48
"""Decoding the bytes and finding their digest takes about as long as so many pieces."""
FAULTS_IN_AN_ANSWER = (MOST_PAYLOAD_BYTES - messages.STAGE_CHECK.response.size) // messages.FAULT.size


class RequestRefusedError(Exception):
    """A request that is answered with an error."""

    def __init__(self, code: int, detail: int = 0):
        super().__init__(code)
        self.code = code
        self.detail = detail


def in_progress(done: int, whole: int) -> RequestRefusedError:
    """What was asked for is being worked out, and has to be asked for again."""
    return RequestRefusedError(messages.ERROR_IN_PROGRESS, done << 16 | whole)


class FaultPage(Faults):
    """The faults from one on, as many as go into an answer, packed. A program may have more than memory holds."""

    def __init__(self, first: int):
        super().__init__()
        self.first = first
        self.packed = bytearray()

    def add(self, field: int, value: int, least: int, most: int, pattern: int = -1, step: int = -1) -> None:
        if self.first <= self.count < self.first + FAULTS_IN_AN_ANSWER:
            self.packed.extend(messages.FAULT.pack(field, pattern, step, value, least, most))
        super().add(field, value, least, most, pattern, step)


class Staging:
    """What has been staged so far. Every method raises RequestRefusedError where it can't do what is asked."""

    def __init__(self, pump):
        self._pump = pump
        self._place = None
        self.forget()

    def forget(self) -> None:
        """Nothing is staged."""
        self._place = None
        self._total_bytes = 0
        self._stop_checking()

    def _stop_checking(self) -> None:
        self._program = None
        self._digest = b""
        self._faults = None
        self._work = None
        self._done = 0

    def begin(self, total_bytes: int) -> None:
        """Make room for a program of so many bytes."""
        if not 0 < total_bytes <= MOST_PROGRAM_BYTES:
            raise RequestRefusedError(messages.ERROR_STAGING_SIZE, MOST_PROGRAM_BYTES)
        self.forget()
        place = self._pump.spare_place()
        if total_bytes > place.room.program_bytes:
            raise RequestRefusedError(messages.ERROR_TOO_LARGE, place.room.program_bytes)
        if not self._pump.is_spare_place_free():
            raise in_progress(0, 1)
        place.forget()
        self._place, self._total_bytes = place, total_bytes

    def add(self, offset: int, data: bytes) -> int:
        """Take the next bytes; how many there are now."""
        place = self._begun()
        if offset != place.length:
            raise RequestRefusedError(messages.ERROR_STAGING_OFFSET, place.length)
        if offset + len(data) > self._total_bytes:
            raise RequestRefusedError(messages.ERROR_STAGING_SIZE, self._total_bytes)
        self._stop_checking()
        place.buffer[offset : offset + len(data)] = data
        place.length += len(data)
        return place.length

    def _begun(self):
        if self._place is None:
            raise RequestRefusedError(messages.ERROR_NOTHING_STAGED)
        return self._place

    def whole(self) -> memoryview:
        """All the bytes."""
        place = self._begun()
        if place.length < self._total_bytes:
            raise RequestRefusedError(messages.ERROR_STAGING_INCOMPLETE, place.length)
        return place.encoded()

    def check(self, first_fault: int):
        """Go on checking; once that is done, the digest, the number of faults, and those from one on, packed."""
        encoded = self.whole()
        pieces = _PIECES_AT_ONCE
        if self._faults is None or self._faults.first != first_fault:
            self._begin_checking(encoded, first_fault)
            pieces -= _PIECES_OF_BEGINNING
        if self._work is not None:
            if advance(self._work, pieces):
                self._done += pieces
                whole = self._pieces()
                raise in_progress(min(self._done, whole - 1), whole)
            self._work = None
        return self._digest, self._faults.count, bytes(self._faults.packed)

    def _begin_checking(self, encoded, first_fault: int) -> None:
        pump, place = self._pump, self._place
        self._stop_checking()
        program = place.decoded()
        if program is None:
            raise RequestRefusedError(messages.ERROR_NOT_A_PROGRAM)
        if not place.room.fits(program):
            raise RequestRefusedError(messages.ERROR_TOO_LARGE, place.room.program_bytes)
        self._program = program
        self._digest = digest_of(encoded)
        self._faults = FaultPage(first_fault)
        self._work = checking(program, pump.limits, pump.calibration, place.week, self._faults)

    def _pieces(self) -> int:
        """Most pieces that checking takes: each step and bolus is looked at once, then the week is worked out."""
        program = self._program
        pieces = 5 * turns_of(program)
        for pattern in program.patterns:
            pieces += len(pattern)
        for day in program.boluses:
            pieces += PIECES_OF_BOLUS * len(day)
        return pieces

    def checked(self, digest: bytes):
        """Program and place of what is staged, to be committed by its digest; it must have been checked and be free of
        faults."""
        self.whole()
        if self._program is None or self._work is not None:
            raise RequestRefusedError(messages.ERROR_NOT_CHECKED)
        if self._faults.count:
            raise RequestRefusedError(messages.ERROR_PROGRAM_FAULTS, self._faults.count)
        if digest != self._digest:
            raise RequestRefusedError(messages.ERROR_DIGEST, int.from_bytes(self._digest[:4], "big"))
        return self._program, self._place
