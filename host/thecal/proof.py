"""The proof that a host has given to a pump in their present session, and the tags that go with it.

Made when the pump asks for it and not before: a host that only reads never touches a key. The pump has to prove that it
has the key as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from thecal.errors import NoKeyStoreError, NotPairedError, PumpRefusedError, WrongPumpError
from thecal.keys import Keys
from thecal_fw.core.roles import ROLE_CLINICIAN, ROLE_NAMES, ROLE_NONE, ROLE_PATIENT
from thecal_fw.link import authentication, messages
from thecal_fw.link.messages import Message

Ask = Callable[..., dict[str, Any]]
"""Sends a request of the present session and returns the fields of its answer."""


class Proof:
    """keys: where keys are found. random_bytes: makes the host's nonces."""

    def __init__(self, keys: Keys, random_bytes: Callable[[int], bytes]) -> None:
        self._keys = keys
        self._random_bytes = random_bytes
        self._session_key = b""

    @property
    def is_made(self) -> bool:
        return bool(self._session_key)

    def forget(self) -> None:
        """Forget the proof: the session is over, or the pump no longer holds it for proved."""
        self._session_key = b""

    def make(self, ask: Ask, serial: str, session: int, role_needed: int) -> None:
        """Prove to the pump of this session that this computer has a key that is enough. Raise WrongPumpError if
        the pump does not have its key."""
        self.forget()
        role, key = self._key_for(serial, role_needed)
        unsettled = self._keys.unsettled(serial, role)
        try:
            self.make_with(ask, session, role, key)
        except WrongPumpError as error:
            raise WrongPumpError(
                f"what answers says it is pump {serial}, and does not have its key: nothing was changed"
            ) from error
        except PumpRefusedError as refusal:
            # The pump has another key than the one before: then it is the one whose pairing nobody heard the end of.
            if refusal.code == messages.ERROR_WRONG_KEY and unsettled is not None:
                self._keys.settle(serial, role, is_taken=key != unsettled)
            raise
        if unsettled is not None:
            self._keys.settle(serial, role, is_taken=key == unsettled)

    def make_with(self, ask: Ask, session: int, role: int, key: bytes) -> None:
        """Make the same proof with a key that is given. Raise WrongPumpError if the pump does not have it."""
        self.forget()
        pump_nonce = ask(messages.CHALLENGE, role)["pump_nonce"]
        host_nonce = self._random_bytes(authentication.NONCE_BYTES)
        session_key = authentication.session_key(key, role, session, pump_nonce, host_nonce)
        answer = ask(messages.AUTHENTICATE, role, host_nonce, authentication.host_proof(session_key))
        if not authentication.are_equal(answer["pump_proof"], authentication.pump_proof(session_key)):
            raise WrongPumpError("what answers does not have the key that the pump has")
        self._session_key = session_key

    def has_key_of(self, serial: str) -> bool:
        """Return True if a key of this pump is kept here, of whatever role."""
        try:
            return any(self._keys.key(serial, role) is not None for role in (ROLE_CLINICIAN, ROLE_PATIENT))
        except NoKeyStoreError:
            return False

    def _kept(self, serial: str, role: int) -> bytes | None:
        return self._keys.key(serial, role) or self._keys.unsettled(serial, role)

    def _key_for(self, serial: str, role_needed: int) -> tuple[int, bytes]:
        for role in (ROLE_CLINICIAN, ROLE_PATIENT):
            key = self._kept(serial, role) if role >= role_needed else None
            if key is not None:
                return role, key
        name = ROLE_NAMES[role_needed]
        raise NotPairedError(
            f"pump {serial} has keys, and this needs the {name}'s, which this computer has not got. At the pump,"
            f" `thecal pair --role {name}` gives it one, while the button on the board is held"
        )

    def tagged(self, message: Message, session: int, request: int, payload: bytes) -> tuple[int, bytes]:
        """Return the kind and payload with which a request goes out: with its tag if it needs one and there is a
        proof."""
        if not self.is_made or message.role == ROLE_NONE:
            return message.kind, payload
        tag = authentication.request_tag(self._session_key, session, request, message.kind, payload)
        return message.kind | messages.TAGGED, payload + tag
