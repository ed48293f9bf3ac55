"""Turns a judged day into the figures that its picture shows."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from thecal_hil.campaigns.verify import picture
from thecal_hil.campaigns.verify.picture import Mark, Picture
from thecal_hil.campaigns.verify.verdict import Verdict
from thecal_hil.contract.pump_clock import TICK_NS
from thecal_hil.course.course import MICROSTEPS_PER_NL, OFFSET_MINUTES
from thecal_sim.ideal import STEP_DUE_AT
from thecal_sim.oracle import Epoch, IdealDelivery
from thecal_sim.units import NS_PER_S

_NL_PER_STEP = float(1 / MICROSTEPS_PER_NL)
_DIGITS_SHOWN = 16


def draw(verdict: Verdict, path: Path) -> None:
    """Draw what was prescribed, what was delivered and how far they are apart."""
    plan, record, model = verdict.plan, verdict.record, verdict.model
    local_minus_t_ns = OFFSET_MINUTES * 60 * NS_PER_S
    ideal = IdealDelivery([Epoch(plan.start_ns, plan.therapy.regimen, local_minus_t_ns)], MICROSTEPS_PER_NL)
    segments = ideal.segments_until(plan.end_ns - 1)
    rates = [(segment.start_ns, round(ideal.rate_nl_per_day_at(segment.start_ns))) for segment in segments]
    steps_ns = record.steps_ns
    numbers = np.arange(1, len(steps_ns) + 1)
    due_at = numbers - float(STEP_DUE_AT)
    starts = np.array([segment.start_ns for segment in segments], np.int64)
    before = np.array([float(segment.steps_before) for segment in segments])
    per_ns = np.array([float(segment.steps_per_ns) for segment in segments])
    # By the segment in which a pulse came out, and by the one in which it is due, relative to its beginning.
    came = np.searchsorted(starts, steps_ns, "right") - 1
    due = np.searchsorted(before, due_at, "left") - 1
    prescribed = before[came] + per_ns[came] * (steps_ns - starts[came])
    edge_error_ns = (steps_ns - starts[due]) - (due_at - before[due]) / per_ns[due]
    volume_error = np.column_stack((numbers - 1 - prescribed, numbers - prescribed)).ravel()
    both = min(len(steps_ns), len(model.steps_ns))
    picture.draw(
        Picture(
            title="Prescribed and delivered"
            if record.rig == "model"
            else "Prescribed and delivered, pulse by pulse",
            subtitle=_subtitle(verdict),
            verdict="PASS" if verdict.passed else "FAIL",
            start_ns=plan.start_ns,
            end_ns=plan.end_ns,
            offset_minutes=OFFSET_MINUTES,
            rates=rates,
            steps_ns=steps_ns,
            nl_per_step=_NL_PER_STEP,
            edge_error_ticks=edge_error_ns / TICK_NS,
            volume_error_steps=volume_error.astype(np.float64),
            disagreement_ticks=(steps_ns[:both] - model.steps_ns[:both]) / TICK_NS,
            edge_limit_ticks=1.0,
            fill_nl=plan.fill_nl,
            low_reservoir_nl=plan.therapy.low_reservoir_nl,
            marks=_marks(verdict),
            days=_days(verdict),
        ),
        path,
    )


def _subtitle(verdict: Verdict) -> str:
    plan, record = verdict.plan, verdict.record
    hours = plan.duration_s / 3_600
    lines = [
        f"{plan.therapy.name}, {hours:g} h on the {record.rig} rig, {record.speed:,.0f} x real time; "
        f"firmware {record.version} ({record.commit})"
    ]
    digest = f"program {record.program_digest[:_DIGITS_SHOWN]}, edges {record.edges_sha256[:_DIGITS_SHOWN]}"
    if verdict.image_sha256:
        digest = f"UF2 {verdict.image_sha256[:_DIGITS_SHOWN]}, {digest}"
    lines.append(f"SHA-256 of {digest}")
    return "\n".join(lines)


def _days(verdict: Verdict) -> list[Mark]:
    """Return the local days that the record touches."""
    plan = verdict.plan
    day_ns, offset_ns = 86_400 * NS_PER_S, OFFSET_MINUTES * 60 * NS_PER_S
    midnight_ns = (plan.start_ns + offset_ns) // day_ns * day_ns - offset_ns
    days = []
    while midnight_ns < plan.end_ns:
        date = datetime.fromtimestamp((midnight_ns + offset_ns) // NS_PER_S, UTC)
        days.append(Mark(max(midnight_ns, plan.start_ns), f"{date:%A}"))
        midnight_ns += day_ns
    return days


def _marks(verdict: Verdict) -> list[Mark]:
    record = verdict.record
    if not 0 < record.low_alarm_pulse <= len(record.steps_ns):
        return []
    at_ns = int(record.steps_ns[record.low_alarm_pulse - 1])
    return [Mark(at_ns, f"alarm: low reservoir, pulse {record.low_alarm_pulse:,}")]
