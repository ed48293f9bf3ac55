"""All parameters of a plant: one value, so that a run can be described, drawn at random and done again."""

from __future__ import annotations

from dataclasses import dataclass, field

from thecal_sim.plant.balance import BalanceParameters
from thecal_sim.plant.conditions import Conditions
from thecal_sim.plant.csf import CsfParameters
from thecal_sim.plant.drug_front import DrugFrontParameters
from thecal_sim.plant.line import LineParameters
from thecal_sim.plant.motor import MotorParameters
from thecal_sim.plant.reservoir import ReservoirParameters
from thecal_sim.plant.rotor import RotorParameters


@dataclass(frozen=True)
class PlantParameters:
    """The parameters of all parts. The origin of each default stands with the part it belongs to. conditions: those
    at the beginning."""

    motor: MotorParameters = field(default_factory=MotorParameters)
    rotor: RotorParameters = field(default_factory=RotorParameters)
    line: LineParameters = field(default_factory=LineParameters)
    reservoir: ReservoirParameters = field(default_factory=ReservoirParameters)
    drug_front: DrugFrontParameters = field(default_factory=DrugFrontParameters)
    csf: CsfParameters = field(default_factory=CsfParameters)
    balance: BalanceParameters = field(default_factory=BalanceParameters)
    conditions: Conditions = field(default_factory=Conditions)
