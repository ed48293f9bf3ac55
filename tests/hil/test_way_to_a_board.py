"""A board on a serial port is found again after a reset, by its serial number, and led out of its boot loader."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from thecal.errors import NoAnswerError, PortError, ThecalError
from thecal.ports import Candidate
from thecal_hil.campaigns.silicon_check import way as ways
from thecal_hil.campaigns.silicon_check.way import SerialWay

BOARD = "E660583883724B32"


class FakePort:
    def __init__(self, device: str) -> None:
        self.device = device
        self.is_open = True

    def close(self) -> None:
        self.is_open = False


class Computer:
    """Ports as they come and go. `attached`: device by serial number."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.attached = {BOARD: "/dev/ttyACM0", "another": "/dev/ttyACM7"}
        self.opened: list[str] = []
        self.now_s = 0.0
        self.silent_until_s = 0.0
        self.on_sleep = lambda: None
        monkeypatch.setattr(ways, "candidates", self.candidates)
        monkeypatch.setattr(ways, "open_port", self.open)
        monkeypatch.setattr(ways, "Pump", self.pump)
        monkeypatch.setattr(ways.time, "monotonic", lambda: self.now_s)
        monkeypatch.setattr(ways.time, "sleep", self.sleep)

    def candidates(self) -> list[Candidate]:
        return [Candidate(device, "a board", serial, True) for serial, device in self.attached.items()]

    def open(self, device: str) -> FakePort:
        if device not in self.attached.values():
            raise PortError(f"there is no port {device}")
        self.opened.append(device)
        return FakePort(device)

    def pump(self, port: FakePort, **_: object) -> FakePort:
        if self.now_s < self.silent_until_s:
            raise NoAnswerError("nothing answers on the port")
        return port

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds
        self.on_sleep()


@pytest.fixture
def computer(monkeypatch) -> Computer:
    return Computer(monkeypatch)


def test_a_board_whose_port_has_another_name_after_its_reset_is_found_by_its_serial_number(computer) -> None:
    way = SerialWay("/dev/ttyACM0")
    way.port()
    computer.attached = {"another": "/dev/ttyACM0", BOARD: "/dev/ttyACM1"}
    way.find_pump()
    assert computer.opened == ["/dev/ttyACM0", "/dev/ttyACM1"]


def test_a_pump_that_still_starts_is_waited_for_and_one_that_never_comes_is_told(computer) -> None:
    way = SerialWay("/dev/ttyACM0")
    computer.silent_until_s = 12.0
    way.find_pump()
    assert 12 <= computer.now_s < 13
    del computer.attached[BOARD]
    with pytest.raises(
        ThecalError, match=r"the board on /dev/ttyACM0 was not found again within 30 s \(there is no"
    ):
        way.find_pump()
    assert set(computer.opened) == {"/dev/ttyACM0"}


def test_the_first_look_for_a_board_does_not_wait(computer) -> None:
    computer.silent_until_s = 12.0
    with pytest.raises(NoAnswerError):
        SerialWay("/dev/ttyACM0").find_pump(within_s=0)
    assert computer.now_s == 0


def test_picotool_leads_a_board_out_of_its_boot_loader(computer, monkeypatch, tmp_path) -> None:
    picotool = tmp_path / "picotool"
    picotool.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\n')
    picotool.chmod(picotool.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    said: list[str] = []
    SerialWay("/dev/ttyACM0", say=said.append).leave_boot_loader()
    assert (Path(tmp_path) / "asked").read_text() == "reboot\n"
    assert said == []


def test_without_picotool_a_person_is_asked_and_waited_for(computer, monkeypatch) -> None:
    monkeypatch.setattr(ways.shutil, "which", lambda name: None)
    said: list[str] = []
    way = SerialWay("/dev/ttyACM0", say=said.append)
    del computer.attached[BOARD]

    def come_back() -> None:
        if computer.now_s > 40:
            computer.attached[BOARD] = "/dev/ttyACM0"

    computer.on_sleep = come_back
    way.leave_boot_loader()
    assert "picotool reboot" in said[0]
    assert 40 < computer.now_s < 41


def test_a_board_that_stays_in_its_boot_loader_is_told(computer, monkeypatch) -> None:
    monkeypatch.setattr(ways.shutil, "which", lambda name: None)
    way = SerialWay("/dev/ttyACM0")
    del computer.attached[BOARD]
    with pytest.raises(ThecalError, match="did not leave its boot loader within 120 s"):
        way.leave_boot_loader()
