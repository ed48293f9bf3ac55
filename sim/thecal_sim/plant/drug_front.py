"""The way from the head to the tip: what is drawn comes out a dead volume later, with its front smeared by mixing.

The dead volume is taken as n equal tanks in series, all well mixed (n = 1: one stirred tank; n to infinity: a plug).
After a step of the concentration at the inlet, with x = n V / V_dead,

    c_tip(V)        = P(n, x)                                    P: regularised incomplete gamma function
    m_tip(V)        = V P(n, x) - V_dead P(n + 1, x)             m: what has come out, V: volume out since the step

and everything drawn is a sum of such steps. So the dose at the tip follows from the volume out alone, in closed form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thecal_fw.core.dead_volume import PUMP_TUBING_NL

MOST_TANKS = 500
"""Their front is a plug but for 4 % of the dead volume; with more, exp(-x) below would be lost where it matters."""


@dataclass(frozen=True)
class DrugFrontParameters:
    """tubing_nl: the pump's own, by the constant the firmware goes by. catheter_nl: differs from patient to patient;
    one metre of 2.2 uL/cm. tanks: how sharp a front stays, an assumption (the front is spread by V_dead / sqrt(tanks)).
    line_concentration_ng_per_nl: of what is in it at the beginning; None if it is primed with the reservoir's."""

    tubing_nl: float = float(PUMP_TUBING_NL)
    catheter_nl: float = 220_000.0
    tanks: int = 30
    line_concentration_ng_per_nl: float | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.tanks <= MOST_TANKS:
            raise ValueError(f"tanks: {self.tanks}; must be 1 to {MOST_TANKS}")
        if min(self.tubing_nl, self.catheter_nl) < 0 or self.dead_volume_nl <= 0:
            raise ValueError("tubing_nl, catheter_nl: must not be negative, and not both zero")

    @property
    def dead_volume_nl(self) -> float:
        return self.tubing_nl + self.catheter_nl


def gamma_shares(orders: int, x: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """P(n, x) and P(n + 1, x) for a whole n: 1 - exp(-x) times the sum of x^k / k! below it."""
    term = np.exp(-x)
    below = np.zeros_like(x)
    for k in range(orders):
        below += term
        term = term * x / (k + 1)
    return np.clip(1 - below, 0, 1), np.clip(1 - below - term, 0, 1)


class DrugFront:
    """Gives what has come out at the tip, of anything that is drawn along with the fluid."""

    def __init__(self, parameters: DrugFrontParameters) -> None:
        self.parameters = parameters

    def out_at_tip(
        self, out_nl: NDArray[np.float64], before: float, drawn: Sequence[tuple[float, float]]
    ) -> NDArray[np.float64]:
        """Amount out after so much volume. ``drawn`` is (position, concentration from there on), in order;
        ``before`` the concentration in the line at the beginning, in amount per nL."""
        amount = before * out_nl
        for at_nl, rise in _rises(before, drawn):
            since_nl = np.maximum(0.0, out_nl - at_nl)
            share, share_beyond = self._shares(since_nl)
            amount = amount + rise * (since_nl * share - self.parameters.dead_volume_nl * share_beyond)
        return amount

    def at_tip(
        self, out_nl: NDArray[np.float64], before: float, drawn: Sequence[tuple[float, float]]
    ) -> NDArray[np.float64]:
        """Concentration of what comes out after so much volume, likewise."""
        found = np.full_like(out_nl, before)
        for at_nl, rise in _rises(before, drawn):
            found += rise * self._shares(np.maximum(0.0, out_nl - at_nl))[0]
        return found

    def _shares(self, since_nl: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        tanks = self.parameters.tanks
        return gamma_shares(tanks, since_nl * (tanks / self.parameters.dead_volume_nl))


def _rises(before: float, drawn: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Each change of concentration as (position, by how much it rises); those that are none are left out."""
    rises: list[tuple[float, float]] = []
    for at_nl, concentration in drawn:
        if concentration != before:
            rises.append((at_nl, concentration - before))
        before = concentration
    return rises
