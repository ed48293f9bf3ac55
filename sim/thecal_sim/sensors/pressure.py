"""Line pressure: a ratiometric sensor of 0.5 to 4.5 V at 5 V, through a divider, on a twelve-bit ADC of a 3.3 V chip.

    V = supply (0.1 + 0.8 (p + zero error + drift) / span)        counts = V divider / 3.3 V 4096, plus noise

Faults: an open wire (the pull-down of the divider wins), a short to the supply, a figure that is frozen, a zero that
leaps or creeps away, a sensor that does not answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from thecal_sim.sensors.chance import Floats, Instants, generator, random_walk

_COUNTS = 4_096
_ADC_VOLTS = 3.3
_SUPPLY_VOLTS = 5.0
CONVERSIONS = 16
"""Added up for a sample."""


class PressureFault(StrEnum):
    OPEN_WIRE = "open wire"
    SHORT = "short to the supply"
    FROZEN = "frozen"
    LEAP = "zero that leaps"
    NO_ANSWER = "no answer"


@dataclass(frozen=True)
class PressureParameters:
    """An automotive-style transducer. zero_error_kpa: what its calibration left. drift: its zero's random walk.
    per_kelvin_kpa: its zero's. noise_kpa: of a conversion, its own; adc_noise: of a conversion, in counts (the ADC of
    an RP2040 has 8.7 effective bits by its data sheet, mostly from steps that a sum does not see)."""

    span_kpa: float = 207.0
    divider: float = 0.6
    zero_error_kpa: float = 0.3
    drift_kpa_per_root_day: float = 0.1
    per_kelvin_kpa: float = 0.04
    noise_kpa: float = 0.15
    adc_noise: float = 3.0
    delay_ns: int = 5_000_000

    def sum_at(self, kpa: float) -> float:
        """Return the sum of the conversions of a sample of an exact sensor."""
        volts = _SUPPLY_VOLTS * (0.1 + 0.8 * kpa / self.span_kpa)
        return volts * self.divider / _ADC_VOLTS * _COUNTS * CONVERSIONS

    @property
    def supply_sum(self) -> float:
        return _SUPPLY_VOLTS * self.divider / _ADC_VOLTS * _COUNTS * CONVERSIONS


class PressureSensor:
    """sums: what the driver of the ADC would read; a fault holds from its instant on."""

    def __init__(self, parameters: PressureParameters, seed: int) -> None:
        self.parameters, self._seed = parameters, seed

    def sums(
        self,
        t_ns: Instants,
        kpa: Floats,
        kelvin_off: Floats | float = 0.0,
        fault: tuple[PressureFault, int, float] | None = None,
    ) -> NDArray[np.int64]:
        """Return sums of the conversions at some instants in order, of line pressures there; ``fault``: (kind, from
        when, kPa of a leap or freeze). -1 is no answer."""
        parts = self.parameters
        shown = kpa + parts.zero_error_kpa * generator(self._seed, 0).uniform(-1, 1)
        shown = shown + random_walk(t_ns, parts.drift_kpa_per_root_day, generator(self._seed, 1))
        shown = shown + parts.per_kelvin_kpa * kelvin_off
        kind, from_ns, amount = fault or (None, 0, 0.0)
        is_faulty = t_ns >= from_ns
        if kind is PressureFault.LEAP:
            shown = shown + amount * is_faulty
        noise_sum = np.hypot(
            parts.noise_kpa * (parts.sum_at(1.0) - parts.sum_at(0.0)) / 4, parts.adc_noise * 4
        )
        ideal = parts.sum_at(0.0) + shown * (parts.sum_at(1.0) - parts.sum_at(0.0))
        found = np.rint(ideal + noise_sum * generator(self._seed, 2).standard_normal(len(t_ns)))
        found = np.clip(found, 0.02 * parts.supply_sum, 0.98 * parts.supply_sum).astype(np.int64)
        if kind is not None and kind is not PressureFault.LEAP:
            found[is_faulty] = {
                PressureFault.OPEN_WIRE: 0,
                PressureFault.SHORT: round(parts.supply_sum),
                PressureFault.FROZEN: round(parts.sum_at(amount)),
                PressureFault.NO_ANSWER: -1,
            }[kind]
        return found
