"""Faults that a plant brings about, the same on every rig that has one attached: see ``faults``."""

from __future__ import annotations

from thecal_hil.contract.faults import Actions, Fault
from thecal_hil.contract.rig import Rig

_PERMILLE = 1_000


def plant_actions(rig: Rig, amount: int | None) -> Actions:
    """Return what begins each fault of the plant, or ends it if the amount is None.

    On a rig without a plant an action raises NotImplementedError.
    """
    if not rig.has_plant:
        return dict.fromkeys((Fault.OCCLUSION, Fault.TUBING_WEAR, Fault.BACK_PRESSURE), _lacks_plant)
    plant = rig.plant
    return {
        Fault.OCCLUSION: plant.release if amount is None else plant.occlude,
        Fault.TUBING_WEAR: lambda: plant.set_wear_factor(1 - (amount or 0) / _PERMILLE),
        Fault.BACK_PRESSURE: lambda: plant.set_back_pressure(amount or 0),
    }


def _lacks_plant() -> None:
    raise NotImplementedError("no plant is attached to the rig: attach one first")
