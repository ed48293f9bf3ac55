"""The edge, as every instrument and every rig hands it out."""

from __future__ import annotations

from typing import NamedTuple


class InstrumentEdge(NamedTuple):
    """A change of level of one signal. ``t_ns`` is by the instrument's own clock, see the instrument."""

    t_ns: int
    signal: str
    level: int
