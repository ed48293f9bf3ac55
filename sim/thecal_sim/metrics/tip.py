"""Dose at the catheter's tip: what the patient gets, which lags what the pump delivers by the dead volume."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thecal_sim.metrics.volume import Instants, between

_NS_PER_S = 1e9


@dataclass(frozen=True)
class TipDose:
    """given_ng: between two instants. error_percent: against what was prescribed for that time."""

    given_ng: float
    error_percent: float


def tip_dose(
    t_ns: Instants, at_tip_ng: NDArray[np.float64], begin_ns: int, end_ns: int, prescribed_ng: float
) -> TipDose:
    """Return the dose that left the tip between two instants; ``at_tip_ng``: drug out of the tip since the beginning.

    Raises ValueError if nothing is prescribed, or the record does not reach from one to the other.
    """
    if prescribed_ng <= 0:
        raise ValueError(f"prescribed_ng: {prescribed_ng:g} is no dose")
    given_ng = between(t_ns, at_tip_ng, begin_ns, end_ns)
    return TipDose(given_ng, 100.0 * (given_ng / prescribed_ng - 1.0))
