"""One number for everything that a rig has seen.

Promise: two records have the same digest only if every edge is the same: instant, signal and level.
"""

from __future__ import annotations

import hashlib

import numpy as np

from thecal_sim.edge_record import EdgeRecord

_PACKED = np.dtype([("t_ns", "<i8"), ("signal", "S16"), ("level", "u1")])
"""An edge as it enters a digest."""
_EDGES_AT_ONCE = 1 << 16


def digest_of(edges: EdgeRecord) -> str:
    """Return the same digest of some edges."""
    names = np.array([name.encode() for name in edges.signals], _PACKED["signal"])
    digest = hashlib.sha256()
    for first in range(0, len(edges), _EDGES_AT_ONCE):
        t_ns, numbers, levels = edges.columns(first, first + _EDGES_AT_ONCE)
        packed = np.empty(len(t_ns), _PACKED)
        packed["t_ns"], packed["signal"], packed["level"] = t_ns, names[numbers], levels
        digest.update(packed.tobytes())
    return digest.hexdigest()
