"""The findings as JSON: verdict, provenance, requirements, scenarios, campaigns, for a program to read."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from thecal_hil.report.campaigns import Campaign
from thecal_hil.report.findings import Findings, RequirementRow
from thecal_hil.report.flow import trumpet_of
from thecal_hil.report.names import edges_name, wave_name
from thecal_hil.scenario.record import ScenarioRecord, Status
from thecal_hil.scenario.telling import as_json


def results_of(findings: Findings) -> dict[str, Any]:
    """Return the results as plain values only; no time of day."""
    outcomes = findings.outcomes
    return {
        "verdict": "PASS" if findings.passed else "FAIL",
        "counts": {
            **{status.value: findings.count(status) for status in Status},
            "scenarios": len(findings.groups),
            "figures": len(outcomes),
            "figures_within_limits": sum(outcome.passed for outcome in outcomes),
            "requirements": len(findings.rows),
            **{f"requirements_{state}": count for state, count in sorted(findings.states().items())},
        },
        "provenance": asdict(findings.provenance),
        "faults": list(findings.faults),
        "left_out": list(findings.left_out),
        "requirements": [_requirement(row) for row in findings.rows],
        "scenarios": [_scenario(record) for record in findings.records],
        "campaigns": [_campaign(campaign) for campaign in findings.campaigns],
    }


def _requirement(row: RequirementRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "state": row.state,
        "text": row.traced.requirement.text if row.traced else None,
        "answers": list(row.traced.requirement.answers) if row.traced else [],
        "tests": {test: row.outcomes.get(test, "not run") for test in row.tests},
        "scenarios": [group.name for group in row.scenarios],
        "figures": [{"scenario": one.scenario, "figure": one.figure.measurement.key} for one in row.measured],
    }


def _campaign(campaign: Campaign) -> dict[str, Any]:
    told = asdict(campaign)
    del told["outcomes"]  # they stand with the requirements
    return told


def _scenario(record: ScenarioRecord) -> dict[str, Any]:
    return {
        **as_json(record),
        "build": list(record.build),
        "image_sha256": record.image_sha256,
        "overall_error_percent": _overall_errors(record),
        "sector_erases": list(record.sector_erases),
        "edges": f"edges/{edges_name(record)}",
        "wave": f"waves/{wave_name(record)}",
    }


def _overall_errors(record: ScenarioRecord) -> dict[str, float]:
    """Return the overall errors of the stretch that the trumpet curve is taken over: from pulses, and where a plant
    was, from mass."""
    found = trumpet_of(record)
    if found is None:
        return {}
    errors = {"from_pulses": found.curve.overall_percent}
    if found.weighed is not None:
        errors |= {"from_mass": found.weighed.overall_percent, "left_tip": found.weighed.left_tip_percent}
    return errors
