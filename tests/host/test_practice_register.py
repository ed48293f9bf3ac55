"""The register of practice pumps: those that run are found, and nothing else is ever taken for one."""

import json
import os
import platform
from pathlib import Path

import pytest

from thecal import practice
from thecal.errors import PortError
from thecal.ports import candidates, only_board


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(practice, "folder", lambda: tmp_path / "practice")
    monkeypatch.setattr("thecal.ports.list_ports.comports", list)
    return tmp_path / "practice"


def test_a_pump_that_runs_is_the_board_to_talk_to_and_one_that_has_ended_is_not() -> None:
    with practice.registered("/dev/pts/77", "PRACTICE-1", "model"):
        assert only_board() == "/dev/pts/77"
        (found,) = candidates()
        assert (found.is_thecal, found.is_practice) == (True, True)
    with pytest.raises(PortError, match="no Thecal board is attached") as refused:
        only_board()
    assert "`thecal demo` gives a practice pump" in str(refused.value)


def test_a_board_and_a_practice_pump_are_told_apart(folder: Path) -> None:
    with practice.registered("/dev/pts/77", "PRACTICE-1", "model"):
        (folder / f"{platform.node()}-1.json").write_text("{}")
        other = json.loads(next(folder.glob(f"*-{os.getpid()}.json")).read_text())
        with (folder / f"{platform.node()}-2.json").open("w") as second:
            practice._lock(second)
            second.write(json.dumps(other | {"device": "/dev/pts/78", "serial_number": "PRACTICE-2"}))
            second.flush()
            with pytest.raises(PortError, match="2 Thecal boards are attached; choose one") as refused:
                only_board()
    assert "/dev/pts/77  serial number PRACTICE-1, a practice pump" in str(refused.value)


@pytest.mark.parametrize("written", ["", "{", "[]", '{"device": "/dev/pts/1"}', '{"pid": "x"}', "\x00"])
def test_a_file_that_says_nothing_counts_for_nothing(folder: Path, written: str) -> None:
    folder.mkdir()
    with (folder / f"{platform.node()}-1.json").open("w") as file:
        practice._lock(file)
        file.write(written)
        file.flush()
        assert practice.running() == []


def test_what_a_program_has_left_behind_counts_for_nothing_though_its_number_lives_on(folder: Path) -> None:
    with practice.registered("/dev/pts/77", "PRACTICE-1", "model"):
        (path,) = folder.iterdir()
        left = path.read_text()
    # This very process has the number that the file names, and holds no lock on it.
    path.write_text(left)
    assert json.loads(left)["pid"] == os.getpid()
    assert practice.running() == []
    with practice.registered("/dev/pts/78", "PRACTICE-2", "model"):
        assert [pump.device for pump in practice.running()] == ["/dev/pts/78"]


def test_a_pump_of_another_computer_is_not_found_in_a_folder_they_share(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with practice.registered("/dev/pts/77", "PRACTICE-1", "model"):
        monkeypatch.setattr(platform, "node", lambda: "elsewhere")
        assert practice.running() == []
