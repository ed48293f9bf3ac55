"""Weeks in which nothing is wrong: what the pump says all the same.

Pumps live four weeks each. Their sensors have all the noise and drift that is stated, the room is warmer by day, and a
patient coughs and strains. Samples that can't lead to a finding are passed over in bulk: a quiet sample of the line
forgets all that was before it, and a flow that is nowhere off by enough is none. What is left goes through the
firmware's own objects.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from thecal_fw.core.fluid import sensor_watch
from thecal_fw.core.fluid.line_watch import LINE_CLOSED, LINE_DOUBTED, LineWatch
from thecal_fw.core.fluid.open_line import OpenLineWatch
from thecal_fw.core.fluid.sampling import block_samples
from thecal_fw.core.fluid.thresholds import (
    FREE_FLOW_BLOCK,
    FREE_FLOW_UG,
    OPEN_PA,
    STUCK_SAMPLES,
    TREND_BLOCK_S,
    WEIGHT_PERIOD_MS,
)
from thecal_fw.core.fluid.weight_watch import TREND_ALARM, TREND_EVEN, FreeFlowWatch, TrendWatch
from thecal_sim.fluid.figures import Assumed, Figure
from thecal_sim.fluid.rigging import (
    BACK_KPA,
    RATES_NL_PER_DAY,
    period_ns,
    pressure_scale,
    pressure_sensor,
    weight_sensor,
)
from thecal_sim.plant.line import LineParameters
from thecal_sim.sensors.chance import generator
from thecal_sim.sensors.pressure import PressureSensor
from thecal_sim.sensors.weight import WeightSensor
from thecal_sim.units import NS_PER_DAY, NS_PER_MS, NS_PER_S

WEEKS_A_LIFE = 4
_COUGHS_A_DAY, _COUGH_S, _COUGH_KPA = 40, (1.0, 20.0), (1.0, 4.0)
_STRAINS_A_DAY, _STRAIN_S, _STRAIN_KPA = 10, (10.0, 90.0), (1.0, 4.0)
_DAY_AND_NIGHT_KELVIN = 2.0
ALARMS = ("line closed", "line broken", "free flow", "delivery off by weight", "sensor at fault")
FINDINGS = ("5 % off by weight",)


@dataclass
class Said:
    """The number of times that each thing was said in so many weeks. worst_bound_nl: the most that a line was ever
    taken to store."""

    weeks: int = 0
    samples: int = 0
    times: dict[str, int] = field(default_factory=lambda: dict.fromkeys(ALARMS + FINDINGS, 0))
    worst_bound_nl: int = 0

    def add(self, other: Said) -> None:
        self.weeks += other.weeks
        self.samples += other.samples
        self.worst_bound_nl = max(self.worst_bound_nl, other.worst_bound_nl)
        for name, count in other.times.items():
            self.times[name] += count


def back_pressure_kpa(at_ns: np.ndarray, seed: int) -> np.ndarray:
    """Return the pressure in the spinal canal of a patient who coughs and strains."""
    found = np.full(len(at_ns), BACK_KPA)
    days = float(at_ns[-1]) / NS_PER_DAY
    for stream, (a_day, lasts_s, kpa) in enumerate(
        ((_COUGHS_A_DAY, _COUGH_S, _COUGH_KPA), (_STRAINS_A_DAY, _STRAIN_S, _STRAIN_KPA)), 40
    ):
        chance = generator(seed, stream)
        count = chance.poisson(a_day * days)
        begins = np.sort(chance.uniform(0, at_ns[-1], count)).astype(np.int64)
        ends = begins + (chance.uniform(*lasts_s, count) * NS_PER_S).astype(np.int64)
        first, last = np.searchsorted(at_ns, begins), np.searchsorted(at_ns, ends)
        for from_place, to_place, rise in zip(first, last, chance.uniform(*kpa, count), strict=True):
            found[from_place:to_place] = np.maximum(found[from_place:to_place], BACK_KPA + rise)
    return found


def kelvin_off(at_ns: np.ndarray) -> np.ndarray:
    return _DAY_AND_NIGHT_KELVIN * np.sin(2 * np.pi * at_ns / NS_PER_DAY)


def life(number: int, rate_nl_per_day: int, times: float) -> Said:
    """Return four weeks of one pump."""
    said = Said(WEEKS_A_LIFE)
    _line(said, number, rate_nl_per_day, times)
    _weight(said, number, times)
    return said


def _line(said: Said, seed: int, rate: int, times: float) -> None:
    sensor, period = pressure_sensor(times), period_ns(rate)
    at_ns = np.arange(period, WEEKS_A_LIFE * 7 * NS_PER_DAY, period)
    flow_kpa = LineParameters().resistance_kpa_s_per_nl * rate * NS_PER_S / NS_PER_DAY
    sums = PressureSensor(sensor, seed).sums(
        at_ns, back_pressure_kpa(at_ns, seed) + flow_kpa, kelvin_off(at_ns)
    )
    scale = pressure_scale(sensor)
    said.samples += len(sums)
    said.times["sensor at fault"] += faults_of(sums, scale.least, scale.most)
    pa = scale_all(scale, sums)
    samples = block_samples(rate, period // NS_PER_MS)
    whole = pa[: len(pa) // samples * samples].reshape(-1, samples)
    broken = OpenLineWatch(samples)
    for least, most in zip(whole.min(axis=1).tolist(), whole.max(axis=1).tolist(), strict=True):
        said.times["line broken"] += broken.take_block(least, most)
    moved_nl = round(rate * period / NS_PER_DAY) + 16
    for first, last in risen(pa):
        watch = LineWatch()
        for value in pa[max(0, first - 1) : last].tolist():
            finding = watch.take(value, moved_nl)
            said.worst_bound_nl = max(said.worst_bound_nl, watch.stored_bound_nl)
            said.times["line closed"] += finding == LINE_CLOSED
            said.times["sensor at fault"] += finding == LINE_DOUBTED


def scale_all(scale: object, sums: np.ndarray) -> np.ndarray:
    """Return the scaled samples. The firmware's scale takes arrays too, since it is integer arithmetic."""
    return scale.pa(sums)  # type: ignore[attr-defined]


