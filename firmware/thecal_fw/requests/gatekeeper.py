"""The gate before every change: holds requests against the pump's keys, and carries out those about keys themselves.

Promises: a pump that was never given a key lets everybody in; any other carries out no change that is not proved by the
key of a role that may. Whoever proves nothing changes nothing: neither state, nor what the session remembers, nor the
log, save for the first wrong key of a burst and its number. What a session has proved ends with it, with a newer hello,
with pairing, and by itself when nothing proved has come for a while.
"""

from thecal_fw.core import events
from thecal_fw.core.counts import one_more
from thecal_fw.core.roles import KEYED, OPEN, ROLE_CLINICIAN, ROLE_NONE, ROLE_PATIENT
from thecal_fw.core.slowdown import Slowdown
from thecal_fw.link import authentication, messages
from thecal_fw.link.frames import Frame
from thecal_fw.link.layouts import Values
from thecal_fw.requests.refusal import RequestRefusedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.link.layouts import Answer
    from thecal_fw.pump.controller import Controller

PROOF_LASTS_S = 120
"""Reads don't make it last longer: who holds a proved request back can't keep it alive with them."""


class Gatekeeper:
    """Keeps the gate of one link. handlers: what carries out the requests about keys, by kind."""

    def __init__(self, pump: "Controller") -> None:
        self._keys = pump.keys
        self._clock = pump.time.clock
        self._machine = pump.hardware.machine
        self._reports = pump.reports
        self._keeper = pump.keeper
        self._events = pump.keeper.events
        self._button = pump.button
        self._slowdowns = {ROLE_PATIENT: Slowdown(), ROLE_CLINICIAN: Slowdown()}
        self._challenges = 0
        self.begin_session(0)
        self.handlers = {
            messages.CHALLENGE.kind: self._challenge,
            messages.AUTHENTICATE.kind: self._authenticate,
            messages.PAIR.kind: self._pair,
            messages.SIGN_OFF.kind: self._sign_off,
        }

    def is_open(self) -> bool:
        """Return True if this pump was never given a key."""
        return self._keys.access == OPEN

    def begin_session(self, number: int) -> None:
        """Forget all of the session before; 0 if there is none now."""
        self._session = number
        self._nonce = b""
        self._end_proof()

    def _end_proof(self) -> None:
        self._role = ROLE_NONE
        self._session_key = b""
        self._proof_ends_s = 0

    def admit(
        self,
        frame: Frame,
        message: messages.Message,
        values: Values,
        payload: bytes,
        tag: "bytes | None",
        now_s: int,
    ) -> None:
        """Raise RequestRefusedError unless a request of this session may be carried out. tag: None without one."""
        role_needed = message.role_for(values)
        if tag is None:
            if role_needed == ROLE_NONE or self.is_open():
                return
            raise RequestRefusedError(messages.ERROR_NOT_AUTHENTICATED, role_needed)
        if self._role == ROLE_NONE or now_s >= self._proof_ends_s:
            self._end_proof()
            raise RequestRefusedError(messages.ERROR_NOT_AUTHENTICATED, role_needed)
        right_tag = authentication.request_tag(
            self._session_key, frame.session, frame.request, message.kind, payload
        )
        if not authentication.are_equal(tag, right_tag):
            self._note_wrong_key(self._role, now_s)
            raise RequestRefusedError(messages.ERROR_NOT_AUTHENTICATED, role_needed)
        if self._role < role_needed:
            raise RequestRefusedError(messages.ERROR_NOT_ALLOWED, role_needed)
        self._proof_ends_s = now_s + PROOF_LASTS_S

    def _note_wrong_key(self, role: int, now_s: int) -> None:
        self._slowdowns[role].note_failure(now_s)
        self._reports.record(events.EVENT_WRONG_KEY, role, self._session)

    def _slowdown_of(self, role: int) -> Slowdown:
        slowdown = self._slowdowns.get(role)
        if slowdown is None:
            raise RequestRefusedError(messages.ERROR_RANGE, ROLE_CLINICIAN)
        return slowdown

    # --- requests

    def _challenge(self, values: Values) -> "Answer":
        keys = self._keys
        clock = self._clock
        wait_s = self._slowdown_of(values.number("role")).wait_s(clock.s)
        key = keys.key(ROLE_CLINICIAN)
        if not self._nonce and keys.access == KEYED and key is not None:
            self._challenges = one_more(self._challenges)
            self._nonce = authentication.pump_nonce(
                key,
                self._machine.random_bytes(authentication.NONCE_BYTES),
                self._keeper.boots,
                self._challenges,
                clock.s,
                clock.us,
            )
        return keys.access, keys.roles, wait_s, self._nonce

    def _authenticate(self, values: Values) -> "Answer":
        role = values.number("role")
        now_s = self._clock.s
        slowdown = self._slowdown_of(role)
        key = self._keys.key(role)
        if key is None:
            raise RequestRefusedError(messages.ERROR_NO_KEY, role)
        wait_s = slowdown.wait_s(now_s)
        if wait_s:
            raise RequestRefusedError(messages.ERROR_WAIT, wait_s)
        # Each challenge serves for one try, right or wrong.
        nonce, self._nonce = self._nonce, b""
        if not nonce:
            raise RequestRefusedError(messages.ERROR_NOT_AUTHENTICATED, role)
        session_key = authentication.session_key(key, role, self._session, nonce, values.octets("host_nonce"))
        if not authentication.are_equal(values.octets("host_proof"), authentication.host_proof(session_key)):
            self._note_wrong_key(role, now_s)
            raise RequestRefusedError(messages.ERROR_WRONG_KEY, slowdown.wait_s(now_s))
        self._reports.record(events.EVENT_AUTHENTICATED, role, slowdown.failures)
        slowdown.clear()
        self._role = role
        self._session_key = session_key
        self._proof_ends_s = now_s + PROOF_LASTS_S
        return (authentication.pump_proof(session_key),)

    def _pair(self, values: Values) -> "Answer":
        keys, role = self._keys, values.number("role")
        slowdown = self._slowdown_of(role)
        if not self._button.is_held():
            raise RequestRefusedError(messages.ERROR_BUTTON)
        if role != ROLE_CLINICIAN and keys.key(ROLE_CLINICIAN) is None:
            # A pump that only a patient can change would be one that nobody can program.
            raise RequestRefusedError(messages.ERROR_NO_KEY, ROLE_CLINICIAN)
        had_key = keys.key(role) is not None
        is_stored = self._keeper.can_grant() and keys.put(role, values.octets("key"))
        if keys.is_single:
            self._reports.record(events.EVENT_KEYS_SINGLE)
        if not is_stored:
            raise RequestRefusedError(messages.ERROR_NOT_STORED)
        self._end_proof()
        slowdown.clear()
        self._reports.record(events.EVENT_PAIRED, role, had_key)
        # Whoever has paired, and cuts the power, leaves a trace all the same.
        self._events.write()
        return ()

    def _sign_off(self, values: Values) -> "Answer":
        self._end_proof()
        return ()
