"""Makes the record of an attempt: edges, errors, curves, alarms, and the first moment at which something was off.

Promise: nothing of the machine and no time of day enters it, so the same attempt leaves the same record.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from thecal.alarm_sets import acknowledged_in
from thecal_fw.core import events
from thecal_hil.contract.edge_digest import digest_of
from thecal_hil.contract.pump_clock import TICK_NS, Instants
from thecal_hil.contract.rig import Capability
from thecal_hil.course.course import MICROSTEPS_PER_NL, Stretch
from thecal_hil.scenario.attempt import Attempt
from thecal_hil.scenario.flow_samples import weighed_instants
from thecal_hil.scenario.record import AlarmSpan, Collected, Curve, Divergence, ScenarioRecord, Signal
from thecal_sim.edge_record import Edge, EdgeRecord
from thecal_sim.edges import RESTING_LEVELS
from thecal_sim.oracle import PulseCheck
from thecal_sim.plant.state import Quantity
from thecal_sim.stretches import Stretches

_POINTS = 600
_AROUND_NS = 50_000_000
_MOST_EDGES_AROUND = 40


def complete(record: ScenarioRecord, attempt: Attempt) -> None:
    """Put into a record all that the attempt has left behind. A rig without a probe leaves no edges to look at."""
    rig = attempt.rig
    has_probe = Capability.EXACT_EDGES in rig.capabilities
    until_ns = attempt.ideal_until_ns()
    record.begins_ns, record.ends_ns = attempt.zero_ns, attempt.ends_ns
    steps_ns = rig.step_times_ns
    record.step_times_ns = steps_ns[steps_ns <= attempt.ends_ns]
    record.edge_errors_ticks = _edge_errors(attempt, until_ns)
    edges = rig.edges
    record.signals = tuple(_signal(edges, name, attempt.ends_ns) for name in RESTING_LEVELS)
    prescribed, *measured = _curves(attempt, until_ns)
    record.curves = (prescribed, *measured) if has_probe else (prescribed,)
    record.collected = _collected(attempt, record.step_times_ns)
    record.alarms = tuple(_alarm_spans(attempt))
    record.happenings = tuple(attempt.happenings)
    record.sector_erases = rig.sector_erases()
    if has_probe:
        record.divergence = _first_divergence(edges, attempt.checks(until_ns))
    record.seeds = {**rig.seeds, **attempt.seeds, **record.seeds}
    record.board_model = rig.board_model
    record.edges_sha256 = digest_of(edges)


def _edge_errors(attempt: Attempt, until_ns: int) -> NDArray[np.float64]:
    found = [_errors_of(stretch, until_ns) for stretch in attempt.stretches]
    return np.concatenate(found) if found else np.array([], np.float64)


def _errors_of(stretch: Stretch, until_ns: int) -> NDArray[np.float64]:
    """Return how late each pulse came that is due at all, in ticks, along the time in which something is prescribed."""
    times = stretch.pulses_ns[stretch.pulses_ns <= until_ns].tolist()
    if not times:
        return np.array([], np.float64)
    stretches = Stretches(stretch.ideal, min(until_ns, stretch.ends_ns) + 60 * 1_000_000_000)
    due = list(stretches.due_instants(len(times)))
    came = np.array(stretches.active_instants(times[: len(due)]), np.int64)
    ideal = np.array(stretches.active_instants(due), np.int64)
    return (came - ideal) / TICK_NS


def _signal(all_edges: EdgeRecord, name: str, ends_ns: int) -> Signal:
    t_ns, levels = all_edges.levels_of(name)
    is_within = t_ns <= ends_ns
    return Signal(name, RESTING_LEVELS[name], t_ns[is_within], levels[is_within])


def _curves(attempt: Attempt, until_ns: int) -> tuple[Curve, ...]:
    """Return the volume since the zero, prescribed and delivered, at even distances of time."""
    t_ns = np.linspace(attempt.zero_ns, attempt.ends_ns, _POINTS).astype(np.int64)
    steps_ns = attempt.rig.step_times_ns
    count = np.searchsorted(steps_ns, t_ns, side="right") - np.searchsorted(steps_ns, attempt.zero_ns)
    delivered = count / float(MICROSTEPS_PER_NL) / 1_000
    of_ideal = t_ns[t_ns <= until_ns]
    prescribed = np.array([_prescribed_ul(attempt.stretches, int(at)) for at in of_ideal], np.float64)
    return (
        Curve("prescribed", "uL", of_ideal, prescribed),
        Curve("delivered", "uL", t_ns, delivered),
        *(_plant_curves(attempt, t_ns) if attempt.rig.has_plant else ()),
    )


def _plant_curves(attempt: Attempt, t_ns: Instants) -> Iterator[Curve]:
    plant = attempt.rig.plant
    out_nl = plant.curve(Quantity.OUT, t_ns)
    yield Curve("come out at the tip", "uL", t_ns, (out_nl - out_nl[0]) / 1_000)
    yield Curve("pressure in the line", "kPa", t_ns, plant.curve(Quantity.PRESSURE, t_ns))


def _collected(attempt: Attempt, step_times_ns: Instants) -> Collected | None:
    if not attempt.rig.has_plant:
        return None
    plant, t_ns = attempt.rig.plant, weighed_instants(step_times_ns)
    shown_g = np.array([plant.reading_g(at)[0] for at in t_ns.tolist()], np.float64)
    balance = plant.parameters.balance
    out_nl = plant.curve(Quantity.OUT, t_ns)
    return Collected(t_ns, out_nl, shown_g, balance.g_per_ml, balance.evaporation_g_per_h)


def _prescribed_ul(stretches: Sequence[Stretch], t_ns: int) -> float:
    return (
        sum(
            float(stretch.ideal.volume_nl_at(min(t_ns, stretch.ends_ns)))
            for stretch in stretches
            if stretch.begins_ns < t_ns
        )
        / 1_000
    )


def _alarm_spans(attempt: Attempt) -> list[AlarmSpan]:
    """Return the spans from raising to clearing, by the cause's end or by acknowledgement, as the pump's log has it."""
    spans: list[AlarmSpan] = []
    begun: dict[int, int] = {}

    def end(alarm: int, t_ns: int) -> None:
        if alarm in begun:
            spans.append(AlarmSpan(alarm, begun.pop(alarm), t_ns))

    for event in attempt.log:
        t_ns = attempt.logged_ns(event)
        if t_ns is None:
            continue
        if event.code == events.EVENT_ALARM_RAISED:
            begun.setdefault(event.first, t_ns)
        elif event.code == events.EVENT_ALARM_CLEARED:
            end(event.first, t_ns)
        acknowledged = acknowledged_in(event.code, event.first, event.second)
        if acknowledged is not None:
            for alarm in [one for one in begun if acknowledged[1] >> one & 1]:
                end(alarm, t_ns)
    spans += [AlarmSpan(alarm, begin_ns, None) for alarm, begin_ns in begun.items()]
    return sorted(spans, key=lambda span: (span.begin_ns, span.alarm))


def _first_divergence(edges: EdgeRecord, checks: Sequence[PulseCheck]) -> Divergence | None:
    for check in checks:
        found = check.divergence
        if found is None:
            continue
        instants = [t_ns for _, came, due in found.around for t_ns in (came, due) if t_ns is not None]
        came = [came for number, came, due in found.around if number == found.pulse and came is not None]
        due = [due for number, _, due in found.around if number == found.pulse and due is not None]
        t_ns = min([*came, *due], default=instants[0] if instants else 0)
        return Divergence(t_ns, str(found), _edges_around(edges, instants, t_ns))
    return None


def _edges_around(edges: EdgeRecord, instants: Sequence[int], t_ns: int) -> tuple[Edge, ...]:
    begin_ns = min(instants, default=t_ns) - _AROUND_NS
    end_ns = max(instants, default=t_ns) + _AROUND_NS
    around = edges.between(begin_ns, end_ns)
    around.sort(key=lambda edge: abs(edge.t_ns - t_ns))
    return tuple(sorted(around[:_MOST_EDGES_AROUND], key=lambda edge: edge.t_ns))
