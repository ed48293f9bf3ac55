"""Bytes that the record of the pico rig takes for each edge, measured while its probe writes it.

Promise: what is counted is memory as Python's own allocator has it, spare room and all that questions leave behind.
"""

from __future__ import annotations

import argparse
import tracemalloc
from collections.abc import Callable, Sequence
from types import SimpleNamespace

from rp2040py.gpio_pin import GPIOPinState

from thecal_hil.emulator.pins import Probe
from thecal_hil.evidence.measurements import Measurement
from thecal_sim.edges import BUZZER, ENABLE, STEP

EDGES = 1_000_000
BYTES = Measurement("bytes_an_edge", "record of the pico rig", "bytes an edge", most=16)
_SIGNALS = (STEP, ENABLE, BUZZER)
_NS_PER_EDGE = 28_000_016
_OTHERS_EVERY = 100
"""Of so many edges one is of a line other than STEP."""


class _Pin:
    """A pin of a chip, with somebody who listens."""

    def __init__(self) -> None:
        self.value = GPIOPinState.LOW
        self._listeners: list[Callable[[GPIOPinState, GPIOPinState], None]] = []

    def add_listener(self, listener: Callable[[GPIOPinState, GPIOPinState], None]) -> None:
        self._listeners.append(listener)

    def toggle(self) -> None:
        before = self.value
        self.value = GPIOPinState.HIGH if before == GPIOPinState.LOW else GPIOPinState.LOW
        for listener in self._listeners:
            listener(self.value, before)


def bytes_an_edge(edges: int = EDGES) -> float:
    """Have a probe watch so many edges of three lines, ask about each line now and then, and see what it all
    takes. Raise RuntimeError if edges are missing."""
    clock, pins = SimpleNamespace(nanos=0.0), [_Pin() for _ in _SIGNALS]
    chip = SimpleNamespace(clock=clock, gpio=pins)
    probe = Probe(chip, {signal: number for number, signal in enumerate(_SIGNALS)}, {})
    tracemalloc.start()
    try:
        begun_bytes, _ = tracemalloc.get_traced_memory()
        for number in range(edges):
            clock.nanos += _NS_PER_EDGE
            pins[0 if number % _OTHERS_EVERY else 1 + number // _OTHERS_EVERY % 2].toggle()
            if number % (edges // 10) == 0:
                for signal in _SIGNALS:
                    probe.edges.levels_of(signal)
        for signal in _SIGNALS:
            probe.edges.levels_of(signal)
        ended_bytes, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    if len(probe.edges) != edges:
        raise RuntimeError(f"{len(probe.edges)} of {edges} edges are in the record")
    return (ended_bytes - begun_bytes) / edges


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="thecal-hil edge-memory", description=__doc__)
    parser.add_argument("--edges", type=int, default=EDGES)
    found = bytes_an_edge(parser.parse_args(argv).edges)
    print(f"record of the pico rig: {found:.2f} bytes an edge")
    return 0 if found <= (BYTES.most or 0) else 1
