"""Faults that a rig can inject: one small interface, the same on every rig that can.

Promises: a fault begins at the very virtual instant of the call, or of the instant given; injecting one that the rig
can't inject raises NotImplementedError, so a scenario asks for it beforehand (``@pytest.mark.needs``) and is skipped
with the reason. What a fault is, and what its amount means, is said here once; how it comes about is each rig's affair.
Power cuts and hangs until the watchdog bites are ``Rig.reset``; what arrives wrong on the link is ``load``'s affair.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from enum import StrEnum


class Fault(StrEnum):
    """Each lasts until ``end``, save for those said to be over at once."""

    MOTOR_STALLS = "stalled motor"
    MOTOR_SLIPS = "slipping motor"
    """Every so-many-th microstep is lost."""
    MOTOR_RUNS_AHEAD = "motor that runs ahead"
    """Every so-many-th microstep is turned twice."""
    DRIVER_STICKS_ENABLED = "driver that won't disable"
    DRIVER_STICKS_DISABLED = "driver that won't enable"
    SENSE_CUT = "cut sense wire"
    SENSE_STUCK = "stuck sense wire"
    """At this level, 0 or 1."""
    SENSE_NOISE = "noisy sense wire"
    """So many edges that nobody made, now; over at once."""
    GENERATOR_RUNS_WILD = "wild step generator"
    """Hundreds of steps a second that nobody asked for; it ends with the pulses that are queued."""
    GENERATOR_STARVES = "starved step generator"
    """What is queued for it is lost; over at once."""
    PROGRAM_PAUSES = "paused program"
    """The processor stands still for so many milliseconds, and then continues."""
    SUPPLY_LOW = "brown-out"
    FLASH_ROTS = "rotten flash"
    """All bytes of this sector of the journal become zeros; over at once."""
    FLASH_IS_WORN_OUT = "worn-out flash"
    """From now on it takes neither programs nor erases, in silence."""
    FLASH_IS_FOREIGN = "journal of another version"
    """All records of the state become those of a later layout, undamaged; over at once."""
    PUMP_IS_OLDER = "aged journal"
    """All records of the state count so many more days of running; over at once."""
    MEMORY_CHANGES = "changed memory"
    """A bit of the program in memory turns; over at once."""
    CRYSTAL_FAILS = "crystal far off"
    """Several times too fast or too slow, as a broken one is. Seen by the self-test."""
    BUZZER_STUCK = "stuck buzzer line"
    OCCLUSION = "occlusion"
    """The line is closed."""
    TUBING_WEAR = "worn tubing"
    """A revolution moves so many permille less."""
    BACK_PRESSURE = "back pressure"
    """At the tip, so many kPa."""


PLANT_FAULTS = frozenset({Fault.OCCLUSION, Fault.TUBING_WEAR, Fault.BACK_PRESSURE})
"""They are the plant's, so a rig has to have one attached (``Rig.attach``)."""


Actions = Mapping[Fault, Callable[[], object]]


class Faults(ABC):
    """Injects faults into the pump of one rig."""

    possible: frozenset[Fault] = frozenset()

    def inject(self, fault: Fault, amount: int = 0) -> None:
        """Begin a fault now."""
        actions = self._over_at_once(amount)
        if fault not in actions:
            actions = self._lasting(amount)
        actions[fault]()

    @abstractmethod
    def inject_at(self, t_ns: int, fault: Fault, amount: int = 0) -> None:
        """Begin a fault at an instant of the rig that lies ahead."""

    def end(self, fault: Fault) -> None:
        """End a fault that lasts."""
        self._lasting(None)[fault]()

    @abstractmethod
    def _over_at_once(self, amount: int) -> Actions:
        """Return what brings about each fault that is over at once."""

    @abstractmethod
    def _lasting(self, amount: int | None) -> Actions:
        """Return what begins each fault that lasts, or ends it if the amount is None."""


class NoFaults(Faults):
    """For a rig that has no means to inject any."""

    def inject_at(self, t_ns: int, fault: Fault, amount: int = 0) -> None:
        self.inject(fault, amount)

    def _over_at_once(self, amount: int) -> Actions:
        raise NotImplementedError("this rig can't inject faults")

    def _lasting(self, amount: int | None) -> Actions:
        raise NotImplementedError("this rig can't inject faults")
