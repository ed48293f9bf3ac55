"""Doses on demand: which may be given, and the giving of one.

A dose on demand is written to the log and to the record of doses before its first microstep comes out, so that no reset
makes the pump forget that it was given. Promises: what is refused is refused for a reason that is logged, and what was
refused before a reset is refused after it.
"""

from thecal_fw.core import events
from thecal_fw.core.alarms import RESPONSE_BLOCK_BOLUSES
from thecal_fw.core.bolus import (
    KIND_PATIENT,
    KIND_PRIME,
    KIND_SCHEDULED,
    KIND_TEMPORARY,
    KINDS_ON_DEMAND,
    Bolus,
)
from thecal_fw.core.bolus_history import (
    REFUSED_BLOCKED,
    REFUSED_BRIDGE,
    REFUSED_METER,
    REFUSED_NO_SUCH_BOLUS,
    REFUSED_NOT,
    REFUSED_NOT_DELIVERING,
    REFUSED_NOT_READ,
    REFUSED_RATE,
    REFUSED_UNDER_WAY,
    REFUSED_WEEK_UNKNOWN,
    Allowance,
    BolusHistory,
)
from thecal_fw.core.calibration import Calibration
from thecal_fw.core.carried import MOST_BOLUSES
from thecal_fw.core.instant import TICKS_PER_SECOND
from thecal_fw.core.ledger import Ledger
from thecal_fw.core.limits import Limits
from thecal_fw.core.line_room import LineRoom
from thecal_fw.core.pump_state import STATE_DELIVERING
from thecal_fw.core.schedule import extremes_of, highest_rate, lowest_basal_rate
from thecal_fw.pump.bolus_recall import BolusRecall
from thecal_fw.pump.orders import Orders
from thecal_fw.pump.reports import Reports
from thecal_fw.pump.timekeeper import Timekeeper

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.ports import Sense, Supply
    from thecal_fw.pump.contracts import (
        BridgeLead,
        Delivery,
        Doses,
        GivenBeside,
        Keeping,
        Meter,
        Notes,
        Quantum,
    )


