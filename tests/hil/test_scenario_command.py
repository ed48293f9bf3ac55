"""``thecal-hil``: one line a scenario, figures against limits, and an exit code that a script can go by."""

from __future__ import annotations

import json
import re
import shlex
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import pytest
from typer.testing import CliRunner, Result

from hil.pseudo_terminal import terminal
from thecal_hil.cli.command import app
from thecal_hil.scenario.actions import ACTIONS
from thecal_hil.scenario.campaign import RigWanted, run_all, shown_runs
from thecal_hil.scenario.coverage import coverage_of
from thecal_hil.scenario.measures import MEASURES
from thecal_hil.scenario.reader import LIBRARY, library_files, read_library, read_scenario

FAST = "monday-at-midnight"


def command(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def test_every_scenario_is_listed(tmp_path: Path) -> None:
    listed = command("list")
    assert listed.exit_code == 0
    for path in library_files():
        assert path.stem in listed.stdout.replace("\n", "")
    assert f"{len(library_files())} scenarios" in listed.stdout


def test_the_table_of_coverage_is_printed_with_its_reasons() -> None:
    listed = command("list", "--coverage")
    assert listed.exit_code == 0
    assert listed.stdout.count("none: ") == sum(not row.scenarios for row in coverage_of(read_library()))


def test_every_scenario_can_be_told_in_words() -> None:
    told = command("show", *[path.stem for path in library_files()])
    assert told.exit_code == 0
    assert "cut the power, and give it back" in told.stdout
    assert "{" not in told.stdout


def test_everything_a_scenario_can_say_is_listed() -> None:
    listed = command("words")
    assert listed.exit_code == 0
    for name in (*ACTIONS, *MEASURES):
        assert f" {name} " in listed.stdout


def test_a_scenario_that_passes_ends_in_code_0_and_leaves_its_figures(tmp_path: Path) -> None:
    ran = command("run", FAST, "--out", str(tmp_path))
    assert ran.exit_code == 0, ran.stdout
    assert ran.stdout.splitlines()[0].startswith(f"passed  {FAST}[model]: ")
    assert "edge error, worst" in ran.stdout
    assert "thecal-hil: PASS 1 passed on the model rig" in ran.stdout
    (record,) = json.loads((tmp_path / "scenarios-model.json").read_text(encoding="utf-8"))["scenarios"]
    assert record["figures"]["worst_edge"]["verdict"] == "pass"
    assert record["reproduce"] == f"thecal-hil run {FAST} --rig model"


def test_a_scenario_that_fails_ends_in_code_1_and_says_what_is_wrong_and_how_to_see_it_again(
    tmp_path: Path,
) -> None:
    text = (LIBRARY / f"{FAST}.toml").read_text(encoding="utf-8")
    path = tmp_path / "a folder" / "wrong.toml"
    path.parent.mkdir()
    path.write_text(text.replace("exactly_ul_per_day = 8000", "exactly_ul_per_day = 8001"), encoding="utf-8")
    ran = command("run", FAST, str(path), "--out", str(tmp_path))
    assert ran.exit_code == 1
    figure = "rate reported at 2m10s: 8,000 uL/day, limit = 8001"
    assert figure in ran.stdout
    assert "FAIL 1 passed, 1 failed" in ran.stdout
    (program, *words), *others = (
        shlex.split(line.partition("again: ")[2]) for line in ran.stdout.splitlines() if "again: " in line
    )
    assert (program, others) == ("thecal-hil", [])
    again = command(*words, "--out", str(tmp_path))
    assert again.exit_code == 1
    assert figure in again.stdout
    assert "FAIL 1 failed" in again.stdout


def test_the_command_that_does_a_run_again_has_all_that_it_was_given() -> None:
    wanted = RigWanted("board", bench=Path("my bench.toml"), uf2=Path("build/thecal.uf2"))
    assert wanted.arguments() == "--rig board --bench 'my bench.toml' --uf2 build/thecal.uf2"


def test_while_scenarios_run_the_terminal_shows_how_far_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a clock of which five seconds are over at once."""
    for name, seconds in (("QUIET_S", 0), ("REDRAW_S", 0), ("_LOOK_EVERY_S", 0.01)):
        monkeypatch.setattr(f"thecal_hil.groundwork.progress.{name}", seconds)
    text = (LIBRARY / f"{FAST}.toml").read_text(encoding="utf-8")
    path = tmp_path / "long.toml"
    path.write_text(re.sub("^duration = .*$", 'duration = "3h"', text, flags=re.MULTILINE), encoding="utf-8")
    scenario = read_scenario(path)
    with terminal() as (stream, screen):
        monkeypatch.setattr(sys, "stderr", stream)
        with shown_runs("thecal-hil: model rig", [scenario]) as (runs, _):
            list(run_all([scenario], RigWanted("model"), 1, runs))
            assert runs.share() == 1
        seen = screen.all()
    shares = [int(share) for share in re.findall(r"model rig: (\d+) %", seen)]
    assert shares == sorted(shares)
    assert any(0 < share < 100 for share in shares), seen
    assert re.search(r"\d+ (s|min|h)\b.* to go", seen)
    assert re.search(r"\r +\r\Z", seen)


def test_a_short_run_shows_no_progress(tmp_path: Path) -> None:
    ran = command("run", FAST, "--out", str(tmp_path))
    assert "to go" not in ran.output


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["run"], "name the scenarios to run, or give --all"),
        (["run", FAST, "--all"], "name the scenarios to run, or give --all"),
        (["run", "no-such"], "there is no scenario no-such"),
        (["run", FAST, "--rig", "cloud"], "choose of model, pico, board"),
        (["run", FAST, "--board", "silicon"], "--board silicon: the model rig has no emulated board"),
        (["run", FAST, "--rig", "pico", "--board", "P=fast"], "P=fast: 66 is what it takes"),
        (["show", "no-such.toml"], "there is no scenario no-such.toml"),
    ],
)
def test_bad_input_ends_in_code_2_and_says_what_to_do(words: list[str], told: str) -> None:
    ran = command(*words)
    assert ran.exit_code == 2
    assert told in ran.output


def test_the_report_is_given_every_record_and_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[tuple[list[str], Path]] = []
    module = ModuleType("thecal_hil.report.writing")
    module.__spec__ = ModuleSpec("thecal_hil.report.writing", None)
    module.write = lambda records, out: written.append(([one.name for one in records], out))  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "thecal_hil.report.writing", module)
    ran = command("run", FAST, "weekend-at-midnight", "--report", "--out", str(tmp_path))
    assert ran.exit_code == 0
    assert written == [([FAST, "weekend-at-midnight"], tmp_path)]


def test_a_board_that_is_not_named_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "told-only.toml"
    text = (LIBRARY / f"{FAST}.toml").read_text(encoding="utf-8")
    path.write_text(
        text.split("[[check]]")[0] + '[[check]]\nmeasure = "rate told"\nmost_ul_per_day = 5000\n',
        encoding="utf-8",
    )
    ran = command("run", str(path), "--rig", "board", "--out", str(tmp_path))
    assert ran.exit_code == 2
    assert "--port" in ran.output


def test_nothing_that_could_be_run_is_no_pass(tmp_path: Path) -> None:
    ran = command("run", FAST, "--rig", "board", "--port", "/dev/null", "--out", str(tmp_path))
    assert ran.exit_code == 2
    assert "skipped" in ran.stdout
    assert "the board rig has no exact edges" in ran.stdout
