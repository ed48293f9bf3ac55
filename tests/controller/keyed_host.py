"""A host with a key: the least there can be that proves itself and tags its requests."""

from __future__ import annotations

from typing import Any

from controller.link_host import LinkHost, RefusedError
from thecal_fw.core.roles import ROLE_CLINICIAN, ROLE_NONE, ROLE_PATIENT
from thecal_fw.link import authentication, messages
from thecal_fw.link.frames import encode_frame
from thecal_fw.link.messages import Message
from thecal_sim.model import ModelPump

KEYS = {ROLE_CLINICIAN: bytes([1]) * 32, ROLE_PATIENT: bytes([2]) * 32}


class KeyedHost(LinkHost):
    """A host on the pump's port. ``prove`` begins to tag what needs a key; a new hello ends that."""

    session_key = b""

    def hello(self) -> dict[str, Any]:
        self.session_key = b""
        return super().hello()

    def ask_once(self, message: Message, *values: object, tail: bytes = b"") -> dict[str, Any]:
        if not self.session_key or message.role == ROLE_NONE:
            return super().ask_once(message, *values, tail=tail)
        self.sent = self.tagged(message, *values, tail=tail)
        return self.fields_of(self.exchange(self.sent))

    def tagged(self, message: Message, *values: object, tail: bytes = b"") -> bytes:
        """Return the next request, with its tag."""
        self.request += 1
        payload = message.request.pack(*values, tail=tail)
        tag = authentication.request_tag(self.session_key, self.session, self.request, message.kind, payload)
        return encode_frame(message.kind | messages.TAGGED, self.session, self.request, payload + tag)

    def prove(
        self, role: int = ROLE_CLINICIAN, key: bytes | None = None, host_nonce: bytes = b"n" * 16
    ) -> bytes:
        """Prove to have a role's key; the frame that did."""
        challenge = self.ask(messages.CHALLENGE, role)
        session_key = authentication.session_key(
            key or KEYS[role], role, self.session, challenge["pump_nonce"], host_nonce
        )
        answer = self.ask(messages.AUTHENTICATE, role, host_nonce, authentication.host_proof(session_key))
        assert answer["pump_proof"] == authentication.pump_proof(session_key)
        self.session_key = session_key
        return self.sent

    def pair(self, role: int = ROLE_CLINICIAN, key: bytes | None = None) -> None:
        self.ask(messages.PAIR, role, key or KEYS[role])

    def refusal(self, message: Message, *values: object) -> tuple[int, int]:
        """Return the code and detail of the error that a request is answered with; code 0 if it is carried out."""
        try:
            self.ask(message, *values)
        except RefusedError as refusal:
            return refusal.code, refusal.detail
        return messages.ERROR_NONE, 0


def host_at(pump: ModelPump, nonce: int = 77) -> KeyedHost:
    """Return a new host, that has said hello."""
    host = KeyedHost(pump.serial, nonce)
    host.hello()
    return host


def pair_at_button(pump: ModelPump, role: int = ROLE_CLINICIAN, key: bytes | None = None) -> None:
    """Have a person hold the button while a host gives the pump a key."""
    pump.board.button.held = True
    host_at(pump, 99).pair(role, key)
    pump.board.button.held = False
