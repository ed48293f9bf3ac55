"""An occluded line: how long until somebody knows, how much was not given, and the unintended bolus on release."""

from __future__ import annotations

from thecal_sim.metrics.volume import Instants, Volumes, between

_NS_PER_S = 1e9
_NS_PER_DAY = 86_400e9


def time_to_alarm_s(caused_ns: int, alarms_ns: Instants) -> float:
    """Return the time from a cause to the first alarm at or after it; infinite if there is none."""
    later = alarms_ns[alarms_ns >= caused_ns]
    return float((later.min() - caused_ns) / _NS_PER_S) if len(later) else float("inf")


def missed_nl(t_ns: Instants, out_nl: Volumes, begin_ns: int, end_ns: int, rate_nl_per_day: float) -> float:
    """Return what was prescribed between two instants and did not come out; ``out_nl``: volume out of the tip at
    ``t_ns``.

    Raises ValueError if the record does not reach from one to the other.
    """
    came_nl = between(t_ns, out_nl, begin_ns, end_ns)
    return float(rate_nl_per_day * (end_ns - begin_ns) / _NS_PER_DAY - came_nl)


def unintended_bolus_nl(
    t_ns: Instants, out_nl: Volumes, released_ns: int, settled_ns: int, rate_nl_per_day: float
) -> float:
    """Return what came out between the release and an instant by which the line has settled, beyond what was
    prescribed."""
    return -missed_nl(t_ns, out_nl, released_ns, settled_ns, rate_nl_per_day)
