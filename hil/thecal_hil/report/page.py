"""The page: findings put into the templates, drawings set in, the date in its one place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from thecal.durations import duration_text
from thecal.reports.page import BANNER
from thecal_fw.core.alarms import (
    ALARM_NAMES,
    ALARMS,
    AT_NAME,
    AT_PRIORITY,
    AT_RESPONSE,
    PRIORITY_NAMES,
    RESPONSE_NAMES,
)
from thecal_hil.evidence.measurements import Outcome, figure_text
from thecal_hil.report.course_plot import draw_course
from thecal_hil.report.curves import time_unit
from thecal_hil.report.divergence import first_divergence
from thecal_hil.report.findings import Findings, Measured, RequirementRow, ScenarioGroup, groups_of
from thecal_hil.report.flow_plots import flow_drawings
from thecal_hil.report.names import close_wave_name, edges_name, run_name, wave_name
from thecal_hil.report.small_plots import draw_edge_errors, draw_edges_around, draw_erases, draw_wear
from thecal_hil.scenario.record import Divergence, ScenarioRecord, Status
from thecal_sim.units import NS_PER_S

_SIGNS = ((">= ", "≥ "), ("<= ", "≤ "))


@dataclass(frozen=True)
class Drawing:
    """An SVG with the words beneath it."""

    svg: Markup
    caption: str


@dataclass(frozen=True)
class MeasuredAlike:
    """Figures of one requirement that were measured in the same way against the same limit, in many scenarios."""

    title: str
    unit: str
    limit: str
    measured: tuple[Measured, ...]

    @property
    def worst_text(self) -> str:
        """Return the figure that comes nearest to the limit, where there is a limit to one side only."""
        measurement = self.measured[0].figure.measurement
        values = [value for one in self.measured for value in one.values]
        if not values or (measurement.least is None) == (measurement.most is None):
            return ""
        return f", worst {figure_short(max(values) if measurement.least is None else min(values))}"


@dataclass(frozen=True)
class AlarmRow:
    """An alarm of the firmware. otherwise: why no scenario can show it, where none can."""

    name: str
    priority: str
    response: str
    raised_in: tuple[str, ...]
    otherwise: str


class RecordView:
    """A record as the template shows it."""

    def __init__(self, record: ScenarioRecord) -> None:
        self.record = record
        self.name = run_name(record)

    @cached_property
    def course(self) -> Markup:
        return Markup(draw_course(self.record, f"{self.name}-course"))

    @cached_property
    def small(self) -> list[Drawing]:
        """Return those small drawings that the record has data for."""
        record = self.record
        worst = max(abs(record.edge_errors_ticks), default=0.0)
        drawn = (
            (
                draw_edge_errors(record, f"{self.name}-edges"),
                f"{len(record.edge_errors_ticks):,} edges against when each was due; worst {worst:.4f} ticks.",
            ),
            (draw_wear(record, f"{self.name}-wear"), "Erases of each sector of the journal in this course."),
            *flow_drawings(record, self.name),
        )
        return [Drawing(Markup(svg), caption) for svg, caption in drawn if svg]

    @cached_property
    def divergence(self) -> Divergence | None:
        return first_divergence(self.record)

    @cached_property
    def edges_around(self) -> Markup:
        divergence = self.divergence
        if divergence is None:
            return Markup("")
        return Markup(
            draw_edges_around(divergence, f"Edges of {self.record.identity}", f"{self.name}-around")
        )

    def since_ms(self, t_ns: int) -> str:
        """Return the milliseconds from the first divergence."""
        assert self.divergence is not None
        return f"{(t_ns - self.divergence.t_ns) / 1e6:+,.6f}"

    @property
    def files(self) -> list[tuple[str, str]]:
        record = self.record
        if not record.signals:
            return []
        return [
            ("edges", f"edges/{edges_name(record)}"),
            ("waveform", f"waves/{wave_name(record)}"),
            ("close-up", f"waves/{close_wave_name(record)}"),
        ]


def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("thecal_hil.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        figure=figure_text,
        limit=_limit,
        unit=_unit,
        values=lambda measured: " / ".join(figure_short(value) for value in measured.values),
        length_of=_length,
        at=_at,
        alarm=lambda number: ALARM_NAMES[number],
        plain_list=lambda values: ", ".join(values),
    )
    environment.globals.update(banner=BANNER, Status=Status)
    return environment


def page_of_run(record: ScenarioRecord, verdict: str) -> str:
    """Return the page of one scenario on one rig, drawn as in the report."""
    (group,) = groups_of([record])
    return (
        _templates()
        .get_template("run.html.j2")
        .render(
            group=group, verdict=verdict, view=lambda _: RecordView(record), has_files=False, has_rows=False
        )
    )


def page_of(findings: Findings, made_at: datetime) -> str:
    """Return the whole page as text."""
    views = {record.identity: RecordView(record) for record in findings.records}
    return (
        _templates()
        .get_template("report.html.j2")
        .render(
            findings=findings,
            made_at=made_at.strftime("%Y-%m-%d %H:%M UTC"),
            has_files=True,
            has_rows=True,
            view=lambda record: views[record.identity],
            names_here={group.name for group in findings.groups},
            alike=alike,
            nearest=nearest,
            wear=_total_wear(findings),
            alarm_table=_alarm_table(findings),
            group_status=_group_status,
        )
    )


def figure_short(value: float) -> str:
    """Return a figure where there is little room."""
    return figure_text(round(value, 4))


def alike(row: RequirementRow) -> list[MeasuredAlike]:
    """Return the figures of a requirement, those that are measured alike put together."""
    found: dict[tuple[str, str, str], list[Measured]] = {}
    for one in row.measured:
        measurement = one.figure.measurement
        found.setdefault((measurement.title, measurement.unit, _limit(measurement.limit_text())), []).append(
            one
        )
    return [MeasuredAlike(*key, tuple(ones)) for key, ones in found.items()]


def nearest(group: ScenarioGroup) -> Outcome | None:
    """Return, of the figures with a limit above that is not zero, the one that comes nearest to it on any rig."""
    best: Outcome | None = None
    share = -1.0
    for row in group.figures():
        for outcome in row.outcomes:
            most = row.measurement.most
            if outcome is None or outcome.value is None or not most or row.measurement.least == most:
                continue
            if outcome.value / most > share:
                best, share = outcome, outcome.value / most
    return best


def _group_status(group: ScenarioGroup, rig: str) -> str:
    return next((record.status.value for record in group.records if record.rig == rig), "")


def _limit(words: str) -> str:
    for plain, sign in _SIGNS:
        words = words.replace(plain, sign)
    return words


def _unit(words: str) -> str:
    return words.replace("uL", "µL")


def _length(record: ScenarioRecord) -> str:
    """Return how long the course was, as it is written in a scenario."""
    return duration_text(record.ends_ns - record.begins_ns)


def _at(t_ns: int, record: ScenarioRecord) -> str:
    """Return an instant of the course, in the unit that its drawing has."""
    span_s = (record.ends_ns - record.begins_ns) / NS_PER_S
    unit = time_unit(span_s)
    return f"{(t_ns - record.begins_ns) / NS_PER_S / unit.seconds:.2f} {unit.name}"


def _total_wear(findings: Findings) -> list[tuple[str, int, Markup]]:
    """Return for each rig: erases of all its courses together, and their drawing by sector."""
    found = []
    for rig in findings.provenance.rigs:
        erases = [record.sector_erases for record in findings.records if record.rig == rig.name]
        sectors = max((len(one) for one in erases), default=0)
        total = [sum(one[sector] for one in erases if sector < len(one)) for sector in range(sectors)]
        if any(total):
            svg = draw_erases(total, f"wear-{rig.name}", f"Flash wear of all courses on {rig.name}")
            found.append((rig.name, sum(total), Markup(svg)))
    return found


def _alarm_table(findings: Findings) -> list[AlarmRow]:
    """Return each alarm of the firmware's table, with the scenarios in which it was raised."""
    raised: dict[int, set[str]] = {}
    for record in findings.records:
        for span in record.alarms:
            raised.setdefault(span.alarm, set()).add(record.name)
    otherwise = {row.name: row.otherwise for row in findings.coverage if row.kind == "alarm"}
    return [
        AlarmRow(
            row[AT_NAME],
            PRIORITY_NAMES[row[AT_PRIORITY]],
            RESPONSE_NAMES[row[AT_RESPONSE]],
            tuple(sorted(raised.get(number, ()))),
            otherwise.get(row[AT_NAME], ""),
        )
        for number, row in enumerate(ALARMS)
    ]
