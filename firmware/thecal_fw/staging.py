"""A program on its way in: gathered piece by piece, checked as a whole, and nothing to the pump until committed."""

from thecal_fw.core.program import MOST_PROGRAM_BYTES, ProgramFormatError, decode, digest_of
from thecal_fw.core.validation import validate
from thecal_fw.link import messages


class RequestRefusedError(Exception):
    """A request that is answered with an error."""

    def __init__(self, code: int, detail: int = 0):
        super().__init__(code)
        self.code = code
        self.detail = detail


class Staging:
    """What has been staged so far. Every method raises RequestRefusedError where it can't do what is asked."""

    def __init__(self, limits, calibration):
        self._limits = limits
        self._calibration = calibration
        self.forget()

    def forget(self) -> None:
        self._staged = None
        self._fill = 0
        self._checked = None

    def begin(self, total_bytes: int) -> None:
        if not 0 < total_bytes <= MOST_PROGRAM_BYTES:
            raise RequestRefusedError(messages.ERROR_STAGING_SIZE, MOST_PROGRAM_BYTES)
        self.forget()
        self._staged = bytearray(total_bytes)

    def add(self, offset: int, data: bytes) -> int:
        """Take the next bytes; how many there are now."""
        if self._staged is None:
            raise RequestRefusedError(messages.ERROR_NOTHING_STAGED)
        if offset != self._fill:
            raise RequestRefusedError(messages.ERROR_STAGING_OFFSET, self._fill)
        if offset + len(data) > len(self._staged):
            raise RequestRefusedError(messages.ERROR_STAGING_SIZE, len(self._staged))
        self._staged[offset : offset + len(data)] = data
        self._fill += len(data)
        self._checked = None
        return self._fill

    def whole(self) -> bytes:
        """All the bytes."""
        if self._staged is None:
            raise RequestRefusedError(messages.ERROR_NOTHING_STAGED)
        if self._fill < len(self._staged):
            raise RequestRefusedError(messages.ERROR_STAGING_INCOMPLETE, self._fill)
        return bytes(self._staged)

    def check(self):
        """Program, digest and faults of what is staged; decoded and validated once."""
        encoded = self.whole()
        if self._checked is None:
            program = _decoded(encoded)
            if program is None:
                raise RequestRefusedError(messages.ERROR_NOT_A_PROGRAM)
            self._checked = program, digest_of(encoded), validate(program, self._limits, self._calibration)
        return self._checked


def _decoded(encoded):
    """Program that bytes stand for, or None."""
    try:
        return decode(encoded)
    except ProgramFormatError:
        return None
