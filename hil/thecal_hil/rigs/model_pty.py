"""The model pump behind a pseudo-terminal, in wall time: for programs that open a port by its path.

Promises: what ``EmulatedPty`` promises of an emulated Pico, with the model in its place; a program at the other end
distinguishes the two only by what the board says of itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from thecal_hil.emulator.pico import EmulatedPico
from thecal_hil.emulator.pty import EmulatedPty
from thecal_sim.model import ModelPump

_SLICE_NS = 1_000_000


class _PacedModel:
    """A model pump with as much of an emulated Pico's face as a pseudo-terminal needs."""

    def __init__(self, model: ModelPump) -> None:
        self._model = model
        self.serial = model.serial

    def run_for(self, duration_ns: int, stop_when: Callable[[], bool]) -> bool:
        """Let time pass, in slices, until something has come for the host."""
        end_ns = self._model.now_ns + duration_ns
        while not stop_when() and self._model.now_ns < end_ns:
            self._model.run_until(min(end_ns, self._model.now_ns + _SLICE_NS))
        return stop_when()


def model_pty(model: ModelPump) -> EmulatedPty:
    """Return a pseudo-terminal that leads to a model pump, to be entered as a context."""
    return EmulatedPty(cast(EmulatedPico, _PacedModel(model)))
