"""The outputs of the plant: every quantity at any instants of its course, and its state at one.

Promises: to look changes nothing. Each quantity follows from the microsteps turned and from what has disturbed them, so
the same instants give the same values however often they are asked for.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from thecal_sim.plant.balance import Balance
from thecal_sim.plant.csf import CsfCompartment
from thecal_sim.plant.drug_front import Dispersion, DrugFront
from thecal_sim.plant.line import Line
from thecal_sim.plant.parameters import PlantParameters
from thecal_sim.plant.reservoir import Reservoir
from thecal_sim.plant.shaft import Shaft
from thecal_sim.plant.state import PlantState, Quantity
from thecal_sim.plant.traces import Floats, Instants, Traces

_ML_PER_NL = 1e-6
_ALL_LIQUID = 1.0


class Outputs:
    """balance: what weighs the liquid at the tip."""

    def __init__(
        self,
        parameters: PlantParameters,
        seed: int,
        begin_ns: int,
        shaft: Shaft,
        line: Line,
        reservoir: Reservoir,
    ) -> None:
        self._parameters, self._shaft, self._reservoir = parameters, shaft, reservoir
        self._traces = traces = Traces(shaft, line)
        self._front = DrugFront(
            parameters.drug_front, Dispersion(parameters.drug_front, traces.out_nl, begin_ns)
        )
        self._csf = CsfCompartment(parameters.csf, self._dose_ng, begin_ns)
        self.balance = Balance(parameters.balance, self._mass_g, seed, begin_ns)
        self._curves: dict[Quantity, Callable[[Instants], NDArray]] = {
            Quantity.TURNED: traces.turned,
            Quantity.MOVED: traces.moved_nl,
            Quantity.OUT: traces.out_nl,
            Quantity.PRESSURE: traces.pressure_kpa,
            Quantity.STORED: traces.stored_nl,
            Quantity.SLIPPED: traces.slipped_nl,
            Quantity.LEAKED: traces.leaked_nl,
            Quantity.RESERVOIR: lambda t_ns: reservoir.content_nl(t_ns, traces.moved_nl(t_ns)),
            Quantity.MASS: self._mass_g,
            Quantity.DOSE_AT_TIP: self._dose_ng,
            Quantity.CONCENTRATION_AT_TIP: self._concentration_ng_per_nl,
            Quantity.CSF: self._csf.amount_ng,
        }

    def curve(self, quantity: Quantity, t_ns: Instants) -> Floats:
        """Return values at some instants in rising order."""
        if not len(t_ns):
            return np.array([], np.float64)
        return np.array(self._curves[quantity](t_ns), np.float64)

    def state(self, t_ns: int) -> PlantState:
        at = np.array([t_ns], np.int64)
        values = {quantity: float(self.curve(quantity, at)[0]) for quantity in Quantity}
        moved_nl, turned = values[Quantity.MOVED], int(values.pop(Quantity.TURNED))
        fields = {quantity.value: value for quantity, value in values.items()}
        return PlantState(
            t_ns=t_ns,
            turned=turned,
            missed=self._shaft.missed,
            air_nl=self._reservoir.air_nl(moved_nl),
            torque_mnm=self._torque_mnm(turned, moved_nl, values[Quantity.PRESSURE]),
            csf_ng_per_ml=self._csf.concentration_ng_per_ml(values[Quantity.CSF]),
            **fields,
        )

    def _torque_mnm(self, turned: int, moved_nl: float, pressure_kpa: float) -> float:
        stretch = self._shaft.stretches[-1]
        rolled_nl = self._shaft.moved_nl(stretch, np.array([turned, turned + 1]))
        next_nl = float(rolled_nl[1] - rolled_nl[0])
        return self._shaft.load_mnm(pressure_kpa - self._reservoir.pressure_kpa(moved_nl), next_nl)

    # --- what comes out at the tip

    def _mass_g(self, t_ns: Instants) -> Floats:
        drawn = [(inlet.at_nl, inlet.liquid) for inlet in self._reservoir.inlets()]
        liquid_nl = self._front.out_at_tip(t_ns, self._traces.out_nl(t_ns), _ALL_LIQUID, drawn)
        return liquid_nl * _ML_PER_NL * self._parameters.balance.g_per_ml

    def _dose_ng(self, t_ns: Instants) -> Floats:
        return self._front.out_at_tip(t_ns, self._traces.out_nl(t_ns), *self._drug_drawn())

    def _concentration_ng_per_nl(self, t_ns: Instants) -> Floats:
        return self._front.at_tip(t_ns, self._traces.out_nl(t_ns), *self._drug_drawn())

    def _drug_drawn(self) -> tuple[float, list[tuple[float, float]]]:
        """Return the concentration in the line at the beginning, and what has been drawn since."""
        drawn = [(inlet.at_nl, inlet.concentration_ng_per_nl) for inlet in self._reservoir.inlets()]
        at_begin = self._parameters.drug_front.line_concentration_ng_per_nl
        return (drawn[0][1] if at_begin is None else at_begin), drawn
