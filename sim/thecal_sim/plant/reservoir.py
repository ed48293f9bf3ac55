"""The reservoir: what is in it, and what comes out of it into the head.

    content = fill + residual - moved since the fill        never less than the residual

What is filled in can be moved; the residual stays in it and mixes with the next fill. Once the fill is used up the head
draws air. A reservoir that holds more than its capacity presses the surplus toward the head:

    p_inlet = surplus / stiffness's inverse (nL/kPa)

Volumes are positions on the line of everything the head has moved since the beginning.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ReservoirParameters:
    """Implanted pumps of this kind have one of 20 or 40 mL. What can't be moved or withdrawn, and how stiff a full
    one is, are assumptions."""

    capacity_nl: float = 20_000_000.0
    residual_nl: float = 200_000.0
    overfill_nl_per_kpa: float = 20_000.0
    begins_with_nl: float = 18_000_000.0
    """What can be moved at the beginning."""
    concentration_ng_per_nl: float = 0.5
    """At the beginning; 0.5 ng/nL is 500 ug/mL."""

    def __post_init__(self) -> None:
        if min(self.capacity_nl, self.residual_nl, self.begins_with_nl, self.concentration_ng_per_nl) < 0:
            raise ValueError("volumes and concentration of the reservoir must not be negative")
        if self.overfill_nl_per_kpa <= 0:
            raise ValueError(f"overfill_nl_per_kpa: {self.overfill_nl_per_kpa}; must be positive")


class Fill(NamedTuple):
    """A filled reservoir, from an instant and a position of the moved volume on."""

    t_ns: int
    at_nl: float
    volume_nl: float
    concentration_ng_per_nl: float


class Inlet(NamedTuple):
    """The liquid that the head draws from a position on: its concentration, and the share of it that is liquid (0 is
    air)."""

    at_nl: float
    concentration_ng_per_nl: float
    liquid: float


class Reservoir:
    """fills: every fill so far, the one at the beginning first."""

    def __init__(self, parameters: ReservoirParameters, begin_ns: int = 0) -> None:
        self.parameters = parameters
        self.fills = [Fill(begin_ns, 0.0, parameters.begins_with_nl, parameters.concentration_ng_per_nl)]

    def refill(
        self, t_ns: int, at_nl: float, volume_nl: float, concentration_ng_per_nl: float | None = None
    ) -> None:
        """Withdraw all that can be and fill in so much, of the concentration of the fill before if none is given.
        Raise ValueError for a volume or concentration that can't be."""
        if volume_nl < 0:
            raise ValueError(f"volume_nl: {volume_nl}; must not be negative")
        before, residual_nl = self.fills[-1].concentration_ng_per_nl, self.parameters.residual_nl
        filled = before if concentration_ng_per_nl is None else concentration_ng_per_nl
        total_nl = residual_nl + volume_nl
        mixed = (residual_nl * before + volume_nl * filled) / total_nl if total_nl else filled
        self.fills.append(Fill(t_ns, at_nl, volume_nl, mixed))

    def content_nl(self, t_ns: NDArray[np.int64], moved_nl: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what is in it at some instants, by when so much has been moved."""
        began_ns = np.array([fill.t_ns for fill in self.fills], np.int64)
        starts = np.array([fill.at_nl for fill in self.fills])
        volumes = np.array([fill.volume_nl for fill in self.fills])
        latest = np.searchsorted(began_ns, t_ns, side="right") - 1
        left_nl = np.maximum(0.0, volumes[latest] - (moved_nl - starts[latest]))
        return left_nl + self.parameters.residual_nl

    def air_nl(self, moved_nl: float) -> float:
        """Return the air drawn up to a position."""
        air, ends = 0.0, [*(fill.at_nl for fill in self.fills[1:]), moved_nl]
        for fill, end_nl in zip(self.fills, ends, strict=True):
            air += max(0.0, min(end_nl, moved_nl) - fill.at_nl - fill.volume_nl)
        return air

    def pressure_kpa(self, moved_nl: float) -> float:
        """Return the pressure of an overfilled reservoir."""
        fill = self.fills[-1]
        surplus_nl = fill.volume_nl - (moved_nl - fill.at_nl) - self.parameters.capacity_nl
        return max(0.0, surplus_nl / self.parameters.overfill_nl_per_kpa)

    def inlets(self) -> list[Inlet]:
        """Return what is drawn along the line of moved volume, each entry up to the next."""
        found: list[Inlet] = []
        ends = [*(fill.at_nl for fill in self.fills[1:]), float("inf")]
        for fill, end_nl in zip(self.fills, ends, strict=True):
            found.append(Inlet(fill.at_nl, fill.concentration_ng_per_nl, 1.0))
            empty_nl = fill.at_nl + fill.volume_nl
            if empty_nl < end_nl:
                found.append(Inlet(empty_nl, 0.0, 0.0))
        return found
