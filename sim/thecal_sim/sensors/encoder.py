"""A shaft encoder of two channels, a quarter of a line apart, and the driver's fault line.

Modular encoders come with 512, 800, 1,000, 1,024 or 2,048 lines, none with one line for two microsteps of 3,200.
Faults: a channel that is stuck, channels that are swapped.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thecal.pumps.constants import chosen

_EDGES_A_LINE = 4
_LEVELS = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])


@dataclass(frozen=True)
class EncoderParameters:
    """lines: a turn. is_swapped: the channels are wired the other way round. stuck: (channel, level) that never
    changes."""

    lines: int = 1_000
    microsteps_per_rev: int = round(chosen().motor.microsteps_per_head_turn)
    is_swapped: bool = False
    stuck: tuple[int, int] | None = None


class Encoder:
    """levels: of channels A and B, at angles of the shaft in microsteps, forwards and backwards."""

    def __init__(self, parameters: EncoderParameters) -> None:
        self.parameters = parameters

    def levels(self, microsteps: NDArray[np.int64]) -> NDArray[np.int64]:
        parts = self.parameters
        quarters = microsteps * parts.lines * _EDGES_A_LINE // parts.microsteps_per_rev
        found = _LEVELS[quarters % _EDGES_A_LINE].copy()
        if parts.is_swapped:
            found = found[:, ::-1].copy()
        if parts.stuck is not None:
            channel, level = parts.stuck
            found[:, channel] = level
        return found


@dataclass(frozen=True)
class FaultLine:
    """The driver's fault line, open drain: low while it reports, a delay after what caused it. is_cut: its wire is off,
    and the pull-up holds it high."""

    delay_ns: int = 10_000
    is_cut: bool = False

    def is_high(self, t_ns: int, faulty_from_ns: int | None) -> bool:
        return self.is_cut or faulty_from_ns is None or t_ns < faulty_from_ns + self.delay_ns
