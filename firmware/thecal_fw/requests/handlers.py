"""What the pump does at a host's request: one handler for each message but hello; ``gatekeeper`` has those about keys.

Nothing here decides about therapy. Handlers take the fields of a request, check that it may be carried out, hand it on
to the controller, and return the payload of the response.
"""

from thecal_fw.requests.bolus_handlers import BolusCommands
from thecal_fw.core import events
from thecal_fw.core.alarms import RESPONSE_STOP
from thecal_fw.core.instant import NEVER_S, microsecond_of_ticks, second_of_ticks
from thecal_fw.core.ledger import MOST_STALLS
from thecal_fw.core.program import MODE_STOPPED
from thecal_fw.core.pump_state import STATE_STOPPED
from thecal_fw.core.wall_clock import MOST_OFFSET_MINUTES
from thecal_fw.pump.keeper import MOST_ERASES_FOR_A_COMMIT
from thecal_fw.link import messages
from thecal_fw.link.frames import MOST_PAYLOAD_BYTES
from thecal_fw.requests.refill_handlers import RefillCommands
from thecal_fw.requests.service_handlers import ServiceCommands
from thecal_fw.requests.staging import RequestRefusedError, Staging, in_progress

_LEAVE_DELAY_US = 200_000
"""Between answering a request to leave the program and leaving, so that the answer gets out."""

_EARLIEST_UTC_S = 1_704_067_200
"""1 January 2024: no pump of this kind existed before, so an earlier time is a mistake."""
_LATEST_UTC_S = 4_102_444_800
"""1 January 2100: a later time is one as well, and the 32 bits of the wire end six years after that."""

LEAVE_TO_BOOTLOADER = 1
LEAVE_TO_PROMPT = 2


