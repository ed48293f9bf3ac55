"""The commands that the README prints work as they stand there, in their order, on the practice pump, for a person."""

import fcntl
import os
import pty
import re
import select
import shlex
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from host.practice_pump import WAIT_S, PracticePumpProcess, hear_ctrl_c, practice_pump
from thecal_hil.contract.image import REPOSITORY

ANSWERS = (
    (re.compile(r"\[y/N\]: $"), "y\n"),
    (re.compile(r"empty if [^)]*\): $"), "\n"),
    (re.compile(r"\(empty to keep the program\): $"), "\n"),
)
CTRL_C = "\x03"
ENDED_BY_CTRL_C = {"thecal watch": "dose now", "thecal console": "http://127.0.0.1"}
"""Commands that stay until then, and what they show once they are there."""
CALLS_FOR_EVALUATION = 3
"""What a withdrawal that a pump of a few minutes can't have left ends with, as the README says."""


def commands_of_the_readme() -> list[str]:
    """Return every line of the section that begins with ``thecal``, without its comment."""
    text = (REPOSITORY / "README.md").read_text("utf-8")
    section = text.partition("## Programming a pump")[2].partition("\n## ")[0]
    lines = [
        line for block in re.findall(r"```sh\n(.*?)```", section, re.DOTALL) for line in block.splitlines()
    ]
    return [line.partition("#")[0].strip() for line in lines if line.startswith("thecal ")]


def as_in_a_terminal() -> None:
    hear_ctrl_c()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def at_a_terminal(demo: PracticePumpProcess, command: str, columns: int) -> tuple[int, str]:
    """Exit code and screen of a command that a person answers as they would."""
    near, far = pty.openpty()
    fcntl.ioctl(far, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    environment = {
        name: value for name, value in demo.environment.items() if name not in ("COLUMNS", "NO_COLOR")
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "thecal.cli", *shlex.split(command)[1:]],
        stdin=far,
        stdout=far,
        stderr=far,
        env=environment | {"TERM": "xterm"},
        cwd=REPOSITORY,
        start_new_session=True,
        preexec_fn=as_in_a_terminal,
    )
    os.close(far)
    shown, answered, end_s = "", 0, time.monotonic() + WAIT_S
    while time.monotonic() < end_s:
        ready, _, _ = select.select([near], [], [], 0.2)
        try:
            data = os.read(near, 65_536) if ready else b""
        except OSError:
            break
        if ready and not data:
            break
        shown += data.decode("utf-8", "replace")
        answer = next((typed for asked, typed in ANSWERS if asked.search(shown[answered:])), None)
        stays = next((there for begins, there in ENDED_BY_CTRL_C.items() if command.startswith(begins)), None)
        if stays is not None and not answered and stays in shown:
            answer = CTRL_C
        if answer is not None:
            answered = len(shown)
            os.write(near, answer.encode())
    os.close(near)
    return process.wait(timeout=WAIT_S), shown


def written_into(folder: Path, command: str) -> str:
    """Return the same command with the files that it writes in another folder."""
    return re.sub(r"\b(clinic|patient)\.html", lambda match: str(folder / match[0]), command)


@pytest.mark.parametrize("columns", [80, pytest.param(40, marks=pytest.mark.campaign)])
def test_the_list_works_as_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "host.file_keyring.FileKeyring")
    monkeypatch.setenv("THECAL_TEST_KEYS", str(tmp_path / "keys.json"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(part for part in sys.path if part))
    commands = commands_of_the_readme()
    assert len(commands) >= 20
    with practice_pump(tmp_path / "state") as demo:
        for command in commands:
            if command.startswith("thecal pair"):
                demo.type("button 60")
            exit_code, shown = at_a_terminal(demo, written_into(tmp_path, command), columns)
            wanted = CALLS_FOR_EVALUATION if command.startswith("thecal residual") else 0
            assert exit_code == wanted, f"$ {command}\n{shown}"
            assert "Traceback" not in shown
            if os.environ.get("THECAL_SHOW"):
                print(f"$ {command}\n{shown}")
    assert (tmp_path / "clinic.html").stat().st_size > 1_000
    assert (tmp_path / "patient.html").stat().st_size > 1_000
