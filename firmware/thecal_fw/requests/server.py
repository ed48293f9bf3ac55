"""Serves the link: takes bytes, finds frames in them, and sees that each gets one answer.

Whatever arrives, the answer is a response, a typed error or silence, never an exception. One frame is served per
poll, so a host that floods the link delays nothing else by more than that one frame.

A request waits while a change of therapy that is still to be prepared would come too late behind it, which follows from
the longest time its message declares. It is judged before that, by version, session, length and tag, and anew when its
time has come. Only one waits, and whatever takes less time is served meanwhile: a stop always is. What takes too long
for one poll is carried out in two, and waits in between in the same way.
"""

from thecal_fw.core import events
from thecal_fw.core.counts import one_more
from thecal_fw.core.instant import NEVER_S, is_before
from thecal_fw.core.roles import ROLE_NONE
from thecal_fw.link import messages
from thecal_fw.link.authentication import TAG_BYTES
from thecal_fw.link.frames import MOST_FRAME_BYTES, PROTOCOL_VERSION, Frame, FrameReader, encode_frame
from thecal_fw.link.layouts import STORES_AFTER, STORES_FIRST, STORES_NOTHING, Values
from thecal_fw.link.session import (
    DECISION_NO_SESSION,
    DECISION_OUT_OF_ORDER,
    DECISION_REPEATED,
    DECISION_STALE,
    Session,
)
from thecal_fw.requests.boluses import BolusRequests
from thecal_fw.requests.gatekeeper import Gatekeeper
from thecal_fw.requests.interrogation import Interrogation
from thecal_fw.requests.leaving import Leaving
from thecal_fw.requests.programming import Programming
from thecal_fw.requests.refills import Consumption, RefillRequests
from thecal_fw.requests.refusal import RequestGoesOnError, RequestRefusedError
from thecal_fw.requests.service import ServiceRequests
from thecal_fw.requests.treatment import Treatment
from thecal_fw.version import COMMIT, VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from thecal_fw.link.layouts import Answer
    from thecal_fw.pump.controller import Controller

_MOST_BYTES_PER_POLL = MOST_FRAME_BYTES

_JUDGING_US = 15_000
"""More than finding out what arrived, and whether it may be served, takes. So shortly before the queue is spliced,
nothing is taken from the port."""

_WRITING_US = 60_000
"""More than writing what a request changes takes, a program in two copies being the longest."""

SESSION_QUIET_S = 120
"""A session ends when nothing has come from its host for so long."""


