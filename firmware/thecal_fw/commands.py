"""What the pump does with a frame from the host: one handler for each message, and an answer for every frame.

Nothing here decides about therapy; handlers check that a request may be carried out and hand it on to the
controller. Whatever arrives, the answer is a response, a typed error or silence, never an exception. One
frame is served per poll, so a host that floods the link delays nothing else by more than that one frame.
"""

from thecal_fw.core import events
from thecal_fw.core.alarms import RESPONSE_STOP
from thecal_fw.core.instant import (
    NEVER_S,
    is_before,
    microsecond_of_ticks,
    second_of_ticks,
)
from thecal_fw.core.program import MODE_STOPPED, MOST_PROGRAM_BYTES, ProgramFormatError, decode, digest_of
from thecal_fw.core.pump_state import STATE_STOPPED
from thecal_fw.core.validation import validate
from thecal_fw.core.wall_clock import MOST_OFFSET_MINUTES
from thecal_fw.link import messages
from thecal_fw.link.frames import (
    MOST_FRAME_BYTES,
    MOST_PAYLOAD_BYTES,
    PROTOCOL_VERSION,
    FrameReader,
    encode_frame,
)
from thecal_fw.link.session import (
    DECISION_OUT_OF_ORDER,
    DECISION_REPEATED,
    DECISION_STALE,
    Session,
)
from thecal_fw.version import COMMIT, VERSION

_MOST_BYTES_PER_POLL = MOST_FRAME_BYTES
_LEAVE_DELAY_US = 200_000
"""Between answering a request to leave the program and leaving, so that the answer gets out."""

_EARLIEST_UTC_S = 1_704_067_200
"""1 January 2024: no pump of this kind existed before, so an earlier time is a mistake."""

SESSION_QUIET_S = 120
"""A session ends when nothing has come from its host for so long."""

LEAVE_TO_BOOTLOADER = 1
LEAVE_TO_PROMPT = 2


class RequestRefusedError(Exception):
    """A request that is answered with an error."""

    def __init__(self, code: int, detail: int = 0):
        super().__init__(code)
        self.code = code
        self.detail = detail


def _decoded(encoded):
    """Program that bytes stand for, or None."""
    try:
        return decode(encoded)
    except ProgramFormatError:
        return None


