"""Records in Markdown, for the page that a build server shows: what failed first, and where to look.

Promise: the first divergence is shown by the pump's local clock and by the step of the course before it, in the
scenario's own words, where the scenario sets a clock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from thecal.durations import duration_text
from thecal_hil.evidence.measurements import figure_text
from thecal_hil.scenario.actions import ACTIONS
from thecal_hil.scenario.document import Scenario
from thecal_hil.scenario.record import ScenarioRecord, Status
from thecal_sim.units import NS_PER_US

_BAD = (Status.FAILED, Status.ERROR)


def summary_of(records: Sequence[ScenarioRecord], scenarios: Sequence[Scenario]) -> str:
    by_name = {one.name: one for one in scenarios}
    bad = [one for one in records if one.status in _BAD]
    counts = [f"{sum(one.status is status for one in records)} {status.value}" for status in Status]
    lines = [
        f"## Scenarios: {'FAIL' if any(not one.excused for one in bad) else 'PASS'}",
        "",
        ", ".join(counts),
        "",
    ]
    for record in bad:
        lines += _failure(record, by_name)
    if passed := [one for one in records if one.status is Status.PASSED]:
        lines += ["| passed | figures |", "| --- | ---: |"]
        lines += [f"| {one.identity} | {sum(outcome.taken for outcome in one.evidence)} |" for one in passed]
        lines.append("")
    lines += [
        f"- skipped: {one.identity}: {_cell(one.message)}" for one in records if one.status is Status.SKIPPED
    ]
    return "\n".join(lines).rstrip() + "\n"


def _failure(record: ScenarioRecord, by_name: Mapping[str, Scenario]) -> list[str]:
    lines = [f"### {record.identity}: {record.status.value}", "", _cell(record.title), ""]
    if record.excused:
        lines += [f"Excused: {_cell(record.excused)}", ""]
    beyond = [outcome for outcome in record.evidence if outcome.taken and not outcome.passed]
    if beyond:
        lines += ["| figure | value | limit |", "| --- | ---: | ---: |"]
        for outcome in beyond:
            declared = outcome.measurement
            value = f"{figure_text(outcome.value)} {declared.unit}"
            lines.append(f"| {_cell(declared.title)} | {value} | {declared.limit_text()} |")
        lines.append("")
    elif record.message:
        lines += [f"> {_cell(record.message)}", ""]
    if record.divergence is not None:
        told = [when(record, record.divergence.t_ns, by_name.get(record.name))]
        told += record.divergence.text.splitlines()
        lines += ["First divergence " + "\n".join(told), ""]
    return [*lines, f"Again: `{record.reproduce}`", ""]


def when(record: ScenarioRecord, t_ns: int, scenario: Scenario | None) -> str:
    """Return an instant of a run as a person finds it in the prescription and in the course."""
    after_ns = t_ns - record.begins_ns
    told = f"{after_ns / 1e9:.6f} s into the course"
    if scenario is None:
        return told
    if scenario.setup.clock_local is not None:
        local = scenario.setup.clock_local + timedelta(microseconds=after_ns // NS_PER_US)
        told += f", at {local:%A %Y-%m-%d %H:%M:%S} by the pump's clock"
    before = [step for step in scenario.course if step.at_ns <= after_ns]
    if before:
        step = before[-1]
        told += f", after {duration_text(step.at_ns)}: {ACTIONS[step.do].text(step.given)}"
    elif scenario.setup.prescription is not None:
        told += f", {scenario.setup.prescription} prescribed"
    return told


def _cell(words: str) -> str:
    return " ".join(words.split()).replace("|", "\\|")
