"""A search names the commit that did it, leaves the checkout alone, and says where it can't know."""

import os
import subprocess
from pathlib import Path

import pytest

from thecal_hil.cli import long_work

TOOL = """
import json, sys
from pathlib import Path
out, said = Path(sys.argv[sys.argv.index("--out") + 1]), Path("value.txt").read_text().split()
if said[0] == "broken":
    sys.exit("can't start")
figures = {"worst_edge": {"value": float(said[1])}}
told = {"scenarios": [{"status": said[0], "figures": figures}]}
(out / "scenarios-model.json").write_text(json.dumps(told))
sys.exit(said[0] != "passed")
"""


def git(folder: Path, *arguments: str) -> str:
    names = {f"GIT_{who}_{what}": "t@t" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    return subprocess.run(
        ["git", "-C", str(folder), *arguments],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **names},
    ).stdout.strip()


def project(folder: Path, values: list[str]) -> Path:
    """Return a checkout with a commit for each value, whose tool says that value of any scenario."""
    tool = folder / "hil/thecal_hil/cli"
    tool.mkdir(parents=True)
    (folder / "hil/thecal_hil/__init__.py").write_text("")
    (tool / "__init__.py").write_text("")
    (tool / "__main__.py").write_text(TOOL)
    library = folder / "hil/thecal_hil/scenario/library"
    library.mkdir(parents=True)
    (library / "a-day.toml").write_text("")
    git(folder, "init", "--quiet")
    for number, value in enumerate(values):
        (folder / "value.txt").write_text(value)
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--allow-empty", "--message", f"change {number}")
    return folder


def search(folder: Path, *arguments: str) -> int:
    good = git(folder, "rev-list", "--max-parents=0", "HEAD")
    places = ["--project", str(folder), "--folder", str(folder.parent / "bisect")]
    return long_work.run("bisect", ["a-day", "--good", good, *places, *arguments])


def test_the_commit_that_made_it_fail_is_named(tmp_path: Path, capsys) -> None:
    folder = project(tmp_path / "project", ["passed 0.5"] * 20 + ["failed 1.5"] * 13)
    before = git(folder, "status", "--porcelain", "--branch")
    assert search(folder) == 0
    said = capsys.readouterr().out.splitlines()
    assert "change 20 is the first bad commit" in said[-1]
    assert len(said) <= 7
    assert git(folder, "status", "--porcelain", "--branch") == before


def test_the_commit_that_made_a_figure_worse_is_named(tmp_path: Path, capsys) -> None:
    folder = project(tmp_path / "project", [f"passed {0.5 if n < 11 else 0.7}" for n in range(16)])
    assert search(folder, "--figure", "worst_edge") == 0
    assert "change 11 is the first bad commit" in capsys.readouterr().out


def test_commits_that_can_not_be_run_are_skipped(tmp_path: Path, capsys) -> None:
    values = ["passed 0.5"] * 5 + ["broken"] * 3 + ["passed 0.5"] * 2 + ["failed 1.5"] * 3
    folder = project(tmp_path / "project", values)
    assert search(folder) == 0
    assert "change 10 is the first bad commit" in capsys.readouterr().out


def test_where_only_commits_are_left_that_can_not_be_run_it_can_not_tell(tmp_path: Path, capsys) -> None:
    folder = project(tmp_path / "project", ["passed 0.5", "broken", "broken", "failed 1.5"])
    assert search(folder) == 1
    assert "can't say which" in capsys.readouterr().out


def test_ends_that_do_not_differ_are_told(tmp_path: Path, capsys) -> None:
    folder = project(tmp_path / "project", ["passed 0.5"] * 3)
    assert search(folder) == 1
    assert "can't say" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("--bad", "nowhere"), "there is no commit nowhere"), (("--figure", "volume"), "has no figure volume")],
)
def test_bad_input_is_told(tmp_path: Path, capsys, arguments: tuple[str, ...], said: str) -> None:
    folder = project(tmp_path / "project", ["passed 0.5", "failed 1.5"])
    assert search(folder, *arguments) == 2
    assert said in capsys.readouterr().err
