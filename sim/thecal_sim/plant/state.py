"""The state of the plant at one instant, and the quantities that are available as curves, with their units."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Quantity(StrEnum):
    """Each is the name of a field of ``PlantState`` too."""

    TURNED = "turned"
    MOVED = "moved_nl"
    OUT = "out_nl"
    PRESSURE = "pressure_kpa"
    STORED = "stored_nl"
    SLIPPED = "slipped_nl"
    LEAKED = "leaked_nl"
    RESERVOIR = "reservoir_nl"
    MASS = "mass_g"
    DOSE_AT_TIP = "dose_ng"
    CONCENTRATION_AT_TIP = "concentration_ng_per_nl"
    CSF = "csf_ng"


UNITS = {
    Quantity.TURNED: "microsteps",
    Quantity.MOVED: "nL",
    Quantity.OUT: "nL",
    Quantity.PRESSURE: "kPa",
    Quantity.STORED: "nL",
    Quantity.SLIPPED: "nL",
    Quantity.LEAKED: "nL",
    Quantity.RESERVOIR: "nL",
    Quantity.MASS: "g",
    Quantity.DOSE_AT_TIP: "ng",
    Quantity.CONCENTRATION_AT_TIP: "ng/nL",
    Quantity.CSF: "ng",
}


@dataclass(frozen=True)
class PlantState:
    """turned, missed: microsteps of the shaft since the beginning. moved_nl: what has gone through the head, air_nl of
    it air, without slipped_nl, which its rollers let slip back. out_nl: what has come out at the tip, leaked_nl: where
    the line is broken. stored_nl: what the line holds because it is stretched, above the beginning.
    pressure_kpa: in the line. torque_mnm: what the next microstep would take. reservoir_nl: content, residual included.
    mass_g: of the liquid out at the tip. dose_ng: drug that has come out there, concentration_ng_per_nl: of what does
    now. csf_ng, csf_ng_per_ml: in the cerebrospinal fluid; for looking only."""

    t_ns: int
    turned: int
    missed: int
    moved_nl: float
    air_nl: float
    out_nl: float
    stored_nl: float
    slipped_nl: float
    leaked_nl: float
    pressure_kpa: float
    torque_mnm: float
    reservoir_nl: float
    mass_g: float
    dose_ng: float
    concentration_ng_per_nl: float
    csf_ng: float
    csf_ng_per_ml: float
