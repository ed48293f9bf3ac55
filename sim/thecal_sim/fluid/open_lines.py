"""Fluid that runs by itself, and lines that are open before their tip."""

from __future__ import annotations

import numpy as np

from thecal_fw.core.fluid.thresholds import FREE_FLOW_BLOCK, WEIGHT_PERIOD_MS
from thecal_fw.core.fluid.weight_watch import UG_PER_UL_25C, FreeFlowWatch
from thecal_sim.fluid.figures import Assumed, Figure
from thecal_sim.fluid.rigging import (
    BACK_KPA,
    NL_PER_MICROSTEP,
    PHASES,
    RATES_NL_PER_DAY,
    expected_ug,
    moved_nl,
    period_ns,
    pressure_channel,
    pressure_sensor,
    steps_ns,
    weight_sensor,
)
from thecal_sim.plant import Conditions, Plant, PlantParameters, Quantity
from thecal_sim.plant.line import LineParameters
from thecal_sim.sensors.pressure import PressureSensor
from thecal_sim.sensors.weight import WeightSensor
from thecal_sim.units import NS_PER_DAY, NS_PER_MS, NS_PER_S

_SIPHONS_ML_PER_H = (1.0, 3.0, 10.0, 30.0)
_MOST_UL, _MOST_S = 50, 60.0
_READING_NS = FREE_FLOW_BLOCK * WEIGHT_PERIOD_MS * NS_PER_MS
_BEFORE_READINGS, _AFTER_READINGS = 40, 24
_BLOCKS_BEFORE = 8
_PLACES = {"before the sensor's T-piece": 0.0, "behind it": 0.0, "half-way along the catheter": 0.5}
"""Share of the line's resistance between the sensor and the break."""


def readings_ug(mass_mg: np.ndarray, at_ns: np.ndarray, seed: int, times: float) -> np.ndarray:
    """Return what the firmware makes of conversions at these instants: means of eight, in ug."""
    sensor = weight_sensor(times)
    counts = WeightSensor(sensor, seed).readings(at_ns, mass_mg)
    means = counts.reshape(-1, FREE_FLOW_BLOCK).mean(axis=1)
    return np.rint(means * 1_000 / sensor.counts_per_mg).astype(np.int64)


def siphon(rate_nl_per_day: int, ml_per_h: float, phase: int, times: float) -> float | None:
    """Return seconds from when a siphon begins until it is found."""
    nl_per_s = ml_per_h * 1e6 / 3_600
    conversions = (_BEFORE_READINGS + _AFTER_READINGS) * FREE_FLOW_BLOCK
    at_ns = np.arange(1, conversions + 1) * WEIGHT_PERIOD_MS * NS_PER_MS
    steps = steps_ns(rate_nl_per_day, int(at_ns[-1] / NS_PER_DAY * rate_nl_per_day / NL_PER_MICROSTEP) + 1)
    begins_ns = _BEFORE_READINGS * _READING_NS + phase * _READING_NS * 8 // PHASES
    plant = Plant(PlantParameters(conditions=Conditions(back_pressure_kpa=BACK_KPA)))
    plant.at(begins_ns, lambda: plant.siphon(nl_per_s))
    plant.turn(steps)
    plant.advance(int(at_ns[-1]))
    mass_mg = plant.curve(Quantity.OUT, at_ns) * UG_PER_UL_25C / 1e6
    seed = hash((rate_nl_per_day, ml_per_h, phase)) & 0xFFFF_FFFF
    shown = readings_ug(mass_mg, at_ns, seed, times)
    ends_ns = at_ns[FREE_FLOW_BLOCK - 1 :: FREE_FLOW_BLOCK]
    middles = expected_ug(steps, at_ns).reshape(-1, FREE_FLOW_BLOCK).mean(axis=1).astype(np.int64)
    watch = FreeFlowWatch()
    for t_ns, deviation in zip(ends_ns.tolist(), (shown - middles).tolist(), strict=True):
        if watch.take(deviation):
            return (t_ns - begins_ns) / NS_PER_S
    return None


