"""``thecal flash`` from the image to the version the board reports, on a folder that looks like its drive."""

import hashlib
import json
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from host.conftest import Bench
from host.test_flash import drive_in, uf2
from thecal.cli import run
from thecal_fw.version import COMMIT, VERSION


def image_in(folder: Path, **said: str) -> Path:
    path = folder / "thecal.uf2"
    path.write_bytes(uf2())
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    about = {"version": VERSION, "commit": COMMIT, "sha256": sha256, **said}
    path.with_suffix(".json").write_text(json.dumps(about))
    return path


class Bootloader(threading.Thread):
    """A boot ROM as the board's: shows a drive while the board is in BOOTSEL mode, restarts on an image."""

    def __init__(self, bench: Bench, drive: Path) -> None:
        super().__init__(daemon=True)
        self._bench = bench
        self._drive = drive
        self._over = threading.Event()

    def __enter__(self) -> None:
        self.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()

    def run(self) -> None:
        while not self._over.wait(0.05):
            if self._bench.do(lambda model: model.left_for) != "bootloader":
                continue
            if not (self._drive / "INFO_UF2.TXT").exists():
                time.sleep(0.3)
                (self._drive / "INFO_UF2.TXT").write_text("UF2 Bootloader v3.0\nBoard-ID: RPI-RP2\n")
            if (self._drive / "thecal.uf2").exists():
                self._bench.do(lambda model: model.reset())
                return


def test_a_running_pump_is_sent_to_its_bootloader_flashed_and_asked_what_it_runs(bench: Bench, tmp_path):
    drive = tmp_path / "drive"
    drive.mkdir()
    image = image_in(tmp_path)
    with Bootloader(bench, drive):
        told = bench.ok("flash", "--image", str(image), "--drive", str(drive), "--wait", "10")
    assert (drive / "thecal.uf2").read_bytes() == image.read_bytes()
    assert f"{image} is on {drive}\n" in told
    assert f"the board reports firmware {VERSION} ({COMMIT})" in told


@pytest.mark.requirement("version-after-flash")
def test_a_board_that_reports_something_else_afterwards_fails(bench: Bench, tmp_path):
    image = image_in(tmp_path, version="9.9.9")
    done = bench.thecal("flash", "--image", str(image), "--drive", str(drive_in(tmp_path / "drive")))
    assert done.returncode == 1
    assert f"reports firmware {VERSION} ({COMMIT}), the image is 9.9.9" in done.stderr


@pytest.mark.requirement("version-after-flash")
def test_an_image_whose_commit_nobody_knows_is_refused_before_anything_is_written(tmp_path, capfd):
    image, drive = image_in(tmp_path, commit="unknown"), drive_in(tmp_path / "drive")
    assert flash("--image", image, "--drive", drive) == 1
    assert "was built without its commit" in capfd.readouterr().err
    assert not (drive / "thecal.uf2").exists()
    assert flash("--image", image, "--drive", drive, "--no-check") == 0


@pytest.mark.requirement("not-while-delivering")
def test_a_pump_that_delivers_is_not_sent_away(bench: Bench, tmp_path):
    example = Path(__file__).parents[2] / "examples/simple_continuous.toml"
    bench.ok("program", str(example), "--yes", "--reason", "a test")
    bench.ok("refill", "20", "--yes")
    bench.ok("start")
    (tmp_path / "drive").mkdir()
    told = bench.refused(1, "flash", "--image", str(image_in(tmp_path)), "--drive", str(tmp_path / "drive"))
    assert "refused bootloader: not while delivering. Stop it first" in told
    assert bench.do(lambda model: model.left_for) is None


def flash(*arguments: object) -> int:
    return run(["flash", *map(str, arguments)])


