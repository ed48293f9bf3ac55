"""Heads that deliver too much or too little: when the weight shows it, and with which sign."""

from __future__ import annotations

import numpy as np

from thecal_fw.core.fluid.thresholds import TREND_BLOCK_S
from thecal_fw.core.fluid.weight_watch import TREND_ALARM, TREND_FOUND, TrendWatch
from thecal_sim.fluid.figures import Assumed, Figure
from thecal_sim.fluid.rigging import weight_sensor
from thecal_sim.sensors.chance import generator
from thecal_sim.sensors.weight import WeightSensor
from thecal_sim.units import NS_PER_DAY, NS_PER_S

_RATE_NL_PER_DAY = 424_000
_MG_PER_DAY = _RATE_NL_PER_DAY * 0.997e-3
_READ_EVERY_S = 600
"""A sample of the readings, each of eight conversions: a pump takes twenty times as many."""
_CONVERSIONS = 8
_GOOD_DAYS = 25
_RUNS = 200
_COURSES = ((15, 3, TREND_ALARM, 0.75), (10, 7, TREND_ALARM, 0.80), (5, 21, TREND_FOUND, 0.85))
"""(percent, within days, least finding, share of runs). No test finds all of them in time and is never wrong in 1,000
weeks: 15 % of 424 uL a day is 191 mg in three days, which is 5.5 standard deviations of the drift in that time."""


def block_means_ug(deviation_mg: np.ndarray, at_ns: np.ndarray, seed: int, times: float) -> list[int]:
    """Return means of three hours of what a sensor shows of a deviation."""
    sensor = weight_sensor(times)
    counts = WeightSensor(sensor, seed).readings(at_ns, deviation_mg, _CONVERSIONS)
    per_block = TREND_BLOCK_S // _READ_EVERY_S
    whole = len(counts) // per_block * per_block
    return (
        np.rint(counts[:whole].reshape(-1, per_block).mean(axis=1) * 1_000 / sensor.counts_per_mg)
        .astype(int)
        .tolist()
    )


def off(percent: float, days: int, run: int, times: float, least: int) -> tuple[float | None, bool]:
    """Return the days from when a head begins to be off until that is found, and whether the sign found is right.
    None: not within three times so many days."""
    begins_day = _GOOD_DAYS + float(generator(run, 30).uniform(0, TREND_BLOCK_S / 86_400))
    end_day = begins_day + 3 * days
    at_ns = np.arange(1, int(end_day * 86_400 / _READ_EVERY_S)) * _READ_EVERY_S * NS_PER_S
    deviation_mg = np.maximum(0.0, at_ns / NS_PER_DAY - begins_day) * percent / 100 * _MG_PER_DAY
    watch = TrendWatch()
    for number, mean_ug in enumerate(
        block_means_ug(deviation_mg, at_ns, run * 977 + round(percent * 10), times), 1
    ):
        if watch.take(mean_ug) >= least:
            day = number * TREND_BLOCK_S / 86_400
            if day < begins_day:
                continue
            return day - begins_day, watch.off_ug * percent > 0
    return None, True


def off_by_weight(assumed: Assumed) -> list[Figure]:
    """Return the figures at 424 uL a day."""
    figures = []
    for percent, days, least, share in _COURSES:
        found = [
            off(sign * percent, days, run, assumed.times, least)
            for run in range(_RUNS // 2)
            for sign in (1, -1)
        ]
        in_time = sum(day is not None and day <= days for day, _ in found)
        told = sorted(day for day, _ in found if day is not None)
        wrong = sum(not is_right for day, is_right in found if day is not None)
        figures.append(
            Figure(
                f"{percent} % too much or too little at 424 uL/day{assumed.words}",
                f"{in_time / len(found):.1%} of {len(found)} {'alarms' if least == TREND_ALARM else 'findings'} within"
                f" {days} days, half within {told[len(told) // 2]:.1f}, the last after {told[-1]:.1f}"
                f" ({len(found) - len(told)} not within {3 * days}); {wrong} with the wrong sign",
                f"{share:.0%} within {days} days, all within {3 * days}, no wrong sign",
                (in_time >= share * len(found) and len(told) == len(found) and wrong == 0)
                if assumed.is_as_assumed
                else None,
            )
        )
    return figures
