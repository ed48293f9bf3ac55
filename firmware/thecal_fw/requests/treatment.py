"""The pump's answers to a host's requests about delivery: start, stop, refill, set the clock, acknowledge alarms."""

from thecal_fw.core.alarms import RESPONSE_STOP
from thecal_fw.core.pump_state import STATE_STOPPED
from thecal_fw.core.wall_clock import MOST_OFFSET_MINUTES
from thecal_fw.link import messages
from thecal_fw.requests.interrogation import instant
from thecal_fw.requests.refusal import RequestRefusedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.link.layouts import Answer, Values
    from thecal_fw.pump.controller import Controller

_EARLIEST_UTC_S = 1_704_067_200
"""1 January 2024: no pump of this kind existed before, so an earlier time is a mistake."""
_LATEST_UTC_S = 4_102_444_800
"""1 January 2100: a later time is one as well, and the 32 bits of the wire end six years after that."""


class Treatment:
    """Handlers of one pump. handlers: by kind of message."""

    def __init__(self, pump: "Controller") -> None:
        self._pump = pump
        self._limits = pump.limits
        self._clock = pump.time.clock
        self._time = pump.time
        self._sense = pump.hardware.sense
        self._orders = pump.orders
        self._infusion = pump.infusion
        self._alarms = pump.alarms
        self._ledger = pump.ledger
        self._reservoir = pump.reservoir
        self.handlers = {
            messages.START.kind: self._start,
            messages.STOP.kind: self._stop,
            messages.REFILL.kind: self._refill,
            messages.SET_TIME.kind: self._set_time,
            messages.ACKNOWLEDGE.kind: self._acknowledge,
        }

    def _start(self, values: "Values") -> "Answer":
        program, digest = self._orders.program, self._orders.digest
        if program is None:
            raise RequestRefusedError(messages.ERROR_NO_PROGRAM)
        if values.octets("digest") != digest:
            raise RequestRefusedError(messages.ERROR_DIGEST, int.from_bytes(digest[:4], "big"))
        if self._infusion.state != STATE_STOPPED:
            raise RequestRefusedError(messages.ERROR_ALREADY_DELIVERING)
        if not program.delivers():
            raise RequestRefusedError(messages.ERROR_RANGE, program.mode)
        if self._alarms.response() == RESPONSE_STOP:
            raise RequestRefusedError(messages.ERROR_BLOCKED, tail=bytes(self._alarms.active))
        return instant(self._pump.start())

    def _stop(self, values: "Values") -> "Answer":
        tick = self._pump.stop_on_purpose()
        return instant(tick) + (self._ledger.counted,)

    def _refill(self, values: "Values") -> "Answer":
        program, reservoir, fill_nl = self._orders.program, self._reservoir, values.number("fill_nl")
        most_nl = max(self._limits.reservoirs_nl)
        if program is not None and program.reservoir_nl:
            most_nl = program.reservoir_nl
        if not 0 < fill_nl <= most_nl:
            raise RequestRefusedError(messages.ERROR_RANGE, most_nl)
        was_known = reservoir.is_known
        expected_nl = reservoir.residual_nl(self._ledger.seen(self._sense.count())) if was_known else 0
        self._pump.refill(fill_nl)
        return expected_nl, was_known

    def _set_time(self, values: "Values") -> "Answer":
        utc_s, utc_us = values.number("utc_s"), values.number("utc_us")
        offset_minutes = values.number("offset_minutes")
        if not _EARLIEST_UTC_S <= utc_s < _LATEST_UTC_S or utc_us >= 1_000_000:
            raise RequestRefusedError(messages.ERROR_RANGE, _EARLIEST_UTC_S)
        if not -MOST_OFFSET_MINUTES <= offset_minutes <= MOST_OFFSET_MINUTES:
            raise RequestRefusedError(messages.ERROR_RANGE, MOST_OFFSET_MINUTES)
        was = self._time.wall.utc_ticks(self._time.ticks_now())
        tick = self._pump.set_time(utc_s, utc_us, offset_minutes)
        return instant(was) + instant(tick)

    def _acknowledge(self, values: "Values") -> "Answer":
        self._pump.acknowledge(values.octets("alarms"), self._clock.s)
        return bytes(self._alarms.active), bytes(self._alarms.silenced)
