"""Lines that close: when it is found, what is stored by then, and what comes out when they open again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil

import numpy as np

from thecal_fw.core.fluid.line_watch import LINE_CLOSED
from thecal_sim.fluid.figures import Assumed, Figure
from thecal_sim.fluid.rigging import (
    BACK_KPA,
    COMPLIANCES_NL_PER_KPA,
    NL_PER_MICROSTEP,
    PHASES,
    RATES_NL_PER_DAY,
    moved_nl,
    period_ns,
    pressure_channel,
    pressure_sensor,
    steps_ns,
)
from thecal_sim.plant import Conditions, Plant, PlantParameters, Quantity
from thecal_sim.plant.line import LineParameters
from thecal_sim.plant.motor import MotorParameters
from thecal_sim.plant.rotor import DIPPING_ROLLERS, Rotor, RotorParameters
from thecal_sim.sensors.pressure import PressureSensor
from thecal_sim.units import NS_PER_S

MOST_KPA = 138.0
MOST_NL = 12_500.0
"""25 mcg at 2,000 mcg/mL."""
_OPEN_STEPS = 200
"""Before the line closes."""
_ROTORS = (RotorParameters(), DIPPING_ROLLERS)


@dataclass(frozen=True)
class Closed:
    """Times are s from the instant at which the line closes; found_s: None if it never was. passed_s: when the plant
    passed 138 kPa or 25 mcg."""

    rate_nl_per_day: int
    nl_per_kpa: float
    found_s: float | None
    passed_s: float
    sample_s: float
    kpa: float
    stored_nl: float
    bound_nl: float
    released_nl: float

    @property
    def is_in_time(self) -> bool:
        return self.found_s is not None and self.found_s <= 1.1 * self.passed_s + self.sample_s

    @property
    def is_early(self) -> bool:
        return self.found_s is not None and self.found_s < 0.9 * self.passed_s - self.sample_s


def ripple_nl(rotor: RotorParameters) -> int:
    """Return what the description of a pump says of its head, by its table."""
    whole = MotorParameters().microsteps_per_rev
    off = Rotor(rotor, whole).even_revs(np.arange(whole)) - np.arange(whole) / whole
    return ceil(float(off.max() - off.min()) * rotor.nl_per_rev)


def close(
    rate_nl_per_day: int, nl_per_kpa: float, phase: int, rotor: RotorParameters, times: float
) -> Closed:
    """Close a line at a phase of the rollers, until it is found, and open it again."""
    sensor = pressure_sensor(times)
    turned_before = round(phase * MotorParameters().microsteps_per_rev / 3 / PHASES)
    parameters = PlantParameters(
        rotor=replace(rotor, begins_at_microstep=turned_before),
        line=LineParameters(compliance_nl_per_kpa=nl_per_kpa),
        conditions=Conditions(back_pressure_kpa=BACK_KPA),
    )
    to_pass_nl = min(MOST_NL, MOST_KPA * nl_per_kpa)
    steps = steps_ns(rate_nl_per_day, _OPEN_STEPS + round(1.6 * to_pass_nl / NL_PER_MICROSTEP) + 400)
    closes_ns = int(steps[_OPEN_STEPS - 1]) + 1
    plant = Plant(parameters)
    plant.at(closes_ns, plant.occlude)
    plant.turn(steps)
    at_closing = plant.curve(Quantity.MOVED, [closes_ns])[0]
    later = steps[_OPEN_STEPS:]
    stored = plant.curve(Quantity.MOVED, later) - at_closing
    is_past = (plant.curve(Quantity.PRESSURE, later) >= MOST_KPA) | (stored >= MOST_NL)
    passed_ns = int(later[np.argmax(is_past)])
    samples = np.arange(
        phase * 17 % 97 * period_ns(rate_nl_per_day) // 97 + 1, int(steps[-1]), period_ns(rate_nl_per_day)
    )
    seed = hash((rate_nl_per_day, nl_per_kpa, phase, rotor.harmonics)) & 0xFFFF_FFFF
    delayed = np.maximum(0, samples - sensor.delay_ns)
    sums = PressureSensor(sensor, seed).sums(samples, plant.curve(Quantity.PRESSURE, delayed))
    channel = pressure_channel(sensor, rate_nl_per_day, ripple_nl(rotor))
    for t_ns, conversions, moved in zip(
        samples.tolist(), sums.tolist(), moved_nl(steps, samples), strict=True
    ):
        if channel.take(conversions, moved) == LINE_CLOSED:
            return _found(
                parameters, steps, closes_ns, passed_ns, t_ns, channel.watch.stored_bound_nl, rate_nl_per_day
            )
    passed_s, sample_s = (passed_ns - closes_ns) / NS_PER_S, period_ns(rate_nl_per_day) / NS_PER_S
    return Closed(rate_nl_per_day, nl_per_kpa, None, passed_s, sample_s, 0.0, 0.0, 0.0, 0.0)


def _found(
    parameters: PlantParameters,
    steps: np.ndarray,
    closes_ns: int,
    passed_ns: int,
    t_ns: int,
    bound_nl: int,
    rate: int,
) -> Closed:
    """Do it again up to the alarm, at which the pump stops feeding, and open the line."""
    plant = Plant(parameters)
    plant.at(closes_ns, plant.occlude)
    plant.turn(steps[steps <= t_ns])
    before = plant.state(t_ns)
    open_kpa = parameters.conditions.back_pressure_kpa
    plant.release()
    after = plant.state(t_ns + 3_600 * NS_PER_S)
    return Closed(
        rate,
        parameters.line.compliance_nl_per_kpa,
        (t_ns - closes_ns) / NS_PER_S,
        (passed_ns - closes_ns) / NS_PER_S,
        period_ns(rate) / NS_PER_S,
        before.pressure_kpa,
        (before.pressure_kpa - open_kpa) * parameters.line.compliance_nl_per_kpa,
        float(bound_nl),
        after.out_nl - before.out_nl,
    )


def closed_lines(assumed: Assumed) -> list[Figure]:
    """Return the figures of all rates, compliances, phases and rollers."""
    runs = [
        close(rate, nl_per_kpa * assumed.times, phase, rotor, assumed.times)
        for rate in RATES_NL_PER_DAY
        for nl_per_kpa in COMPLIANCES_NL_PER_KPA
        for rotor in _ROTORS
        for phase in range(PHASES)
    ]
    found = [run for run in runs if run.found_s is not None]
    in_time = sum(run.is_in_time for run in runs)
    early = sum(run.is_early for run in runs)
    worst_kpa, worst_nl = max(run.kpa for run in found), max(run.released_nl for run in found)
    beyond = sum(run.released_nl > run.bound_nl for run in found)
    words = assumed.words
    figures = [
        Figure(
            f"closed lines found{words}",
            f"{in_time} of {len(runs)} in time, {early} of them more than 10 % and a sample early",
            "all no later than 10 % + a sample after the plant passes 138 kPa or 25 mcg",
            in_time == len(runs) if assumed.is_as_assumed else len(found) == len(runs),
        ),
        Figure(
            f"at the alarm{words}",
            f"at most {worst_kpa:.1f} kPa and {worst_nl / 1_000:.2f} uL = {worst_nl * 0.002:.1f} mcg at 2,000 mcg/mL",
            "25 mcg",
            worst_nl <= MOST_NL,
        ),
        Figure(
            f"released when it opens{words}",
            f"{beyond} of {len(found)} beyond the bound reported",
            "0",
            beyond == 0,
        ),
    ]
    for rate in RATES_NL_PER_DAY:
        for nl_per_kpa in COMPLIANCES_NL_PER_KPA:
            these = [
                run
                for run in found
                if (run.rate_nl_per_day, run.nl_per_kpa) == (rate, nl_per_kpa * assumed.times)
            ]
            if these:
                figures.append(_course(rate, nl_per_kpa * assumed.times, these))
    return figures


def _course(rate: int, nl_per_kpa: float, runs: list[Closed]) -> Figure:
    minutes = [run.found_s / 60 for run in runs if run.found_s is not None]
    return Figure(
        f"closed line at {rate / 1_000:g} uL/day, {nl_per_kpa:g} nL/kPa",
        f"found after {min(minutes):.2f} to {max(minutes):.2f} min, at {min(run.kpa for run in runs):.0f} to"
        f" {max(run.kpa for run in runs):.0f} kPa, {max(run.released_nl for run in runs) / 1_000:.2f} uL released at"
        f" most, bound {max(run.bound_nl for run in runs) / 1_000:.2f} uL",
        "",
        None,
    )