class Commands:
    """Carries out requests on one controller. ``leave_s``, ``leave_us``: when to leave the program, if ever."""

    def __init__(self, controller, server, further_handlers):
        self._controller = controller
        self._server = server
        self.staging = Staging(controller)
        self._leave_to = 0
        self._erases = 0
        self.leave_s = NEVER_S
        self.leave_us = 0
        self._handlers = {
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
        self._handlers.update(BolusCommands(controller).handlers)
        self._handlers.update(RefillCommands(controller).handlers)
        self._handlers.update(ServiceCommands(controller).handlers)
        self._handlers.update(further_handlers)

    def carry_out(self, kind: int, values) -> bytes:
        """Payload of the response to a request; raises RequestRefusedError for an error. The clock has just been read,
        and whatever a response says of time is of one and the same reading."""
        return self._handlers[kind](values)

    def _interrogate(self, values) -> bytes:
        pump = self._controller
        infusion, reservoir, alarms, ledger, keeper = (
            pump.infusion,
            pump.reservoir,
            pump.alarms,
            pump.ledger,
            pump.keeper,
        )
        now = pump.ticks_now()
        utc = pump.wall.utc_ticks(now)
        program = pump.program
        counted = pump.hardware.sense.count() + ledger.unseen_steps
        low_step = reservoir.low_step
        clock = pump.hardware.clock
        return messages.INTERROGATE.response.pack(
            clock.s,
            clock.us,
            *_instant(utc),
            pump.wall.source,
            pump.wall.offset_minutes,
            infusion.state,
            pump.wanted_program().mode if infusion.state != STATE_STOPPED or program else MODE_STOPPED,
            program is not None,
            pump.program_digest if program else bytes(32),
            infusion.change_tick >= 0,
            infusion.rate_nl_per_day(),
            program.concentration_ng_per_ml if program else 0,
            program.drug.encode() if program else b"",
            pump.calibration.calibration_id,
            pump.calibration.nl_per_rev,
            pump.calibration.microsteps_per_rev,
            infusion.delivery.planned,
            counted,
            ledger.unseen_steps,
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
            self._server.reader.garbled,
            self._server.reader.overlong,
            self._server.replies_dropped,
            infusion.queued_ms(),
            pump.worst_lateness_us,
            pump.hardware.machine.heap_free_bytes(),
            keeper.boots,
            ledger.base_steps + counted,
            max(0, ledger.granted - counted),
            keeper.quantum_steps,
            ledger.uncertain_steps,
            pump.supervisor.lost_steps(),
            pump.failed_tests,
            keeper.journal.condition,
            reservoir.refilled_day,
            min(ledger.stalls, MOST_STALLS),
            pump.pace.take_over_us,
            pump.pace.prepare_us,
            pump.pace.collect_us,
            pump.pace.write_us,
            pump.pace.least_margin_us,
            pump.pace.least_masked_us,
            pump.boluses.passed_over,
            pump.boluses.passed_reason,
        )

    def _read_program(self, values) -> bytes:
        if values["staged"]:
            encoded = self.staging.whole()
        elif self._controller.program is None:
            raise RequestRefusedError(messages.ERROR_NO_PROGRAM)
        else:
            encoded = self._controller.place.encoded()
        offset = values["offset"]
        if offset > len(encoded):
            raise RequestRefusedError(messages.ERROR_RANGE, len(encoded))
        layout = messages.READ_PROGRAM.response
        end = offset + MOST_PAYLOAD_BYTES - layout.size
        return layout.pack(len(encoded), tail=bytes(encoded[offset:end]))

    def _stage_begin(self, values) -> bytes:
        self.staging.begin(values["total_bytes"])
        self._erases = 0
        return b""

    def _stage_data(self, values) -> bytes:
        return messages.STAGE_DATA.response.pack(self.staging.add(values["offset"], values["tail"]))

    def _stage_check(self, values) -> bytes:
        digest, count, packed = self.staging.check(values["first_fault"])
        return messages.STAGE_CHECK.response.pack(digest, count, tail=packed)

    def _commit(self, values) -> bytes:
        program, place = self.staging.checked(values["digest"])
        self._make_room()
        tick = self._controller.commit(program, values["digest"], place)
        if tick < 0:
            raise RequestRefusedError(messages.ERROR_NOT_STORED)
        self.staging.forget()
        # It is in force and durable. What followed from it, a stop or an alarm that is over, is in the next record.
        self._controller.keeper.save_if_changed()
        return messages.COMMIT.response.pack(*_instant(tick))

    def _make_room(self) -> None:
        """Have a place in flash erased for the program. It is, as a rule; only a commit right after another one comes
        before that. One sector is erased for each time that it is asked for, and none while a change is pending."""
        pump, keeper = self._controller, self._controller.keeper
        if keeper.is_ready_for_program():
            return
        if not pump.infusion.is_change_ahead():
            keeper.journal.erase_one()
            self._erases += 1
        raise in_progress(self._erases, MOST_ERASES_FOR_A_COMMIT)

    def _start(self, values) -> bytes:
        pump = self._controller
        if pump.program is None:
            raise RequestRefusedError(messages.ERROR_NO_PROGRAM)
        if values["digest"] != pump.program_digest:
            raise RequestRefusedError(messages.ERROR_DIGEST, int.from_bytes(pump.program_digest[:4], "big"))
        if pump.infusion.state != STATE_STOPPED:
            raise RequestRefusedError(messages.ERROR_ALREADY_DELIVERING)
        if pump.program.mode == MODE_STOPPED:
            raise RequestRefusedError(messages.ERROR_RANGE, MODE_STOPPED)
        if pump.alarms.response() == RESPONSE_STOP:
            raise RequestRefusedError(messages.ERROR_BLOCKED, pump.alarms.active)
        self._must_be_storable()
        tick = pump.start()
        return messages.START.response.pack(*_instant(tick), pump.keeper.save_if_changed())

    def _must_be_storable(self) -> None:
        """Nothing that has to last is begun while the supply may fail in a moment."""
        if not self._controller.keeper.can_grant():
            raise RequestRefusedError(messages.ERROR_NOT_STORED)

    def _stop(self, values) -> bytes:
        pump = self._controller
        tick = pump.stop_on_purpose()
        is_stored = pump.keeper.save_if_changed()
        return messages.STOP.response.pack(*_instant(tick), pump.ledger.counted, is_stored)

    def _refill(self, values) -> bytes:
        pump = self._controller
        most_nl = max(pump.limits.reservoirs_nl)
        if pump.program is not None and pump.program.reservoir_nl:
            most_nl = pump.program.reservoir_nl
        if not 0 < values["fill_nl"] <= most_nl:
            raise RequestRefusedError(messages.ERROR_RANGE, most_nl)
        self._must_be_storable()
        was_known = pump.reservoir.is_known
        expected_nl = (
            pump.reservoir.residual_nl(pump.hardware.sense.count() + pump.ledger.unseen_steps)
            if was_known
            else 0
        )
        pump.refill(values["fill_nl"])
        return messages.REFILL.response.pack(expected_nl, was_known, pump.keeper.save_if_changed())

    def _get_time(self, values) -> bytes:
        pump = self._controller
        clock = pump.hardware.clock
        utc = pump.wall.utc_ticks(pump.ticks_now())
        return messages.GET_TIME.response.pack(
            clock.s,
            clock.us,
            *_instant(utc),
            pump.wall.source,
            pump.wall.offset_minutes,
        )

    def _set_time(self, values) -> bytes:
        pump = self._controller
        if not _EARLIEST_UTC_S <= values["utc_s"] < _LATEST_UTC_S or values["utc_us"] >= 1_000_000:
            raise RequestRefusedError(messages.ERROR_RANGE, _EARLIEST_UTC_S)
        if not -MOST_OFFSET_MINUTES <= values["offset_minutes"] <= MOST_OFFSET_MINUTES:
            raise RequestRefusedError(messages.ERROR_RANGE, MOST_OFFSET_MINUTES)
        self._must_be_storable()
        was = pump.wall.utc_ticks(pump.ticks_now())
        tick = pump.set_time(values["utc_s"], values["utc_us"], values["offset_minutes"])
        return messages.SET_TIME.response.pack(
            *_instant(was),
            *_instant(tick),
            pump.keeper.save_if_changed(),
        )

    def _acknowledge(self, values) -> bytes:
        pump = self._controller
        pump.acknowledge(values["alarms"], pump.hardware.clock.s)
        is_stored = pump.keeper.save_if_changed()
        return messages.ACKNOWLEDGE.response.pack(pump.alarms.active, pump.alarms.silenced, is_stored)

    def _read_log(self, values) -> bytes:
        pump = self._controller
        layout = messages.READ_LOG.response
        # What a host has read must not be lost afterwards, and its number not be used again.
        pump.keeper.write_events()
        oldest = pump.keeper.oldest_event()
        most = (MOST_PAYLOAD_BYTES - layout.size) // messages.EVENT.size
        found = bytearray()
        sequence = pump.keeper.copy_events(
            max(values["first_sequence"], oldest), most * messages.EVENT.size, found
        )
        return layout.pack(oldest, pump.log.latest, sequence, tail=bytes(found))

    def _bootloader(self, values) -> bytes:
        return self._prepare_to_leave(LEAVE_TO_BOOTLOADER, events.EVENT_BOOTLOADER)

    def _prompt(self, values) -> bytes:
        return self._prepare_to_leave(LEAVE_TO_PROMPT, events.EVENT_PROMPT)

    def _prepare_to_leave(self, leave_to: int, event: int) -> bytes:
        pump = self._controller
        if pump.infusion.state != STATE_STOPPED:
            raise RequestRefusedError(messages.ERROR_NOT_WHILE_DELIVERING)
        pump.tell_bursts(True)
        pump.record(event)
        pump.keeper.save_if_changed()
        self._leave_to = leave_to
        clock = self._controller.hardware.clock
        us = clock.us + _LEAVE_DELAY_US
        self.leave_s, self.leave_us = clock.s + us // 1_000_000, us % 1_000_000
        return b""

    def leave(self) -> None:
        """Leave for the bootloader or the prompt, if that was asked for and the pump still stands."""
        leave_to, self._leave_to = self._leave_to, 0
        self.leave_s = NEVER_S
        pump = self._controller
        if pump.infusion.state != STATE_STOPPED:
            return
        pump.hardware.driver.disable()
        if leave_to == LEAVE_TO_BOOTLOADER:
            pump.hardware.machine.bootloader()
        else:
            pump.hardware.machine.prompt()


def _instant(ticks: int):
    """Seconds and microseconds of a number of ticks, as messages have them."""
    return second_of_ticks(ticks), microsecond_of_ticks(ticks)
