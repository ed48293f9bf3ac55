"""The tutorial works as printed: each command in its order, its questions answered, and the lines below it seen."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from hil.test_readme_commands import at_a_terminal
from host.practice_pump import PracticePumpProcess, practice_pump
from thecal_hil.contract.image import REPOSITORY

PAGE = REPOSITORY / "docs/first-hour.md"
RUN = "<!-- run by tests/hil/test_first_hour.py -->"
TYPED = ("fault ", "end ", "button")
"""How lines begin that are typed where the pump runs."""

_BLOCK = re.compile(r"(?P<above><!--[^\n]*-->\n)?```(?P<language>\w+)\n(?P<body>.*?)```", re.DOTALL)
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def steps_of_the_page(text: str) -> list[tuple[list[str], list[str]]]:
    """Return the commands of each block that is to be run, and the lines that are to be seen after them."""
    steps: list[tuple[list[str], list[str]]] = []
    for match in _BLOCK.finditer(text):
        lines = match["body"].splitlines()
        if match["language"] == "text":
            steps[-1][1].extend(lines)
        elif (match["above"] or "").strip() == RUN:
            steps.append((lines, []))
    return steps


def is_seen(line: str, shown: str) -> bool:
    """Return True if the parts of a line, between its dots, stand in one line of the output in their order."""
    pattern = ".*".join(re.escape(" ".join(part.split())) for part in line.split("..."))
    return any(re.search(pattern, " ".join(each.split())) for each in shown.splitlines())


def carried_out(demo: PracticePumpProcess, command: str, folder: Path) -> str:
    if command.startswith(TYPED):
        demo.type(command)
        return demo.heard()
    exit_code, shown = at_a_terminal(demo, command.replace("clinic.html", str(folder / "clinic.html")), 110)
    shown = _CONTROL.sub("", shown)
    assert exit_code == 0, f"$ {command}\n{shown}"
    return shown


def test_every_command_of_the_first_hour_works_as_printed_and_shows_the_lines_below_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "host.file_keyring.FileKeyring")
    monkeypatch.setenv("THECAL_TEST_KEYS", str(tmp_path / "keys.json"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(part for part in sys.path if part))
    steps = steps_of_the_page(PAGE.read_text("utf-8"))
    assert sum(len(commands) for commands, _ in steps) >= 17
    with practice_pump(tmp_path / "state") as demo:
        for commands, lines in steps:
            shown = "\n".join(
                carried_out(demo, command, tmp_path) for command in commands if not command.startswith(". ")
            )
            for line in lines:
                assert is_seen(line, shown), f"{commands}\nno {line!r} in\n{shown}"
    assert (tmp_path / "clinic.html").stat().st_size > 1_000


def test_a_line_that_is_not_shown_is_noticed() -> None:
    assert is_seen("state ... delivering", "state    delivering   \nother")
    assert not is_seen("state ... stopped", "state    delivering\nnow stopped")
