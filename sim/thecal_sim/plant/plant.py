"""The plant: everything that a pump's microsteps move, behind one object.

Promises: it gets the instants at which the shaft is commanded a microstep, and says which were turned; what it is
like follows from those, its parameters, its seed and what disturbs it, and from nothing else: not from how the
microsteps are announced, nor from who asks for what. Time is virtual. On the model it lives in the pump's own time;
beside an emulated board it has a time of its own, which each microstep brings up to its instant.

A microstep at the very instant of a disturbance comes before it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from math import inf

import numpy as np
from numpy.typing import NDArray

from thecal_sim.plant.balance import Balance
from thecal_sim.plant.conditions import Conditions
from thecal_sim.plant.line import Line
from thecal_sim.plant.outputs import Outputs
from thecal_sim.plant.parameters import PlantParameters
from thecal_sim.plant.reservoir import Reservoir
from thecal_sim.plant.rotor import Rotor
from thecal_sim.plant.shaft import Shaft
from thecal_sim.plant.state import PlantState, Quantity
from thecal_sim.virtual_time import VirtualTime

CommandTimes = Sequence[int] | NDArray[np.int64]
"""Instants of commanded microsteps in rising order, whole ns."""


class Plant:
    """parameters, seed: what makes it again."""

    def __init__(
        self, parameters: PlantParameters | None = None, seed: int = 0, env: VirtualTime | None = None
    ) -> None:
        """``env`` is a time that it shares with the pump, which then must announce microsteps before it is asked;
        without one it has its own (see ``live_in``)."""
        self.parameters = parameters or PlantParameters()
        self.seed = seed
        self._told_until: Callable[[], object] = lambda: None
        self._is_in_its_time = False
        self._begin(env or VirtualTime(), owns_time=env is None)

    def _begin(self, env: VirtualTime, owns_time: bool) -> None:
        parts = self.parameters
        self.env, self._owns_time = env, owns_time
        rotor = Rotor(parts.rotor, parts.motor.microsteps_per_rev)
        line = Line(parts.line, rotor.draws_back)
        self._reservoir = Reservoir(parts.reservoir, env.now_ns)
        self._shaft = Shaft(parts.motor, rotor, line, self._reservoir, env.now_ns, parts.conditions)
        self._outputs = Outputs(parts, self.seed, env.now_ns, self._shaft, line, self._reservoir)

    def live_in(self, env: VirtualTime, catch_up: Callable[[], object]) -> Shaft:
        """Share a time from now on; before anything has happened. ``catch_up`` has whoever commands the shaft
        announce all microsteps up to now. The shaft returned takes them in bulk: ``turn`` without a look at the time.
        Raise ValueError if anything has."""
        if env is not self.env:
            if not self._is_untouched():
                raise ValueError("the plant has a past or plans of its own: attach it before all else")
            self._begin(env, owns_time=False)
        self._owns_time, self._told_until = False, catch_up
        return self._shaft

    def stand_beside(self, outer_now_ns: Callable[[], int]) -> None:
        """Keep its own time, beside a board that commands each microstep at its instant: whenever somebody looks at the
        plant or disturbs it, that is at the board's present."""
        self._told_until = lambda: self.advance(outer_now_ns())

    def _is_untouched(self) -> bool:
        shaft = self._shaft
        is_new = not shaft.turned_ns and not shaft.missed and len(shaft.stretches) == 1
        return is_new and len(self._reservoir.fills) == 1 and not self.env.now_ns and self.env.peek() == inf

    @property
    def balance(self) -> Balance:
        """Return the balance under the tip; it takes for granted that all microsteps up to the instant have been
        announced (see ``reading_g``)."""
        return self._outputs.balance

    # --- what the shaft is commanded

    def step(self, t_ns: int) -> bool:
        """Command one microstep; return True if it is turned. Raise ValueError if it lies before the present."""
        if self._owns_time:
            self._let_happen_before(t_ns)
        return self._shaft.turn((t_ns,)) == 1

    def turn(self, times_ns: CommandTimes) -> int:
        """Command microsteps; return how many of them are turned."""
        return sum(last - first for first, last, is_turned in self._runs(times_ns) if is_turned)

    def turned_of(self, times_ns: CommandTimes) -> NDArray[np.bool_]:
        """Do the same, and return for each whether it is turned."""
        found = np.zeros(len(times_ns), np.bool_)
        for first, last, is_turned in self._runs(times_ns):
            found[first:last] = is_turned
        return found

    def _runs(self, times_ns: CommandTimes) -> list[tuple[int, int, bool]]:
        """Return runs of microsteps with the same fate; what happens by itself between two of them happens in
        between."""
        runs: list[tuple[int, int, bool]] = []
        at = 0
        while at < len(times_ns):
            until = len(times_ns)
            if self._owns_time:
                self._let_happen_before(int(times_ns[at]))
                if self.env.peek() < times_ns[-1]:
                    until = bisect_right(times_ns, self.env.peek())
            told = self._shaft.runs(times_ns[at:until])
            runs += [(at + first, at + last, is_turned) for first, last, is_turned in told]
            at = until
        return runs

    def _let_happen_before(self, t_ns: int) -> None:
        env = self.env
        if t_ns < env.now_ns:
            raise ValueError(f"a microstep at {t_ns} ns; it is {env.now_ns} ns already")
        if env.peek() < t_ns:
            with self._in_its_time():
                env.run(until=t_ns)

    @contextmanager
    def _in_its_time(self) -> Iterator[None]:
        self._is_in_its_time = True
        try:
            yield
        finally:
            self._is_in_its_time = False

    def _catch_up(self) -> None:
        """Come up to the present of whoever commands the shaft; nothing is to be done at an instant of its own time."""
        if not self._is_in_its_time:
            self._told_until()

    # --- time

    @property
    def now_ns(self) -> int:
        return max(self.env.now_ns, self._shaft.last_command_ns)

    def advance(self, t_ns: int) -> None:
        """Let happen what happens by itself up to an instant, up to which all microsteps have been announced.
        Raise ValueError if it lies ahead in a time that is shared."""
        if self._owns_time:
            with self._in_its_time():
                self.env.run_until(max(t_ns, self.now_ns))
        elif t_ns > self.env.now_ns:
            raise ValueError(
                f"t_ns: {t_ns} lies ahead; it is {self.env.now_ns} ns in the time the plant shares"
            )

    def at(self, t_ns: int, action: Callable[[], object]) -> None:
        """Have something happen at an instant ahead, such as ``plant.occlude``. Raise ValueError if it is in the
        past."""
        self._catch_up()
        if t_ns < self.now_ns:
            raise ValueError(f"t_ns: {t_ns} is in the past; it is {self.now_ns} ns now")
        self.env.timeout(t_ns - self.env.now_ns).callbacks.append(lambda _: _call(action))

    # --- what disturbs it, from now on

    @property
    def conditions(self) -> Conditions:
        return self._shaft.stretches[-1].conditions

    def occlude(self) -> None:
        """Close the line."""
        self._change(is_occluded=True)

    def release(self) -> None:
        """Open it again; what it has stored comes out."""
        self._change(is_occluded=False)

    def break_line(self) -> None:
        """Let a tube burst or come off: from now on everything comes out there, and nothing at the tip."""
        self._change(is_broken=True)

    def mend_line(self) -> None:
        self._change(is_broken=False)

    def siphon(self, nl_per_s: float) -> None:
        """Let so much run through the head by itself; 0 ends it."""
        self._change(siphoned_nl_per_s=nl_per_s)

    def set_back_pressure(self, kpa: float) -> None:
        self._change(back_pressure_kpa=kpa)

    def set_temperature(self, celsius: float) -> None:
        self._change(celsius=celsius)

    def set_wear_factor(self, factor: float) -> None:
        """Set a factor on every volume the head moves; 1 is none."""
        self._change(wear_factor=factor)

    def set_load(self, mnm: float) -> None:
        """Set a load on the motor's shaft, on top of friction and pressure."""
        self._change(load_mnm=mnm)

    def refill(self, volume_nl: float, concentration_ng_per_nl: float | None = None) -> None:
        """Withdraw what is left, but for the residual, and fill in so much; of the same drug if none is given."""
        self._catch_up()
        self._reservoir.refill(self.now_ns, self._moved_now_nl(), volume_nl, concentration_ng_per_nl)

    def _moved_now_nl(self) -> float:
        shaft = self._shaft
        turned_nl = float(shaft.moved_nl(shaft.stretches[-1], np.array([len(shaft.turned_ns)]))[0])
        return turned_nl + shaft.besides_nl(self.now_ns)

    def _change(self, **changed: float | bool) -> None:
        self._catch_up()
        conditions = replace(self.conditions, **changed)
        if conditions != self.conditions:
            self._shaft.change(self.now_ns, conditions)

    # --- what it is like

    @property
    def turned_steps(self) -> int:
        """Return microsteps turned up to now."""
        self._catch_up()
        return len(self._shaft.turned_ns)

    def state(self, t_ns: int | None = None) -> PlantState:
        """Return its state now, or at a later instant up to which all microsteps have been announced."""
        return self._outputs.state(self._looked_at(t_ns))

    def curve(self, quantity: Quantity, t_ns: CommandTimes) -> NDArray[np.float64]:
        """Return a quantity at some instants in rising order; all microsteps up to the last of them have been
        announced."""
        at = np.array(t_ns, np.int64)
        if len(at):
            self._looked_at(int(at[-1]))
        return self._outputs.curve(quantity, at)

    def reading_g(self, t_ns: int | None = None) -> tuple[float, bool]:
        """Return what the balance shows, in g, and whether that is stable."""
        return self.balance.reading_g(self._looked_at(t_ns))

    def _looked_at(self, t_ns: int | None) -> int:
        self._catch_up()
        if t_ns is None:
            return self.now_ns
        if t_ns > self.now_ns:
            self.advance(t_ns)
        return t_ns


def _call(action: Callable[[], object]) -> None:
    action()
