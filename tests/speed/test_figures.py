"""The figures of speed and memory are measured and not assumed, on sources that are what they claim to be."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from thecal_hil.campaigns.speed import earlier_image, edge_memory, full_cycle
from thecal_hil.campaigns.speed.earlier import HERE, run_on, sources_of
from thecal_sim.edge_record import Edge, EdgeRecord

PROGRAM = "import json, thecal_sim; print(json.dumps({'sources': thecal_sim.__file__}))"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Provide a repository with one commit in which ``thecal_sim`` exists."""
    for root in ("firmware", "host", "sim", "hil"):
        (tmp_path / root / "thecal_sim").mkdir(parents=True)
        (tmp_path / root / "thecal_sim/__init__.py").write_text("")
    for command in (
        ["init", "--quiet"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "-m", "x"],
    ):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return tmp_path


def test_a_program_runs_on_the_sources_of_an_earlier_commit(repository: Path, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    folder = sources_of("HEAD", repository)
    assert run_on(folder, program)["sources"] == str(folder / "firmware/thecal_sim/__init__.py")
    # Once taken out they are not taken out again.
    assert sources_of("HEAD", repository) == folder


def test_a_program_that_ran_on_other_sources_is_found_out(repository: Path, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text('print(\'{"sources": "/usr/lib/elsewhere.py"}\')')
    with pytest.raises(RuntimeError, match=r"program\.py ran on /usr/lib/elsewhere\.py"):
        run_on(sources_of("HEAD", repository), program)


def test_a_commit_that_is_not_there_is_an_error(repository: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        sources_of("no-such-commit", repository)


def test_an_earlier_image_runs_on_the_emulator_of_another_checkout(tmp_path: Path) -> None:
    for folder in ("hil/thecal_hil/emulator", "sim/thecal_sim"):
        shutil.copytree(HERE / folder, tmp_path / folder)
    arguments = ("--emulator-of", str(tmp_path), "--board", "P=40", "424000", "5")
    found = run_on(HERE, Path(earlier_image.__file__), *arguments)
    assert found["emulator"] == str(tmp_path / "hil/thecal_hil/emulator/__init__.py")
    assert found["board"] == "P=40"
    assert found["counted"] == found["pulses"] > 0


def test_an_emulator_that_is_in_use_already_is_not_replaced() -> None:
    with pytest.raises(ImportError, match="imported already"):
        earlier_image.take_emulator_of(HERE)


def answer(seconds: float, parts: Mapping[str, str] = {}, wrong: tuple[str, ...] = ()) -> dict[str, object]:
    record = dict.fromkeys(("steps", "other edges", "journal", "log", "plant", "check"), "aa")
    return {
        "sources": "x",
        "processor_s": seconds,
        "pulses": 5,
        "wrong": list(wrong),
        "record": record | dict(parts),
    }


def given_answers(monkeypatch: pytest.MonkeyPatch, *answers: dict[str, object]) -> None:
    """Give the answers of before and now in turn, and the last with every heartbeat polled."""
    waiting = list(answers)
    monkeypatch.setattr(full_cycle, "sources_of", Path)
    monkeypatch.setattr(full_cycle, "run_on", lambda *_: waiting.pop(0))


def test_the_ratio_is_that_of_all_runs_together(monkeypatch: pytest.MonkeyPatch) -> None:
    given_answers(monkeypatch, answer(9.0), answer(5.0), answer(6.0), answer(5.0), answer(8.0))
    found = full_cycle.full_cycle_speed(runs=2)
    assert found.ratio == 1.5
    assert found.figures() == {full_cycle.RATIO: 1.5, full_cycle.SAME: 0}


@pytest.mark.parametrize(
    ("now", "polled", "difference"),
    [
        ({"steps": "cc"}, {"steps": "cc"}, "DIFFERENT: steps"),
        ({"log": "cc"}, {}, "DIFFERENT: log with every heartbeat polled"),
        ({}, {"plant": "cc"}, "DIFFERENT: plant with every heartbeat polled"),
    ],
)
def test_a_record_that_differs_is_named_and_fails(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    now: dict[str, str],
    polled: dict[str, str],
    difference: str,
) -> None:
    given_answers(monkeypatch, answer(9.0), answer(3.0, now), answer(8.0, polled))
    assert full_cycle.main([]) == 1
    assert capsys.readouterr().out.strip().endswith(difference)


def test_journal_and_log_of_another_firmware_may_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    own = {"journal": "cc", "log": "cc"}
    given_answers(monkeypatch, answer(9.0), answer(3.0, own), answer(8.0, own))
    assert full_cycle.full_cycle_speed().differences == ()


@pytest.mark.parametrize(("now_s", "code"), [(5.0, 0), (6.5, 1)])
def test_a_ratio_that_falls_short_fails(monkeypatch: pytest.MonkeyPatch, now_s: float, code: int) -> None:
    given_answers(monkeypatch, answer(9.0), answer(now_s), answer(8.0))
    assert full_cycle.main([]) == code


@pytest.mark.parametrize("polled_wrongly", [False, True])
def test_a_wrong_pulse_is_no_figure(monkeypatch: pytest.MonkeyPatch, polled_wrongly: bool) -> None:
    late = answer(3.0, wrong=("pulses: one is late",))
    given_answers(monkeypatch, answer(9.0), *((answer(3.0), late) if polled_wrongly else (late, answer(8.0))))
    with pytest.raises(RuntimeError, match="one is late"):
        full_cycle.full_cycle_speed()


def test_the_record_of_a_rig_takes_what_is_promised_for_an_edge() -> None:
    assert 9 <= edge_memory.bytes_an_edge(50_000) <= 16


def test_a_record_that_keeps_an_object_for_each_edge_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    class Wasteful(EdgeRecord):
        def __init__(self) -> None:
            super().__init__()
            self.kept: list[Edge] = []

        def add(self, t_ns: int, signal: str, level: int) -> None:
            super().add(t_ns, signal, level)
            self.kept.append(Edge(t_ns, signal, level))

    monkeypatch.setattr("thecal_hil.emulator.pins.EdgeRecord", Wasteful)
    assert edge_memory.bytes_an_edge(20_000) > 60