def test_a_drive_alone_is_enough_without_the_check(tmp_path, capfd):
    image, drive = image_in(tmp_path), drive_in(tmp_path / "drive")
    assert flash("--image", image, "--drive", drive, "--no-check", "--json") == 0
    assert json.loads(capfd.readouterr().out) == {
        "image": str(image),
        "drive": str(drive),
        "version": None,
        "commit": None,
    }


def test_a_board_that_does_not_come_back_is_told(tmp_path, capfd):
    drive = drive_in(tmp_path / "drive")
    options = ("--port", "/dev/none", "--wait", "0.1")
    assert flash("--image", image_in(tmp_path), "--drive", drive, *options) == 1
    told = capfd.readouterr().err
    assert "did not come back within 0.1 s" in told
    assert "there is no port /dev/none" in told


@pytest.mark.requirement("right-chip", "refused-image-writes-nothing")
def test_another_chip_is_refused_by_name_and_nothing_written(tmp_path, capfd):
    drive = drive_in(tmp_path / "drive", "RP2350")
    assert flash("--image", image_in(tmp_path), "--drive", drive) == 1
    assert "belongs to another chip: it says 'RP2350'" in capfd.readouterr().err
    assert len(list(drive.iterdir())) == 1


def test_a_folder_of_other_things_is_no_drive_and_no_pump_is_sent_away_for_it(tmp_path, capfd):
    # Were the pump asked, the port that is not there would be the message.
    assert flash("--image", image_in(tmp_path), "--drive", tmp_path, "--port", "/dev/none") == 1
    assert "it has no INFO_UF2.TXT" in capfd.readouterr().err


def test_another_pump_that_runs_is_not_taken_for_the_board_just_flashed(
    bench: Bench, tmp_path, capfd, monkeypatch
):
    running = SimpleNamespace(
        device=bench.port, manufacturer="Thecal", product="Thecal", description="", serial_number="1"
    )
    monkeypatch.setattr("thecal.ports.list_ports.comports", lambda: [running])
    monkeypatch.delenv("THECAL_PORT", raising=False)
    assert flash("--image", image_in(tmp_path), "--drive", drive_in(tmp_path / "drive"), "--wait", "0.1") == 1
    assert "did not come back within 0.1 s" in capfd.readouterr().err


def test_a_board_in_bootsel_mode_and_a_port_named_besides_are_not_mixed_up(tmp_path, capfd, monkeypatch):
    drive = drive_in(tmp_path / "drive")
    monkeypatch.setattr("thecal.flash._mount_points", lambda: [drive])
    assert flash("--image", image_in(tmp_path), "--port", "/dev/null") == 1
    assert "to flash the board in BOOTSEL mode name its drive with --drive" in capfd.readouterr().err
    assert len(list(drive.iterdir())) == 1


def test_several_drives_are_named(tmp_path, capfd, monkeypatch):
    drives = [drive_in(tmp_path / "a"), drive_in(tmp_path / "b")]
    monkeypatch.setattr("thecal.flash._mount_points", lambda: drives)
    assert flash("--image", image_in(tmp_path)) == 1
    assert f"choose with --drive: {drives[0]}, {drives[1]}" in capfd.readouterr().err


def test_no_board_at_all_is_told_with_what_to_do(tmp_path, capfd, monkeypatch):
    monkeypatch.setattr("thecal.flash._mount_points", list)
    monkeypatch.setattr("thecal.ports.list_ports.comports", list)
    monkeypatch.delenv("THECAL_PORT", raising=False)
    assert flash("--image", image_in(tmp_path)) == 1
    assert "Hold BOOTSEL while plugging the board in" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("about", "message"),
    [("{", "can't be read"), ("[]", "can't be read"), ('{"sha256": "00"}', "describes another image")],
)
def test_a_description_that_does_not_fit_the_image_is_refused(about, message, tmp_path, capfd):
    image = image_in(tmp_path)
    image.with_suffix(".json").write_text(about)
    assert flash("--image", image, "--drive", drive_in(tmp_path / "drive")) == 2
    assert message in capfd.readouterr().err
