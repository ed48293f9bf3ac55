"""A rig: one pump under test, whatever it runs on, with a port to talk through, a clock and a probe.

Promises: a scenario written against `Rig` runs unchanged on the model, on the emulated Pico and on a board.
Times of a rig are whole nanoseconds; a reset of the pump does not turn them back. Every edge the probe saw is
kept, in order. What a rig can't do is absent from its ``capabilities``, so a scenario that needs it is skipped with
that reason.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from thecal_hil.contract.faults import PLANT_FAULTS, Fault, Faults, NoFaults
from thecal_hil.contract.pump_clock import Instants, PumpClock, wall_ticks_at_boot
from thecal_sim.edge_record import Edge, EdgeRecord
from thecal_sim.edges import BUZZER as BUZZER
from thecal_sim.edges import DIRECTION as DIRECTION
from thecal_sim.edges import ENABLE as ENABLE
from thecal_sim.edges import LED as LED
from thecal_sim.edges import RESTING_LEVELS
from thecal_sim.edges import STEP as STEP
from thecal_sim.units import NS_PER_S

if TYPE_CHECKING:
    from thecal.client import Pump
    from thecal_sim.plant import Plant

DRIVER_ENABLED = 0
"""Level of the enable line at which the motor is energised: the usual drivers have it active low."""

_NONCES_OF_A_CLIENT = 1_000
"""A client counts on from its first nonce with each new session."""


class Capability(StrEnum):
    """A capability that a scenario can ask of a rig."""

    VIRTUAL_TIME = "virtual time"
    EXACT_EDGES = "exact edges"
    POWER_CUT = "power cut"
    WATCHDOG_RESET = "watchdog reset"
    UNREAD_PORT = "a port that is held open and never read"
    BUTTON = "a hand at the button"
    PLANT = "plant"


class ResetCause(StrEnum):
    """The cause of a pump's new start."""

    POWER_ON = "power_on"
    WATCHDOG = "watchdog"


class SerialPort(Protocol):
    """The host's end of the link, as pyserial has it. Its time-outs are seconds of the rig's time."""

    timeout: float | None
    write_timeout: float | None

    @property
    def in_waiting(self) -> int: ...
    def read(self, size: int = 1, /) -> bytes: ...
    def write(self, data: bytes, /) -> int | None: ...
    def reset_input_buffer(self) -> None: ...
    def close(self) -> None: ...


class RigUnavailableError(Exception):
    """The rig is not available here; the message says why and what would change that."""


