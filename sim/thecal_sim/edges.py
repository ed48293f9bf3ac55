"""What a probe on the board's pins sees: every change of level, stamped with its exact virtual instant.

STEP is kept apart and compact, as the instants of its rising edges, since a month of delivery has most of a
million. Observers may be told of every edge, in order and at its instant; without any, nothing is done per edge.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from heapq import merge
from typing import NamedTuple

from simpy import Event

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


class Edge(NamedTuple):
    t_ns: int
    signal: str
    level: int


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
        self._others: list[Edge] = []
        self._levels = dict(RESTING_LEVELS)
        self._observers: list[Observer] = []
        self._awaited: list[tuple[str | None, Event]] = []
        self.on_first_observer: Callable[[], None] = lambda: None

    @property
    def is_observed(self) -> bool:
        return bool(self._observers or self._awaited)

    def observe(self, observer: Observer) -> None:
        """Have every edge from now on told to an observer, in order, when its instant comes."""
        self.on_first_observer()
        self._observers.append(observer)
        self.on_first_observer()

    def next_edge(self, signal: str | None = None) -> Event:
        """An event that succeeds at the next edge (of one signal, or of any) with that ``Edge`` as its value."""
        self.on_first_observer()
        event = self._env.event()
        self._awaited.append((signal, event))
        self.on_first_observer()
        return event

    def level(self, signal: str) -> int:
        """Level of any signal but STEP."""
        return self._levels[signal]

    def change(self, signal: str, level: int) -> None:
        """A line is driven to a level now; no edge if it is there already."""
        if self._levels[signal] != level:
            self._levels[signal] = level
            edge = Edge(self._env.now_ns, signal, level)
            self._others.append(edge)
            self.tell(edge)

    def cut_last_step_short(self, t_ns: int) -> None:
        """STEP was forced low at an instant within its latest pulse."""
        self._falls_cut_short[len(self.steps_ns) - 1] = t_ns

    def fall_ns(self, index: int) -> int:
        """When the pulse of an index fell, or will."""
        return self._falls_cut_short.get(index, self.steps_ns[index] + TICK_NS)

    def tell(self, edge: Edge) -> None:
        """Pass an edge on to whoever observes."""
        for observer in tuple(self._observers):
            observer(edge)
        if self._awaited:
            now_due = [event for signal, event in self._awaited if signal in (None, edge.signal)]
            self._awaited = [entry for entry in self._awaited if entry[0] not in (None, edge.signal)]
            for event in now_due:
                event.succeed(edge)

    def all_edges(self, until_ns: int) -> list[Edge]:
        """Every edge up to an instant, in order of time."""
        return list(merge(self._step_edges(until_ns), self._others, key=lambda edge: edge.t_ns))

    def others(self, signal: str) -> list[Edge]:
        """Every edge of one signal other than STEP."""
        return [edge for edge in self._others if edge.signal == signal]

    def _step_edges(self, until_ns: int) -> list[Edge]:
        edges: list[Edge] = []
        for index, rise_ns in enumerate(self.steps_ns):
            edges.append(Edge(rise_ns, STEP, 1))
            fall_ns = self.fall_ns(index)
            if fall_ns <= until_ns:
                edges.append(Edge(fall_ns, STEP, 0))
        return edges
