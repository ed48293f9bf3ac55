"""The conditions around the pump, which stay as they are until something disturbs them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Conditions:
    """is_occluded: whether the line is closed. back_pressure_kpa: at the tip, above that of the surroundings.
    wear_factor: on every volume the head moves, on top of the tube's own wear. load_mnm: on the motor's shaft, on
    top of friction and pressure. is_broken: the line is open to the surroundings before its tip, by a tube that has
    burst or a joint that has come off. siphoned_nl_per_s: what runs through the head by itself, since its rollers do
    not close the tube and the reservoir stands above the tip; 278 nL/s is 1 mL an hour. A closed line stops it."""

    is_occluded: bool = False
    back_pressure_kpa: float = 0.0
    celsius: float = 20.0
    wear_factor: float = 1.0
    load_mnm: float = 0.0
    is_broken: bool = False
    siphoned_nl_per_s: float = 0.0

    def __post_init__(self) -> None:
        if self.wear_factor <= 0:
            raise ValueError(f"wear_factor: {self.wear_factor}; must be positive")
        if self.load_mnm < 0:
            raise ValueError(f"load_mnm: {self.load_mnm}; must not be negative")
        if self.siphoned_nl_per_s < 0:
            raise ValueError(f"siphoned_nl_per_s: {self.siphoned_nl_per_s}; must not be negative")

    @property
    def holds(self) -> bool:
        """Return True if nothing comes out of the line, wherever."""
        return self.is_occluded and not self.is_broken

    @property
    def outside_kpa(self) -> float:
        """Return the pressure that the line opens against: that at the tip, or none where it is broken."""
        return 0.0 if self.is_broken else self.back_pressure_kpa

    @property
    def running_nl_per_s(self) -> float:
        return 0.0 if self.holds else self.siphoned_nl_per_s