class DosesOnDemand:
    """history: those of the last 24 hours. recall: reads them from the log of older firmware. line_room: what the line
    can take before anything of it is a dose."""

    def __init__(
        self,
        time: Timekeeper,
        ledger: Ledger,
        calibration: Calibration,
        limits: Limits,
        orders: Orders,
        reports: Reports,
        sense: "Sense",
        supply: "Supply",
    ) -> None:
        self._time = time
        self._ledger = ledger
        self._limits = limits
        self._orders = orders
        self._reports = reports
        self._alarms = reports.alarms
        self._log = reports.log
        self._sense = sense
        self._supply = supply
        self.history = BolusHistory()
        self.recall = BolusRecall(time, reports.log, self.history)
        self.line_room = LineRoom(calibration)
        self._allowance: "Allowance | None" = None
        self._allowance_number = 0

    def connect(
        self,
        infusion: "Delivery",
        boluses: "GivenBeside",
        notes: "Notes",
        bridging: "BridgeLead",
        doses: "Doses",
        meter: "Meter",
        keeper: "Keeping",
        grants: "Quantum",
    ) -> None:
        self._infusion = infusion
        self._extra = boluses.extra
        self._judging = boluses.judging
        self._notes = notes
        self._bridging = bridging
        self._doses = doses
        self._meter = meter
        self._keeper = keeper
        self._events = keeper.events
        self._grants = grants
        self.recall.connect(keeper.events, self._extra, notes, doses)

    def begin_reservoir(self) -> None:
        """Count primes from here on, since the reservoir has been refilled."""
        self.line_room.begin_reservoir()
        self._doses.note_change()

    def wanted(self, kind: int, rate_nl_per_day: int, seconds: int) -> Bolus:
        """Return the bolus that would be given if it were asked for now. A patient's is the program's."""
        infusion = self._infusion
        tick = infusion.change_tick_from_now()
        patient = self._orders.program.patient_bolus if self._orders.program is not None else None
        if kind == KIND_PATIENT and patient is not None:
            rate_nl_per_day, seconds = patient.rate_nl_per_day, 60 * patient.minutes
        return Bolus(kind, tick, seconds * TICKS_PER_SECOND, rate_nl_per_day)

    def refusal(self, bolus: Bolus) -> int:
        """Return why a bolus may not be given now; REFUSED_NOT if it may."""
        program = self._orders.program
        if bolus.kind not in KINDS_ON_DEMAND or program is None:
            return REFUSED_NO_SUCH_BOLUS
        if bolus.kind == KIND_PATIENT and program.patient_bolus is None:
            return REFUSED_NO_SUCH_BOLUS
        if not bolus.rate_nl_per_day or bolus.end_tick == bolus.start_tick:
            return REFUSED_NO_SUCH_BOLUS
        if self._infusion.state != STATE_DELIVERING:
            return REFUSED_NOT_DELIVERING
        # At a low supply nothing can be made durable, and its alarm is active or about to be.
        if self._alarms.response() >= RESPONSE_BLOCK_BOLUSES or not self._supply.is_good():
            return REFUSED_BLOCKED
        if self._bridging.end is not None:
            return REFUSED_BRIDGE
        # No more than outlive a watchdog reset: one that did not would end there, and nobody would be told.
        if self._is_like_it_under_way(bolus) or len(self._extra) >= MOST_BOLUSES:
            return REFUSED_UNDER_WAY
        if self._most_rate_with(bolus) > self._limits.most_rate_nl_per_day:
            return REFUSED_RATE
        if bolus.kind == KIND_TEMPORARY and not self._is_basal_rate(bolus.rate_nl_per_day):
            return REFUSED_RATE
        if self._only_fills_the_line(bolus):
            # What does not reach the patient counts for no limit of what does.
            return REFUSED_NOT
        if not self.is_history_known(bolus.start_tick):
            return REFUSED_NOT_READ
        if self._orders.lacks_week():
            return REFUSED_WEEK_UNKNOWN
        if self._allowance is None or self._allowance_number != self._orders.number:
            self._allowance_number = self._orders.number
            self._allowance = Allowance(program, self._orders.place.week)
        self.history.forget(bolus.start_tick)
        refusal = self.history.refusal(self.on_top(bolus), program, self._allowance)
        return self._judging.refusal(bolus) if refusal == REFUSED_NOT else refusal

    def _most_rate_with(self, wanted: Bolus) -> int:
        """Return the most that can come together at any tick with one more bolus, in nL/day: the highest basal or
        temporary rate, the highest bolus of the clock's plan, one that continues beside the plan, and all on demand.
        Those beside the plan come one after the other."""
        program = self._orders.in_force()
        most = highest_rate(program)
        beside_plan = on_demand = 0
        for bolus in self._extra + [wanted]:
            rate_nl_per_day = bolus.rate_nl_per_day
            if bolus.kind == KIND_TEMPORARY:
                most = max(most, rate_nl_per_day + extremes_of(program).highest_bolus)
            elif bolus.kind == KIND_SCHEDULED:
                beside_plan = max(beside_plan, rate_nl_per_day)
            else:
                on_demand += rate_nl_per_day
        return most + beside_plan + on_demand

    def _only_fills_the_line(self, bolus: Bolus) -> bool:
        """Return True for a prime that the line is known to have room for. Any other is a bolus under every limit."""
        if bolus.kind != KIND_PRIME or self._orders.program is None:
            return False
        room_nl = self.line_room.left_nl(
            self._orders.program.catheter_nl, self._ledger.lifetime_steps(self._sense.count())
        )
        return bolus.given_nl(bolus.end_tick) <= room_nl

    def note_empty_line(self) -> None:
        """Note that tubing and catheter are empty, as a recorded event says."""
        self.line_room.note_empty(self._ledger.lifetime_steps(self._sense.count()))
        self._doses.note_change()

    def _is_basal_rate(self, rate_nl_per_day: int) -> bool:
        limits = self._limits
        return limits.least_basal_nl_per_day <= rate_nl_per_day <= limits.most_basal_nl_per_day

    def is_history_known(self, tick: int) -> bool:
        """Return True if it is known at a tick what was given on demand in the 24 hours before."""
        return self.recall.is_done and tick >= self.recall.unknown_until

    def give(self, bolus: Bolus) -> bool:
        """Give a bolus that is not refused; False if it could not be made durable first, and is not given."""
        keeper = self._keeper
        self._extra.append(bolus)
        self._notes.begun(bolus)
        sequence = self._log.latest
        counted = self.on_top(bolus)
        bolus.is_free = self._only_fills_the_line(bolus)
        if not bolus.is_free:
            self.history.add(counted)
        self._events.write()
        self._grants.size_quantum(self._orders.program)
        is_written = self._events.latest_written() >= sequence and self._doses.write()
        # The state as well, whatever came of those: its alarm says that the flash takes nothing.
        is_durable = keeper.save() and is_written
        # The alarm of a journal that takes nothing may have ended it already.
        if not is_durable or bolus not in self._extra:
            self._notes.ended(bolus, bolus.start_tick, events.END_ALARM)
            return False
        # Writing has taken its time: only now is the instant known at which the bolus can begin.
        self._time.clock.read()
        tick = self._infusion.change_tick_from_now()
        bolus.begin_at(tick)
        counted.begin_at(tick)
        self._doses.note_change()
        self._infusion.follow()
        return True

    def refuse(self, bolus: Bolus, reason: int) -> None:
        """Log that a bolus was asked for and is not given."""
        kind = min(bolus.kind, events.KIND_UNKNOWN)
        if reason == REFUSED_METER:
            self._meter.note_held(kind)
        self._reports.record(events.EVENT_BOLUS_REFUSED, reason, kind << events.KIND_SHIFT)

    def _is_like_it_under_way(self, wanted: Bolus) -> bool:
        """Return True if a bolus on demand is under way, of which there is one at a time, or the one temporary rate."""
        is_temporary_rate = wanted.kind == KIND_TEMPORARY
        return any(
            [
                bolus.kind != KIND_SCHEDULED and (bolus.kind == KIND_TEMPORARY) == is_temporary_rate
                for bolus in self._extra
            ]
        )

    def on_top(self, bolus: Bolus) -> Bolus:
        """Return what counts against the limits: of a temporary rate, what it is above the lowest rate it may take
        the place of."""
        if bolus.kind != KIND_TEMPORARY:
            return bolus
        more = max(0, bolus.rate_nl_per_day - lowest_basal_rate(self._orders.in_force()))
        return Bolus(KIND_TEMPORARY, bolus.start_tick, bolus.end_tick - bolus.start_tick, more, bolus.number)
