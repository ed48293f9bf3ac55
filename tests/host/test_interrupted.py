"""Commands that end early: what was done is said, what is not known is said, and pump and computer agree on the key."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from host.conftest import Bench
from host.memory_keyring import MemoryKeyring, key_store
from host.scripted_port import ScriptedPort, greeting
from thecal.client import Pump
from thecal.errors import OpenPumpError, WrongPumpError
from thecal.keys import NoKeys
from thecal_fw.core.roles import ROLE_CLINICIAN
from thecal_fw.link import messages
from thecal_fw.link.frames import Frame, encode_frame
from thecal_hil.campaigns.interrupted.command import places
from thecal_hil.campaigns.interrupted.trial import WAYS, Plan, findings, play, stage_for
from thecal_hil.groundwork.copies import in_a_copy
from thecal_sim.model import ModelPump

REPOSITORY = Path(__file__).parents[2]
SAMPLED = 3


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep here what can't be said, with the examples where the campaign looks for them."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.chdir(REPOSITORY)


@pytest.fixture(scope="module", autouse=True)
def _imported() -> None:
    """Import whatever the commands import here, once, and not in every copy of this process."""
    home = Path.cwd()
    os.chdir(REPOSITORY)
    for command in ("stop", "pair", "visit"):
        play(stage_for(command), command, Plan())
    os.chdir(home)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("command", ["stop", "bolus", "pair", "paired anew", "visit"])
def test_a_sample_of_what_is_interrupted_is_told_as_the_board_has_it(
    command: str, way: str, tmp_path: Path
) -> None:
    seen = in_a_copy(lambda: _play(command, Plan()))
    whole = places(command, way, seen)
    stage = stage_for(command)

    def trial(at: int) -> list[str]:
        plan = Plan(way, at)
        ended = play(stage, command, plan)
        untold = tmp_path / "thecal/untold.txt"
        return findings(stage, command, plan, ended, untold.read_text("utf-8") if untold.exists() else "")

    for at in whole[:: max(1, len(whole) // SAMPLED)]:
        assert in_a_copy(lambda at=at: trial(at)) == [], at
        (tmp_path / "thecal/untold.txt").unlink(missing_ok=True)


def _play(command: str, plan: Plan) -> Plan:
    assert play(stage_for(command), command, plan).exit_code == 0
    return plan


def _ended(command: str, way: str, at: int) -> tuple[int, str]:
    def trial() -> tuple[int, str]:
        ended = play(stage_for(command), command, Plan(way, at))
        return ended.exit_code, ended.said

    return in_a_copy(trial)


@pytest.mark.parametrize(("way", "number"), [("SIGINT", 2), ("SIGTERM", 15), ("SIGHUP", 1)])
def test_a_signal_that_comes_while_a_change_is_asked_for_waits_for_its_answer(way: str, number: int) -> None:
    steps = in_a_copy(lambda: _play("stop", Plan())).steps
    exit_code, said = _ended("stop", way, steps - 3)
    assert exit_code == 128 + number
    assert "delivery has stopped" in said
    assert "Done by then: delivery was stopped." in said


def test_a_second_signal_breaks_off_and_the_doubt_is_told() -> None:
    steps = in_a_copy(lambda: _play("stop", Plan())).steps
    exit_code, said = _ended("stop", "SIGINT twice", steps - 5)
    assert exit_code == 130
    assert "NOT KNOWN whether delivery was stopped: look with `thecal interrogate`" in said


def test_a_signal_before_anything_was_asked_for_says_that_nothing_changed() -> None:
    assert _ended("stop", "SIGINT", 1) == (130, "interrupted by Ctrl-C. The pump was not changed.\n")


def test_a_visit_that_is_interrupted_tells_of_every_step() -> None:
    steps = in_a_copy(lambda: _play("visit", Plan())).steps
    exit_code, said = _ended("visit", "SIGINT", steps // 3)
    assert exit_code == 130
    assert "the visit is broken off:" in said
    assert "  reprogram: not reached" in said
    assert "the visit was broken off: interrupted by Ctrl-C" in said


def test_what_nobody_could_read_the_next_command_says(bench: Bench, tmp_path: Path) -> None:
    exit_code, said = _ended("refill", "vanished terminal", 0)
    assert exit_code == 1
    kept = tmp_path / "thecal/untold.txt"
    assert "Done by then: the refill was recorded." in kept.read_text("utf-8")
    told = bench.thecal("interrogate")
    assert told.returncode == 0
    assert "an earlier command ended where nobody could read this" in told.stderr
    assert "the refill was recorded" in told.stderr
    assert bench.thecal("interrogate").stderr == ""
    assert said == ""


def test_a_reader_that_has_gone_is_told_of_changes_and_of_nothing_else(bench: Bench) -> None:
    def piped(*arguments: str) -> tuple[int, str]:
        reading, writing = os.pipe()
        os.close(reading)
        process = subprocess.run(
            [sys.executable, "-m", "thecal.cli", *arguments],
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "THECAL_PORT": bench.port},
            timeout=60,
            check=False,
        )
        os.close(writing)
        return process.returncode, process.stderr

    assert piped("log") == (141, "")
    exit_code, said = piped("refill", "20", "--yes")
    assert exit_code == 141
    assert said == "nobody reads the output any more. Done by then: the refill was recorded.\n"


def test_a_process_that_is_told_to_end_at_its_question_says_so(bench: Bench) -> None:
    waiting = subprocess.Popen(
        [sys.executable, "-m", "thecal.cli", "watch", "--json", "--interval", "0.2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "THECAL_PORT": bench.port},
    )
    assert waiting.stdout is not None
    assert waiting.stdout.readline()
    waiting.send_signal(signal.SIGTERM)
    _, said = waiting.communicate(timeout=60)
    assert waiting.returncode == 143
    assert "interrupted by a request to end (SIGTERM)" in said


# --- whom the host talks to


class Kept(NoKeys):
    def key(self, serial: str, role: int) -> bytes | None:
        return bytes(32) if role == ROLE_CLINICIAN else None


def test_an_open_pump_in_the_place_of_one_with_a_key_is_refused_unless_agreed_to() -> None:
    model = ModelPump()
    client = Pump(model.serial, host_nonce=1, keys=Kept())
    assert client.interrogate().state_name == "stopped"
    with pytest.raises(OpenPumpError, match="this computer keeps a key of pump MODEL, and what answers says"):
        client.refill(20_000_000)
    assert not client.interrogate().fill_known
    asked: list[str] = []
    agreeing = Pump(model.serial, host_nonce=2, keys=Kept(), agree_to_open=lambda why: not asked.append(why))
    agreeing.refill(20_000_000)
    agreeing.refill(19_000_000)
    assert agreeing.interrogate().fill_nl == 19_000_000
    assert len(asked) == 1


def test_a_device_that_lies_about_its_key_gets_no_change() -> None:
    """It says that it is keyed, takes any proof for right, and shows one that it made up."""
    changes: list[int] = []

    def liar(frame: Frame) -> bytes:
        if frame.kind == messages.HELLO.kind:
            return greeting(frame)
        if frame.kind == messages.CHALLENGE.kind:
            payload = messages.CHALLENGE.response.pack(1, 0b100, 0, bytes(16))
        elif frame.kind == messages.AUTHENTICATE.kind:
            payload = messages.AUTHENTICATE.response.pack(bytes(16))
        else:
            changes.append(frame.kind)
            payload = messages.REFILL.response.pack(0, 0, 1)
        return encode_frame(frame.kind | messages.RESPONSE, frame.session, frame.request, payload)

    with pytest.raises(WrongPumpError, match="does not have its key: nothing was changed"):
        Pump(ScriptedPort(liar), host_nonce=1, keys=Kept()).refill(1)
    assert changes == []


@pytest.fixture
def store() -> Iterator[MemoryKeyring]:
    backend = MemoryKeyring()
    with key_store(backend):
        yield backend


def test_the_command_refuses_an_open_pump_in_another_s_place(bench: Bench, store: MemoryKeyring) -> None:
    store.entries["thecal pump", "MODEL clinician"] = bytes(32).hex()
    for command in (("stop", "--yes"), ("refill", "20", "--yes"), ("time", "--set")):
        assert "this computer keeps a key of pump MODEL" in bench.refused(1, *command)
    bench.ok("--open-pump", "refill", "20", "--yes")


def test_a_pairing_whose_end_nobody_heard_is_settled_by_the_next_change(
    bench: Bench, store: MemoryKeyring
) -> None:
    bench.do(lambda model: setattr(model.board.button, "held", True))
    with mock.patch("thecal.cli.pairing._settle"), mock.patch("thecal.client.Pump.pair", _pair_and_die):
        assert bench.thecal("pair", "--role", "clinician").returncode == 1
    bench.do(lambda model: setattr(model.board.button, "held", False))
    assert list(store.entries) == [("thecal pump", "MODEL clinician unsettled")]
    bench.ok("refill", "20", "--yes")
    assert list(store.entries) == [("thecal pump", "MODEL clinician")]


def _pair_and_die(self: Pump, role: int, key: bytes) -> None:
    self._link.ask(messages.PAIR, role, key)
    raise OSError("killed")


def test_a_key_store_that_fails_in_its_own_way_is_told_in_words(
    bench: Bench, store: MemoryKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> str:
        raise RuntimeError("no bus. see dbus(1)")

    monkeypatch.setattr(store, "get_password", broken)
    said = bench.refused(1, "stop", "--yes")
    assert said.startswith("this computer's key store can't be read: no bus. On a desktop")
