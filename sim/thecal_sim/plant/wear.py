"""Wear of the pump's tube: the rollers flatten it, and a revolution moves less and less.

    dV/du = V0 (1 - a (1 - exp(-u / u0)))        u: revolutions turned
    V(u)  = V0 ((1 - a) u + a u0 (1 - exp(-u / u0)))

A new tube moves what was calibrated; in the end it moves ``a`` less. A tube that widens has a negative ``a``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class WearParameters:
    """Peristaltic heads are recalibrated every few days because their tubes relax; how much and how fast are
    assumptions."""

    final_loss: float = 0.02
    """Share of the volume of a revolution that a worn tube no longer moves."""
    revolutions: float = 1_000.0
    """After which all but 37 % of that is lost."""

    def __post_init__(self) -> None:
        if not -1 < self.final_loss < 1:
            raise ValueError(f"final_loss: {self.final_loss}; must lie between -1 and 1")
        if self.revolutions <= 0:
            raise ValueError(f"revolutions: {self.revolutions}; must be positive")

    def new_tube_revs(self, revs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return revolutions of a new tube that move as much as so many of this one from new on."""
        worn = -np.expm1(-revs / self.revolutions)
        return (1 - self.final_loss) * revs + self.final_loss * self.revolutions * worn

    @property
    def greatest_share(self) -> float:
        """Return the most that a revolution ever moves, of what one of a new tube does."""
        return max(1.0, 1 - self.final_loss)


NO_WEAR = WearParameters(final_loss=0.0)
