"""Files for a bench in CI: every command in them exists, with its options, and each file has what its kind needs."""

from __future__ import annotations

import configparser
import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest
import typer.main

from thecal.cli import app as pump_app
from thecal_hil.cli import long_work
from thecal_hil.cli.command import app as hil_app

yaml = pytest.importorskip("yaml")
ROOT = Path(__file__).parents[2]
CI = ROOT / "docs/ci"
TARGETS = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def github() -> dict[Any, Any]:
    return yaml.safe_load((CI / "github.yml").read_text(encoding="utf-8"))


def gitlab() -> dict[Any, Any]:
    return yaml.safe_load((CI / "gitlab.yml").read_text(encoding="utf-8"))


def lines() -> list[str]:
    (job,) = github()["jobs"].values()
    return [*(step["run"] for step in job["steps"] if "run" in step), *gitlab()["bench"]["script"]]


def faults(line: str) -> list[str]:
    """Return what of a command line does not exist here."""
    words = shlex.split(re.sub(r"\$\([^)]*\)", "SERIAL", line.partition(">>")[0]))
    program, rest = Path(words[0]).name, words[1:]
    if program == "make":
        return [f"make {one}" for one in rest if one not in TARGETS]
    if program == "cat":
        return []
    if program not in ("thecal", "thecal-hil"):
        return [f"unknown program {program}"]
    name, given = rest[0], [one.partition("=")[0] for one in rest[1:] if one.startswith("--")]
    group = typer.main.get_command(pump_app if program == "thecal" else hil_app)
    assert isinstance(group, click.Group) or hasattr(group, "commands")
    command = group.commands.get(name)  # pyright: ignore[reportAttributeAccessIssue]
    if command is None:
        return [f"{program} {name}"]
    if name in long_work.WORKS:
        return [f"{name} {one}" for one in given if one not in help_of(name)]
    known = {option for param in command.params for option in param.opts}
    return [f"{name} {one}" for one in given if one not in known]


def help_of(name: str) -> str:
    import contextlib
    import io

    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
        long_work.run(name, ["--help"])
    return said.getvalue()


@pytest.mark.parametrize("line", lines())
def test_every_command_exists_with_its_options(line: str) -> None:
    assert faults(line) == []


@pytest.mark.parametrize(
    "line",
    ["make nothing", ".venv/bin/thecal-hil runs", ".venv/bin/thecal-hil run --all --strictly", "sudo reboot"],
)
def test_a_command_that_does_not_exist_is_found(line: str) -> None:
    assert faults(line)


def test_the_job_for_github_runs_beside_the_bench_one_at_a_time_and_ends() -> None:
    content = github()
    (job,) = content["jobs"].values()
    assert "self-hosted" in job["runs-on"]
    assert job["timeout-minutes"] <= 360
    assert content["concurrency"] == {"group": "bench", "cancel-in-progress": False}
    assert all(("run" in step) != ("uses" in step) for step in job["steps"])


def test_the_job_for_gitlab_runs_beside_the_bench_one_at_a_time_and_ends() -> None:
    job = gitlab()["bench"]
    assert job["tags"]
    assert job["resource_group"] == "bench"
    assert "timeout" in job
    assert job["artifacts"]["reports"]["junit"] in " ".join(job["script"])


def test_the_service_has_what_systemd_needs() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment]
    unit.read_string((CI / "thecal-runner.service").read_text(encoding="utf-8"))
    assert unit.sections() == ["Unit", "Service", "Install"]
    assert unit["Service"]["ExecStart"].startswith("/")
    assert unit["Service"]["User"] != "root"
    assert unit["Install"]["WantedBy"] == "multi-user.target"


def test_each_udev_rule_matches_something_before_it_sets_something() -> None:
    rules = [
        one
        for one in (CI / "99-thecal.rules").read_text(encoding="utf-8").splitlines()
        if not one.startswith("#")
    ]
    assert rules
    for rule in rules:
        parts = [
            re.fullmatch(r'([A-Z]+(?:\{\w+\})?)(==|=|\+=|!=)"([^"]*)"', part.strip())
            for part in rule.split(",")
        ]
        assert all(parts), rule
        kinds = [part[2] for part in parts if part]
        assert "==" in kinds
        assert kinds == sorted(kinds, key=lambda kind: kind != "=="), rule
