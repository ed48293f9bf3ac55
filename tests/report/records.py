"""Records of runs that never took place, of every kind: passed, failed, not carried out, skipped."""

from __future__ import annotations

from math import sin

import numpy as np

from thecal_fw.core.alarms import MOTOR_STALL
from thecal_hil.contract.pump_clock import TICK_NS
from thecal_hil.evidence.measurements import Evidence, Measurement
from thecal_hil.scenario.flow_samples import weighed_instants
from thecal_hil.scenario.record import (
    AlarmSpan,
    Collected,
    Curve,
    Divergence,
    Happening,
    ScenarioRecord,
    Signal,
    Status,
)
from thecal_sim.edge_record import Edge
from thecal_sim.units import NS_PER_S

EDGE = Measurement("worst_edge", "edge error, worst", "ticks", most=1, requirements=("pulse-timing",))
MISSING = Measurement("missing", "pulses missing", "pulses", least=0, most=0)
BEGINS_NS = 300 * NS_PER_S
LASTS_S = 2_400
INTERVAL_NS = 3 * NS_PER_S
G_PER_ML = 0.998
EVAPORATES_G_PER_H = 0.001


def blank(name: str, status: Status, rig: str = "model", message: str = "") -> ScenarioRecord:
    return ScenarioRecord(
        name=name,
        title=f"What {name} shows",
        purpose="Made up for a test <of escaping> & more.",
        rig=rig,
        status=status,
        message=message,
        requirements=("no-drift",),
        evidence=Evidence((EDGE, MISSING)),
        reproduce=f"thecal-hil run {name} --rig {rig}",
    )


def ran(name: str, rig: str = "model", worst_ticks: float = 0.25) -> ScenarioRecord:
    """Return a record of forty minutes of a pulse every three seconds, each late by a quarter of a tick, and one
    alarm."""
    record = blank(name, Status.PASSED, rig)
    due = BEGINS_NS + INTERVAL_NS * np.arange(LASTS_S // 3, dtype=np.int64)
    late = np.full(len(due), 0.25)
    record.step_times_ns = due + (late * TICK_NS).astype(np.int64)
    record.edge_errors_ticks = late
    record.begins_ns, record.ends_ns = BEGINS_NS, BEGINS_NS + LASTS_S * NS_PER_S
    edges = np.sort(np.concatenate([record.step_times_ns, record.step_times_ns + TICK_NS]))
    levels = np.tile(np.array([1, 0], np.uint8), len(due))
    enable = np.array([BEGINS_NS - NS_PER_S], np.int64)
    record.signals = (
        Signal("step", 0, edges, levels),
        Signal("enable", 1, enable, np.array([0], np.uint8)),
    )
    at_ns = np.linspace(record.begins_ns, record.ends_ns, 200).astype(np.int64)
    counted = np.searchsorted(record.step_times_ns, at_ns, side="right")
    volume = np.array(counted, np.float64) * 0.015625
    record.curves = (
        Curve("prescribed", "uL", at_ns, (at_ns - BEGINS_NS) / INTERVAL_NS * 0.015625),
        Curve("delivered", "uL", at_ns, volume),
        Curve("pressure", "kPa", at_ns, np.array([sin(at / 1e12) for at in at_ns])),
    )
    record.alarms = (AlarmSpan(MOTOR_STALL, BEGINS_NS + 600 * NS_PER_S, None),)
    record.happenings = (Happening(BEGINS_NS, "start delivery"), Happening(BEGINS_NS + 10**9, "look"))
    record.sector_erases = (3, 2, 0, 1)
    record.seeds = {"sram": 7}
    record.edges_sha256 = "ab" * 32
    record.build = ("0.1.0", "source")
    record.image_sha256 = "cd" * 32 if rig == "pico" else ""
    record.evidence.take("worst_edge", worst_ticks)
    record.evidence.take("missing", 0)
    return record


def failed(name: str, rig: str = "model") -> ScenarioRecord:
    """Return the same record, but the 101st pulse came 3 ms late."""
    record = ran(name, rig, worst_ticks=300)
    record.status = Status.FAILED
    record.message = "; ".join(record.evidence.failures())
    at_ns = int(record.step_times_ns[100]) + 3_000_000
    around = tuple(
        Edge(at_ns + offset, "step", level) for offset, level in ((-3_000_000_000, 1), (0, 1), (10_000, 0))
    )
    record.divergence = Divergence(at_ns, "pulse 101 came 3 ms late", around)
    return record


def every_kind() -> list[ScenarioRecord]:
    return [
        ran("steady"),
        ran("steady", "pico"),
        failed("stumbling"),
        blank("broken", Status.ERROR, message="RuntimeError: no reply"),
        blank("elsewhere", Status.SKIPPED, message="the model rig has no wings"),
    ]


def weighed(name: str, rig: str = "model", share: float = 1.0) -> ScenarioRecord:
    """Return the same record, over a balance without faults but for what evaporates; so much of each microstep's
    volume comes out."""
    record = ran(name, rig)
    at_ns = weighed_instants(record.step_times_ns)
    out_nl = share * 15.625 * np.searchsorted(record.step_times_ns, at_ns, side="right").astype(np.float64)
    gone_g = EVAPORATES_G_PER_H * (at_ns - BEGINS_NS) / (3_600 * NS_PER_S)
    shown_g = out_nl * 1e-6 * G_PER_ML - gone_g
    record.collected = Collected(at_ns, out_nl, shown_g, G_PER_ML, EVAPORATES_G_PER_H)
    return record
