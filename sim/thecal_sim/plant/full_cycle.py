"""Half a year of therapy on the model with its plant, and how long it takes.

A paediatric rate, a few patient boluses a day that are asked for over the link, and a refill of pump and plant every
two months. Promises: every pulse is held against the oracle, and the plant against the count of pulses and the
conservation of volume; the figures are of one core and one run.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from thecal.pumps.constants import chosen
from thecal_fw.core.bolus import KIND_PATIENT
from thecal_fw.core.calibration import BENCH_CALIBRATION
from thecal_fw.core.modes import MODE_CONTINUOUS
from thecal_fw.core.program import PatientBolus, Program
from thecal_fw.link import messages
from thecal_sim.bare_host import BareHost
from thecal_sim.ideal import Span
from thecal_sim.model import ModelPump
from thecal_sim.oracle import Epoch, IdealDelivery, PulseCheck, Regimen, check_pulses
from thecal_sim.plant import Plant, PlantParameters, PlantState, Quantity
from thecal_sim.plant.reservoir import ReservoirParameters
from thecal_sim.units import NS_PER_DAY, NS_PER_MINUTE, NS_PER_S

NL_PER_DAY = 424_000
FILL_NL = 40_000_000
REFILL_EVERY_DAYS = 60
BOLUS = PatientBolus(1_440_000, 10, lockout_minutes=120, most_per_day=4)
"""10 uL over ten minutes, which is 5 ug at 500 ug/mL."""
_BOLUS_MINUTES = (8 * 60, 13 * 60, 19 * 60)
"""Of a day of therapy, about."""
_SCATTER_MINUTES = 90
_CURVE_NS = 15 * NS_PER_MINUTE
_ROUNDING_NL = 0.01


def program() -> Program:
    """Return what is delivered. Its limits leave room for the boluses."""
    per_bolus_nl = BOLUS.rate_nl_per_day * BOLUS.minutes // 1_440
    per_hour_nl, per_day_nl = NL_PER_DAY // 24 + 2 * per_bolus_nl, NL_PER_DAY + 5 * per_bolus_nl
    limits = (FILL_NL, FILL_NL // 20, per_hour_nl, per_day_nl)
    made = Program(
        MODE_CONTINUOUS, "baclofen", 500_000, BENCH_CALIBRATION.calibration_id, NL_PER_DAY, *limits
    )
    made.patient_bolus, made.most_nl_per_bolus = BOLUS, 2 * per_bolus_nl
    return made


@dataclass(frozen=True)
class FullCycle:
    """The outcome of a run, and its time in seconds of one core. elapsed_s: by the clock on the wall, in which other
    programs may have had the core too."""

    days: int
    boluses: int
    refills: int
    delivery_s: float
    check_s: float
    plant_s: float
    elapsed_s: float
    check: PulseCheck
    state: PlantState
    wrong: tuple[str, ...]

    @property
    def total_s(self) -> float:
        return self.delivery_s + self.check_s + self.plant_s

    def __str__(self) -> str:
        check, state = self.check, self.state
        return (
            f"full cycle: {self.days} days, {check.pulses:,} pulses, every one checked, "
            f"{self.boluses} patient boluses, {self.refills} refills, with plant: "
            f"{self.total_s:.1f} s of one core (delivery {self.delivery_s:.1f} s, check {self.check_s:.1f} s, "
            f"curves of the plant {self.plant_s:.1f} s; {self.elapsed_s:.1f} s by the wall); "
            f"worst edge {float(check.worst_edge_ticks):.3f} ticks, "
            f"worst volume error {float(check.worst_volume_steps):.6f} steps; "
            f"{state.turned:,} microsteps turned, {state.missed} missed, {state.out_nl / 1e6:.3f} mL and "
            f"{state.dose_ng / 1e6:.3f} mg at the tip"
        )


class _Therapy:
    """The pump, its plant and a host that visits, and what is prescribed since when."""

    def __init__(self, seed: int) -> None:
        self.pump = ModelPump()
        motor = self.pump.board.motor
        reservoir = ReservoirParameters(capacity_nl=FILL_NL, begins_with_nl=FILL_NL)
        self.plant = Plant(replace(PlantParameters(), reservoir=reservoir), seed)
        motor.mechanics = self.plant.live_in(self.pump.env, motor.settle)
        self.chance = random.Random(seed)
        self.host = BareHost(self.pump.serial)
        self.host.hello()
        self.program = program()
        self.regimen = Regimen.constant(NL_PER_DAY)
        self.start_ns = self.pump.instant_of(self.host.begin(self.program, FILL_NL))
        self.history = [Epoch(self.start_ns, self.regimen)]
        self.boluses = self.refills = 0
        self._full_nl = FILL_NL + reservoir.residual_nl
        self._drawn_before_nl = 0.0

    def live(self, days: int, tell: Callable[[int], None]) -> None:
        for day in range(days):
            tell(day)
            begin_ns = self.start_ns + day * NS_PER_DAY
            if day and day % REFILL_EVERY_DAYS == 0:
                self._refill(begin_ns + 60 * NS_PER_MINUTE)
            for minute in _BOLUS_MINUTES:
                seconds = 60 * minute + self.chance.randrange(60 * _SCATTER_MINUTES)
                self._give_bolus(begin_ns + seconds * NS_PER_S)
        self.pump.run_until(self.start_ns + days * NS_PER_DAY)

    def _refill(self, t_ns: int) -> None:
        self.pump.run_until(t_ns)
        self.host.hello()
        self.host.ask(messages.REFILL, FILL_NL)
        self._drawn_before_nl += self._drawn_since_fill_nl()
        self.plant.refill(FILL_NL)
        self.refills += 1

    def drawn_nl(self) -> float:
        """Return what has left the reservoir, by its content before and after each fill."""
        return self._drawn_before_nl + self._drawn_since_fill_nl()

    def _drawn_since_fill_nl(self) -> float:
        return self._full_nl - self.plant.state().reservoir_nl

    def _give_bolus(self, t_ns: int) -> None:
        self.pump.run_until(t_ns)
        self.host.hello()
        answer = self.host.ask(messages.GIVE_BOLUS, self.program.digest(), KIND_PATIENT, 0, 0)
        from_ns = self.pump.instant_of(answer)
        given = Span(from_ns, from_ns + BOLUS.minutes * NS_PER_MINUTE, Fraction(BOLUS.rate_nl_per_day))
        self.history.append(Epoch(from_ns, self.regimen, None, None, (given,)))
        self.boluses += 1


def full_cycle(days: int, seed: int = 0, tell: Callable[[int], None] = lambda days: None) -> FullCycle:
    """Deliver for so many days, check every pulse, and look at the plant every quarter of an hour. The last
    argument is called on the way with the number of days that are delivered."""
    wall_begun, begun = time.perf_counter(), time.process_time()
    therapy = _Therapy(seed)
    therapy.live(days, tell)
    tell(days)
    end_ns = therapy.start_ns + days * NS_PER_DAY
    delivered = time.process_time()
    microsteps_per_nl = chosen().microsteps_per_nl
    ideal = IdealDelivery(therapy.history, microsteps_per_nl)
    check = check_pulses(ideal, therapy.pump.step_times_ns, end_ns)
    checked = time.process_time()
    plant = therapy.plant
    instants = np.arange(therapy.start_ns, end_ns + 1, _CURVE_NS, dtype=np.int64)
    curves = {quantity: plant.curve(quantity, instants) for quantity in Quantity}
    state = plant.state()
    looked = time.process_time()
    wrong = []
    if check.divergence is not None or check.worst_volume_steps > 1:
        wrong.append(f"pulses: {check.divergence or check.worst_volume}")
    if state.turned != check.pulses or state.missed:
        wrong.append(f"{state.turned} microsteps turned and {state.missed} missed of {check.pulses} pulses")
    if abs(state.moved_nl - state.out_nl - state.stored_nl) > _ROUNDING_NL:
        wrong.append("what was moved is neither out nor stored")
    if abs(state.moved_nl - therapy.drawn_nl()) > _ROUNDING_NL:
        wrong.append(f"{state.moved_nl} nL were moved, {therapy.drawn_nl()} nL have left the reservoir")
    if np.diff(curves[Quantity.OUT]).min() < 0:
        wrong.append("fluid flowed back")
    return FullCycle(
        days,
        therapy.boluses,
        therapy.refills,
        delivered - begun,
        checked - delivered,
        looked - checked,
        time.perf_counter() - wall_begun,
        check,
        state,
        tuple(wrong),
    )