class LinkServer:
    """Serves the link of one controller.

    due_s, due_us: when it has something to do without input.
    has_something_waiting: whether there is something to serve as soon as there is time, without another byte arriving.
    has_next: whether that is the next frame, and can be served at once.
    replies_dropped: answers that did not go out because the host does not read.
    frames_dropped: requests that would have had to wait while another one did; their hosts get no answer and repeat
    them.
    """

    def __init__(self, pump: "Controller") -> None:
        self._pump = pump
        self._clock = pump.time.clock
        self._machine = pump.hardware.machine
        self._port = pump.hardware.port
        self._infusion = pump.infusion
        self._memory = pump.memory
        self._agenda = pump.agenda
        self._pace = pump.pace
        self._reports = pump.reports
        self._keeper = pump.keeper
        self._carrier = pump.carrier
        self.reader = FrameReader()
        self._session = Session()
        self._byte = -1
        self._held: "Frame | None" = None
        self._held_us = 0
        self._has_more_to_do = False
        self.has_something_waiting = False
        self.has_next = False
        self._quiet_s = NEVER_S
        self.due_s = NEVER_S
        self.due_us = 0
        self.replies_dropped = 0
        self.frames_dropped = 0
        self._schema_hash = b""
        self._now_s = 0
        self._now_us = 0
        self._gatekeeper = Gatekeeper(pump)
        self._leaving = Leaving(pump)
        programming, consumption = Programming(pump), Consumption(pump)
        self._staging = programming.staging
        self._handlers: "dict[int, Callable[[Values], Answer]]" = {messages.HELLO.kind: self._hello}
        for part in (
            Interrogation(pump, self),
            programming,
            Treatment(pump),
            self._leaving,
            BolusRequests(pump),
            RefillRequests(pump, consumption),
            ServiceRequests(pump, consumption),
            self._gatekeeper,
        ):
            self._handlers.update(part.handlers)

    def serve(self, now_s: int, now_us: int, byte: int) -> bool:
        """Take what has arrived, at most one frame; True if something is to be done at once after it. byte: the first
        byte that arrived, or -1.

        A stop overtakes a request that waits, which then meets the session's rules like any that comes late: a change
        is refused as out of order, a read is answered.
        """
        if not is_before(now_s, now_us, self.due_s, self.due_us):
            self._end_what_is_over(now_s, now_us)
        is_more = False
        try:
            is_more = self._serve_next(byte)
        except MemoryError:
            # Between frames: what is lost is one that arrives, and its host repeats it.
            self._memory.note_want(0)
        self.has_something_waiting = self._held is not None or self._byte >= 0
        return is_more

    def _serve_next(self, byte: int) -> bool:
        self._has_more_to_do = self.has_next = False
        if self._infusion.is_change_within(_JUDGING_US):
            if self._byte < 0:
                self._byte = byte
            return False
        if self._byte >= 0:
            byte, self._byte = self._byte, -1
        elif byte < 0:
            # Nobody has looked while something waited here.
            byte = self._port.read()
        if self._held is not None and not self._infusion.is_change_within(self._held_us):
            self._byte = byte
            if self._is_tidied_first():
                return True
            held, self._held = self._held, None
            self._serve_frame(held, has_waited=True)
            return True
        arrived = None
        budget = _MOST_BYTES_PER_POLL
        while byte >= 0 and budget:
            arrived = self.reader.push(byte)
            if arrived is not None:
                break
            budget -= 1
            if budget:
                byte = self._port.read()
        if arrived is None:
            return byte >= 0
        self._serve_frame(arrived)
        self._byte = self._port.read()
        if self._held is not None:
            return self._byte >= 0 or self._has_more_to_do
        self.has_next = self._byte >= 0
        return self._has_more_to_do

    def _is_tidied_first(self) -> bool:
        """Return True if this poll was taken for tidying the heap, so that the request that waits finds it tidy: there
        was need of that, and time."""
        memory = self._memory
        if not memory.is_littered() or not self._agenda.has_time(self._pace.collect_lead_us()):
            return False
        memory.keep_tidy()
        return True

    def _hold(self, frame: Frame, message: messages.Message) -> None:
        if self._held is None:
            self._held, self._held_us = frame, _holds_loop_us(message)
        else:
            # Whoever sends on before the answer is there may lose a frame, and repeats it.
            self.frames_dropped = one_more(self.frames_dropped)

    def _end_what_is_over(self, now_s: int, now_us: int) -> None:
        if not is_before(now_s, now_us, self._leaving.due_s, self._leaving.due_us):
            self._leaving.leave()
        if self._session.number and now_s >= self._quiet_s:
            # A session that has gone quiet ends by itself, and what it staged goes with it.
            self._session.close()
            self._gatekeeper.begin_session(0)
            self._staging.forget()
        self._set_due()

    def _set_due(self) -> None:
        self.due_s, self.due_us = self._leaving.due_s, self._leaving.due_us
        if self._session.number and is_before(self._quiet_s, 0, self.due_s, self.due_us):
            self.due_s, self.due_us = self._quiet_s, 0

    def _keep_session(self) -> None:
        self._quiet_s = self._now_s + SESSION_QUIET_S

    def _serve_frame(self, frame: Frame, has_waited: bool = False) -> None:
        """Answer a request, or let it wait. Want of memory ends the request, and never delivery.

        A request that changes something waits where the heap is littered, for it to be tidied first.
        """
        try:
            admitted = self._admitted(frame)
            # Not from within: the stack is short of room.
            if admitted is not None:
                message, values = admitted
                keeps = message.changes and message is not messages.STOP
                if keeps and not has_waited and self._memory.is_littered():
                    self._hold(frame, message)
                    self._has_more_to_do = True
                else:
                    self._carry_out(frame, message, values)
        except MemoryError:
            self._memory.note_want(frame.kind & ~messages.TAGGED)
            self._refuse(frame, messages.ERROR_NO_MEMORY)

    def _admitted(self, frame: Frame) -> "tuple[messages.Message, Values] | None":
        """Return what a frame asks for, or None where that has been refused, answered or held."""
        # The instant a command acts on is when it is served, so the clock is read again here.
        clock = self._clock
        clock.read()
        self._now_s, self._now_us = clock.s, clock.us
        if frame.version != PROTOCOL_VERSION:
            self._refuse(frame, messages.ERROR_VERSION, PROTOCOL_VERSION)
            return None
        payload, tag = frame.payload, None
        message = messages.BY_KIND.get(frame.kind)
        if message is None:
            # A tag is taken off before anything else looks at the payload.
            message = messages.BY_KIND.get(frame.kind ^ messages.TAGGED)
            payload, tag = payload[:-TAG_BYTES], payload[-TAG_BYTES:]
        if message is None:
            self._refuse(frame, messages.ERROR_UNKNOWN_MESSAGE)
            return None
        values = message.request.unpack(payload)
        if values is None:
            self._refuse(frame, messages.ERROR_MALFORMED, len(frame.payload))
            return None
        if message is not messages.HELLO:
            decision = self._session.judge(frame, message.changes)
            if decision == DECISION_NO_SESSION:
                self._refuse(frame, messages.ERROR_NO_SESSION)
                return None
            if decision == DECISION_STALE:
                self._refuse(frame, messages.ERROR_STALE_SESSION, self._session.number)
                return None
            if decision == DECISION_OUT_OF_ORDER:
                self._refuse(frame, messages.ERROR_OUT_OF_ORDER)
                return None
            if decision == DECISION_REPEATED:
                self._send(self._session.last_answer)
                return None
            self._keep_session()
        try:
            self._gatekeeper.admit(frame, message, values, payload, tag, self._now_s)
        except RequestRefusedError as refusal:
            # What is not admitted is not remembered: it would put the requests of whoever is admitted out of order.
            self._answer(
                frame, message, False, self._error(frame, refusal.code, refusal.detail, refusal.tail)
            )
            return None
        if message is not messages.STOP and self._infusion.is_change_within(_holds_loop_us(message)):
            self._hold(frame, message)
            return None
        return message, values

    def _carry_out(self, frame: Frame, message: messages.Message, values: Values) -> None:
        is_admitted = message.role != ROLE_NONE
        self._has_more_to_do = message.changes or message.stores != STORES_NOTHING
        if message.changes and message is not messages.STOP:
            self._memory.need()
        try:
            payload = self._payload(message, values)
            is_admitted = True
        except RequestRefusedError as refusal:
            answer = self._error(frame, refusal.code, refusal.detail, refusal.tail)
        except RequestGoesOnError:
            self._hold(frame, message)
            self._has_more_to_do = True
            return
        except MemoryError:
            if message is not messages.STOP:
                raise
            # A stop is not refused for want of memory: it is carried out once more with the memory tidied, for a second
            # stop does nothing that the first did not. Here, and not in a method, since the stack is short of room.
            self._memory.tidy()
            payload = self._payload(message, values)
            is_admitted = True
            answer = self._response(frame, message, payload)
        else:
            answer = self._response(frame, message, payload)
        self._answer(frame, message, is_admitted, answer)

    def _payload(self, message: messages.Message, values: Values) -> bytes:
        """Carry out a request as its message declares; raises RequestRefusedError for an error."""
        stores = message.stores
        if stores == STORES_FIRST and not self._keeper.can_grant():
            raise RequestRefusedError(messages.ERROR_NOT_STORED)
        found = self._handlers[message.kind](values)
        self._pump.answer_alarms()
        self._carrier.keep_if_changed()
        if stores >= STORES_AFTER:
            is_stored = self._keeper.save_if_changed()
            if message.reports_stored:
                found += (is_stored,)
        return message.response.encode(found)

    def _response(self, frame: Frame, message: messages.Message, payload: bytes) -> bytes:
        return encode_frame(message.kind | messages.RESPONSE, self._session.number, frame.request, payload)

    def _answer(self, frame: Frame, message: messages.Message, is_admitted: bool, answer: bytes) -> None:
        if message.changes and is_admitted:
            self._session.remember(frame, answer)
        self._set_due()
        self._send(answer)

    def _error(self, frame: Frame, code: int, detail: int = 0, tail: bytes = b"") -> bytes:
        kind = frame.kind
        if kind not in messages.BY_KIND and kind ^ messages.TAGGED in messages.BY_KIND:
            kind ^= messages.TAGGED
        payload = messages.ERROR.pack(kind, code, detail, tail=tail)
        return encode_frame(messages.KIND_ERROR, frame.session, frame.request, payload)

    def _refuse(self, frame: Frame, code: int, detail: int = 0) -> None:
        self._send(self._error(frame, code, detail))

    def _send(self, answer: bytes) -> None:
        if not self._port.write(answer):
            self.replies_dropped = one_more(self.replies_dropped)

    def _hello(self, values: Values) -> "Answer":
        if not self._schema_hash:
            self._schema_hash = messages.schema_hash()
        own_hash = self._schema_hash
        if values.octets("schema_hash") == own_hash:
            session = self._session.open(values.number("host_nonce"))
            self._keep_session()
            self._staging.forget()
            self._gatekeeper.begin_session(session)
            if self._gatekeeper.is_open():
                # Anybody can say hello. Where there are keys, the log reports who has proved to have one.
                self._reports.record(events.EVENT_HELLO, values.number("host_nonce"), session)
        else:
            # Answered all the same, without a session: both ends can then name their difference.
            session = 0
        return (
            own_hash,
            session,
            VERSION.encode(),
            COMMIT.encode(),
            b"Thecal RP2040 bench pump",
            self._machine.serial,
            self._now_s,
            self._now_us,
        )


def _holds_loop_us(message: messages.Message) -> int:
    """Return the longest that serving a message takes, with what it writes to flash."""
    writes = message.changes or message.stores != STORES_NOTHING
    return message.longest_us + _WRITING_US if writes else message.longest_us
