"""The motor with its driver and its shaft encoder: it turns one microstep for each STEP edge while it is energised.

Faults are those of a real one: it stalls, it loses every so many steps, the driver does not let go of it, or
never takes hold. What it has turned is worked out in bulk from the edges recorded, whenever somebody asks or
something changes. What it turns against is nothing, unless a plant is attached: then every microstep that the faults
leave is put to ``mechanics``, which says how many of them the shaft has turned.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import Protocol

_COUNTER_MODULUS = 1 << 30

TWICE_APART_NS = 250_000
"""Between the two microsteps that a motor turns for one: slow enough for it to have torque left."""


class Mechanics(Protocol):
    """The mechanics that the motor turns against. Instants are whole ns, in order."""

    def turn(self, times_ns: Sequence[int], /) -> int:
        """Command so many microsteps at these instants; return how many of them are turned."""
        ...

    def sure_of(self, times_ns: Sequence[int], /) -> int:
        """Return how many of the first of them are certain to be turned if nothing else changes. Asking commands
        nothing."""
        ...


class SimulatedMotor:
    """turned_steps: microsteps the shaft has turned since the beginning, which is what has truly been delivered."""

    def __init__(
        self,
        steps: Callable[[], int],
        is_enabled: Callable[[], bool],
        times_ns: Callable[[int, int], Sequence[int]],
    ) -> None:
        """``steps`` counts the rising edges of STEP up to now; ``is_enabled`` gives the level of the enable line;
        ``times_ns`` gives the instants of the edges from one count up to another."""
        self._steps = steps
        self._is_enabled = is_enabled
        self._times_ns = times_ns
        self.mechanics: Mechanics | None = None
        self._turned = 0
        self._settled_at = 0
        self._is_stalled = False
        self._loses_every = 0
        self._turns_twice_every = 0
        self._won_t_disable = False
        self._won_t_enable = False
        self._was_energised = False
        self._turned_for_latest = True

    # --- faults

    def stall(self, is_stalled: bool = True) -> None:
        """Let the shaft stand still, whatever is commanded."""
        self.settle()
        self._is_stalled = is_stalled

    def slip(self, loses_every: int) -> None:
        """Lose every so-many-th microstep; 0 is none."""
        self.settle()
        self._loses_every = loses_every

    def run_ahead(self, turns_twice_every: int) -> None:
        """Turn every so-many-th microstep twice; 0 is none."""
        self.settle()
        self._turns_twice_every = turns_twice_every

    def stick_enabled(self, is_stuck: bool = True) -> None:
        """Keep the driver energising the motor though its enable line says otherwise."""
        self.settle()
        self._won_t_disable = is_stuck

    def stick_disabled(self, is_stuck: bool = True) -> None:
        """Keep the driver from ever energising the motor."""
        self.settle()
        self._won_t_enable = is_stuck

    # --- what it does

    @property
    def turned_steps(self) -> int:
        self.settle()
        return self._turned

    def turns_of(self, steps: int) -> int:
        """Return what it will turn of so many steps more from now on if nothing changes; what it turns against is
        left out."""
        if not self._is_energised() or self._is_stalled:
            return 0
        commanded = self._steps()
        return self._unhindered(commanded, commanded + steps)

    def settle(self) -> None:
        """Work out what was turned up to now; before anything changes."""
        steps = self._steps()
        commanded = steps - self._settled_at
        if commanded:
            self._settled_at = steps
            turned = self._turned_of(steps - commanded, steps) if self._was_energised else 0
            self._turned += turned
            self._turned_for_latest = turned == commanded
        self._was_energised = self._is_energised()

    def sure_of(self, times_ns: Sequence[int]) -> int:
        """Return for how many of the next STEP edges, at these instants, it is certain to turn once, if nothing else
        changes.

        For none after an edge that it has not turned for: whoever watches it may have something to say when it turns
        again.
        """
        has_fault = (
            self._is_stalled
            or self._loses_every
            or self._turns_twice_every
            or self._won_t_disable
            or self._won_t_enable
        )
        if has_fault or not self._turned_for_latest or not self._is_enabled():
            return 0
        return len(times_ns) if self.mechanics is None else self.mechanics.sure_of(times_ns)

    def _is_energised(self) -> bool:
        return not self._won_t_enable and (self._won_t_disable or self._is_enabled())

    def _turned_of(self, before: int, after: int) -> int:
        if self._is_stalled:
            return 0
        if self.mechanics is not None:
            return self.mechanics.turn(self._driven_ns(before, after))
        return self._unhindered(before, after)

    def _unhindered(self, before: int, after: int) -> int:
        turned = after - before
        if self._loses_every:
            turned -= after // self._loses_every - before // self._loses_every
        if self._turns_twice_every:
            turned += after // self._turns_twice_every - before // self._turns_twice_every
        return turned

    def _driven_ns(self, before: int, after: int) -> Sequence[int]:
        """Return instants at which the faults leave the shaft driven on by a microstep."""
        times_ns = self._times_ns(before, after)
        if not self._loses_every and not self._turns_twice_every:
            return times_ns
        driven_ns = array("q")
        for number, t_ns in enumerate(times_ns, before + 1):
            if not self._loses_every or number % self._loses_every:
                driven_ns.append(t_ns)
            if self._turns_twice_every and number % self._turns_twice_every == 0:
                driven_ns.append(t_ns + TWICE_APART_NS)
        return driven_ns


class SimulatedMotion:
    """Implements ``Motion``: the shaft encoder's edges since the board's reset.

    steps_ahead: how many steps come until the instant the program has got to, which may lie ahead of virtual time.
    """

    def __init__(self, motor: SimulatedMotor, steps_ahead: Callable[[], int]) -> None:
        self._motor = motor
        self._steps_ahead = steps_ahead
        self._at_reset = 0

    def count(self) -> int:
        turned = self._motor.turned_steps
        ahead = self._steps_ahead()
        if ahead:
            turned += self._motor.turns_of(ahead)
        return (turned - self._at_reset) % _COUNTER_MODULUS

    def reset(self) -> None:
        self._at_reset = self._motor.turned_steps
