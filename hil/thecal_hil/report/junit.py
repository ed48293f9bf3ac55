"""The records as JUnit XML, for a build server: a suite for each rig, a case for each scenario.

Promise: no time of day and no duration on a machine's clock; how long the pump's course lasts is a property.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent

from thecal_hil.evidence.measurements import figure_text
from thecal_hil.scenario.record import ScenarioRecord, Status
from thecal_hil.scenario.telling import what_is_wrong
from thecal_sim.units import NS_PER_S

_CHILD = {Status.FAILED: "failure", Status.ERROR: "error", Status.SKIPPED: "skipped"}


def write_junit(records: Sequence[ScenarioRecord], path: Path) -> None:
    root = Element("testsuites", {"name": "scenarios", **_counts(records)})
    for rig in sorted({record.rig for record in records}):
        of_rig = [record for record in records if record.rig == rig]
        suite = SubElement(root, "testsuite", {"name": f"scenarios on {rig}", **_counts(of_rig)})
        for record in of_rig:
            _add_case(suite, record)
    indent(root)
    ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _counts(records: Sequence[ScenarioRecord]) -> dict[str, str]:
    def count(status: Status) -> str:
        return str(sum(record.status is status for record in records))

    return {
        "tests": str(len(records)),
        "failures": count(Status.FAILED),
        "errors": count(Status.ERROR),
        "skipped": count(Status.SKIPPED),
    }


def _add_case(suite: Element, record: ScenarioRecord) -> None:
    case = SubElement(suite, "testcase", classname=f"scenarios.{record.rig}", name=record.name)
    properties = SubElement(case, "properties")
    told = [("requirement", one) for one in record.requirements]
    told += [("course_s", f"{(record.ends_ns - record.begins_ns) / NS_PER_S:g}"), ("again", record.reproduce)]
    told += [
        (outcome.measurement.key, f"{figure_text(outcome.value)} {outcome.measurement.unit}".strip())
        for outcome in record.evidence
        if outcome.taken
    ]
    for name, value in told:
        SubElement(properties, "property", name=name, value=printable(value))
    if record.status in _CHILD:
        child = SubElement(case, _CHILD[record.status])
        child.set("message", printable(next(iter(record.message.splitlines()), "")))
        if record.status is not Status.SKIPPED:
            child.text = "\n".join(printable(line) for line in what_is_wrong(record))


def printable(words: str) -> str:
    """Return the text fit for XML, which does not allow most control characters; what a pump says may hold anything."""
    return "".join(one if one.isprintable() or one == "\n" else "\N{REPLACEMENT CHARACTER}" for one in words)
