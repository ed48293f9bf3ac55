"""The parts that all of the campaign shares: rates, a pump's steps, sensors as many times worse as is asked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from thecal_fw.core.calibration import BENCH_CALIBRATION
from thecal_fw.core.fluid.pressure_channel import PressureChannel
from thecal_fw.core.fluid.pressure_scale import PressureScale
from thecal_fw.core.fluid.sampling import block_samples, pressure_period_ms
from thecal_fw.core.fluid.thresholds import CLOSED_PA, LEAST_COMPLIANCE_NL_PER_KPA, RIPPLE_NL
from thecal_fw.core.fluid.weight_watch import ExpectedMass
from thecal_sim.sensors.pressure import PressureParameters
from thecal_sim.sensors.weight import WeightParameters
from thecal_sim.units import NS_PER_DAY, NS_PER_MS

RATES_NL_PER_DAY = (48_000, 424_000, 24_000_000)
COMPLIANCES_NL_PER_KPA = (10.0, 50.0, 264.0)
"""A short stiff set, what was assumed of a catheter, and a metre of silicone tube."""
PHASES = 24
BACK_KPA = 1.2
"""In the spinal canal."""
NL_PER_MICROSTEP = BENCH_CALIBRATION.nl_per_rev / BENCH_CALIBRATION.microsteps_per_rev

Instants = NDArray[np.int64]


def steps_ns(rate_nl_per_day: int, count: int) -> Instants:
    """Return instants of the first microsteps at a rate."""
    interval_ns = NS_PER_DAY * NL_PER_MICROSTEP / rate_nl_per_day
    return np.rint(interval_ns * np.arange(1, count + 1)).astype(np.int64)


def period_ns(rate_nl_per_day: int) -> int:
    return pressure_period_ms(rate_nl_per_day, LEAST_COMPLIANCE_NL_PER_KPA) * NS_PER_MS


def moved_nl(steps: Instants, at_ns: Instants) -> list[int]:
    """Return the volume by the count of microsteps between each instant and the one before."""
    counted = np.searchsorted(steps, at_ns, side="right")
    whole = counted * BENCH_CALIBRATION.nl_per_rev // BENCH_CALIBRATION.microsteps_per_rev
    return np.diff(whole, prepend=0).tolist()


def expected_ug(steps: Instants, at_ns: Instants) -> Instants:
    """Return what the firmware expects to have come out, at some instants."""
    expected = ExpectedMass(BENCH_CALIBRATION.nl_per_rev, BENCH_CALIBRATION.microsteps_per_rev)
    counted = np.diff(np.searchsorted(steps, at_ns, side="right"), prepend=0)
    return np.cumsum([expected.of(count) for count in counted.tolist()]).astype(np.int64)


def pressure_sensor(times: float = 1.0) -> PressureParameters:
    usual = PressureParameters()
    return replace(
        usual,
        zero_error_kpa=usual.zero_error_kpa * times,
        drift_kpa_per_root_day=usual.drift_kpa_per_root_day * times,
        noise_kpa=usual.noise_kpa * times,
        adc_noise=usual.adc_noise * times,
    )


def weight_sensor(times: float = 1.0) -> WeightParameters:
    usual = WeightParameters()
    return replace(
        usual, noise_mg=usual.noise_mg * times, drift_mg_per_root_day=usual.drift_mg_per_root_day * times
    )


def pressure_scale(sensor: PressureParameters) -> PressureScale:
    """Return the scale as calibrated on the bench, at no pressure and at the end of the span."""
    zero, full = round(sensor.sum_at(0.0)), round(sensor.sum_at(sensor.span_kpa))
    return PressureScale(zero, full, round(sensor.span_kpa * 1_000), CLOSED_PA, round(sensor.supply_sum))


def pressure_channel(
    sensor: PressureParameters, rate_nl_per_day: int, ripple_nl: int = RIPPLE_NL
) -> PressureChannel:
    samples = block_samples(rate_nl_per_day, period_ns(rate_nl_per_day) // NS_PER_MS)
    return PressureChannel(pressure_scale(sensor), samples, ripple_nl)