class Rig(ABC):
    """One pump under test. ``build_under_test`` is the version and commit it has to report."""

    name: ClassVar[str]
    capabilities: frozenset[Capability]
    """Of this kind of rig; of this very one where a bench says what it has."""
    possible_faults: frozenset[Fault] = frozenset()
    """Those it can inject as it is; with a plant attached, those of the plant too."""

    def __init__(self, build_under_test: tuple[str, str]) -> None:
        self.build_under_test = build_under_test
        self.counters_before: dict[str, int] = {}
        """What the pump's error counters showed when the rig took it over, where it did not start the pump itself."""
        self.starts_from_files = False
        """Whether the firmware lies on a file system, and not in the image."""
        self.seeds: dict[str, int] = {}
        """Seeds of everything in the rig that is made up at random."""
        self.image_sha256 = ""
        """Digest of the UF2 that runs, where one does."""
        self.board_model = ""
        """What of real silicon is imposed on an emulated board, as `--board` takes it; empty elsewhere."""
        self._plant: Plant | None = None
        self._pump: Pump | None = None
        self._clients = 0

    # --- what each kind of rig has of its own

    @property
    @abstractmethod
    def port(self) -> SerialPort:
        """Return the host's end of the pump's serial link."""

    @property
    @abstractmethod
    def now_ns(self) -> int: ...

    @property
    @abstractmethod
    def boot_origin_ns(self) -> int:
        """Return the rig time at which the pump's time since reset was zero."""

    @property
    def reset_ns(self) -> int:
        """Return the rig time at which the latest reset began. The pump's clock may begin later, and can't know by
        how much."""
        return self.boot_origin_ns

    @property
    @abstractmethod
    def edges(self) -> EdgeRecord:
        """Return every edge of every signal since the rig began."""

    @abstractmethod
    def run_until(self, t_ns: int) -> None:
        """Let time pass until an instant of the rig; returns at once if that lies behind."""

    @abstractmethod
    def reset(self, cause: ResetCause) -> None:
        """Have the pump start again. Its port is usable afterwards; sessions and clients from before are not."""

    def recover(self) -> None:
        """Find the pump again that has been reset without ``reset``."""
        raise NotImplementedError(f"the {self.name} rig can't find a pump again")

    @abstractmethod
    def close(self) -> None: ...

    @property
    def faults(self) -> Faults:
        """Return what injects faults, if the rig can."""
        return NoFaults()

    def leave_unread(self, unread: bool) -> None:
        """Have the host hold the port open without reading, or read again."""
        raise NotImplementedError(f"the {self.name} rig has no {Capability.UNREAD_PORT}")

    def hold_button(self, held: bool) -> None:
        """Have a person hold the button on the board down, or let go of it."""
        raise NotImplementedError(f"the {self.name} rig has no {Capability.BUTTON}")

    def align(self, due_ns: Callable[[int], Sequence[int]]) -> int:
        """Take what the ideal instants of the first so-many steps are, before the record is held against them.

        Only a rig whose record lies on the pump's clock with an uncertainty of its own has a use for it. Returns how
        many steps its record was laid on.
        """
        return 0

    def lost_instants(self) -> int:
        """Return events the rig itself could not place in time; any at all voids its record."""
        return 0

    def has_lost_words(self) -> bool:
        """Return True if the firmware has put a word into a full FIFO; False on a rig that can't see it."""
        return False

    @classmethod
    def attainable_faults(cls) -> frozenset[Fault]:
        """Return faults that a scenario can have on this kind of rig, if need be by attaching a plant."""
        return cls.possible_faults | (PLANT_FAULTS if Capability.PLANT in cls.capabilities else frozenset())

    def attach(self, plant: Plant) -> None:
        """Have the shaft turn this plant from now on. ValueError if it has been used elsewhere, or the rig has one."""
        if Capability.PLANT not in self.capabilities:
            raise NotImplementedError(f"the {self.name} rig has no {Capability.PLANT}")
        if self._plant is not None:
            raise ValueError(f"the {self.name} rig has a plant already")
        self._connect_plant(plant)
        self._plant = plant
        self.seeds["plant"] = plant.seed
        self.possible_faults = self.attainable_faults()

    def _connect_plant(self, plant: Plant) -> None:
        """Put the plant on the shaft."""
        raise NotImplementedError

    @property
    def plant(self) -> Plant:
        """Return the plant attached; raise ValueError if there is none."""
        if self._plant is None:
            raise ValueError(f"no plant is attached to the {self.name} rig")
        return self._plant

    @property
    def has_plant(self) -> bool:
        return self._plant is not None

    # --- what they have in common

    def pump(self) -> Pump:
        """Return the client of the pump with an open session; the same one until the pump is reset."""
        if self._pump is None:
            self._pump = self.connect(self.port)
        return self._pump

    def fresh_pump(self) -> Pump:
        """Return a client with a session of its own, for when another host has been at the port; ``pump`` from now
        on."""
        self._forget_clients()
        return self.pump()

    def talk_with(self, pump: Pump) -> None:
        """Have the host use a client of its own making, over a bad wire for one; ``pump`` from now on."""
        self._pump = pump

    def sector_erases(self) -> tuple[int, ...]:
        """Return how often each sector of the pump's journal has been erased, if the rig can count that."""
        return ()

    def connect(self, port: SerialPort) -> Pump:
        """Return a client of its own over any port that leads to the pump."""
        # Imported late: pytest loads this module with the plugin, also where no rig is ever used.
        from thecal.client import Pump

        return Pump(port, host_nonce=1)

    def _forget_clients(self) -> None:
        self._pump = None

    def run_for(self, seconds: float) -> None:
        self.run_until(self.now_ns + round(seconds * NS_PER_S))

    def clock(self) -> PumpClock:
        """Return the relation of rig time, time since reset and wall time, as the pump has it now."""
        reading = self.pump().time()
        known = reading.time_source != 0
        return PumpClock(self.boot_origin_ns, wall_ticks_at_boot(reading) if known else None)

    def levels_of(self, signal: str) -> tuple[Instants, NDArray[np.uint8]]:
        """Return instants at which a signal has changed since the rig began, and its level from each on."""
        return self.edges.levels_of(signal)

    def edges_of(self, signal: str) -> Sequence[Edge]:
        """Return every edge of one signal since the rig began, in order."""
        t_ns, levels = self.levels_of(signal)
        return [
            Edge(at_ns, signal, level) for at_ns, level in zip(t_ns.tolist(), levels.tolist(), strict=True)
        ]

    def rising_ns(self, signal: str) -> Instants:
        """Return instants at which a signal went high."""
        t_ns, levels = self.levels_of(signal)
        return t_ns[levels == 1]

    @property
    def step_times_ns(self) -> Instants:
        """Return the rising edge of every step since the rig began that came while the motor was energised.

        The pulses of a self-test come with the motor off, and those of a generator that runs wild after the dose gate
        has taken the enable away: neither delivers anything.
        """
        steps_ns = self.rising_ns(STEP)
        return steps_ns[self._levels_before(ENABLE, steps_ns) == DRIVER_ENABLED]

    def _levels_before(self, signal: str, t_ns: Instants) -> Instants:
        """Return the level of a signal at each instant, an edge on that very instant left out: a stop on the instant
        of a step comes after it."""
        edges_ns, levels = self.levels_of(signal)
        return np.append(RESTING_LEVELS[signal], levels)[np.searchsorted(edges_ns, t_ns, side="left")]

    def backward_steps(self) -> int:
        """Return the steps that came while the direction line did not say: toward the patient. For a rig that has
        seen the line since the pump had no supply."""
        return int(np.count_nonzero(self._levels_before(DIRECTION, self.step_times_ns) == 0))

    def steps_since_boot_ns(self) -> Instants:
        """Return rising edges of the steps since the pump's latest reset: the ones its own count begins with."""
        times = self.step_times_ns
        return times[times >= self.boot_origin_ns]
