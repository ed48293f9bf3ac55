"""What surrounds the pump and stays as it is until something disturbs it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Conditions:
    """is_occluded: whether the line is closed. back_pressure_kpa: at the tip, above that of the surroundings.
    wear_factor: on every volume the head moves, on top of the tube's own wear. load_mnm: on the motor's shaft, on
    top of friction and pressure."""

    is_occluded: bool = False
    back_pressure_kpa: float = 0.0
    celsius: float = 20.0
    wear_factor: float = 1.0
    load_mnm: float = 0.0

    def __post_init__(self) -> None:
        if self.wear_factor <= 0:
            raise ValueError(f"wear_factor: {self.wear_factor}; must be positive")
        if self.load_mnm < 0:
            raise ValueError(f"load_mnm: {self.load_mnm}; must not be negative")
