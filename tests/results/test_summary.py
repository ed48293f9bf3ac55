"""The summary for a build server: what failed and where, by the pump's clock and in the scenario's words."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from typer.testing import CliRunner

from thecal_hil.cli.command import app
from thecal_hil.scenario.reader import LIBRARY


def test_a_failure_is_told_with_its_limit_and_its_moment(tmp_path: Path) -> None:
    text = (LIBRARY / "a-rate-step-on-its-minute.toml").read_text(encoding="utf-8")
    path = tmp_path / "too-strict.toml"
    path.write_text(text.replace("most_ticks = 1\n", "most_ticks = 0.25\n", 1), encoding="utf-8")
    files = ["--summary", str(tmp_path / "s/summary.md"), "--junit", str(tmp_path / "s/junit.xml")]
    ran = CliRunner().invoke(app, ["run", str(path), "a-start-taken-back", "--out", str(tmp_path), *files])
    assert ran.exit_code == 1, ran.output
    told = (tmp_path / "s/summary.md").read_text(encoding="utf-8")
    assert told.startswith("## Scenarios: FAIL")
    assert "### too-strict[model]: failed" in told
    assert "ticks | <= 0.25 |" in told
    assert "| a-start-taken-back[model] |" in told
    assert f"Again: `thecal-hil run {path}" in told
    junit = ElementTree.parse(tmp_path / "s/junit.xml").getroot()
    assert (junit.get("tests"), junit.get("failures")) == ("2", "1")


def test_a_divergence_is_told_by_the_pumps_clock_and_the_step_before(tmp_path: Path) -> None:
    from thecal_hil.scenario.campaign import RigWanted, run_one
    from thecal_hil.scenario.reader import scenario_named
    from thecal_hil.scenario.summary import when

    (scenario,) = scenario_named("a-rate-step-on-its-minute")
    record = run_one(scenario, RigWanted("model"))
    told = when(record, record.begins_ns + 125_500_000_000, scenario)
    assert told.startswith(
        "125.500000 s into the course, at Thursday 2026-03-05 06:00:05 by the pump's clock, after 0s"
    )