def risen(pa: np.ndarray) -> list[tuple[int, int]]:
    """Return runs of samples above the pressure of an open line: (first, one past the last)."""
    is_high = np.concatenate(([False], pa > OPEN_PA, [False]))
    edges = np.flatnonzero(is_high[1:] != is_high[:-1])
    return [(int(first), int(last)) for first, last in edges.reshape(-1, 2)]


def faults_of(samples: np.ndarray, least: int, most: int) -> int:
    """Return how often a sensor is found at fault. A sensor without a sample outside its band, and none repeated for
    long, is passed over."""
    same = np.concatenate(([0], np.flatnonzero(np.diff(samples)) + 1, [len(samples)]))
    if samples.min() >= least and samples.max() <= most and np.diff(same).max() < STUCK_SAMPLES:
        return 0
    watch, found, before = sensor_watch.SensorWatch(least, most), 0, sensor_watch.SENSOR_GOOD
    for sample in samples.tolist():
        watch.take(sample)
        found += watch.fault not in (before, sensor_watch.SENSOR_GOOD)
        before = watch.fault
    return found


def _weight(said: Said, seed: int, times: float) -> None:
    """Weigh the deviation of what is weighed from what is expected, nothing but the sensor's."""
    sensor = weight_sensor(times)
    reading_ns = FREE_FLOW_BLOCK * WEIGHT_PERIOD_MS * NS_PER_MS
    at_ns = np.arange(reading_ns, WEEKS_A_LIFE * 7 * NS_PER_DAY, reading_ns)
    cell = WeightSensor(sensor, seed)
    counts = cell.readings(at_ns, np.zeros(len(at_ns)), FREE_FLOW_BLOCK, kelvin_off(at_ns))
    said.samples += len(counts) * FREE_FLOW_BLOCK
    said.times["sensor at fault"] += faults_of(counts, -(1 << 23) + 1, (1 << 23) - 2)
    deviation_ug = np.rint(counts * 1_000 / sensor.counts_per_mg).astype(np.int64)
    if flow_offs(deviation_ug).max(initial=0) >= FREE_FLOW_UG:
        flow = FreeFlowWatch()
        said.times["free flow"] += sum(flow.take(value) for value in deviation_ug.tolist())
    per_block = TREND_BLOCK_S * NS_PER_S // reading_ns
    whole = deviation_ug[: len(deviation_ug) // per_block * per_block].reshape(-1, per_block)
    trend, before = TrendWatch(), TREND_EVEN
    for mean in np.rint(whole.mean(axis=1)).astype(int).tolist():
        finding = trend.take(mean)
        if finding > before:
            said.times["delivery off by weight" if finding == TREND_ALARM else "5 % off by weight"] += 1
        before = finding


def flow_offs(deviation_ug: np.ndarray) -> np.ndarray:
    """Return by how much each reading is off from the block before the last, as ``FreeFlowWatch`` has it."""
    changed = deviation_ug - deviation_ug[0]
    blocks = len(changed) // FREE_FLOW_BLOCK
    means = (
        changed[: blocks * FREE_FLOW_BLOCK].reshape(blocks, FREE_FLOW_BLOCK).sum(axis=1) // FREE_FLOW_BLOCK
    )
    of_block = np.arange(2 * FREE_FLOW_BLOCK, len(changed)) // FREE_FLOW_BLOCK
    return changed[2 * FREE_FLOW_BLOCK :] - means[of_block - 2]


def rate_of(number: int) -> int:
    """Return the rate of a pump. Most pumps of the campaign run at the rate in the middle, one in ten at each end."""
    return RATES_NL_PER_DAY[{0: 0, 1: 2}.get(number % 10, 1)]


def figures_of(said: Said, assumed: Assumed) -> list[Figure]:
    alarms = {name: said.times[name] for name in ALARMS if said.times[name]}
    count = sum(alarms.values())
    told = "none" if not alarms else ", ".join(f"{count} {name}" for name, count in alarms.items())
    years = said.weeks * 7 / 365.25
    figures = [
        Figure(
            f"false alarms in {said.weeks:,} pump-weeks{assumed.words}",
            f"{told}; {said.samples:,} samples"
            + ("" if count else f"; at 95 % fewer than 1 in {years / 3:.1f} pump-years"),
            "0",
            count == 0 if assumed.is_as_assumed else None,
        ),
        Figure(
            f"findings of 5 % that were none{assumed.words}",
            f"{said.times[FINDINGS[0]]} in {said.weeks:,} pump-weeks",
            "",
            None,
        ),
    ]
    figures.append(
        Figure(
            f"of them, such as stop feeding{assumed.words}",
            f"{said.times['line closed']}",
            "0: only a closed line stops it",
            said.times["line closed"] == 0,
        )
    )
    return figures
