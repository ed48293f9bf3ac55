"""The place to look first in a run that failed: the first moment that was off, with the edges around it.

The record has it where a pulse is missing, in excess, or more than a tick from its due instant. A scenario may ask for
less than a tick; then it is the first edge beyond the limit that the figure missed.
"""

from __future__ import annotations

import numpy as np

from thecal_hil.scenario.record import Divergence, ScenarioRecord, Status
from thecal_sim.edge_record import Edge
from thecal_sim.units import NS_PER_S

_AROUND_NS = 10 * NS_PER_S
_MOST_EDGES = 12


def first_divergence(record: ScenarioRecord) -> Divergence | None:
    """Return the record's own, or the first edge beyond a limit in ticks that was missed; None if there is neither."""
    if record.divergence is not None or record.status is not Status.FAILED:
        return record.divergence
    limits = [
        outcome.measurement.most
        for outcome in record.evidence
        if outcome.taken and not outcome.passed and outcome.measurement.unit == "ticks"
    ]
    known = [limit for limit in limits if limit is not None]
    errors = record.edge_errors_ticks
    if not known or len(errors) != len(record.step_times_ns):
        return None
    beyond = np.flatnonzero(np.abs(errors) > min(known))
    if not len(beyond):
        return None
    step = int(beyond[0])
    t_ns = int(record.step_times_ns[step])
    text = f"step {step + 1} came {errors[step]:+.6f} ticks from its due instant, limit {min(known):g}"
    return Divergence(t_ns, text, _edges_around(record, t_ns))


def _edges_around(record: ScenarioRecord, t_ns: int) -> tuple[Edge, ...]:
    around = [
        Edge(int(at_ns), signal.name, int(level))
        for signal in record.signals
        for at_ns, level in zip(*_near(signal.t_ns, signal.levels, t_ns), strict=True)
    ]
    around.sort(key=lambda edge: abs(edge.t_ns - t_ns))
    return tuple(sorted(around[:_MOST_EDGES], key=lambda edge: edge.t_ns))


def _near(at_ns: np.ndarray, levels: np.ndarray, t_ns: int) -> tuple[np.ndarray, np.ndarray]:
    first, last = np.searchsorted(at_ns, (t_ns - _AROUND_NS, t_ns + _AROUND_NS))
    return at_ns[first:last], levels[first:last]
