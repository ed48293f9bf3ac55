"""The motor's torque: what it can turn against, and what it has to.

    pull-out torque   M(f) = M0 (1 - f / f_max)              f: microsteps a second
    load              L = friction + load + p dV/dtheta      p: pressure across the head, theta: angle of the shaft

The pressure's share is the work of moving the fluid against it, p dV, over the angle turned. A microstep whose load is
beyond the pull-out torque is not turned, and the rotor takes hold again only when the field has come round to it: a
motor that is pulled out loses whole electrical cycles, of four full steps each.

A motor of the parts list is not stopped by a closed line: 1 mNm is 126 kPa across a head of 50 uL a revolution, so at
300 mNm the rollers let fluid slip back, or a joint gives way, long before a microstep is lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import pi

from thecal.pumps.constants import chosen

_MNM_PER_KPA_NL = 1e-6
"""1 kPa times 1 nL is 1e-9 J."""


@dataclass(frozen=True)
class MotorParameters:
    """A NEMA 17 motor as the parts list of docs/wiring.md names it, with its driver."""

    microsteps_per_rev: int = round(chosen().motor.microsteps_per_head_turn)
    """Of the head; behind a gear, the nearest whole number."""
    microsteps_per_electrical_cycle: int = 4 * chosen().motor.microsteps_per_full_step
    """Four full steps."""
    pull_out_torque_mnm: float = 300.0
    """At standstill. Motors that bench builders buy hold 260 to 590 mNm (public build wikis of pumps and plotters)."""
    greatest_microsteps_per_s: float = 20_000.0
    """At which nothing of it is left. Assumption."""
    friction_torque_mnm: float = 40.0
    """Bearings, and the tube that the rollers squeeze. Assumption."""

    def __post_init__(self) -> None:
        if self.microsteps_per_rev < 1 or self.microsteps_per_electrical_cycle < 1:
            raise ValueError("microsteps of a revolution and of an electrical cycle: at least 1 each")
        if self.greatest_microsteps_per_s <= 0:
            raise ValueError(f"greatest_microsteps_per_s: {self.greatest_microsteps_per_s}; must be positive")
        if min(self.pull_out_torque_mnm, self.friction_torque_mnm) < 0:
            raise ValueError("torques must not be negative")

    def pull_out_mnm(self, interval_s: float) -> float:
        """Return the torque it can turn against at one microstep in each interval."""
        share_left = 1 - 1 / (interval_s * self.greatest_microsteps_per_s) if interval_s > 0 else 0.0
        return self.pull_out_torque_mnm * max(0.0, share_left)

    def pressure_torque_mnm(self, pressure_kpa: float, nl_per_microstep: float) -> float:
        """Return the torque that a pressure across the head takes at an angle at which a microstep moves this
        volume."""
        return pressure_kpa * nl_per_microstep * self.microsteps_per_rev / (2 * pi) * _MNM_PER_KPA_NL

    def pressure_kpa_at(self, torque_mnm: float, nl_per_microstep: float) -> float:
        """Return the pressure across the head that takes this torque; the inverse of ``pressure_torque_mnm``."""
        return torque_mnm / self.pressure_torque_mnm(1.0, nl_per_microstep)


WEAK_MOTOR = MotorParameters(pull_out_torque_mnm=6.0, friction_torque_mnm=3.5)
"""A pancake motor at a low current, forty times weaker than those of the parts list: a closed line stalls it at about
300 kPa. For the supervision of a motor that stands still."""
