"""Requests and answers over a serial port: numbering, repeating, and knowing what came back.

Works on anything that has pyserial's ``read``, ``write``, ``in_waiting``, ``timeout`` and ``close``, with time-outs
in whatever time the port keeps: nothing here sleeps, or looks at any clock but the one it is given. A request whose
answer does not come is sent again with the same number and the same bytes, which the pump carries out at most once.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from serial import SerialTimeoutException

from thecal.answers import check
from thecal.changes import Changes
from thecal.errors import (
    KeyStoreError,
    NoAnswerError,
    NotAPumpError,
    OpenPumpError,
    PortError,
    PumpRefusedError,
    SessionEndedError,
    StaleSessionError,
    ThecalError,
    VersionMismatchError,
    WrongPumpError,
)
from thecal.keys import Keys, NoKeys
from thecal.printable import printable
from thecal.proof import Proof
from thecal_fw.core.roles import OPEN, ROLE_CLINICIAN, ROLE_NONE
from thecal_fw.link import messages
from thecal_fw.link.frames import PROTOCOL_VERSION, Frame, FrameReader, encode_frame
from thecal_fw.link.messages import Message

ANSWER_TIMEOUT_S = 1.0
TRIES = 3
_MOST_REQUEST = 0xFFFF
_MOST_BYTES_OF_ONE_ANSWER = 65_536
_LONGEST_ANSWER_S = 3.0
_HELLO_REQUESTS = 0x7FFF
_MOMENT_S = 0.05
_MOST_WITHOUT_PROGRESS = 200
"""Times in a row that the pump may say that it got no further, each after a moment: ten seconds."""
_UNCERTAIN = ". Whether it was done is not known: look with `thecal interrogate` and `thecal log`"


class SerialPort(Protocol):
    """The contract of a port."""

    @property
    def timeout(self) -> float | None: ...
    @timeout.setter
    def timeout(self, seconds: float | None, /) -> None: ...
    @property
    def in_waiting(self) -> int: ...
    def read(self, size: int = 1, /) -> bytes: ...
    def write(self, data: bytes, /) -> int | None: ...
    def close(self) -> None: ...


class Link:
    """One session with a pump. ``greeting`` has the fields of the pump's hello.

    host_nonce: makes two hosts' sessions differ; a random one unless given, and then counted on from session to
    session, so that a run can be repeated byte for byte. clock: seconds in the port's time; with it, a port that
    babbles slowly is given up too. keys: where the pump's keys are found. changes: what was asked for is noted in it.
    agree_to_open: asked, with the reason why, whether a pump without keys may be changed of which a key is kept.
    """

    def __init__(
        self,
        port: SerialPort,
        host_nonce: int | None = None,
        clock: Callable[[], float] | None = None,
        keys: Keys | None = None,
        changes: Changes | None = None,
        agree_to_open: Callable[[str], bool] | None = None,
    ) -> None:
        self._port = port
        self._changes = changes or Changes()
        self._agree_to_open = agree_to_open or (lambda _why: False)
        self._nonce = secrets.randbits(32) if host_nonce is None else host_nonce
        self._clock = clock or (lambda: 0.0)
        random_bytes = secrets.token_bytes if host_nonce is None else random.Random(host_nonce).randbytes
        self._proof = Proof(keys or NoKeys(), random_bytes)
        self._may_be_open = False
        self._set_timeout(ANSWER_TIMEOUT_S)
        self._reader = FrameReader()
        self._session = 0
        self._request = 0
        self.repeated = 0
        self.greeting: dict[str, Any] = {}
        self._text = bytearray()
        # Ends whatever half frame may lie in the pump's buffer from a host that died.
        self._write(b"\0")
        self.hello()

    def hello(self) -> None:
        """Open a session anew; whatever session there was before has ended then. Raise NoAnswerError if nothing
        answers, NotAPumpError or VersionMismatchError if what answers is no pump of these messages,
        WrongPumpError if it is another pump than before."""
        self._session = 0
        self._proof.forget()
        # The answer to an earlier host's hello may still come. It differs from ours by the number of the request.
        self._request = self._nonce % _HELLO_REQUESTS
        own_hash = messages.schema_hash()
        before = self.greeting.get("serial")
        try:
            self.greeting = self.ask(messages.HELLO, own_hash, self._nonce)
            self._nonce = (self._nonce + 1) & 0xFFFFFFFF
        except NoAnswerError as error:
            if self._text.strip(b"\0\r\n "):
                shown = bytes(self._text[-60:])
                raise NotAPumpError(
                    f"what answers on the port is not a Thecal pump; it said {shown!r}"
                ) from error
            raise NoAnswerError(
                f"nothing answers on the port, asked {TRIES} times: is it a Thecal pump's, and is the pump running?"
            ) from error
        pump_hash = self.greeting["schema_hash"]
        if pump_hash != own_hash:
            raise VersionMismatchError(
                f"this host has message layouts {own_hash.hex()}, the pump (firmware {self.version()}) has"
                f" {pump_hash.hex()}: install the host software of that version or flash the pump"
            )
        if before is not None and self.greeting["serial"] != before:
            raise WrongPumpError(
                f"pump {text_of(before)} was at this port, and now pump {text_of(self.greeting['serial'])} answers:"
                " nothing further was asked of it"
            )
        self._session = self.greeting["session"]
        self._request = 0

    def version(self) -> str:
        return text_of(self.greeting["version"])

    def ask(self, message: Message, *values: object, tail: bytes = b"") -> dict[str, Any]:
        """Send a request and return the fields of its response; raises one of ``thecal.errors``.

        What takes the pump long it works out in pieces, and is asked for it again for as long as it gets on with it.
        """
        best, without_progress = -1, 0
        while True:
            try:
                return self._ask_in_a_session(message, values, tail)
            except PumpRefusedError as refusal:
                if refusal.code != messages.ERROR_IN_PROGRESS:
                    raise
                done = refusal.detail >> 16
                without_progress = 0 if done > best else without_progress + 1
                best = max(best, done)
                if without_progress > _MOST_WITHOUT_PROGRESS:
                    raise
            if without_progress:
                self._wait_a_moment()

    def _wait_a_moment(self) -> None:
        """Let the pump do something else first. Nothing that belongs to a request comes meanwhile."""
        self._set_timeout(_MOMENT_S)
        try:
            self._read()
        finally:
            self._set_timeout(ANSWER_TIMEOUT_S)

    def _ask_in_a_session(self, message: Message, values: tuple[object, ...], tail: bytes) -> dict[str, Any]:
        try:
            return self._ask_proving(message, values, tail)
        except SessionEndedError:
            # It went quiet or the pump restarted, nothing else has been at the pump since, and this was not done.
            self.hello()
            return self._ask_proving(message, values, tail)

    def _ask_proving(self, message: Message, values: tuple[object, ...], tail: bytes) -> dict[str, Any]:
        """Make a request. Before the first change the pump has to have the key that is kept for it, if one is; where
        it wants a proof that it has not got, it is given one and the request is made again."""
        if message.role != ROLE_NONE and not (self._proof.is_made or self._may_be_open):
            self._settle_whom_this_is(message, values)
        try:
            return self._ask_once(message, values, tail)
        except PumpRefusedError as refusal:
            if refusal.code != messages.ERROR_NOT_AUTHENTICATED or message.role == ROLE_NONE:
                raise
        self._prove(message, values)
        return self._ask_once(message, values, tail)

    def _prove(self, message: Message, values: tuple[object, ...]) -> None:
        serial = text_of(self.greeting["serial"])
        self._proof.make(self._ask_plainly, serial, self._session, _role_for(message, values))

    def _ask_plainly(self, message: Message, *values: object) -> dict[str, Any]:
        return self._ask_once(message, values, b"")

    def _settle_whom_this_is(self, message: Message, values: tuple[object, ...]) -> None:
        """Have the pump prove a key that is kept for its serial number; raise OpenPumpError if it says that it has
        none, unless that is agreed to."""
        serial = text_of(self.greeting["serial"])
        try:
            is_kept = self._proof.has_key_of(serial)
        except KeyStoreError as error:
            if not self._agree_to_open(
                f"it is not known whether a key of pump {serial} is kept here: {error}"
            ):
                raise
            is_kept = False
        if is_kept:
            if self._ask_plainly(messages.CHALLENGE, ROLE_CLINICIAN)["access"] != OPEN:
                self._prove(message, values)
                return
            why = (
                f"this computer keeps a key of pump {serial}, and what answers says that it has none: it may be"
                " another device in its place, or a board whose memory was erased"
            )
            if not self._agree_to_open(why):
                raise OpenPumpError(
                    f"{why}. Nothing was changed. If you know why, `thecal pair` gives both a new key, and"
                    " `thecal --open-pump COMMAND` continues without one this once"
                )
        self._may_be_open = True

    def proves(self, role: int, key: bytes) -> bool:
        """Return True if the pump has this key of a role. A wrong one counts as a try."""
        access = self._ask_plainly(messages.CHALLENGE, role)
        if access["access"] == OPEN or not access["roles"] >> role & 1:
            return False
        try:
            self._proof.make_with(self._ask_plainly, self._session, role, key)
        except PumpRefusedError as refusal:
            if refusal.code == messages.ERROR_WRONG_KEY:
                return False
            raise
        except WrongPumpError:
            return False
        return True

    def _ask_once(self, message: Message, values: tuple[object, ...], tail: bytes) -> dict[str, Any]:
        self._changes.may_go_on()
        if self._request == _MOST_REQUEST:
            self.hello()
        self._request += 1
        frame = self._frame(message, message.request.pack(*values, tail=tail))
        self._text.clear()
        if not message.changes:
            return self._answer_to(message, frame)
        self._changes.begin(message.name)
        repeated = self.repeated
        try:
            answer = self._answer_to(message, frame)
        except PumpRefusedError:
            self._changes.is_refused()
            raise
        except (SessionEndedError, StaleSessionError, VersionMismatchError):
            # What was sent before it was sent again may have been carried out.
            if self.repeated > repeated:
                self._changes.is_doubtful()
            self._changes.is_refused()
            raise
        except PortError as error:
            self._changes.is_doubtful()
            raise PortError(f"{error}{_UNCERTAIN}") from error
        except BaseException:
            self._changes.is_doubtful()
            raise
        self._changes.is_done()
        return answer

    def _answer_to(self, message: Message, frame: bytes) -> dict[str, Any]:
        for attempt in range(TRIES):
            self.repeated += attempt > 0
            try:
                self._write(frame)
                answer = self._await_answer(message)
            except SessionEndedError as error:
                # What was sent before may have been done with its answer lost: a new session would do it again.
                if attempt and message.changes:
                    raise NoAnswerError(
                        f"the pump's session ended while it was asked to {_words(message)}{_UNCERTAIN}"
                    ) from error
                raise
            if answer is not None:
                return answer
        doubt = _UNCERTAIN if message.changes else ""
        raise NoAnswerError(f"the pump did not answer {_words(message)}, asked {TRIES} times{doubt}")

    def _frame(self, message: Message, payload: bytes) -> bytes:
        kind, payload = self._proof.tagged(message, self._session, self._request, payload)
        return encode_frame(kind, self._session, self._request, payload)

    def _await_answer(self, message: Message) -> dict[str, Any] | None:
        deadline_s = self._clock() + _LONGEST_ANSWER_S
        for _ in range(_MOST_BYTES_OF_ONE_ANSWER):
            if self._clock() > deadline_s:
                return None
            data = self._read()
            if not data:
                return None
            if len(self._text) < 1_000:
                self._text += data
            frame = self._reader.push(data[0])
            if frame is not None and frame.request == self._request and self._is_of_session(frame):
                answer = self._answer_in(frame, message)
                if answer is not None:
                    return answer
        raise NotAPumpError(
            "what is on the port sends without end and never answers: it is not a Thecal pump"
        )

    def _is_of_session(self, frame: Frame) -> bool:
        """Return True if an answer is of this session; answers to requests of a session before, numbered alike, are
        not for us."""
        return self._session in (0, frame.session)

    def _answer_in(self, frame: Frame, message: Message) -> dict[str, Any] | None:
        if frame.version != PROTOCOL_VERSION:
            raise VersionMismatchError(
                f"this host speaks protocol version {PROTOCOL_VERSION}, the pump version {frame.version}"
            )
        if frame.kind == messages.KIND_ERROR:
            self._raise(frame, message)
        if frame.kind != message.kind | messages.RESPONSE:
            return None
        fields = message.response.unpack(frame.payload)
        if fields is not None:
            check(message.name, fields)
        return fields

    def _raise(self, frame: Frame, message: Message) -> None:
        error = messages.ERROR.unpack(frame.payload)
        if error is None or error["kind"] != message.kind:
            return
        code, detail = error["code"], error["detail"]
        if code == messages.ERROR_VERSION:
            raise VersionMismatchError(
                f"this host speaks protocol version {PROTOCOL_VERSION}, the pump version {detail}"
            )
        if code == messages.ERROR_STALE_SESSION:
            raise StaleSessionError(
                "another host has opened a session with this pump; only one can talk to it at a time"
            )
        if code == messages.ERROR_NO_SESSION:
            raise SessionEndedError(
                "the pump has no session open: it has restarted, or it was asked nothing for too long"
            )
        raise PumpRefusedError(message.name, code, detail, error["tail"])

    def _read(self) -> bytes:
        try:
            return self._port.read(1)
        except (OSError, TypeError) as error:
            # pyserial raises TypeError where a port is closed under a read.
            raise PortError(f"the port has gone while talking to the pump: {error}") from error

    def _set_timeout(self, timeout_s: float) -> None:
        try:
            self._port.timeout = timeout_s
        except OSError as error:
            raise PortError(f"the port has gone: {error}") from error

    def _write(self, data: bytes) -> None:
        try:
            self._port.write(data)
        except SerialTimeoutException as error:
            self._discard_what_is_not_taken()
            raise NoAnswerError("the port takes no more bytes: the pump does not read them") from error
        except OSError as error:
            raise PortError(f"the port has gone while talking to the pump: {error}") from error

    def _discard_what_is_not_taken(self) -> None:
        """Discard what is not taken, since closing a port can wait for half a minute for bytes that nobody takes."""
        discard = getattr(self._port, "reset_output_buffer", None)
        if discard is not None:
            with suppress(OSError):
                discard()

    def close(self) -> None:
        """Close the port. What was proved is ended first, so that nothing held back on its way is worth anything."""
        if self._proof.is_made and self._request < _MOST_REQUEST:
            self._request += 1
            with suppress(ThecalError):
                self._write(self._frame(messages.SIGN_OFF, b""))
        self._port.close()


def _role_for(message: Message, values: tuple[object, ...]) -> int:
    """Return whose key a request takes."""
    return message.role_for(dict(zip(message.request.names, values, strict=True)))


def _words(message: Message) -> str:
    return message.name.replace("_", " ")


def text_of(padded: bytes) -> str:
    """Return the text of a zero-padded field, printable whatever the board says."""
    return printable(padded.rstrip(b"\0").decode("ascii", "replace"))
