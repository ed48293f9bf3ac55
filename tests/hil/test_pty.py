"""Pumps behind a real pseudo-terminal, in wall time: pyserial and client reach them as they reach a board."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import sleep
from typing import Any

import pytest
import serial

from thecal.client import Pump
from thecal_fw.core.pump_state import STATE_DELIVERING
from thecal_hil.contract.image import REPOSITORY
from thecal_hil.contract.rig import Rig
from thecal_hil.course.course import OFFSET_MINUTES, local_second
from thecal_hil.course.therapy import continuous
from thecal_hil.emulator.pty import EmulatedPty
from thecal_hil.rigs.model_pty import model_pty
from thecal_hil.rigs.model_rig import ModelRig
from thecal_hil.rigs.pico_rig import PicoRig

EXAMPLES = REPOSITORY / "examples"


@pytest.fixture
def pty(rig: Rig) -> Iterator[EmulatedPty]:
    """Provide the rig's port as a path, with its time bound to the wall's."""
    if isinstance(rig, ModelRig):
        bridge = model_pty(rig.model)
    elif isinstance(rig, PicoRig):
        bridge = EmulatedPty(rig.board)
    else:
        pytest.skip("the board rig has a real port")
    with bridge:
        yield bridge


@pytest.mark.requirement("library-over-serial")
@pytest.mark.needs("virtual time")
def test_a_pump_is_programmed_and_started_through_pyserial(pty: EmulatedPty) -> None:
    program = continuous(24_000_000).program
    with serial.Serial(pty.path, timeout=2, write_timeout=2, exclusive=True) as port:
        pump = Pump(port)
        pump.set_time(local_second("2026-03-06 12:00"), OFFSET_MINUTES)
        pump.program(program)
        pump.refill(18_000_000)
        pump.start(program.digest())
        for _ in range(50):
            status = pump.interrogate()
            if status.counted_steps:
                break
            sleep(0.1)
        else:
            pytest.fail("no pulse came")
        assert status.state == STATE_DELIVERING
        assert status.program_digest == program.digest()
        stopped = pump.stop()
        assert pump.interrogate().counted_steps == stopped.counted_steps


ENVIRONMENT = {**os.environ, "NO_COLOR": "1", "COLUMNS": "100"}


def command(pty: EmulatedPty, *arguments: str) -> list[str]:
    return [str(Path(sys.executable).with_name("thecal")), *arguments, "--port", pty.path]


def thecal(pty: EmulatedPty, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a person does, on the pump behind a pseudo-terminal."""
    return subprocess.run(
        command(pty, *arguments), capture_output=True, text=True, env=ENVIRONMENT, timeout=60, check=False
    )


def answer(pty: EmulatedPty, *arguments: str) -> dict[str, Any]:
    """Return the JSON that a command prints; it must succeed."""
    finished = thecal(pty, *arguments, "--json")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return json.loads(finished.stdout)


@pytest.mark.requirement("link-over-serial")
@pytest.mark.needs("virtual time")
def test_a_whole_visit_is_done_with_the_command_line(rig: Rig, pty: EmulatedPty) -> None:
    assert thecal(pty, "start").returncode == 1
    assert thecal(pty, "refill", "a lot").returncode == 2
    for arguments in (
        ("program", str(EXAMPLES / "simple_continuous.toml"), "--yes", "--reason", "a test"),
        ("time", "--set", "--offset", "+01:00"),
        ("refill", "19.5", "--yes"),
        ("start",),
    ):
        finished = thecal(pty, *arguments)
        assert finished.returncode == 0, f"{arguments}: {finished.stdout}{finished.stderr}"
    status = answer(pty, "interrogate")
    assert status["state"] in ("starting", "delivering")
    assert status["offset_minutes"] == 60
    looks = thecal(pty, "watch", "--count", "2", "--interval", "0.5")
    assert looks.returncode == 0
    assert thecal(pty, "stop", "--yes").returncode == 0
    assert answer(pty, "interrogate")["state"] == "stopped"
    assert "delivery stopped" in thecal(pty, "log").stdout


@pytest.mark.requirement("link-over-serial")
@pytest.mark.parametrize("arguments", [("interrogate",), ("stop", "--yes")])
def test_a_port_that_vanishes_while_a_command_waits_for_its_answer_is_told_as_gone(
    arguments: tuple[str, ...],
) -> None:
    rig = ModelRig()
    rig.leave_unread(True)
    with model_pty(rig.model) as pty:
        before = pty.call(lambda _: rig.model.controller.log.latest)
        waiting = subprocess.Popen(
            command(pty, *arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
        )
        # The pump logs that it was greeted; what it answered stays with it.
        while pty.call(lambda _: rig.model.controller.log.latest) == before:
            assert waiting.poll() is None, waiting.communicate()
    shown, complaint = waiting.communicate(timeout=30)
    assert waiting.returncode == 1
    assert shown == ""
    assert complaint.startswith("the port has gone while talking to the pump: ")
    assert "Traceback" not in complaint
    assert complaint.count("\n") == 1
