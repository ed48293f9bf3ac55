"""Sensors that fail: each kind is found within its own time, and none makes the pump stop feeding."""

from __future__ import annotations

import numpy as np

from thecal_fw.core.fluid import sensor_watch
from thecal_fw.core.fluid.line_watch import LINE_CLOSED
from thecal_fw.core.fluid.sensor_watch import SENSOR_GOOD, SensorWatch
from thecal_fw.core.fluid.thresholds import FREE_FLOW_BLOCK, MOST_STORED_NL, WEIGHT_PERIOD_MS
from thecal_fw.core.fluid.weight_watch import FreeFlowWatch
from thecal_sim.fluid.figures import Figure
from thecal_sim.fluid.rigging import (
    BACK_KPA,
    PHASES,
    RATES_NL_PER_DAY,
    moved_nl,
    period_ns,
    pressure_channel,
    pressure_sensor,
    steps_ns,
    weight_sensor,
)
from thecal_sim.sensors import weight
from thecal_sim.sensors.flow import FlowFault, FlowParameters, FlowSensor, check_of
from thecal_sim.sensors.pressure import PressureFault, PressureSensor
from thecal_sim.sensors.weight import WeightFault, WeightSensor
from thecal_sim.units import NS_PER_DAY, NS_PER_MS

_PRESSURE_KINDS = (
    (PressureFault.OPEN_WIRE, 0.0, 3),
    (PressureFault.SHORT, 0.0, 3),
    (PressureFault.NO_ANSWER, 0.0, 3),
    (PressureFault.FROZEN, 1.2, 20),
    (PressureFault.FROZEN, 60.0, 20),
    (PressureFault.FROZEN, 150.0, 20),
    (PressureFault.LEAP, 12.0, None),
    (PressureFault.LEAP, 50.0, None),
    (PressureFault.LEAP, 140.0, 2),
)
"""(kind, kPa, samples until it is found; None: as long as the pump needs for what a closed line may store)."""
_WEIGHT_KINDS = (
    (WeightFault.AT_ITS_END, 0.0, 3),
    (WeightFault.FROZEN, 0.0, 20),
    (WeightFault.NO_ANSWER, 0.0, 3),
)
_FLOW_KINDS = ((FlowFault.NO_ANSWER, 3), (FlowFault.GARBLED, 3))
_GOOD_SAMPLES = 50


def _pressure_fault(
    rate: int, kind: PressureFault, kpa: float, most: int | None, phase: int
) -> tuple[bool, bool]:
    """Return whether it is found in time, and whether the line is taken for closed."""
    sensor, period = pressure_sensor(), period_ns(rate)
    most_samples = most or round(MOST_STORED_NL / (rate * period / NS_PER_DAY)) + 2
    count = _GOOD_SAMPLES + phase + most_samples
    at_ns = np.arange(1, count * 2) * period
    from_ns = (_GOOD_SAMPLES + phase) * period + 1
    seed = hash((rate, kpa, phase)) & 0xFFFF_FFFF
    sums = PressureSensor(sensor, seed).sums(at_ns, np.full(len(at_ns), BACK_KPA), 0.0, (kind, from_ns, kpa))
    channel = pressure_channel(sensor, rate)
    steps = steps_ns(rate, int(at_ns[-1] / NS_PER_DAY * rate / 15.625) + 1)
    found, is_closed = None, False
    for number, (conversions, moved) in enumerate(zip(sums.tolist(), moved_nl(steps, at_ns), strict=True), 1):
        given = sensor_watch.NO_ANSWER if conversions < 0 else conversions
        is_closed |= channel.take(given, moved) == LINE_CLOSED
        if found is None and channel.sensor.fault != SENSOR_GOOD:
            found = number
    return found is not None and _GOOD_SAMPLES + phase < found <= count, is_closed


def pressure_faults() -> list[Figure]:
    figures = []
    for kind, kpa, most in _PRESSURE_KINDS:
        runs = [
            _pressure_fault(rate, kind, kpa, most, phase)
            for rate in RATES_NL_PER_DAY
            for phase in range(PHASES)
        ]
        figures.append(_figure("pressure", f"{kind}" + (f" at {kpa:g} kPa" if kpa else ""), most, runs))
    return figures


