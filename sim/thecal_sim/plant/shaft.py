"""The shaft: which of the commanded microsteps are turned, and the pressure that the turned ones build up.

Promises: the answer is the same, to the last bit, whether microsteps are given one by one or by the million, and
whoever asks for what in between. That is since the course is cut into the same pieces either way: after each piece
it is known how many further microsteps are turned whatever their instants, and only a microstep beyond that is
looked at by itself.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from thecal_sim.plant.conditions import Conditions
from thecal_sim.plant.line import Line, Pressure
from thecal_sim.plant.motor import MotorParameters
from thecal_sim.plant.reservoir import Reservoir
from thecal_sim.plant.rotor import Rotor
from thecal_sim.units import NS_PER_MS, NS_PER_S

_ASSURED_INTERVAL_NS = NS_PER_MS
"""Microsteps at least so far apart find the motor's torque at this interval; closer ones are looked at one by one."""
_MOST_ASSURED = 1 << 16
_LONG_AGO_NS = -(1 << 62)


@dataclass(frozen=True)
class Stretch:
    """A stretch of unchanged conditions. turned, moved_nl: up to its beginning. scale: on every volume in it.
    unscaled_nl: volume of the head at its beginning, before any scale. ran_nl: what has run through the head by itself
    up to its beginning. leaked_nl: what has come out elsewhere than at the tip up to then, left_nl: what has left the
    line in all."""

    begin_ns: int
    turned: int
    moved_nl: float
    scale: float
    unscaled_nl: float
    conditions: Conditions
    ran_nl: float = 0.0
    leaked_nl: float = 0.0
    left_nl: float = 0.0


@dataclass(frozen=True)
class Checkpoint:
    """A place at which the pressure is known: just after the latest of so many microsteps turned, or at a change of
    conditions. slipped_nl: what has slipped back past the rollers up to then."""

    turned: int
    pressure: Pressure
    slipped_nl: float = 0.0


