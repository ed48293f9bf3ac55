"""The rotor: how much a microstep moves at each angle of the shaft.

    v(k) = V_rev / M (1 + sum over h of a_h cos(2 pi h (k + 1/2) / M + phi_h))        k: microstep of M in a revolution

Each roller that lets go of the tube or takes hold of it makes the flow pulsate: where one lets go, the tube springs
open behind it and draws some of what was moved back, so real heads dip to zero and below (arXiv 2011.13167). Harmonics
and measured tables may do so too. Whatever the pulsation, a whole revolution moves exactly the calibrated volume of a
new tube, times wear and temperature.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from thecal.pumps.constants import chosen
from thecal_sim.plant.wear import WearParameters


class Harmonic(NamedTuple):
    """One cosine over a revolution: how often, how much of the mean flow, and its phase in radians."""

    order: int
    amplitude: float
    phase_rad: float = 0.0


@dataclass(frozen=True)
class RotorParameters:
    """The head and its tube. Without a table of measured volumes the pulsation is that of the harmonics: by default
    three rollers, an assumption."""

    nl_per_rev: float = float(chosen().head.nl_per_turn)
    """Of a new tube at the reference temperature."""
    harmonics: tuple[Harmonic, ...] = (Harmonic(3, 0.3), Harmonic(6, 0.1))
    measured: tuple[float, ...] | None = None
    """Volumes of equal parts of a revolution as they were measured, in any one unit; in place of the harmonics. Those
    below zero moved something back."""
    begins_at_microstep: int = 0
    """Angle of the shaft at the beginning."""
    wear: WearParameters = field(default_factory=WearParameters)
    volume_per_kelvin: float = 0.001
    """Share by which a revolution moves more for each kelvin: a softer, wider tube. Assumption."""
    reference_celsius: float = 20.0

    def __post_init__(self) -> None:
        if self.nl_per_rev <= 0:
            raise ValueError(f"nl_per_rev: {self.nl_per_rev}; must be positive")


class Rotor:
    """greatest_nl_per_microstep: most that one microstep ever moves, at the reference temperature. draws_back: whether
    there are microsteps that move something back."""

    def __init__(self, parameters: RotorParameters, microsteps_per_rev: int) -> None:
        self.parameters = parameters
        self.microsteps_per_rev = microsteps_per_rev
        self._within = _shares_of_revolution(parameters, microsteps_per_rev)
        self._begin = parameters.begins_at_microstep
        self._begins_at_revs = float(self._revs(np.array([self._begin]))[0])
        shares = np.diff(self._within)
        self.draws_back = bool((shares < 0).any())
        greatest_share = float(shares.max()) * parameters.wear.greatest_share
        self.greatest_nl_per_microstep = parameters.nl_per_rev * greatest_share

    def _revs(self, microsteps: NDArray[np.int64]) -> NDArray[np.float64]:
        whole, part = np.divmod(microsteps, self.microsteps_per_rev)
        return whole + self._within[part]

    def even_revs(self, turned: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return revolutions of a head without pulsation that move as much as so many microsteps from the beginning."""
        return self._revs(turned + self._begin) - self._begins_at_revs

    def volume_nl(self, turned: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the volume moved by the first so many microsteps, at the reference temperature."""
        return self.parameters.nl_per_rev * self.parameters.wear.new_tube_revs(self.even_revs(turned))

    def scale_at(self, celsius: float) -> float:
        """Return what a temperature makes of every volume."""
        parameters = self.parameters
        return 1 + parameters.volume_per_kelvin * (celsius - parameters.reference_celsius)


def _shares_of_revolution(parameters: RotorParameters, microsteps: int) -> NDArray[np.float64]:
    """Share of a revolution's volume that its first k microsteps move, for k from 0 to all of them."""
    if parameters.measured is None:
        angle = 2 * np.pi * (np.arange(microsteps) + 0.5) / microsteps
        flow = np.ones(microsteps)
        for order, amplitude, phase_rad in parameters.harmonics:
            if not 1 <= order < microsteps:
                raise ValueError(f"harmonic of order {order}; must be 1 to {microsteps - 1}")
            flow += amplitude * np.cos(order * angle + phase_rad)
        shares = np.concatenate(([0.0], np.cumsum(flow))) / microsteps
    else:
        parts = np.concatenate(([0.0], np.cumsum(np.asarray(parameters.measured, np.float64))))
        if not parts[-1] > 0:
            raise ValueError("measured: the volumes of a revolution must add up to more than nothing")
        places = np.linspace(0, len(parts) - 1, microsteps + 1)
        shares = np.interp(places, np.arange(len(parts)), parts) / parts[-1]
    shares[-1] = 1.0
    return shares


DIPPING_ROLLERS = RotorParameters(harmonics=(Harmonic(3, 0.6), Harmonic(6, 0.3, np.pi), Harmonic(9, 0.2)))
"""Three rollers whose flow dips below zero where one lets go. At 424 uL/day a roller takes 57 minutes, so the dip lasts
minutes. Its depth is an assumption."""
