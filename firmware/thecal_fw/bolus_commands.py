"""What the pump does at a host's request for a bolus: check it, give it, end it, tell of it.

A bolus is asked for in two steps, like every change of therapy: what ``check_bolus`` answers is what a person is shown,
and ``give_bolus`` names the program it was checked beside. Judging one and giving it take long, so it is judged in one
poll and given in the next one, if it still begins at the instant that it was judged for.
"""

from thecal_fw.core.bolus import KIND_PRIME, KIND_TEMPORARY
from thecal_fw.core.bolus_history import REFUSED_NOT
from thecal_fw.core.instant import TICKS_PER_SECOND, microsecond_of_ticks, second_of_ticks
from thecal_fw.core.line_room import MOST_PRIMED_NL, MOST_PRIMES
from thecal_fw.link import messages
from thecal_fw.staging import RequestGoesOnError, RequestRefusedError

MOST_SECONDS = 12 * 3_600
"""Of a bolus on demand."""


class BolusCommands:
    """Handlers of one pump's bolus messages."""

    def __init__(self, pump):
        self._pump = pump
        self._judged = None
        self.handlers = {
            messages.CHECK_BOLUS.kind: self._check,
            messages.GIVE_BOLUS.kind: self._give,
            messages.CANCEL_BOLUS.kind: self._cancel,
            messages.BOLUSES.kind: self._tell,
        }

    def _wanted(self, values):
        if values["bolus_seconds"] > MOST_SECONDS:
            raise RequestRefusedError(messages.ERROR_RANGE, MOST_SECONDS)
        return self._pump.boluses.wanted(
            values["bolus_kind"], values["bolus_rate_nl_per_day"], values["bolus_seconds"]
        )

    def _check(self, values) -> bytes:
        boluses = self._pump.boluses
        bolus = self._wanted(values)
        return messages.CHECK_BOLUS.response.pack(
            boluses.refusal(bolus),
            bolus.rate_nl_per_day,
            _seconds(bolus),
            bolus.given_nl(bolus.end_tick),
            self._patient_wait_s(),
        )

    def _give(self, values) -> bytes:
        pump, boluses = self._pump, self._pump.boluses
        if pump.program is None:
            raise RequestRefusedError(messages.ERROR_NO_PROGRAM)
        if values["digest"] != pump.program_digest:
            raise RequestRefusedError(messages.ERROR_DIGEST, int.from_bytes(pump.program_digest[:4], "big"))
        bolus = self._wanted(values)
        judged, self._judged = self._judged, None
        wanted = (
            bolus.kind,
            bolus.rate_nl_per_day,
            bolus.start_tick,
            bolus.end_tick,
            pump.infusion.state,
            pump.keeper.changes,
        )
        if judged != wanted:
            refusal = boluses.refusal(bolus)
            if refusal != REFUSED_NOT:
                boluses.refuse(bolus, refusal)
                raise RequestRefusedError(messages.ERROR_BOLUS_REFUSED, refusal)
            self._judged = wanted
            raise RequestGoesOnError
        if not boluses.give(bolus):
            raise RequestRefusedError(messages.ERROR_NOT_STORED)
        return messages.GIVE_BOLUS.response.pack(
            second_of_ticks(bolus.start_tick),
            microsecond_of_ticks(bolus.start_tick),
            bolus.given_nl(bolus.end_tick),
        )

    def _cancel(self, values) -> bytes:
        pump = self._pump
        tick = pump.boluses.cancel(bool(values["is_temporary_rate"]))
        is_stored = pump.keeper.save_if_changed()
        return messages.CANCEL_BOLUS.response.pack(
            second_of_ticks(tick), microsecond_of_ticks(tick), is_stored
        )

    def _patient_wait_s(self) -> int:
        pump = self._pump
        if pump.program is None or pump.program.patient_bolus is None:
            return 0
        return _seconds_until(pump.boluses.history.lockout_ends(pump.program.patient_bolus), pump.ticks_now())

    def _tell(self, values) -> bytes:
        pump, boluses = self._pump, self._pump.boluses
        tick = pump.ticks_now()
        told = (0,) * 6
        bolus = boluses.under_way(tick)
        if bolus is not None:
            told = (
                1,
                bolus.kind,
                bolus.rate_nl_per_day,
                _seconds(bolus),
                bolus.given_nl(tick),
                bolus.given_nl(bolus.end_tick),
            )
        boluses.history.forget(tick)
        return messages.BOLUSES.response.pack(
            *told,
            len(boluses.history.given),
            boluses.history.patient_boluses(tick),
            self._patient_wait_s(),
            boluses.is_history_known(tick),
            *self._instead(tick),
            pump.dose_meter.counted_nl(60),
            pump.dose_meter.counted_nl(1_440),
            pump.dose_meter.held,
            *self._line(bolus, tick),
        )

    def _line(self, bolus, tick: int):
        """Room of the line that no drug has filled, and primes since the last refill with what they gave, the one under
        way included."""
        line, program = self._pump.boluses.line_room, self._pump.program
        room_nl = 0 if program is None else line.left_nl(program.catheter_nl, self._pump.lifetime_steps())
        primes, primed_nl = line.primes, line.primed_nl
        if bolus is not None and bolus.kind == KIND_PRIME:
            primes, primed_nl = (
                min(primes + 1, MOST_PRIMES),
                min(primed_nl + bolus.given_nl(tick), MOST_PRIMED_NL),
            )
        return room_nl, primes, primed_nl

    def _instead(self, tick: int):
        """What holds in place of the program: temporary rate, how long yet; how long yet the bridge."""
        rate_nl_per_day = left_s = 0
        for bolus in self._pump.boluses.extra:
            if bolus.kind == KIND_TEMPORARY and tick < bolus.end_tick:
                rate_nl_per_day, left_s = bolus.rate_nl_per_day, _seconds_until(bolus.end_tick, tick)
        return rate_nl_per_day, left_s, self._pump.bridging.left_s(tick)


def _seconds_until(tick: int, now: int) -> int:
    return max(0, -(-(tick - now) // TICKS_PER_SECOND))


def _seconds(bolus) -> int:
    return (bolus.end_tick - bolus.start_tick) // TICKS_PER_SECOND
