"""The pump's answers to a host's requests about boluses: check it, give it, end it, report it.

A bolus is asked for in two steps, like every change of therapy: what ``check_bolus`` answers is what a person is shown,
and ``give_bolus`` names the program it was checked beside. Judging one and giving it take long, so it is judged in one
poll and given in the next one, if it still begins at the instant that it was judged for.
"""

from thecal_fw.core.bolus import KIND_PRIME, KIND_TEMPORARY, Bolus
from thecal_fw.core.bolus_history import REFUSED_NOT
from thecal_fw.core.instant import TICKS_PER_SECOND
from thecal_fw.core.line_room import MOST_PRIMED_NL, MOST_PRIMES
from thecal_fw.link import messages
from thecal_fw.requests.interrogation import instant
from thecal_fw.requests.refusal import RequestGoesOnError, RequestRefusedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.link.layouts import Answer, Values
    from thecal_fw.pump.controller import Controller

MOST_SECONDS = 12 * 3_600
"""Of a bolus on demand."""


class BolusRequests:
    """Handlers of one pump. handlers: by kind of message."""

    def __init__(self, pump: "Controller") -> None:
        self._time = pump.time
        self._sense = pump.hardware.sense
        self._orders = pump.orders
        self._ledger = pump.ledger
        self._boluses = pump.boluses
        self._on_demand = pump.on_demand
        self._extra = pump.boluses.extra
        self._history = pump.on_demand.history
        self._line_room = pump.on_demand.line_room
        self._bridging = pump.bridging
        self._meter = pump.dose_meter
        self._infusion = pump.infusion
        self._changes = pump.changes
        self._judged: "tuple[int, ...] | None" = None
        self.handlers = {
            messages.CHECK_BOLUS.kind: self._check,
            messages.GIVE_BOLUS.kind: self._give,
            messages.CANCEL_BOLUS.kind: self._cancel,
            messages.BOLUSES.kind: self._report,
        }

    def _wanted(self, values: "Values") -> Bolus:
        seconds = values.number("bolus_seconds")
        if seconds > MOST_SECONDS:
            raise RequestRefusedError(messages.ERROR_RANGE, MOST_SECONDS)
        return self._on_demand.wanted(
            values.number("bolus_kind"), values.number("bolus_rate_nl_per_day"), seconds
        )

    def _check(self, values: "Values") -> "Answer":
        bolus = self._wanted(values)
        return (
            self._on_demand.refusal(bolus),
            bolus.rate_nl_per_day,
            _seconds(bolus),
            bolus.given_nl(bolus.end_tick),
            self._patient_wait_s(),
        )

    def _give(self, values: "Values") -> "Answer":
        on_demand, digest = self._on_demand, self._orders.digest
        if self._orders.program is None:
            raise RequestRefusedError(messages.ERROR_NO_PROGRAM)
        if values.octets("digest") != digest:
            raise RequestRefusedError(messages.ERROR_DIGEST, int.from_bytes(digest[:4], "big"))
        bolus = self._wanted(values)
        judged, self._judged = self._judged, None
        wanted = (
            bolus.kind,
            bolus.rate_nl_per_day,
            bolus.start_tick,
            bolus.end_tick,
            self._infusion.state,
            self._changes.durable,
        )
        if judged != wanted:
            refusal = on_demand.refusal(bolus)
            if refusal != REFUSED_NOT:
                on_demand.refuse(bolus, refusal)
                raise RequestRefusedError(messages.ERROR_BOLUS_REFUSED, refusal)
            self._judged = wanted
            raise RequestGoesOnError
        if not on_demand.give(bolus):
            raise RequestRefusedError(messages.ERROR_NOT_STORED)
        return instant(bolus.start_tick) + (bolus.given_nl(bolus.end_tick),)

    def _cancel(self, values: "Values") -> "Answer":
        return instant(self._boluses.cancel(bool(values.number("is_temporary_rate"))))

    def _patient_wait_s(self) -> int:
        program = self._orders.program
        if program is None or program.patient_bolus is None:
            return 0
        return _seconds_until(self._history.lockout_ends(program.patient_bolus), self._time.ticks_now())

    def _report(self, values: "Values") -> "Answer":
        boluses, history, meter = self._boluses, self._history, self._meter
        tick = self._time.ticks_now()
        under_way = (0,) * 6
        bolus = boluses.under_way(tick)
        if bolus is not None:
            under_way = (
                1,
                bolus.kind,
                bolus.rate_nl_per_day,
                _seconds(bolus),
                bolus.given_nl(tick),
                bolus.given_nl(bolus.end_tick),
            )
        history.forget(tick)
        lockout = (
            len(history.given),
            history.patient_boluses(tick),
            self._patient_wait_s(),
            self._on_demand.is_history_known(tick),
        )
        counted = (meter.counted_nl(60), meter.counted_nl(1_440), meter.held)
        return under_way + lockout + self._instead(tick) + counted + self._line(bolus, tick)

    def _line(self, bolus: "Bolus | None", tick: int) -> "tuple[int, int, int]":
        """Return the room of the line that no drug has filled, and primes since the last refill with what they gave,
        the one under way included."""
        line, program = self._line_room, self._orders.program
        steps = self._ledger.lifetime_steps(self._sense.count())
        room_nl = 0 if program is None else line.left_nl(program.catheter_nl, steps)
        primes, primed_nl = line.primes, line.primed_nl
        if bolus is not None and bolus.kind == KIND_PRIME:
            primes = min(primes + 1, MOST_PRIMES)
            primed_nl = min(primed_nl + bolus.given_nl(tick), MOST_PRIMED_NL)
        return room_nl, primes, primed_nl

    def _instead(self, tick: int) -> "tuple[int, int, int]":
        """Return what holds in place of the program: temporary rate, how long yet; how long yet the bridge."""
        rate_nl_per_day = left_s = 0
        for bolus in self._extra:
            if bolus.kind == KIND_TEMPORARY and tick < bolus.end_tick:
                rate_nl_per_day, left_s = bolus.rate_nl_per_day, _seconds_until(bolus.end_tick, tick)
        return rate_nl_per_day, left_s, self._bridging.left_s(tick)


def _seconds_until(tick: int, now: int) -> int:
    return max(0, -(-(tick - now) // TICKS_PER_SECOND))


def _seconds(bolus: Bolus) -> int:
    return (bolus.end_tick - bolus.start_tick) // TICKS_PER_SECOND
