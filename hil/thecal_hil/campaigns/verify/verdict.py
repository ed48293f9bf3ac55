"""Judges a delivered day: which measurements there are, what their limits are, and what they come to.

Promises: all measurements are declared before anything is delivered; both rigs are held against the oracle by
themselves and then against each other in the pump's wall time; the report says what it takes to repeat the run.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from thecal_hil.campaigns.verify.day import DayPlan, Record
from thecal_hil.contract.pump_clock import TICK_NS
from thecal_hil.course.drills import MOST_RESTART_MS
from thecal_hil.evidence.figures_table import figures_table
from thecal_hil.evidence.measurements import Evidence, Measurement, figure_text, write_summary
from thecal_sim.agreement import Agreement, compare_pulses
from thecal_sim.units import NS_PER_S

MOST_EDGE_TICKS = 1


def measurements(most_boot_ms: float = MOST_RESTART_MS) -> tuple[Measurement, ...]:
    """Return what is measured, with its limits."""
    return (
        Measurement("hours", "therapy delivered", "h"),
        Measurement("pulses", "pulses delivered", "pulses", least=1),
        Measurement("missing_pulses", "pulses missing", "pulses", most=0),
        Measurement("extra_pulses", "pulses in excess", "pulses", most=0),
        Measurement("worst_edge_ticks", "edge error, worst", "ticks", most=MOST_EDGE_TICKS),
        Measurement("worst_volume_error_steps", "volume error, worst", "microsteps", most=1),
        Measurement("model_worst_edge_ticks", "model: edge error", "ticks", most=MOST_EDGE_TICKS),
        Measurement("model_worst_volume_error_steps", "model: volume error", "microsteps", most=1),
        Measurement("agreement_pulses", "pulses on one rig only", "pulses", most=0),
        Measurement("agreement_ticks", "rig against model", "ticks", most=1),
        Measurement("low_reservoir_pulse_error", "low alarm, off by", "pulses", least=0, most=0),
        Measurement("model_low_reservoir_pulse_error", "model: low alarm", "pulses", least=0, most=0),
        Measurement("low_reservoir_buzzer_ms", "buzzer after it", "ms", least=0, most=100),
        Measurement("counted_pulse_error", "pump's own count, off", "pulses", most=0),
        Measurement("heap_bytes_per_pulse", "heap in steady state", "bytes/pulse", least=0, most=0),
        Measurement("boot_ms", "reset to delivering", "ms", least=0, most=most_boot_ms),
        Measurement("boot_rom_ms", "of it, before its clock", "ms", least=0),
        Measurement("lost_instants", "events lost by the rig", "events", most=0),
        Measurement("speed_x", "emulated / real time", "x", reach=500),
    )


@dataclass(frozen=True)
class Verdict:
    """A plan, what came of it on the rig and on the model, and the measurements."""

    plan: DayPlan
    record: Record
    model: Record
    image_sha256: str
    evidence: Evidence
    agreement: Agreement
    low_pulse: int

    @property
    def passed(self) -> bool:
        return self.evidence.passed

    def line(self) -> str:
        """Return the one line that a run ends in."""
        values = self.evidence.values()
        figures = (
            f"{figure_text(values['hours'])} h on the {self.record.rig} rig, {figure_text(values['pulses'])} pulses, "
            f"worst edge {values['worst_edge_ticks']:.3f} ticks, "
            f"volume error {figure_text(values['worst_volume_error_steps'])} microstep, "
            f"agreement {values['agreement_ticks']:.3f} ticks, {values['speed_x']:,.0f} x real time"
        )
        if self.passed:
            return f"verify: PASS {figures}"
        return f"verify: FAIL {'; '.join(self.evidence.failures())} ({figures})"


def judge(plan: DayPlan, evidence: Evidence, record: Record, model: Record, image_sha256: str) -> Verdict:
    """Take every measurement."""
    agreement = compare_pulses(model.steps_ns.tolist(), record.steps_ns.tolist())
    low_pulse = plan.low_reservoir_pulse()
    evidence.take("hours", plan.duration_s / 3_600)
    evidence.take("pulses", len(record.steps_ns))
    evidence.take("missing_pulses", record.check.missing)
    evidence.take("extra_pulses", record.check.extra)
    for prefix, of in (("", record), ("model_", model)):
        evidence.take(f"{prefix}worst_edge_ticks", float(of.check.worst_edge_ticks))
        evidence.take(f"{prefix}worst_volume_error_steps", float(of.check.worst_volume_steps))
        evidence.take(f"{prefix}low_reservoir_pulse_error", of.low_alarm_pulse - low_pulse)
    evidence.take("agreement_pulses", abs(agreement.first_pulses - agreement.second_pulses))
    evidence.take("agreement_ticks", float(agreement.worst_ticks))
    evidence.take("low_reservoir_buzzer_ms", _buzzer_ms(record, low_pulse))
    evidence.take("counted_pulse_error", _worst_miscount(record))
    evidence.take("heap_bytes_per_pulse", record.heap_bytes_per_pulse)
    evidence.take("boot_ms", record.restart.ms)
    evidence.take("boot_rom_ms", record.restart.before_clock_ms)
    evidence.take("lost_instants", record.lost_instants)
    evidence.take("speed_x", record.speed)
    return Verdict(plan, record, model, image_sha256, evidence, agreement, low_pulse)


def _buzzer_ms(record: Record, pulse: int) -> float:
    """Return the time from the edge of a pulse to the next time the buzzer starts to sound."""
    if pulse > len(record.steps_ns):
        return float("nan")
    pulse_ns = record.steps_ns[pulse - 1]
    after = record.buzzer_on_ns[record.buzzer_on_ns >= pulse_ns]
    return float(after[0] - pulse_ns) / 1e6 if len(after) else float("nan")


def _worst_miscount(record: Record) -> float:
    """Return how far the pump's own count was from the probe's at any visit."""
    worst = 0
    for visit in record.visits:
        # The answer takes a moment; a pulse may come out within it.
        least = np.searchsorted(record.steps_ns, visit.wall_ns, "right")
        most = np.searchsorted(record.steps_ns, visit.wall_ns + NS_PER_S // 2, "right")
        worst = max(worst, int(least) - visit.counted_steps, visit.counted_steps - int(most))
    return worst


def table(verdict: Verdict) -> Table:
    """Return the measurements as a person reads them."""
    return figures_table(f"{verdict.plan.therapy.name} on the {verdict.record.rig} rig", verdict.evidence)


def report(verdict: Verdict, prescription: Path, out: Path) -> dict[str, Any]:
    """Write the figures as JSON; its content."""
    record, model = verdict.record, verdict.model
    content: dict[str, Any] = {
        "verdict": "PASS" if verdict.passed else "FAIL",
        "rig": record.rig,
        **{key: _plain(value) for key, value in verdict.evidence.values().items()},
        "tick_us": TICK_NS / 1_000,
        "low_reservoir_pulse_expected": verdict.low_pulse,
        "low_reservoir_pulse": record.low_alarm_pulse,
        "model_low_reservoir_pulse": model.low_alarm_pulse,
        "model_speed_x": model.speed,
        "uf2_sha256": verdict.image_sha256,
        "version": record.version,
        "commit": record.commit,
        "prescription": prescription.name,
        "program_digest": record.program_digest,
        "edges_sha256": record.edges_sha256,
        "model_edges_sha256": model.edges_sha256,
        "start_utc_s": verdict.plan.start_s,
        "fill_nl": verdict.plan.fill_nl,
        "seeds": record.seeds,
        "board_model": record.board_model,
        "agreement": str(verdict.agreement),
        "divergence": str(record.check.divergence) if record.check.divergence else None,
        "limits": verdict.evidence.limits(),
        "python": platform.python_version(),
    }
    write_summary(out / "verify.json", content)
    return content


def _plain(value: float | None) -> float | int | None:
    """Return whole figures as integers; a figure that is none as null."""
    if value is None or value != value:
        return None
    return int(value) if float(value).is_integer() else value
