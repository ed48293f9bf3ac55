"""The record of one run of a scenario on one rig: figures, edges, curves, alarms, and how to do it again.

Promises: a record holds no time of day and nothing of the machine it was made on but how long it took, so two runs
of the same commit leave equal records. All instants are nanoseconds of the rig's virtual time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from thecal_hil.contract.pump_clock import Instants
from thecal_hil.evidence.measurements import Evidence
from thecal_sim.edge_record import Edge


class Status(StrEnum):
    """The end of a run. ``ERROR``: it could not be carried out; ``SKIPPED``: the rig lacks what it needs."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Happening:
    """An action on the pump or its surroundings, in a person's words."""

    t_ns: int
    text: str


@dataclass(frozen=True)
class AlarmSpan:
    """An alarm of ``thecal_fw.core.alarms`` by its number, from being raised to being cleared (None: still active)."""

    alarm: int
    begin_ns: int
    end_ns: int | None


@dataclass(frozen=True)
class Curve:
    """A quantity over time, sampled: ``values`` in ``unit`` at ``t_ns``, of the same length and in order."""

    name: str
    unit: str
    t_ns: Instants
    values: NDArray[np.float64]


@dataclass(frozen=True)
class Collected:
    """The volumes that a plant's tip has let out, and what a balance under it shows, at the instants of
    ``flow_samples``.

    out_nl: since the plant's beginning, exact. shown_g: with the balance's resolution, noise, drift and evaporation.
    evaporates_g_per_h: as known of the vessel; the drift of a balance nobody knows.
    """

    t_ns: Instants
    out_nl: NDArray[np.float64]
    shown_g: NDArray[np.float64]
    g_per_ml: float
    evaporates_g_per_h: float


@dataclass(frozen=True)
class Signal:
    """Every edge of one line: ``levels[k]`` (0 or 1) holds from ``t_ns[k]`` on, ``resting`` before the first."""

    name: str
    resting: int
    t_ns: Instants
    levels: NDArray[np.uint8]


@dataclass(frozen=True)
class Divergence:
    """The first moment at which what came out differs from what was due, with the edges around it."""

    t_ns: int
    text: str
    edges: tuple[Edge, ...]


@dataclass
class ScenarioRecord:
    """One scenario on one rig.

    requirements: ids of docs/requirements.toml the scenario as a whole is evidence for; those of a single figure
        are in its ``Measurement``.
    begins_ns, ends_ns: the stretch that was looked at.
    step_times_ns: rising edges of STEP that came while the motor was energised.
    edge_errors_ticks: for each of those steps, its distance from the instant at which it was due, signed.
    collected: None where no plant was on the shaft.
    sector_erases: of each sector of the journal.
    board_model: what of real silicon was imposed on an emulated board, empty on any other rig.
    reproduce: the command that does this very run again.
    excused: why a failure of it is known and does not count; empty if it counts. A report excuses nothing.
    took_s: on the clock of the machine that it ran on; unit: serial number of the pump it was measured on, empty where
        none of hardware was. Both are for the store of results; no report has them.
    build: version and commit that the pump reported; image_sha256: digest of the UF2 that ran, empty if none did.
    """

    name: str
    title: str
    purpose: str
    rig: str
    status: Status
    message: str
    requirements: tuple[str, ...]
    evidence: Evidence
    begins_ns: int = 0
    ends_ns: int = 0
    step_times_ns: Instants = field(default_factory=lambda: np.array([], np.int64))
    edge_errors_ticks: NDArray[np.float64] = field(default_factory=lambda: np.array([], np.float64))
    signals: tuple[Signal, ...] = ()
    curves: tuple[Curve, ...] = ()
    collected: Collected | None = None
    alarms: tuple[AlarmSpan, ...] = ()
    happenings: tuple[Happening, ...] = ()
    sector_erases: tuple[int, ...] = ()
    divergence: Divergence | None = None
    seeds: dict[str, int] = field(default_factory=dict)
    board_model: str = ""
    edges_sha256: str = ""
    reproduce: str = ""
    excused: str = ""
    took_s: float = field(default=0.0, compare=False)
    unit: str = field(default="", compare=False)
    build: tuple[str, str] = ("", "")
    image_sha256: str = ""

    @property
    def identity(self) -> str:
        """Return the name of the run within a campaign: scenario and rig."""
        return f"{self.name}[{self.rig}]"