def _figure(of: str, kind: str, most: int | None, runs: list[tuple[bool, bool]]) -> Figure:
    found, stopped = sum(is_found for is_found, _ in runs), sum(stops for _, stops in runs)
    bound = f"{most} samples" if most else f"the time that {MOST_STORED_NL / 1_000:g} uL take"
    return Figure(
        f"{of} sensor: {kind}",
        f"{found} of {len(runs)} found within {bound}, feeding stopped in {stopped}",
        f"all within {bound}, feeding stopped in none",
        found == len(runs) and not stopped,
    )


def weight_faults() -> list[Figure]:
    figures = []
    reading_ns = FREE_FLOW_BLOCK * WEIGHT_PERIOD_MS * NS_PER_MS
    for kind, amount, most in _WEIGHT_KINDS:
        runs = []
        for phase in range(PHASES):
            at_ns = np.arange(1, 2 * _GOOD_SAMPLES + PHASES) * reading_ns
            fails = _GOOD_SAMPLES + phase
            fault = (kind, fails * reading_ns + 1, amount)
            counts = WeightSensor(weight_sensor(), phase).readings(at_ns, np.zeros(len(at_ns)), 8, 0.0, fault)
            runs.append(_weight_run(counts, fails, most))
        figures.append(_figure("weight", str(kind), most, runs))
    return [*figures, _hand()]


def _weight_run(counts: np.ndarray, fails: int, most: int) -> tuple[bool, bool]:
    watch, flow, found, runs_free = SensorWatch(-(1 << 23) + 1, (1 << 23) - 2), FreeFlowWatch(), None, False
    for number, count in enumerate(counts.tolist(), 1):
        sample = sensor_watch.NO_ANSWER if count == weight.NO_ANSWER else count
        if watch.take(sample):
            runs_free |= flow.take(round(sample * 1_000 / weight_sensor().counts_per_mg))
        if found is None and watch.fault != SENSOR_GOOD:
            found = number
    return found is not None and fails < found <= fails + most, runs_free


def _hand() -> Figure:
    """Return the figure that nobody calls a hand on the vessel a flow."""
    stopped = 0
    for phase in range(PHASES):
        at_ns = np.arange(1, 200) * FREE_FLOW_BLOCK * WEIGHT_PERIOD_MS * NS_PER_MS
        fault = (WeightFault.HAND, int(at_ns[60 + phase]), 50_000.0)
        counts = WeightSensor(weight_sensor(), phase).readings(at_ns, np.zeros(len(at_ns)), 8, 0.0, fault)
        flow = FreeFlowWatch()
        stopped += any(
            flow.take(round(count * 1_000 / weight_sensor().counts_per_mg)) for count in counts.tolist()
        )
    return Figure(
        "weight sensor: 50 g put on it", f"taken for a flow in {stopped} of {PHASES}", "0", stopped == 0
    )


def flow_faults() -> list[Figure]:
    figures = []
    for kind, most in _FLOW_KINDS:
        runs = []
        for phase in range(PHASES):
            sensor, watch = FlowSensor(FlowParameters(), phase), SensorWatch(-32_768, 32_767, 1 << 20)
            found = None
            for number in range(1, 100):
                sensor.fault = kind if number > 50 + phase % 7 else None
                watch.take(_sample(sensor.frame(300.0)))
                if found is None and watch.fault != SENSOR_GOOD:
                    found = number - (50 + phase % 7)
            runs.append((found is not None and 0 < found <= most, False))
        figures.append(_figure("flow", str(kind), most, runs))
    return figures


def _sample(frame: bytes | None) -> int:
    if frame is None:
        return sensor_watch.NO_ANSWER
    if check_of(frame[:2]) != frame[2] or check_of(frame[3:5]) != frame[5]:
        return sensor_watch.GARBLED
    return int.from_bytes(frame[:2], "big", signed=True)


def sensor_faults() -> list[Figure]:
    return pressure_faults() + weight_faults() + flow_faults()
