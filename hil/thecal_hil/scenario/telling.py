"""Shows scenarios and of records in words and tables, for the terminal and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from thecal.durations import duration_text
from thecal_fw.core.alarms import ALARM_NAMES
from thecal_hil.evidence.figures_table import figures_table as evidence_table
from thecal_hil.evidence.measurements import Outcome
from thecal_hil.scenario.actions import ACTIONS
from thecal_hil.scenario.document import Scenario, Setup
from thecal_hil.scenario.measures import MEASURES
from thecal_hil.scenario.params import Params, told
from thecal_hil.scenario.record import ScenarioRecord, Status
from thecal_sim.units import NS_PER_S

_STATUS_COLOURS = {
    Status.PASSED: "green",
    Status.FAILED: "bold red",
    Status.ERROR: "bold red",
    Status.SKIPPED: "yellow",
}


def scenario_lines(scenario: Scenario) -> Iterator[str]:
    """Yield a scenario in words."""
    yield f"{scenario.name}: {scenario.title}"
    yield ""
    yield scenario.purpose
    yield ""
    if scenario.tags:
        yield f"tags: {', '.join(scenario.tags)}"
    if scenario.quarantine is not None:
        yield scenario.quarantine.told()
    yield f"requirements: {', '.join(scenario.all_requirements()) or 'none'}"
    yield f"needs of a rig: {', '.join(sorted(scenario.needs)) or 'nothing special'}"
    if scenario.expects:
        yield f"at the end there is, on purpose: {', '.join(scenario.expects)}"
    yield f"lasts: {duration_text(scenario.duration_ns)}"
    if scenario.ideal_until_ns is not None:
        yield f"pulses are held against the prescription until: {duration_text(scenario.ideal_until_ns)}"
    yield ""
    yield from _setup_lines(scenario.setup)
    for step in scenario.course:
        refused = f"; refused, saying {step.refused_with!r}" if step.refused_with is not None else ""
        yield f"  {duration_text(step.at_ns):>10}  {ACTIONS[step.do].text(step.given)}{refused}"
    yield ""
    for check in scenario.checks:
        measurement = check.measurement
        ids = f"  [{', '.join(measurement.requirements)}]" if measurement.requirements else ""
        yield f"  {measurement.title}: {measurement.limit_text()} {measurement.unit}{ids}"


def _setup_lines(setup: Setup) -> Iterator[str]:
    clock = "nobody sets the clock"
    if setup.clock_local is not None:
        clock = f"the clock shows {told(setup.clock_local, '')}, {setup.utc_offset_min} minutes ahead of UTC"
    fill = (
        "nobody fills the reservoir" if setup.fill_nl is None else f"{setup.fill_nl / 1e6:g} mL are filled in"
    )
    prescribed = (
        "nothing is prescribed" if setup.prescription is None else f"{setup.prescription} is prescribed"
    )
    if setup.plant is not None:
        wears = ", and its tube wears" if setup.plant.wears else ""
        yield f"  the plant   its head moves {float(setup.plant.delivers_percent):g} % of what it should{wears}"
    yield f"  beforehand  {prescribed}, {clock}, {fill}"


def list_table(scenarios: Sequence[Scenario]) -> Table:
    table = Table("scenario", "what it shows", "lasts", "needs of a rig")
    table.columns[0].no_wrap = True
    for scenario in scenarios:
        long = " (long)" if scenario.is_long else ""
        tags = f" [{', '.join(scenario.tags)}]" if scenario.tags else ""
        table.add_row(
            scenario.name,
            scenario.title + tags,
            duration_text(scenario.duration_ns) + long,
            ", ".join(sorted(scenario.needs)),
        )
    return table


def words_table() -> Table:
    """Return what a scenario can say: every action and every measure with the values they take."""
    table = Table("", "name", "values", "what it is")
    table.columns[1].no_wrap = True
    for name, action in ACTIONS.items():
        refused = ["(refused_with)"] if action.asks else []
        table.add_row("do", name, ", ".join([*_params(action.params), *refused]), action.words)
    for name, measure in MEASURES.items():
        limits = f"least_, most_ or exactly_{measure.unit_key}"
        table.add_row("measure", name, ", ".join([*_params(measure.params), limits]), measure.title)
    return table


def _params(params: Params) -> list[str]:
    return [key if kind.needed else f"({key})" for key, kind in params.items()]


def record_line(record: ScenarioRecord) -> Text:
    """Return the one line of a record."""
    outcomes = list(record.evidence)
    passed = sum(outcome.passed for outcome in outcomes)
    line = Text(f"{record.status.value:8}", style=_STATUS_COLOURS[record.status])
    line.append(f"{record.identity}: {record.title}", style="default")
    if record.status in (Status.PASSED, Status.FAILED):
        line.append(f" ({passed} of {len(outcomes)} figures within limits)", style="default")
    if record.excused:
        line.append(f" ({record.excused})", style="yellow")
    if record.message:
        line.append(f": {record.message.splitlines()[0]}", style="default")
    return line


def figures_table(record: ScenarioRecord) -> Table:
    """Return the figures of a record against their limits."""
    return evidence_table(f"{record.identity}: {record.title}", record.evidence)


def what_is_wrong(record: ScenarioRecord) -> Iterator[str]:
    """Yield what a person needs to look into a run that did not pass."""
    yield from record.message.splitlines()
    if record.divergence is not None:
        yield f"first divergence at {(record.divergence.t_ns - record.begins_ns) / NS_PER_S:.6f} s of the course:"
        yield from record.divergence.text.splitlines()
    yield f"again: {record.reproduce}"


def as_json(record: ScenarioRecord) -> dict[str, Any]:
    """Return a record without its edges and curves, which are the report's affair."""
    return {
        "name": record.name,
        "title": record.title,
        "purpose": record.purpose,
        "rig": record.rig,
        "status": record.status.value,
        "message": record.message,
        "requirements": list(record.requirements),
        "figures": {outcome.measurement.key: _figure(outcome) for outcome in record.evidence},
        "pulses": len(record.step_times_ns),
        "begins_ns": record.begins_ns,
        "ends_ns": record.ends_ns,
        "alarms": [
            {"alarm": ALARM_NAMES[span.alarm], "begin_ns": span.begin_ns, "end_ns": span.end_ns}
            for span in record.alarms
        ],
        "happenings": [{"t_ns": one.t_ns, "text": one.text} for one in record.happenings],
        "divergence": None if record.divergence is None else record.divergence.text,
        "seeds": record.seeds,
        "board_model": record.board_model,
        "edges_sha256": record.edges_sha256,
        "reproduce": record.reproduce,
    }


def _figure(outcome: Outcome) -> dict[str, Any]:
    measurement, value = outcome.measurement, outcome.value
    return {
        "title": measurement.title,
        "value": None if value is None or value != value else value,
        "unit": measurement.unit,
        "least": measurement.least,
        "most": measurement.most,
        "verdict": outcome.verdict(),
        "requirements": list(measurement.requirements),
    }
