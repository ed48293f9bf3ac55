"""The edges that a probe on the board's pins sees: every change of level, stamped with its exact virtual instant.

STEP is kept apart and compact, as the instants of its rising edges, since a month of delivery has most of a
million. Observers may get every edge, in order and at its instant; without any, nothing is done per edge.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable

import numpy as np

from thecal_sim.edge_record import Edge, EdgeRecord
from thecal_sim.units import TICK_NS
from thecal_sim.virtual_time import VirtualTime

STEP = "step"
DIRECTION = "direction"
ENABLE = "enable"
BUZZER = "buzzer"
LED = "led"
SIGNALS = (STEP, DIRECTION, ENABLE, BUZZER, LED)

RESTING_LEVELS = {STEP: 0, DIRECTION: 0, ENABLE: 1, BUZZER: 0, LED: 0}
"""Levels while nothing drives the lines: a resistor keeps the driver, enabled by a low level, off."""


Observer = Callable[[Edge], None]


class Recording:
    """All edges since the board was first powered.

    steps_ns: rising edges of STEP. It holds those that anybody asked about; ``Board.edges`` and
    ``Board.step_times_ns`` bring it up to date first.
    """

    def __init__(self, env: VirtualTime) -> None:
        self._env = env
        self.steps_ns = array("q")
        self._falls_cut_short: dict[int, int] = {}
        self.others = EdgeRecord()
        """Every edge of the signals other than STEP."""
        self._levels = dict(RESTING_LEVELS)
        self._observers: list[Observer] = []
        self.on_first_observer: Callable[[], None] = lambda: None

    @property
    def is_observed(self) -> bool:
        return bool(self._observers)

    def observe(self, observer: Observer) -> None:
        """Give every edge from now on to an observer, in order, when its instant comes."""
        self.on_first_observer()
        self._observers.append(observer)
        self.on_first_observer()

    def level(self, signal: str) -> int:
        """Return the level of any signal but STEP."""
        return self._levels[signal]

    def change(self, signal: str, level: int) -> None:
        """Drive a line to a level now; there is no edge if it is there already."""
        if self._levels[signal] != level:
            self._levels[signal] = level
            edge = Edge(self._env.now_ns, signal, level)
            self.others.add(*edge)
            self.tell(edge)

    def cut_last_step_short(self, t_ns: int) -> None:
        """Note that STEP was forced low at an instant within its latest pulse."""
        self._falls_cut_short[len(self.steps_ns) - 1] = t_ns

    def fall_ns(self, index: int) -> int:
        """Return when the pulse of an index fell, or will."""
        return self._falls_cut_short.get(index, self.steps_ns[index] + TICK_NS)

    def tell(self, edge: Edge) -> None:
        """Pass an edge on to whoever observes."""
        for observer in tuple(self._observers):
            observer(edge)

    def all_edges(self, until_ns: int) -> EdgeRecord:
        """Return every edge up to an instant, in order of time; those of STEP before others at the same instant."""
        rises_ns = np.array(self.steps_ns, np.int64)
        falls_ns = rises_ns + TICK_NS
        for index, fall_ns in self._falls_cut_short.items():
            falls_ns[index] = fall_ns
        falls_ns = falls_ns[falls_ns <= until_ns]
        others_ns, numbers, levels = self.others.columns()
        t_ns = np.concatenate([falls_ns, rises_ns, others_ns])
        order = np.argsort(t_ns, kind="stable")
        number_of_step = np.full(len(falls_ns) + len(rises_ns), len(self.others.signals), np.uint8)
        step_levels = np.repeat(np.array([0, 1], np.uint8), [len(falls_ns), len(rises_ns)])
        return EdgeRecord.of_columns(
            (*self.others.signals, STEP),
            t_ns[order],
            np.concatenate([number_of_step, numbers])[order],
            np.concatenate([step_levels, levels])[order],
        )
