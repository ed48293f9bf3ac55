"""The names of files and places in the page, in one place so that links lead somewhere."""

from __future__ import annotations

from thecal_hil.scenario.record import ScenarioRecord


def run_name(record: ScenarioRecord) -> str:
    """Return the name of one scenario on one rig, fit for a file and for a place in a page."""
    return f"{record.name}-{record.rig}"


def edges_name(record: ScenarioRecord) -> str:
    return f"{run_name(record)}.parquet"


def wave_name(record: ScenarioRecord) -> str:
    return f"{run_name(record)}.vcd"


def close_wave_name(record: ScenarioRecord) -> str:
    return f"{run_name(record)}-close.vcd"
