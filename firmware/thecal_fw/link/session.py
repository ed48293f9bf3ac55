"""The judgement whether a request is new: sessions, request numbers, and the memory that makes repeating one safe.

A host opens a session with hello and numbers its requests from 1. A request that changes the pump and arrives
again, with the same number and the same bytes, gets the answer it got the first time and is not carried out
again; one whose number lies behind is refused, whatever it asks.
"""

from thecal_fw.link.frames import crc32

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.link.frames import Frame

DECISION_NEW = 0
DECISION_REPEATED = 1
DECISION_STALE = 2
DECISION_OUT_OF_ORDER = 3
DECISION_NO_SESSION = 4


class Session:
    """The one session a pump has at a time."""

    def __init__(self) -> None:
        self.number = 0
        self._closed_number = 0
        self._nonce = 0
        self._is_unused = True
        self._last_changing_request = 0
        self._last_fingerprint = 0
        self.last_answer = b""

    def open(self, host_nonce: int) -> int:
        """Begin a session; its number differs from the one before and is never 0.

        A hello that arrives twice, with nothing asked in between, is one hello: its session continues.
        """
        if self.number and self._is_unused and host_nonce == self._nonce:
            return self.number
        self._is_unused = True
        self._nonce = host_nonce
        before = self.number or self._closed_number
        number = (before + 1 + host_nonce % 251) & 0xFFFF
        if number in (0, before):
            number = (before % 0xFFFF) + 1
        self.number = number
        self._last_changing_request = 0
        self.last_answer = b""
        return number

    def close(self) -> None:
        """End the session; its number is not used again for the next one."""
        self._closed_number = self.number
        self.number = 0
        self.last_answer = b""

    def judge(self, frame: "Frame", changes: bool) -> int:
        """Return what to do with a request of this session. ``last_answer`` is the answer to a repeated one."""
        if not self.number or not frame.session:
            return DECISION_NO_SESSION
        if frame.session != self.number:
            return DECISION_STALE
        self._is_unused = False
        if not changes:
            # Reads may be repeated and come late: answering them again harms nobody.
            return DECISION_NEW
        if frame.request == self._last_changing_request and self.last_answer:
            if self._fingerprint(frame) == self._last_fingerprint:
                return DECISION_REPEATED
            return DECISION_OUT_OF_ORDER
        if frame.request <= self._last_changing_request:
            return DECISION_OUT_OF_ORDER
        return DECISION_NEW

    def remember(self, frame: "Frame", answer: bytes) -> None:
        """Keep the answer to a request that changed something."""
        self._last_changing_request = frame.request
        self._last_fingerprint = self._fingerprint(frame)
        self.last_answer = answer

    def _fingerprint(self, frame: "Frame") -> int:
        return crc32(bytes([frame.kind]) + frame.payload)
