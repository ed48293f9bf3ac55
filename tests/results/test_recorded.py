"""A command leaves one run of what was noted while it ran; whatever else happens leaves none."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from thecal_hil.cli.command import app
from thecal_hil.evidence.measurements import write_summary
from thecal_hil.evidence.recorded import current, recording
from thecal_hil.results.store import Store

pytest_plugins = ["pytester"]


def test_a_summary_is_kept_with_its_limits_and_the_commands_verdict(tmp_path: Path) -> None:
    with recording("campaign", "thecal-hil powercuts", tmp_path) as found:
        limits = {
            "worst": {"title": "worst cut", "unit": "nL", "least": None, "most": 15.6, "verdict": "pass"}
        }
        write_summary(
            tmp_path / "powercuts.json", {"seed": 7, "worst": 3.5, "of": {"model": 12}, "limits": limits}
        )
        found.exit_code = 1
    (head,) = Store(tmp_path).heads()
    run = Store(tmp_path).run(head)
    assert (head.kind, head.command, head.exit_code) == ("campaign", "thecal-hil powercuts", 1)
    assert [(one.name, one.state, one.seed) for one in run.subjects] == [("powercuts", "failed", 7)]
    assert {one.key: (one.value, one.most, one.unit) for one in run.figures} == {
        "seed": (7.0, None, ""),
        "worst": (3.5, 15.6, "nL"),
        "of.model": (12.0, None, ""),
    }
    assert {"checkout", "description", "calibration", "machine", "versions"} <= run.facts.keys()


def test_a_command_that_noted_nothing_leaves_no_run(tmp_path: Path) -> None:
    with recording("campaign", "thecal-hil powercuts --help", tmp_path):
        pass
    assert Store(tmp_path).count() == 0


def test_a_command_that_was_interrupted_leaves_no_run(tmp_path: Path) -> None:
    def attacked() -> None:
        with recording("campaign", "thecal-hil attack", tmp_path) as found:
            found.note("attack", "passed", 1.0)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        attacked()
    assert current() is None
    assert Store(tmp_path).count() == 0


def test_a_command_within_another_one_is_part_of_its_run(tmp_path: Path) -> None:
    with recording("evidence", "outer", tmp_path), recording("scenarios", "inner", tmp_path) as inner:
        inner.note("a[model]", "passed", 1.0)
    assert [head.command for head in Store(tmp_path).heads()] == ["outer"]


def test_nothing_is_noted_outside_of_a_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THECAL_RESULTS", str(tmp_path / "results"))
    write_summary(tmp_path / "one.json", {"worst": 3.5})
    assert not (tmp_path / "results").exists()


def test_a_store_that_can_not_be_written_changes_no_verdict(tmp_path: Path, capsys) -> None:
    (tmp_path / "results").write_text("a file")
    with recording("campaign", "thecal-hil attack", tmp_path / "results") as found:
        found.note("attack", "passed", 1.0)
    assert "this run is not kept" in capsys.readouterr().err


def test_a_scenario_leaves_its_figures_and_its_edges(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THECAL_RESULTS", str(tmp_path / "results"))
    ran = CliRunner().invoke(app, ["run", "a-start-taken-back", "--out", str(tmp_path)])
    assert ran.exit_code == 0, ran.output
    store = Store(tmp_path / "results")
    run = store.run(store.heads()[0])
    assert [(one.name, one.state) for one in run.subjects] == [("a-start-taken-back[model]", "passed")]
    assert {"gate_faults", "unspoken", "lost_instants"} <= {one.key for one in run.figures}
    assert len(list((tmp_path / "results/edges").rglob(f"{run.subjects[0].edges}.edges"))) == 1
    assert run.facts["rigs"] == ["model"]


def test_tests_are_kept_one_by_one_where_a_folder_is_named(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        "import pytest\n@pytest.mark.parametrize('n', [1, 2])\ndef test_it(n): assert n == 1\ndef test_other(): pass"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--results", "kept"]
    subprocess.run(command, cwd=pytester.path, capture_output=True, check=False)
    store = Store(pytester.path / "kept", create=False)
    (head,) = store.heads()
    states = {one.name.rpartition("::")[2]: one.state for one in store.run(head).subjects}
    assert states == {"test_it[1]": "passed", "test_it[2]": "failed", "test_other": "passed"}
    assert (head.kind, head.exit_code) == ("tests", 1)