class Commands:
    """Serves the link of one controller.

    due_s, due_us: when it has something to do without input.
    has_held_frame: whether a frame waits to be served without another byte arriving.
    """

    def __init__(self, controller):
        self._controller = controller
        self._port = controller.hardware.port
        self._reader = FrameReader()
        self._session = Session()
        self._held = None
        self.has_held_frame = False
        self._forget_staged()
        self._quiet_s = NEVER_S
        self.due_s = NEVER_S
        self.due_us = 0
        self._leave_to = 0
        self.leave_s = NEVER_S
        self.leave_us = 0
        self.replies_dropped = 0
        self._schema_hash = b""
        self._now_s = 0
        self._now_us = 0
        self._handlers = {
            messages.HELLO.kind: self._hello,
            messages.INTERROGATE.kind: self._interrogate,
            messages.READ_PROGRAM.kind: self._read_program,
            messages.STAGE_BEGIN.kind: self._stage_begin,
            messages.STAGE_DATA.kind: self._stage_data,
            messages.STAGE_CHECK.kind: self._stage_check,
            messages.COMMIT.kind: self._commit,
            messages.START.kind: self._start,
            messages.STOP.kind: self._stop,
            messages.REFILL.kind: self._refill,
            messages.GET_TIME.kind: self._get_time,
            messages.SET_TIME.kind: self._set_time,
            messages.ACKNOWLEDGE.kind: self._acknowledge,
            messages.READ_LOG.kind: self._read_log,
            messages.BOOTLOADER.kind: self._bootloader,
            messages.PROMPT.kind: self._prompt,
        }

    def serve(self, now_s: int, now_us: int, byte: int, only_stop: bool) -> bool:
        """Take what has arrived, at most one frame; True if more may be waiting.

        byte: the first byte that arrived, or -1. only_stop: there is no time for anything but a stop; another
        frame is held until there is.
        """
        if not is_before(now_s, now_us, self.due_s, self.due_us):
            self._end_what_is_over(now_s, now_us)
        if self._held is not None:
            return self._serve_held(byte, only_stop)
        budget = _MOST_BYTES_PER_POLL
        while byte >= 0:
            frame = self._reader.push(byte)
            if frame is not None:
                if only_stop and frame.kind != messages.STOP.kind:
                    self._held = frame
                    self.has_held_frame = True
                    return False
                self._serve_frame(frame)
                return True
            budget -= 1
            if not budget:
                return True
            byte = self._port.read()
        return False

    def _serve_held(self, byte: int, only_stop: bool) -> bool:
        """Serve the frame that was held, and keep the byte that came after it for the next one."""
        if byte >= 0:
            # Whoever sends on before the answer is there may lose a frame, and repeats it.
            self._reader.push(byte)
        if not only_stop:
            frame, self._held = self._held, None
            self.has_held_frame = False
            self._serve_frame(frame)
        return not only_stop

    def _end_what_is_over(self, now_s: int, now_us: int) -> None:
        if self._leave_to and not is_before(now_s, now_us, self.leave_s, self.leave_us):
            self._leave()
        if self._session.number and now_s >= self._quiet_s:
            # A session that has gone quiet ends by itself, and what it staged goes with it.
            self._session.close()
            self._forget_staged()
        self._set_due()

    def _set_due(self) -> None:
        self.due_s, self.due_us = self.leave_s, self.leave_us
        if self._session.number and is_before(self._quiet_s, 0, self.due_s, self.due_us):
            self.due_s, self.due_us = self._quiet_s, 0

    def _keep_session(self) -> None:
        self._quiet_s = self._now_s + SESSION_QUIET_S
        self._set_due()

    def _forget_staged(self) -> None:
        self._staged = None
        self._staged_fill = 0
        self._checked = None

    def _serve_frame(self, frame) -> None:
        # The instant a command acts on is when it is served, so the clock is read again here.
        clock = self._controller.hardware.clock
        clock.read()
        self._now_s, self._now_us = clock.s, clock.us
        if frame.version != PROTOCOL_VERSION:
            self._refuse(frame, messages.ERROR_VERSION, PROTOCOL_VERSION)
            return
        message = messages.BY_KIND.get(frame.kind)
        if message is None:
            self._refuse(frame, messages.ERROR_UNKNOWN_MESSAGE)
            return
        values = message.request.unpack(frame.payload)
        if values is None:
            self._refuse(frame, messages.ERROR_MALFORMED, len(frame.payload))
            return
        if message is not messages.HELLO:
            decision = self._session.judge(frame, message.changes)
            if decision == DECISION_STALE:
                self._refuse(frame, messages.ERROR_STALE_SESSION, self._session.number)
                return
            if decision == DECISION_OUT_OF_ORDER:
                self._refuse(frame, messages.ERROR_OUT_OF_ORDER)
                return
            if decision == DECISION_REPEATED:
                self._send(self._session.last_answer)
                return
            self._keep_session()
        try:
            payload = self._handlers[frame.kind](values)
        except RequestRefusedError as refusal:
            answer = self._error(frame, refusal.code, refusal.detail)
        else:
            session = self._session.number
            answer = encode_frame(frame.kind | messages.RESPONSE, session, frame.request, payload)
        if message.changes:
            self._session.remember(frame, answer)
        self._send(answer)

    def _error(self, frame, code: int, detail: int = 0) -> bytes:
        payload = messages.ERROR.pack(frame.kind, code, detail)
        return encode_frame(messages.KIND_ERROR, frame.session, frame.request, payload)

    def _refuse(self, frame, code: int, detail: int = 0) -> None:
        self._send(self._error(frame, code, detail))

    def _send(self, answer: bytes) -> None:
        if not self._port.write(answer):
            self.replies_dropped += 1

    # --- handlers: field values in, payload out, RequestRefusedError for an error

    def _hello(self, values) -> bytes:
        if not self._schema_hash:
            self._schema_hash = messages.schema_hash()
        own_hash = self._schema_hash
        if values["schema_hash"] == own_hash:
            session = self._session.open(values["host_nonce"])
            self._keep_session()
            self._forget_staged()
            self._controller.record(events.EVENT_HELLO, values["host_nonce"], session)
        else:
            # Answered all the same, without a session: both ends can then name their difference.
            session = 0
        machine = self._controller.hardware.machine
        return messages.HELLO.response.pack(
            own_hash,
            session,
            VERSION.encode(),
            COMMIT.encode(),
            b"Thecal RP2040 bench pump",
            machine.serial,
            self._now_s,
            self._now_us,
        )

    def _interrogate(self, values) -> bytes:
        pump = self._controller
        delivery, reservoir, alarms = pump.delivery, pump.reservoir, pump.alarms
        now = pump.ticks_now()
        utc = pump.wall.utc_ticks(now)
        program = pump.program
        counted = pump.hardware.sense.count() + pump.unseen_steps
        low_step = reservoir.low_step
        return messages.INTERROGATE.response.pack(
            self._now_s,
            self._now_us,
            second_of_ticks(utc),
            microsecond_of_ticks(utc),
            pump.wall.source,
            pump.wall.offset_minutes,
            pump.state,
            pump.wanted_program().mode if pump.state != STATE_STOPPED or program else MODE_STOPPED,
            program is not None,
            program.digest() if program else bytes(32),
            pump.change_tick >= 0,
            pump.rate_nl_per_day(),
            program.concentration_ng_per_ml if program else 0,
            program.drug.encode() if program else b"",
            pump.calibration.calibration_id,
            pump.calibration.nl_per_rev,
            pump.calibration.microsteps_per_rev,
            delivery.planned,
            counted,
            pump.unseen_steps,
            reservoir.steps_since_refill(counted),
            reservoir.fill_nl,
            reservoir.is_known,
            reservoir.residual_nl(counted) if reservoir.is_known else 0,
            reservoir.low_reservoir_nl,
            max(0, low_step - counted),
            alarms.active,
            alarms.silenced,
            pump.log.latest,
            pump.hardware.machine.reset_cause,
            self._reader.garbled,
            self._reader.overlong,
            self.replies_dropped,
            pump.queued_ms(),
            pump.worst_lateness_us,
            pump.hardware.machine.heap_free_bytes(),
        )

    def _read_program(self, values) -> bytes:
        if values["staged"]:
            encoded = bytes(self._whole_staged())
        elif self._controller.program is None:
            raise RequestRefusedError(messages.ERROR_NO_PROGRAM)
        else:
            encoded = self._controller.program.encode()
        offset = values["offset"]
        if offset > len(encoded):
            raise RequestRefusedError(messages.ERROR_RANGE, len(encoded))
        layout = messages.READ_PROGRAM.response
        return layout.pack(len(encoded), tail=encoded[offset : offset + MOST_PAYLOAD_BYTES - layout.size])

    def _stage_begin(self, values) -> bytes:
        total_bytes = values["total_bytes"]
        if not 0 < total_bytes <= MOST_PROGRAM_BYTES:
            raise RequestRefusedError(messages.ERROR_STAGING_SIZE, MOST_PROGRAM_BYTES)
        self._staged = bytearray(total_bytes)
        self._staged_fill = 0
        self._checked = None
        return b""

    def _stage_data(self, values) -> bytes:
        if self._staged is None:
            raise RequestRefusedError(messages.ERROR_NOTHING_STAGED)
        offset, data = values["offset"], values["tail"]
        if offset != self._staged_fill:
            raise RequestRefusedError(messages.ERROR_STAGING_OFFSET, self._staged_fill)
        if offset + len(data) > len(self._staged):
            raise RequestRefusedError(messages.ERROR_STAGING_SIZE, len(self._staged))
        self._staged[offset : offset + len(data)] = data
        self._staged_fill += len(data)
        self._checked = None
        return messages.STAGE_DATA.response.pack(self._staged_fill)

    def _whole_staged(self) -> bytearray:
        if self._staged is None:
            raise RequestRefusedError(messages.ERROR_NOTHING_STAGED)
        if self._staged_fill < len(self._staged):
            raise RequestRefusedError(messages.ERROR_STAGING_INCOMPLETE, self._staged_fill)
        return self._staged

    def _check_staged(self):
        """Program, digest and faults of what is staged; decoded and validated once."""
        staged = self._whole_staged()
        if self._checked is None:
            program = _decoded(staged)
            if program is None:
                raise RequestRefusedError(messages.ERROR_NOT_A_PROGRAM)
            faults = validate(program, self._controller.limits, self._controller.calibration)
            self._checked = program, digest_of(bytes(staged)), faults
        return self._checked

    def _stage_check(self, values) -> bytes:
        _, digest, faults = self._check_staged()
        layout = messages.STAGE_CHECK.response
        parts = []
        room = MOST_PAYLOAD_BYTES - layout.size
        for fault in faults[values["first_fault"] :]:
            if room < messages.FAULT.size:
                break
            room -= messages.FAULT.size
            parts.append(
                messages.FAULT.pack(
                    fault.field, fault.pattern, fault.step, fault.value, fault.least, fault.most
                )
            )
        return layout.pack(digest, len(faults), tail=b"".join(parts))

    def _commit(self, values) -> bytes:
        program, digest, faults = self._check_staged()
        if faults:
            raise RequestRefusedError(messages.ERROR_PROGRAM_FAULTS, len(faults))
        if values["digest"] != digest:
            raise RequestRefusedError(messages.ERROR_DIGEST, int.from_bytes(digest[:4], "big"))
        self._forget_staged()
        return self._instant(messages.COMMIT, self._controller.commit(program))

    def _start(self, values) -> bytes:
        pump = self._controller
        if pump.program is None:
            raise RequestRefusedError(messages.ERROR_NO_PROGRAM)
        if values["digest"] != pump.program.digest():
            raise RequestRefusedError(messages.ERROR_DIGEST, int.from_bytes(pump.program.digest()[:4], "big"))
        if pump.state != STATE_STOPPED:
            raise RequestRefusedError(messages.ERROR_ALREADY_DELIVERING)
        if pump.program.mode == MODE_STOPPED:
            raise RequestRefusedError(messages.ERROR_RANGE, MODE_STOPPED)
        if pump.alarms.response() == RESPONSE_STOP:
            raise RequestRefusedError(messages.ERROR_BLOCKED, pump.alarms.active)
        return self._instant(messages.START, pump.start())

    def _stop(self, values) -> bytes:
        tick = self._controller.stop()
        return messages.STOP.response.pack(
            second_of_ticks(tick), microsecond_of_ticks(tick), self._controller.counted
        )

    def _refill(self, values) -> bytes:
        pump = self._controller
        most_nl = max(pump.limits.reservoirs_nl)
        if pump.program is not None and pump.program.reservoir_nl:
            most_nl = pump.program.reservoir_nl
        if not 0 < values["fill_nl"] <= most_nl:
            raise RequestRefusedError(messages.ERROR_RANGE, most_nl)
        was_known = pump.reservoir.is_known
        expected_nl = (
            pump.reservoir.residual_nl(pump.hardware.sense.count() + pump.unseen_steps) if was_known else 0
        )
        pump.refill(values["fill_nl"])
        return messages.REFILL.response.pack(expected_nl, was_known)

    def _get_time(self, values) -> bytes:
        pump = self._controller
        utc = pump.wall.utc_ticks(pump.ticks_now())
        return messages.GET_TIME.response.pack(
            self._now_s,
            self._now_us,
            second_of_ticks(utc),
            microsecond_of_ticks(utc),
            pump.wall.source,
            pump.wall.offset_minutes,
        )

    def _set_time(self, values) -> bytes:
        pump = self._controller
        if values["utc_s"] < _EARLIEST_UTC_S or values["utc_us"] >= 1_000_000:
            raise RequestRefusedError(messages.ERROR_RANGE, _EARLIEST_UTC_S)
        if not -MOST_OFFSET_MINUTES <= values["offset_minutes"] <= MOST_OFFSET_MINUTES:
            raise RequestRefusedError(messages.ERROR_RANGE, MOST_OFFSET_MINUTES)
        was = pump.wall.utc_ticks(pump.ticks_now())
        tick = pump.set_time(values["utc_s"], values["utc_us"], values["offset_minutes"])
        return messages.SET_TIME.response.pack(
            second_of_ticks(was), microsecond_of_ticks(was), second_of_ticks(tick), microsecond_of_ticks(tick)
        )

    def _acknowledge(self, values) -> bytes:
        alarms = self._controller.alarms
        self._controller.acknowledge(values["alarms"], self._now_s)
        return messages.ACKNOWLEDGE.response.pack(alarms.active, alarms.silenced)

    def _read_log(self, values) -> bytes:
        log = self._controller.log
        layout = messages.READ_LOG.response
        oldest = log.oldest()
        sequence = max(values["first_sequence"], oldest)
        most = (MOST_PAYLOAD_BYTES - layout.size) // messages.EVENT.size
        parts = []
        while sequence <= log.latest and len(parts) < most:
            parts.append(messages.EVENT.pack(*log.get(sequence)))
            sequence += 1
        return layout.pack(oldest, log.latest, tail=b"".join(parts))

    def _bootloader(self, values) -> bytes:
        return self._prepare_to_leave(LEAVE_TO_BOOTLOADER, events.EVENT_BOOTLOADER)

    def _prompt(self, values) -> bytes:
        return self._prepare_to_leave(LEAVE_TO_PROMPT, events.EVENT_PROMPT)

    def _prepare_to_leave(self, leave_to: int, event: int) -> bytes:
        pump = self._controller
        if pump.state != STATE_STOPPED:
            raise RequestRefusedError(messages.ERROR_NOT_WHILE_DELIVERING)
        pump.record(event)
        self._leave_to = leave_to
        us = self._now_us + _LEAVE_DELAY_US
        self.leave_s, self.leave_us = self._now_s + us // 1_000_000, us % 1_000_000
        self._set_due()
        return b""

    def _leave(self) -> None:
        leave_to, self._leave_to = self._leave_to, 0
        self.leave_s = NEVER_S
        pump = self._controller
        if pump.state != STATE_STOPPED:
            return
        pump.hardware.driver.disable()
        if leave_to == LEAVE_TO_BOOTLOADER:
            pump.hardware.machine.bootloader()
        else:
            pump.hardware.machine.prompt()

    @staticmethod
    def _instant(message, tick: int) -> bytes:
        return message.response.pack(second_of_ticks(tick), microsecond_of_ticks(tick))