class Shaft:
    """turned_ns: instant of every microstep turned. missed: how many were commanded and not turned.
    stretches, checkpoints: the course so far, in order."""

    def __init__(
        self,
        motor: MotorParameters,
        rotor: Rotor,
        line: Line,
        reservoir: Reservoir,
        begin_ns: int,
        conditions: Conditions,
    ) -> None:
        self.turned_ns = array("q")
        self.missed = 0
        self.last_command_ns = _LONG_AGO_NS
        self.rotor = rotor
        self._motor, self._line, self._reservoir = motor, line, reservoir
        self._slips_left = 0
        scale = conditions.wear_factor * rotor.scale_at(conditions.celsius)
        self.stretches = [Stretch(begin_ns, 0, 0.0, scale, self._unscaled_nl(0), conditions)]
        self.checkpoints = [Checkpoint(0, Pressure(begin_ns, 0.0))]
        self._assured = self._assured_steps()

    # --- what is commanded

    def turn(self, times_ns: Sequence[int]) -> int:
        """Command so many microsteps at these instants, in order; return how many of them are turned.

        Kept short: the model asks at each wake-up of the pump, for some tens of microsteps at a time.
        """
        turned, left_ns = 0, times_ns
        while left_ns and not self._slips_left:
            run = self.sure_of(left_ns)
            if run:
                self._assured -= run
                self.turned_ns.extend(left_ns[:run])
                turned += run
            else:
                run = 1
                self._check_order(left_ns[0] - self.last_command_ns)
                turned += self._turn_if_it_can(left_ns[0])
            self.last_command_ns = left_ns[run - 1]
            left_ns = left_ns[run:]
        if left_ns:
            turned += sum(last - first for first, last, is_turned in self.runs(left_ns) if is_turned)
        return turned

    def sure_of(self, times_ns: Sequence[int]) -> int:
        """Return how many of the first of such microsteps are turned without a look at any by itself. Nothing is
        commanded."""
        if self._slips_left:
            return 0
        before_ns, first = self.last_command_ns, times_ns[: self._assured]
        for place, t_ns in enumerate(first):
            if t_ns - before_ns < _ASSURED_INTERVAL_NS:
                return place
            before_ns = t_ns
        return len(first)

    def runs(self, times_ns: Sequence[int] | NDArray[np.int64]) -> Iterator[tuple[int, int, bool]]:
        """Yield the same, as runs of microsteps with the same fate: (first, one past the last, whether turned)."""
        times = np.array(times_ns, np.int64)
        if not len(times):
            return
        gaps_ns = np.diff(times, prepend=self.last_command_ns)
        self._check_order(int(gaps_ns.min()))
        hasty = np.flatnonzero(gaps_ns < _ASSURED_INTERVAL_NS)
        at = 0
        while at < len(times):
            place = int(np.searchsorted(hasty, at))
            calm_until = int(hasty[place]) if place < len(hasty) else len(times)
            run = min(self._slips_left, len(times) - at)
            if run:
                self._slips_left -= run
                self.missed += run
                yield at, at + run, False
            elif run := min(self._assured, calm_until - at):
                self._assured -= run
                self.turned_ns.frombytes(times[at : at + run].tobytes())
                yield at, at + run, True
            else:
                run = 1
                yield at, at + 1, self._turn_if_it_can(int(times[at]))
            at += run
            self.last_command_ns = int(times[at - 1])

    def _check_order(self, least_gap_ns: int) -> None:
        if least_gap_ns <= 0:
            raise ValueError("microsteps have to be commanded in order, each later than the one before")

    def _turn_if_it_can(self, t_ns: int) -> bool:
        """Look at one microstep by itself."""
        motor, stretch = self._motor, self.stretches[-1]
        before = self.checkpoint()
        turned = before.turned
        is_closed = stretch.conditions.holds
        from_nl, to_nl = self.moved_nl(stretch, np.array([turned, turned + 1])).tolist()
        excess_kpa = (
            self._line.left_after(before.pressure.excess_kpa, t_ns - before.pressure.t_ns, is_closed)
            + (to_nl - from_nl) / self._line.parameters.compliance_nl_per_kpa
        )
        outside_kpa = stretch.conditions.outside_kpa
        inlet_kpa = self._reservoir.pressure_kpa(from_nl + self.besides_nl(t_ns))
        across_kpa = excess_kpa + outside_kpa - inlet_kpa
        load_mnm = self.load_mnm(across_kpa, to_nl - from_nl)
        if load_mnm > motor.pull_out_mnm((t_ns - self.last_command_ns) / NS_PER_S):
            self.missed += 1
            self._slips_left = motor.microsteps_per_electrical_cycle - 1
            return False
        line = self._line.parameters
        beyond_kpa = min(
            across_kpa - line.slips_at_kpa, max(0.0, to_nl - from_nl) / line.compliance_nl_per_kpa
        )
        slipped_nl = max(0.0, beyond_kpa) * line.compliance_nl_per_kpa
        excess_kpa -= slipped_nl / line.compliance_nl_per_kpa
        self.turned_ns.append(t_ns)
        self.checkpoints.append(
            Checkpoint(turned + 1, Pressure(t_ns, excess_kpa), before.slipped_nl + slipped_nl)
        )
        self._assured = self._assured_steps()
        bursts_at_kpa = line.bursts_at_kpa
        if (
            bursts_at_kpa is not None
            and excess_kpa + outside_kpa > bursts_at_kpa
            and not stretch.conditions.is_broken
        ):
            self.change(t_ns, replace(stretch.conditions, is_broken=True))
        return True

    def load_mnm(self, across_kpa: float, nl_per_microstep: float) -> float:
        """Return the torque that the shaft takes under the present conditions. Pressure never drives it."""
        pressure_mnm = max(0.0, self._motor.pressure_torque_mnm(across_kpa, nl_per_microstep))
        return self._motor.friction_torque_mnm + self.stretches[-1].conditions.load_mnm + pressure_mnm

    # --- what surrounds it

    def change(self, t_ns: int, conditions: Conditions) -> None:
        """Let other conditions hold from an instant on that lies after every microstep so far."""
        old, now = self.stretches[-1], self.checkpoint()
        excess_kpa = self._line.left_after(
            now.pressure.excess_kpa, t_ns - now.pressure.t_ns, old.conditions.holds
        )
        line_kpa = excess_kpa + old.conditions.outside_kpa
        turned = len(self.turned_ns)
        moved_nl = float(self.moved_nl(old, np.array([turned]))[0])
        scale = conditions.wear_factor * self.rotor.scale_at(conditions.celsius)
        ran_nl = self._ran_nl(old, t_ns)
        left_nl = moved_nl + ran_nl - now.slipped_nl - self.stored_nl(line_kpa)
        leaked_nl = old.leaked_nl + (left_nl - old.left_nl if old.conditions.is_broken else 0.0)
        self.stretches.append(
            Stretch(
                t_ns,
                turned,
                moved_nl,
                scale,
                self._unscaled_nl(turned),
                conditions,
                ran_nl,
                leaked_nl,
                left_nl,
            )
        )
        pressure = Pressure(t_ns, line_kpa - conditions.outside_kpa)
        self.checkpoints.append(Checkpoint(turned, pressure, now.slipped_nl))
        self._assured = self._assured_steps()

    def stored_nl(self, line_kpa: float) -> float:
        """Return what the line holds more than at the beginning, because it is stretched."""
        begin_kpa = self.stretches[0].conditions.outside_kpa
        return (line_kpa - begin_kpa) * self._line.parameters.compliance_nl_per_kpa

    def besides_nl(self, t_ns: int) -> float:
        """Return what has been moved up to now but for the microsteps: it ran through the head by itself, or slipped
        back."""
        return self._ran_nl(self.stretches[-1], t_ns) - self.checkpoints[-1].slipped_nl

    @staticmethod
    def _ran_nl(stretch: Stretch, t_ns: int) -> float:
        return stretch.ran_nl + stretch.conditions.running_nl_per_s * (t_ns - stretch.begin_ns) / NS_PER_S

    # --- where it is

    def moved_nl(self, stretch: Stretch, turned: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the volume the rollers have moved with so many microsteps turned, all within a stretch, if none
        slipped back."""
        return stretch.moved_nl + stretch.scale * (self.rotor.volume_nl(turned) - stretch.unscaled_nl)

    def _unscaled_nl(self, turned: int) -> float:
        return float(self.rotor.volume_nl(np.array([turned]))[0])

    def checkpoint(self) -> Checkpoint:
        """Return the pressure just after the latest microstep turned, or since the conditions last changed."""
        latest, turned = self.checkpoints[-1], len(self.turned_ns)
        if latest.turned == turned:
            return latest
        stretch = self.stretches[-1]
        times = np.array(self.turned_ns[latest.turned :], np.int64)
        moved_nl = self.moved_nl(stretch, np.arange(latest.turned, turned + 1))
        volumes = moved_nl[1:] - moved_nl[:-1]
        excess_kpa = self._line.after_last(latest.pressure, times, volumes, stretch.conditions.holds)
        return Checkpoint(turned, Pressure(int(times[-1]), excess_kpa), latest.slipped_nl)

    def _assured_steps(self) -> int:
        """Return how many further microsteps are turned for sure, and neither slip nor burst the tube: as if nothing
        came out of the line, with the most a microstep moves, at the least interval, and no help from the reservoir."""
        motor, stretch, line = self._motor, self.stretches[-1], self._line.parameters
        most_nl = self.rotor.greatest_nl_per_microstep * stretch.scale
        left_mnm = motor.pull_out_mnm(_ASSURED_INTERVAL_NS / NS_PER_S) - self.load_mnm(0.0, most_nl)
        if left_mnm < 0:
            return 0
        conditions, pressure = stretch.conditions, self.checkpoints[-1].pressure
        now_kpa = max(0.0, pressure.excess_kpa + conditions.outside_kpa)
        bound_kpa = min(motor.pressure_kpa_at(left_mnm, most_nl), line.slips_at_kpa)
        if line.bursts_at_kpa is not None:
            bound_kpa = min(bound_kpa, line.bursts_at_kpa)
        room_nl = (bound_kpa - now_kpa) * line.compliance_nl_per_kpa
        return max(0, min(_MOST_ASSURED, int(room_nl / most_nl) - 1))
