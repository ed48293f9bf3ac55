"""A program on its way in: gathered piece by piece, checked as a whole, and nothing to the pump until committed.

It lies in the pump's spare place, so staging takes no memory that is not there. Checking the largest program takes
about a second; it is done in pieces, one for each time that it is asked for, until all faults are known.
"""

from thecal_fw.core.bolus_validation import PIECES_OF_BOLUS, PIECES_OF_EXTREMES
from thecal_fw.core.calibration import Calibration
from thecal_fw.core.limits import Limits
from thecal_fw.core.program import MOST_PROGRAM_BYTES, Program, digest_of
from thecal_fw.core.program_fault import Faults
from thecal_fw.core.program_place import ProgramPlace
from thecal_fw.core.validation import checking
from thecal_fw.core.week import advance, turns_of
from thecal_fw.link import messages
from thecal_fw.link.frames import MOST_PAYLOAD_BYTES
from thecal_fw.requests.refusal import RequestRefusedError, in_progress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.pump.infusion import Infusion
    from thecal_fw.pump.memory import Memory
    from thecal_fw.pump.orders import Orders

_PIECES_AT_ONCE = 64
"""Steps, boluses or turns that are looked at for one request: within what the message declares."""
_PIECES_OF_BEGINNING = 48
"""Decoding the bytes and finding their digest takes about as long as so many pieces."""
FAULTS_IN_AN_ANSWER = (MOST_PAYLOAD_BYTES - messages.STAGE_CHECK.response.size) // messages.FAULT.size


class FaultPage(Faults):
    """The faults from one on, as many as go into an answer, packed. A program may have more than memory holds."""

    def __init__(self, first: int) -> None:
        super().__init__()
        self.first = first
        self.packed = bytearray()

    def add(self, field: int, value: int, least: int, most: int, pattern: int = -1, step: int = -1) -> None:
        if self.first <= self.count < self.first + FAULTS_IN_AN_ANSWER:
            self.packed.extend(messages.FAULT.pack(field, pattern, step, value, least, most))
        super().add(field, value, least, most, pattern, step)


class _Check:
    """A check of staged bytes: the program they stand for, their digest, the faults found so far, what is still to be
    done, and how many pieces are done."""

    def __init__(
        self,
        place: ProgramPlace,
        program: Program,
        limits: Limits,
        calibration: Calibration,
        first_fault: int,
    ) -> None:
        self.program = program
        self.digest = digest_of(place.encoded())
        self.faults = FaultPage(first_fault)
        self.is_done = False
        self._work = checking(program, limits, calibration, place.week, self.faults)
        self._done = _PIECES_OF_BEGINNING
        self._at_once = _PIECES_AT_ONCE - _PIECES_OF_BEGINNING

    def go_on(self) -> None:
        """Do some more of it; raises RequestRefusedError unless it is done then."""
        if self.is_done:
            return
        pieces, self._at_once = self._at_once, _PIECES_AT_ONCE
        if advance(self._work, pieces):
            self._done += pieces
            whole = self._pieces()
            raise in_progress(min(self._done, whole - 1), whole)
        self.is_done = True

    def _pieces(self) -> int:
        """Return the approximate number of pieces it takes: each step and bolus is looked at, then the week is worked
        out."""
        pieces = _PIECES_OF_BEGINNING + 2 * PIECES_OF_EXTREMES + 5 * turns_of(self.program)
        for pattern in self.program.patterns:
            pieces += len(pattern)
        for day in self.program.boluses:
            pieces += PIECES_OF_BOLUS * len(day)
        return pieces


class Staging:
    """The program that has been staged so far. Every method raises RequestRefusedError where it can't do what is
    asked."""

    def __init__(
        self,
        orders: "Orders",
        infusion: "Infusion",
        memory: "Memory",
        limits: Limits,
        calibration: Calibration,
    ) -> None:
        self._orders = orders
        self._infusion = infusion
        self._memory = memory
        self._limits = limits
        self._calibration = calibration
        self.forget()

    def forget(self) -> None:
        """Forget what is staged."""
        self._place: "ProgramPlace | None" = None
        self._total_bytes = 0
        self._check: "_Check | None" = None

    def begin(self, total_bytes: int) -> None:
        """Make room for a program of so many bytes."""
        if not 0 < total_bytes <= MOST_PROGRAM_BYTES:
            raise RequestRefusedError(messages.ERROR_STAGING_SIZE, MOST_PROGRAM_BYTES)
        self.forget()
        place = self._orders.spare_place()
        if total_bytes > place.room.program_bytes:
            raise RequestRefusedError(messages.ERROR_TOO_LARGE, place.room.program_bytes)
        if not self._infusion.is_spare_place_free():
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
        self._check = None
        place.buffer[offset : offset + len(data)] = data
        place.fill(offset + len(data))
        return place.length

    def _begun(self) -> ProgramPlace:
        if self._place is None:
            raise RequestRefusedError(messages.ERROR_NOTHING_STAGED)
        return self._place

    def _filled(self) -> ProgramPlace:
        place = self._begun()
        if place.length < self._total_bytes:
            raise RequestRefusedError(messages.ERROR_STAGING_INCOMPLETE, place.length)
        return place

    def whole(self) -> memoryview:
        """Return all the bytes."""
        return self._filled().encoded()

    def check(self, first_fault: int) -> "tuple[bytes, int, bytes]":
        """Continue checking; once that is done, the digest, the number of faults, and those from one on, packed."""
        place, check = self._filled(), self._check
        if check is None or check.faults.first != first_fault:
            check = self._check = self._begin_check(place, first_fault)
        check.go_on()
        return check.digest, check.faults.count, bytes(check.faults.packed)

    def _begin_check(self, place: ProgramPlace, first_fault: int) -> _Check:
        self._check = None
        self._memory.need()
        program = place.decoded()
        if program is None:
            raise RequestRefusedError(messages.ERROR_NOT_A_PROGRAM)
        if not place.room.fits(program):
            raise RequestRefusedError(messages.ERROR_TOO_LARGE, place.room.program_bytes)
        return _Check(place, program, self._limits, self._calibration, first_fault)

    def checked(self, digest: bytes) -> "tuple[Program, ProgramPlace]":
        """Return the program and place of what is staged, to be committed by its digest; it must have been checked
        and be free of faults."""
        place, check = self._filled(), self._check
        if check is None or not check.is_done:
            raise RequestRefusedError(messages.ERROR_NOT_CHECKED)
        if check.faults.count:
            raise RequestRefusedError(messages.ERROR_PROGRAM_FAULTS, check.faults.count)
        if digest != check.digest:
            raise RequestRefusedError(messages.ERROR_DIGEST, int.from_bytes(check.digest[:4], "big"))
        return check.program, place
