"""The plant: motor, rotor, tube, line, reservoir, drug front, spinal fluid and balance, behind one object.

One idea a module, each with its equation and the source of its figures; ``plant`` puts them together. Nothing in here
knows of the pump's program: it is commanded microsteps, and shows what comes of them.
"""

from thecal_sim.plant.conditions import Conditions
from thecal_sim.plant.parameters import PlantParameters
from thecal_sim.plant.plant import Plant
from thecal_sim.plant.state import UNITS, PlantState, Quantity

__all__ = ["UNITS", "Conditions", "Plant", "PlantParameters", "PlantState", "Quantity"]
