"""An edge as the report has it, whichever rig saw it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Edge:
    """A change of level of one signal at an instant of the rig."""

    t_ns: int
    signal: str
    level: int
