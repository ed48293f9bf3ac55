"""The parts of a calibration: runs of the head, blank runs, and what is known of liquid, room and balance.

Units are in the names. A blank run is a run of no turns: what the balance shows less after it has evaporated, or is its
drift. Standard uncertainties are ``u_``; they are of one standard deviation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from thecal.calibration.water import Air, ml_per_g, water_g_per_ml

FORWARD, BACKWARD = 1, -1


@dataclass(frozen=True)
class Run:
    """turns: of the head, 0 for a blank run. seconds: from the first reading to the second. amount: what the vessel
    gained between them, in grams, or in millilitres where volumes are read. direction: as the head turned; what turns
    backward takes out of the vessel. celsius: of the liquid, where it was taken for this run. typed: the amount as it
    stands in the file, place: where."""

    turns: float
    seconds: float
    amount: float
    direction: int = FORWARD
    turns_per_min: float = 0.0
    celsius: float | None = None
    typed: str = ""
    place: str = ""

    @property
    def is_blank(self) -> bool:
        return self.turns == 0


@dataclass(frozen=True)
class DensityCheck:
    """A known volume of the liquid weighed. tolerance_ml: of the flask or pipette, as printed on it."""

    volume_ml: float
    tolerance_ml: float
    mass_g: float


@dataclass(frozen=True)
class Liquid:
    """g_per_ml: None for water, whose density goes by its temperature."""

    g_per_ml: float | None = None
    u_relative: float = 0.000_05
    check: DensityCheck | None = None


@dataclass(frozen=True)
class Scale:
    """The instrument that the amounts are read from. noise: standard deviation of one reading, digit: its last digit,
    both in grams, or in millilitres of a measuring cylinder. u_relative: of a whole reading, from the certificate of
    the balance. tolerance: of the cylinder, as printed on it."""

    reads_volume: bool = False
    digit: float = 0.001
    noise: float = 0.001
    u_relative: float = 0.000_1
    tolerance: float = 0.0

    @property
    def variance_of_a_difference(self) -> float:
        return 2.0 * (self.noise**2 + self.digit**2 / 12.0)


@dataclass(frozen=True)
class Setting:
    """u_celsius: of the liquid's temperature. reference_turns_per_min: the rate that the constant is stated for; None
    for the geometric mean of those that were run."""

    air: Air = field(default_factory=Air)
    u_celsius: float = 0.5
    liquid: Liquid = field(default_factory=Liquid)
    scale: Scale = field(default_factory=Scale)
    reference_turns_per_min: float | None = None

    def ml_of(self, run: Run, air: Air | None = None) -> float:
        """Return what the vessel gained, as a volume; nothing is added yet for what evaporated."""
        return run.amount * self.ml_per_unit(run.celsius, air)

    def ml_per_unit(self, celsius: float | None = None, air: Air | None = None) -> float:
        """Return the millilitres of each unit that the scale shows. air: in place of the setting's own, to see what
        it changes."""
        if self.scale.reads_volume:
            return 1.0
        room = air or self.air
        # What was taken at a run stands for that run's liquid; a change of the room's shifts it as well.
        warmth = room.celsius if celsius is None else celsius + room.celsius - self.air.celsius
        density = self.liquid.g_per_ml
        return ml_per_g(water_g_per_ml(warmth) if density is None else density, room)


def reference_rate(runs: Sequence[Run], setting: Setting) -> float:
    """Return the rate that the constant is stated for, in turns a minute."""
    if setting.reference_turns_per_min is not None:
        return setting.reference_turns_per_min
    rates = [run.turns_per_min for run in runs if not run.is_blank]
    product = 1.0
    for rate in rates:
        product *= rate ** (1.0 / len(rates))
    return product
