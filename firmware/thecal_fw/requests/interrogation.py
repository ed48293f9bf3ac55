"""The pump's answers about how it is: its state, its clock, its log. Nothing here changes anything.

Whatever an answer says of time is of one and the same reading of the clock.
"""

from thecal_fw.core.dose_record import IS_GIVEN
from thecal_fw.core.instant import microsecond_of_ticks, second_of_ticks
from thecal_fw.core.ledger import MOST_STALLS
from thecal_fw.core.modes import MODE_STOPPED
from thecal_fw.core.pump_state import STATE_STOPPED
from thecal_fw.link import messages
from thecal_fw.link.frames import MOST_PAYLOAD_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.link.layouts import Answer, Values
    from thecal_fw.pump.controller import Controller
    from thecal_fw.requests.contracts import LinkCounts


class Interrogation:
    """Handlers of one pump. handlers: by kind of message."""

    def __init__(self, pump: "Controller", link: "LinkCounts") -> None:
        self._pump = pump
        self._link = link
        self._clock = pump.time.clock
        self._machine = pump.hardware.machine
        self._sense = pump.hardware.sense
        self._time = pump.time
        self._infusion = pump.infusion
        self._reservoir = pump.reservoir
        self._alarms = pump.alarms
        self._ledger = pump.ledger
        self._keeper = pump.keeper
        self._events = pump.keeper.events
        self._grants = pump.grants
        self._orders = pump.orders
        self._calibration = pump.calibration
        self._log = pump.log
        self._pace = pump.pace
        self._motor = pump.motor
        self._supervisor = pump.supervisor
        self._clock_doses = pump.clock_doses
        self.handlers = {
            messages.INTERROGATE.kind: self._interrogate,
            messages.GET_TIME.kind: self._get_time,
            messages.LAST_DOSE.kind: self._last_dose,
            messages.READ_LOG.kind: self._read_log,
        }

    def _interrogate(self, values: "Values") -> "Answer":
        infusion, reservoir, alarms = self._infusion, self._reservoir, self._alarms
        ledger, program, wall, pace = self._ledger, self._orders.program, self._time.wall, self._pace
        utc = wall.utc_ticks(self._time.ticks_now())
        counted = ledger.seen(self._sense.count())
        clock, calibration, link = self._clock, self._calibration, self._link
        return (
            clock.s,
            clock.us,
            second_of_ticks(utc),
            microsecond_of_ticks(utc),
            wall.source,
            wall.offset_minutes,
            infusion.state,
            self._orders.wanted().mode if infusion.state != STATE_STOPPED or program else MODE_STOPPED,
            program is not None,
            self._orders.digest if program else bytes(32),
            infusion.change_tick >= 0,
            infusion.rate_nl_per_day(),
            program.concentration_ng_per_ml if program else 0,
            program.drug.encode() if program else b"",
            calibration.calibration_id,
            calibration.nl_per_rev,
            calibration.microsteps_per_rev,
            infusion.delivery.planned,
            counted,
            ledger.unseen_steps,
            reservoir.steps_since_refill(counted),
            reservoir.fill_nl,
            reservoir.is_known,
            reservoir.residual_nl(counted) if reservoir.is_known else 0,
            reservoir.low_reservoir_nl,
            max(0, reservoir.low_step - counted),
            bytes(alarms.active),
            bytes(alarms.silenced),
            self._log.latest,
            self._machine.reset_cause,
            link.reader.garbled,
            link.reader.overlong,
            link.replies_dropped,
            infusion.queued_ms(),
            self._pump.worst_lateness_us,
            self._machine.heap_free_bytes(),
            self._keeper.boots,
            ledger.base_steps + counted,
            max(0, ledger.granted - counted),
            self._grants.quantum_steps,
            ledger.uncertain_steps,
            self._motor.lost_steps(),
            self._supervisor.failed_tests,
            self._keeper.journal.condition,
            reservoir.refilled_day,
            min(ledger.stalls, MOST_STALLS),
            pace.take_over_us,
            pace.prepare_us,
            pace.collect_us,
            pace.write_us,
            pace.least_margin_us,
            pace.least_masked_us,
            self._clock_doses.passed_over,
            self._clock_doses.passed_reason,
        )

    def _last_dose(self, values: "Values") -> "Answer":
        """Return the daily dose last delivered. How long ago it began and ended needs no time of day."""
        dose, now_s = self._pump.last_dose.dose, self._time.lifetime_s()
        ended_ago_s = IS_GIVEN if dose[5] == IS_GIVEN else max(0, now_s - dose[5])
        return dose[:4] + (max(0, now_s - dose[4]), ended_ago_s)

    def _get_time(self, values: "Values") -> "Answer":
        clock, wall = self._clock, self._time.wall
        utc = wall.utc_ticks(self._time.ticks_now())
        return (clock.s, clock.us) + instant(utc) + (wall.source, wall.offset_minutes)

    def _read_log(self, values: "Values") -> "Answer":
        # What a host has read must not be lost afterwards, and its number not be used again.
        self._events.write()
        oldest = self._events.oldest()
        most = (MOST_PAYLOAD_BYTES - messages.READ_LOG.response.size) // messages.EVENT.size
        found = bytearray()
        first = max(values.number("first_sequence"), oldest)
        sequence = self._events.copy(first, most * messages.EVENT.size, found)
        return oldest, self._log.latest, sequence, bytes(found)


def instant(ticks: int) -> "tuple[int, int]":
    """Return seconds and microseconds of a number of ticks, as messages have them."""
    return second_of_ticks(ticks), microsecond_of_ticks(ticks)
