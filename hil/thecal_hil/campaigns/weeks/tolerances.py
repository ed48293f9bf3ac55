"""The tolerances from pump to pump and from use to use: drawn by the seed of a run.

Promises: the same seed draws the same pump, whatever else is drawn or run; a quantity that is added at the end of
``TOLERANCES`` leaves the others as they were. All spreads are assumptions for the bench, to be replaced by measured
ones: a normal spread is cut at three standard deviations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from math import pi
from types import MappingProxyType

import numpy as np

from thecal_sim.plant import Conditions, PlantParameters
from thecal_sim.plant.rotor import Harmonic

_CUT = 3.0


@dataclass(frozen=True)
class Normal:
    """A normal distribution of a mean and a standard deviation, no draw further off than three of those."""

    mean: float
    deviation: float

    def draw(self, chance: np.random.Generator) -> float:
        found = float(chance.standard_normal())
        while abs(found) > _CUT:
            found = float(chance.standard_normal())
        return self.mean + self.deviation * found


@dataclass(frozen=True)
class Even:
    """Anything from the least to the most, all alike."""

    least: float
    most: float

    def draw(self, chance: np.random.Generator) -> float:
        return float(chance.uniform(self.least, self.most))


@dataclass(frozen=True)
class Drawn:
    """One pump and its use. The names are those of ``TOLERANCES`` and of columns of the results."""

    calibration_error_percent: float
    """By which a revolution of the head moves more than it was calibrated to."""
    ripple_3_share: float
    ripple_3_phase_rad: float
    ripple_6_share: float
    ripple_6_phase_rad: float
    begins_at_rev: float
    """Angle of the shaft at the beginning, as part of a revolution."""
    wear_loss_percent: float
    wear_revolutions: float
    crystal_ppm: float
    """By which the pump's clock is fast."""
    mean_celsius: float
    daily_swing_kelvin: float
    """From the mean to the warmest hour."""
    lying_kpa: float
    upright_rise_kpa: float
    compliance_nl_per_kpa: float
    catheter_nl: float


TOLERANCES: Mapping[str, Normal | Even] = MappingProxyType(
    {
        "calibration_error_percent": Normal(0.0, 2.0),
        "ripple_3_share": Even(0.15, 0.45),
        "ripple_3_phase_rad": Even(0.0, 2 * pi),
        "ripple_6_share": Even(0.0, 0.15),
        "ripple_6_phase_rad": Even(0.0, 2 * pi),
        "begins_at_rev": Even(0.0, 1.0),
        "wear_loss_percent": Even(0.0, 4.0),
        "wear_revolutions": Even(500.0, 2_000.0),
        "crystal_ppm": Normal(0.0, 15.0),
        "mean_celsius": Even(18.0, 26.0),
        "daily_swing_kelvin": Even(0.0, 4.0),
        "lying_kpa": Normal(1.2, 0.2),
        "upright_rise_kpa": Even(1.0, 4.0),
        "compliance_nl_per_kpa": Even(30.0, 80.0),
        "catheter_nl": Even(130_000.0, 250_000.0),
    }
)

if tuple(TOLERANCES) != tuple(field.name for field in fields(Drawn)):
    raise AssertionError("tolerances and what is drawn have different names")


def drawn_by(seed: int) -> Drawn:
    """Return the pump and the use of one run. Raise ValueError for a negative seed."""
    if seed < 0:
        raise ValueError(f"seed: {seed}; must not be negative")
    return Drawn(
        **{
            name: spread.draw(np.random.default_rng((seed, place)))
            for place, (name, spread) in enumerate(TOLERANCES.items())
        }
    )


def plant_of(drawn: Drawn) -> PlantParameters:
    """Return parameters of its plant, at the beginning of the run: a patient who is upright, at the mean
    temperature."""
    usual = PlantParameters()
    wear = replace(
        usual.rotor.wear, final_loss=drawn.wear_loss_percent / 100, revolutions=drawn.wear_revolutions
    )
    rotor = replace(
        usual.rotor,
        nl_per_rev=usual.rotor.nl_per_rev * (1 + drawn.calibration_error_percent / 100),
        harmonics=(
            Harmonic(3, drawn.ripple_3_share, drawn.ripple_3_phase_rad),
            Harmonic(6, drawn.ripple_6_share, drawn.ripple_6_phase_rad),
        ),
        begins_at_microstep=int(drawn.begins_at_rev * usual.motor.microsteps_per_rev),
        wear=wear,
    )
    return replace(
        usual,
        rotor=rotor,
        line=replace(usual.line, compliance_nl_per_kpa=drawn.compliance_nl_per_kpa),
        drug_front=replace(usual.drug_front, catheter_nl=drawn.catheter_nl),
        conditions=Conditions(
            back_pressure_kpa=drawn.lying_kpa + drawn.upright_rise_kpa, celsius=drawn.mean_celsius
        ),
    )
