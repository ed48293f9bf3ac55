"""The blocks of code in the documents are what the code takes: files are read, commands are understood, tests run."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from thecal.calibration.run_file import read_runs
from thecal.cli import app as pump_app
from thecal_hil.bench.bench_file import open_bench, open_boards
from thecal_hil.cli.command import app as bench_app
from thecal_hil.cli.long_work import WORKS
from thecal_hil.emulator.silicon import Silicon
from thecal_hil.results.baselines import baseline_path, read_baseline
from thecal_hil.scenario.reader import read_cases, read_scenario

REPOSITORY = Path(__file__).resolve().parents[2]
DOCS = REPOSITORY / "docs"
PAGES = [REPOSITORY / "README.md", *sorted(DOCS.rglob("*.md"))]

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks_of(page: Path, language: str) -> list[str]:
    text = page.read_text(encoding="utf-8")
    return [body for of_language, body in _BLOCK.findall(text) if of_language == language]


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def commands_of(page: Path) -> list[str]:
    lines = "\n".join(blocks_of(page, "sh")).splitlines()
    return [line for line in lines if line.startswith(("thecal ", "thecal-hil "))]


def parse(command: Any, arguments: list[str], name: str) -> None:
    """Have a command parse its arguments without doing anything; raise click's UsageError for one it does not know."""
    while hasattr(command, "commands"):
        name = arguments.pop(0)
        assert name in command.commands, f"there is no command {name}"
        command = command.commands[name]
    with command.make_context(name, arguments):
        pass


@pytest.mark.parametrize("page", [page for page in PAGES if commands_of(page)], ids=lambda page: page.name)
def test_commands_that_are_shown_are_understood(page: Path) -> None:
    for line in commands_of(page):
        program, *arguments = shlex.split(line, comments=True)
        is_long_work = program == "thecal-hil" and arguments[0] in WORKS
        if not is_long_work:
            parse(get_command(pump_app if program == "thecal" else bench_app), arguments, program)


def test_a_command_that_there_is_not_is_noticed() -> None:
    with pytest.raises(AssertionError, match="there is no command reckon"):
        parse(get_command(pump_app), ["reckon"], "thecal")
    with pytest.raises(Exception, match="No such option"):
        parse(get_command(pump_app), ["log", "--sinse", "20"], "thecal")


def test_the_benches_that_are_shown_can_be_opened(tmp_path: Path) -> None:
    one, several = blocks_of(DOCS / "bench.md", "toml")
    assert open_bench(written(tmp_path, "one.toml", one)).name == "left bench"
    boards = open_boards(written(tmp_path, "several.toml", several))
    assert [board.name for board in boards] == ["left", "right"]


def test_what_was_measured_with_what_can_be_read(tmp_path: Path) -> None:
    (shown,) = blocks_of(DOCS / "bench-in-ci.md", "toml")
    bench = written(tmp_path, "bench.toml", f'[pump]\nport = "/dev/ttyACM0"\n\n{shown}')
    assert open_bench(bench).hardware.instruments[0].kind == "balance"


def test_the_runs_that_are_shown_can_be_read(tmp_path: Path) -> None:
    (runs,) = blocks_of(DOCS / "calibrate.md", "csv")
    assert len(read_runs(written(tmp_path, "runs.csv", runs)).runs) == 2


def test_scenarios_that_are_shown_run_as_tests(tmp_path: Path) -> None:
    shown, (as_tests,) = blocks_of(DOCS / "scenarios.md", "toml"), blocks_of(DOCS / "scenarios.md", "python")
    scenario = written(tmp_path, "shown.toml", shown[0])
    assert read_scenario(scenario).title.startswith("A rate changes")
    head = """import pytest
from pathlib import Path
from thecal_hil.contract.rig import Rig
from thecal_hil.scenario.as_tests import as_params, must_pass
from thecal_hil.scenario.document import Scenario
from thecal_hil.results.baselines import baseline_path, read_baseline
from thecal_hil.scenario.reader import read_scenario

MY_FILES = [Path(__file__).with_name("shown.toml")]


"""
    test = written(tmp_path, "test_shown.py", head + as_tests)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--rig", "model", "-p", "no:cacheprovider", str(test)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_the_parameters_that_are_shown_make_the_cases_that_are_named(tmp_path: Path) -> None:
    whole, parameters, *_ = blocks_of(DOCS / "scenarios.md", "toml")
    rest = """drug = "baclofen"
concentration_mcg_per_ml = 500
mode = "simple continuous"

[prescription.usual.reservoir]
capacity_ml = 20
low_alarm_ml = 2

[prescription.usual.limits]
most_mcg_per_hour = 100
most_mcg_per_day = 1000

"""
    course = whole[whole.index("[setup]") :].replace('"child"', '"usual"')
    head = 'purpose = "{minutes} minutes of it"\nduration = "4m"\n'
    title, _, others = parameters.partition("\n")
    text = "\n".join([title, head + others + rest, course])
    cases = read_cases(written(tmp_path, "a-dose.toml", text))
    assert "a-dose@dose=211.9,minutes=20" in [case.name for case in cases]
    assert len(cases) == 9


def test_boards_that_are_shown_are_understood() -> None:
    shown = "\n".join(blocks_of(DOCS / "silicon.md", "sh"))
    boards = re.findall(r"--(?:thecal-)?board (\S+)", shown)
    assert len(boards) == 3
    for board in boards:
        Silicon.read(board)


def test_the_tolerance_that_is_shown_can_be_read(tmp_path: Path) -> None:
    (shown,) = blocks_of(DOCS / "results.md", "toml")
    path = baseline_path(tmp_path, "release")
    path.parent.mkdir()
    path.write_text('runs = ["a"]\n\n' + shown, encoding="utf-8")
    (tolerance,) = read_baseline(tmp_path, "release").tolerances
    assert tolerance.reason == "the host asks every 100 ms"
