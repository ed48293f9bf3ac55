"""The clinic's report: everything an interrogation reports, the change of program, the refill, and what has
happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from thecal.amounts import millilitres
from thecal.clocks import offset_text
from thecal.judgement import Finding
from thecal.program_figures import gives_therapy
from thecal.reports.handout import date_text, day_figures, printed
from thecal.reports.interrogation import Interrogation, events_since_last_visit
from thecal.reports.page import columns, element, facts, page, section
from thecal.reports.status_text import event_name, event_text, event_time, status_rows
from thecal.residual_check import FillCheck, ResidualCheck
from thecal.words import comparison, describe
from thecal_fw.core.program import Program


@dataclass(frozen=True)
class VisitRecord:
    """The record of what was done at a visit; all of it may be left out of a report of a pump that was only looked at.

    steps: (what, outcome) in order. before: the program the pump had when the visit began.
    """

    steps: Sequence[tuple[str, str]] = ()
    program_changed: bool = False
    before: Program | None = None
    residual: ResidualCheck | None = None
    fill: FillCheck | None = None
    filled_nl: int | None = None
    findings: Sequence[Finding] = field(default=())
    reason: str = ""
    first_event: int | None = None


def clinic_report(read: Interrogation, visit: VisitRecord | None = None) -> str:
    """Return the page; of a visit, with what was done and what the program was before."""
    visit = visit or VisitRecord()
    board = [("board", read.board), ("serial number", read.serial)]
    board.append(("firmware", f"{read.version} ({read.commit})"))
    state = status_rows(read.status, read.outlook, read.clocks, read.bridge_left_s)
    sections: list[Element] = []
    if visit.steps:
        sections.append(section("This visit", facts(visit.steps)))
    sections.append(section("Interrogation", facts([*board, *state, *_counters(read)])))
    sections.append(section("Refill", facts(_refill(read, visit))))
    sections.append(_program(read, visit))
    if read.program is not None and gives_therapy(read.program):
        sections.append(section("24 hours of the program", *day_figures(read.program)))
    if visit.findings:
        rows = [((str(one.kind), str(one)), False) for one in visit.findings]
        reason = element("p", f"Reason given: {visit.reason or 'none'}")
        sections.append(section("Review of the prescription", columns(("kind", "finding"), rows), reason))
    elif visit.reason:
        sections.append(section("Reason given", element("p", visit.reason)))
    sections.append(_events(read, visit))
    return page("Clinic report", *sections, element("p", printed(read), class_="note"))


def _counters(read: Interrogation) -> list[tuple[str, str]]:
    status = read.status
    return [
        (
            "calibration",
            f"{status.calibration_id}: {status.nl_per_rev} nL in {status.microsteps_per_rev} microsteps",
        ),
        (
            "steps planned, seen, unseen",
            f"{status.planned_steps}, {status.counted_steps}, {status.unseen_steps}",
        ),
        ("steps granted, quantum", f"{status.granted_steps}, {status.quantum_steps}"),
        ("steps in all of its life", f"{status.lifetime_steps}, resets {status.boots}"),
        ("program digest", status.program_digest.hex() if status.has_program else "none"),
        (
            "frames garbled, too long; replies dropped",
            f"{status.frames_garbled}, {status.frames_overlong}; {status.replies_dropped}",
        ),
        (
            "queued, longest poll, free memory",
            f"{status.queued_ms} ms, {status.worst_poll_us} us, {status.heap_free_bytes} bytes",
        ),
        ("latest event", str(status.latest_event)),
    ]


def _refill(read: Interrogation, visit: VisitRecord) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    if visit.residual is not None:
        rows.append(("residual check", visit.residual.text()))
        if visit.residual.error_percent is not None:
            rows.append(("delivery error since the fill", f"{float(visit.residual.error_percent):+.2f} %"))
    if visit.filled_nl is not None:
        rows.append(("filled", f"{millilitres(visit.filled_nl)} mL"))
    if visit.fill is not None:
        rows.append(("after the fill", visit.fill.text()))
    dates, outlook = read.dates, read.outlook
    if dates is None:
        return [*rows, ("dates", "none: no program that delivers, or the contents are not known")]
    rows += [
        ("refill by", date_text(dates.refill_by)),
        ("low-reservoir alarm", date_text(dates.low)),
        (f"that volume at +{outlook.accuracy_permille / 10:g} %", date_text(dates.low_at_worst)),
        ("empty, calculated", date_text(dates.empty)),
        (
            "drug is stable until",
            date_text(dates.drug_expires) if outlook.stability_days else "no limit in the program",
        ),
        (
            "alarm protects at the worst",
            "yes" if outlook.alarm_protects else "NO: the reservoir may be dry before it sounds",
        ),
    ]
    return rows


def _program(read: Interrogation, visit: VisitRecord) -> Element:
    if not visit.program_changed:
        return section("Program", facts(describe(read.program)))
    rows = [
        ((row.label.strip(), row.running, row.new), row.changed)
        for row in comparison(visit.before, read.program)
    ]
    return section("Program, before and now", columns(("", "before", "now"), rows))


def _events(read: Interrogation, visit: VisitRecord) -> Element:
    events, offset = events_since_last_visit(read.log, visit.first_event), read.status.offset_minutes
    rows = [
        ((str(one.sequence), event_time(one, offset), event_name(one), event_text(one)), False)
        for one in events
    ]
    if not rows:
        return section("Events since the last refill", element("p", "none"))
    return section(
        "Events since the last refill",
        columns(("event", f"time (UTC{offset_text(offset)})", "what", "details"), rows),
    )