def siphons(assumed: Assumed) -> list[Figure]:
    """Return the figures by weight, whatever the pump's own rate."""
    figures = []
    for ml_per_h in _SIPHONS_ML_PER_H:
        nl_per_s = ml_per_h * 1e6 / 3_600
        found = [
            siphon(rate, ml_per_h, phase, assumed.times)
            for rate in RATES_NL_PER_DAY
            for phase in range(PHASES)
        ]
        bound_s = max(_MOST_S, 1_000 * _MOST_UL / nl_per_s)
        in_time = sum(s is not None and 0 <= s <= bound_s for s in found)
        worst = max((s for s in found if s is not None), default=float("nan"))
        figures.append(
            Figure(
                f"free flow of {ml_per_h:g} mL/h by weight{assumed.words}",
                f"{in_time} of {len(found)} in time, the last after {worst:.0f} s and"
                f" {worst * nl_per_s / 1_000:.1f} uL",
                f"all within {bound_s:.0f} s",
                in_time == len(found) if assumed.is_as_assumed else None,
            )
        )
    return figures


def broken(rate_nl_per_day: int, share: float, phase: int, times: float) -> float | None:
    """Return the volume fed from when the line breaks until it is found, in nL; None if it is not, below zero if it
    was found before."""
    sensor, period = pressure_sensor(times), period_ns(rate_nl_per_day)
    channel = pressure_channel(sensor, rate_nl_per_day)
    block_ns = channel.samples_a_block * period
    breaks_ns = _BLOCKS_BEFORE * block_ns + phase * block_ns // PHASES
    until_ns = breaks_ns + 5 * block_ns
    steps = steps_ns(rate_nl_per_day, int(until_ns / NS_PER_DAY * rate_nl_per_day / NL_PER_MICROSTEP))
    line = LineParameters()
    plant = Plant(PlantParameters(line=line, conditions=Conditions(back_pressure_kpa=BACK_KPA)))
    plant.turn(steps_ns(rate_nl_per_day, 20))
    plant.at(breaks_ns, plant.break_line)
    plant.turn(steps[20:])
    plant.advance(until_ns)
    at_ns = np.arange(period, until_ns, period)
    kpa = plant.curve(Quantity.PRESSURE, at_ns)
    resistance_kpa = share * line.resistance_kpa_s_per_nl * rate_nl_per_day * NS_PER_S / NS_PER_DAY
    kpa = np.where(at_ns >= breaks_ns, np.minimum(kpa, resistance_kpa), kpa)
    seed = hash((rate_nl_per_day, share, phase)) & 0xFFFF_FFFF
    sums = PressureSensor(sensor, seed).sums(at_ns, kpa)
    for t_ns, conversions, moved in zip(at_ns.tolist(), sums.tolist(), moved_nl(steps, at_ns), strict=True):
        channel.take(conversions, moved)
        if channel.is_broken:
            return (t_ns - breaks_ns) / NS_PER_DAY * rate_nl_per_day
    return None


def broken_lines(assumed: Assumed) -> list[Figure]:
    """Return the figures by pressure, in three places, all of them outside the body."""
    figures = []
    for place, share in _PLACES.items():
        fed, in_time, runs = [], 0, 0
        for rate in RATES_NL_PER_DAY:
            bound_nl = max(1_000 * _MOST_UL, rate * _MOST_S * NS_PER_S / NS_PER_DAY)
            for phase in range(PHASES):
                nl = broken(rate, share, phase, assumed.times)
                runs += 1
                if nl is not None:
                    fed.append(nl)
                    in_time += 0 <= nl <= bound_nl
        worst = max(fed, default=float("nan"))
        figures.append(
            Figure(
                f"line broken {place}, by pressure{assumed.words}",
                f"{in_time} of {runs} in time, the last after {worst / 1_000:.1f} uL",
                "all within the later of 60 s and 50 uL",
                in_time == runs if assumed.is_as_assumed else None,
            )
        )
    return figures
