"""An image over the boot loader's USB interface: whole or not started, nothing else touched, and every failure
reported."""

import hashlib
import json
import random
import struct
from pathlib import Path
from types import SimpleNamespace

import pytest

from host.conftest import Bench
from host.simulated_boot_loader import FLASH_AT, FLASH_BYTES, SimulatedBootLoader
from thecal import usb_boot
from thecal.cli import run
from thecal.flash import FlashError, Image, load_image
from thecal.picoboot import Picoboot, PicobootError
from thecal.usb_boot import BootBoard
from thecal.usb_flash import write_image
from thecal_fw.version import COMMIT, VERSION

BLANK = b"\xff"
SECTOR = 4_096
BLOCKS = 40
"""Two sectors and a half."""


def uf2(data: bytes, begin: int = FLASH_AT) -> bytes:
    pages = [data[at : at + 256] for at in range(0, len(data), 256)]
    image = b""
    for number, page in enumerate(pages):
        header = struct.pack(
            "<IIIIIIII",
            0x0A324655,
            0x9E5D5157,
            0x2000,
            begin + 256 * number,
            256,
            number,
            len(pages),
            0xE48BFF56,
        )
        image += header + page.ljust(476, b"\0") + struct.pack("<I", 0x0AB16F30)
    return image


CONTENT = random.Random(5).randbytes(256 * BLOCKS)
BEFORE = random.Random(6).randbytes(FLASH_BYTES)


def image_in(folder: Path, content: bytes = CONTENT, **said: str) -> Path:
    path = folder / "thecal.uf2"
    path.write_bytes(uf2(content))
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    path.with_suffix(".json").write_text(
        json.dumps({"version": VERSION, "commit": COMMIT, "sha256": sha256, **said}), encoding="utf-8"
    )
    return path


@pytest.fixture
def image(tmp_path: Path) -> Image:
    return load_image(image_in(tmp_path))


def test_an_image_is_written_whole_and_nothing_else_is_touched(image: Image) -> None:
    loader = SimulatedBootLoader(BEFORE)
    write_image(image, loader)
    touched = 3 * SECTOR
    assert loader.flash[: len(CONTENT)] == CONTENT
    assert loader.flash[len(CONTENT) : touched] == BLANK * (touched - len(CONTENT))
    assert loader.flash[touched:] == BEFORE[touched:], "journal and keys lie behind the image"
    assert loader.has_rebooted
    assert loader.is_exclusive


def test_a_cable_pulled_at_any_transfer_leaves_the_old_image_the_new_one_or_nothing_that_starts(
    image: Image,
) -> None:
    whole = SimulatedBootLoader(BEFORE)
    write_image(image, whole)
    seen = set()
    for transfers in range(whole.transfers):
        loader = SimulatedBootLoader(BEFORE)
        loader.gone_after = transfers
        try:
            write_image(image, loader)
        except FlashError as error:
            told = str(error)
        else:
            pytest.fail(f"nothing reports a cable that was pulled after {transfers} transfers")
        first = bytes(loader.flash[:SECTOR])
        if first == BEFORE[:SECTOR]:
            assert bytes(loader.flash) == BEFORE, "an old beginning with something new behind it"
            seen.add("old")
        elif first == CONTENT[:SECTOR]:
            assert loader.flash[: len(CONTENT)] == CONTENT
            seen.add("new")
        else:
            assert first == BLANK * SECTOR, "the boot ROM would start half of a first sector"
            seen.add("nothing")
        assert ("Nothing was written" in told) <= (bytes(loader.flash) == BEFORE)
        assert ("The image is whole" in told) <= (loader.flash[: len(CONTENT)] == CONTENT)
        assert "USB port 1-1.2" in told
    assert seen == {"old", "new", "nothing"}


def test_flash_that_holds_something_else_is_told_and_not_started(image: Image) -> None:
    loader = SimulatedBootLoader(BEFORE)
    loader.spoils_writes = True
    with pytest.raises(FlashError, match="something else than was written, at 0x10000000") as refused:
        write_image(image, loader)
    assert "stays in its boot loader and delivers nothing: flash it again" in str(refused.value)
    assert not loader.has_rebooted
    assert loader.flash[:SECTOR] == BLANK * SECTOR


def test_what_the_boot_loader_refuses_is_told_in_its_own_words() -> None:
    loader = SimulatedBootLoader(BEFORE)
    boot = Picoboot(loader)
    with pytest.raises(
        PicobootError, match="asked to erase, the boot loader refuses: there is no such address"
    ):
        boot.erase(FLASH_AT)
    boot.take()
    with pytest.raises(PicobootError, match="the address is not at a boundary"):
        boot.erase(FLASH_AT + 256)
    boot.erase(FLASH_AT)
    boot.reboot()
    with pytest.raises(PicobootError, match="it is starting again"):
        boot.erase(FLASH_AT)


def test_a_boot_loader_that_can_not_be_had_is_sent_back_to_its_old_image(image: Image) -> None:
    loader = SimulatedBootLoader(BEFORE)
    take = Picoboot.take

    def refused(boot: Picoboot) -> None:
        take(boot)
        boot.write(FLASH_AT + 1, b"1")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Picoboot, "take", refused)
        with pytest.raises(
            FlashError, match=r"Nothing was written; the board at USB port 1-1\.2 is asked to start again"
        ):
            write_image(image, loader)
    assert loader.has_rebooted
    assert bytes(loader.flash) == BEFORE


def test_an_image_for_memory_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ram.uf2"
    path.write_bytes(uf2(CONTENT, 0x2000_0000))
    with pytest.raises(FlashError, match="0x20000000, which is not in flash"):
        write_image(load_image(path), SimulatedBootLoader(BEFORE))


# --- the command


class Usb:
    """The USB devices that are plugged in. boards: those in their boot loader; serials: running pumps."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.loaders: dict[str, SimulatedBootLoader] = {}
        self.pico_2s: list[str] = []
        self.running: list[SimpleNamespace] = []
        patch.setattr(usb_boot, "is_available", lambda: True)
        patch.setattr(usb_boot, "boot_boards", self.boards)
        patch.setattr(usb_boot, "UsbBootDevice", lambda board: board.handle)
        patch.setattr("thecal.flash._mount_points", list)
        patch.setattr("thecal.ports.list_ports.comports", lambda: list(self.running))
        patch.setattr("thecal.practice.running", list)
        patch.delenv("THECAL_PORT", raising=False)

    def boards(self) -> list[BootBoard]:
        found = [BootBoard(location, True, loader) for location, loader in self.loaders.items()]
        return found + [BootBoard(location, False, None) for location in self.pico_2s]

    def plug(self, location: str = "1-1.2") -> SimulatedBootLoader:
        loader = self.loaders[location] = SimulatedBootLoader(BEFORE, location)
        return loader

    def run_pump(self, device: str, serial: str, location: str) -> None:
        self.running.append(
            SimpleNamespace(
                device=device, manufacturer="Thecal", product="Thecal bench pump", description="",
                serial_number=serial, location=f"{location}:1.0",
            )
        )  # fmt: skip


@pytest.fixture
def usb(monkeypatch: pytest.MonkeyPatch) -> Usb:
    return Usb(monkeypatch)


def flash(image: Path, *arguments: str) -> int:
    return run(["flash", "--image", str(image), "--wait", "5", *arguments])


@pytest.mark.requirement("version-after-flash")
def test_a_running_pump_is_flashed_by_its_serial_number_without_any_drive(
    bench: Bench, usb: Usb, tmp_path: Path, capfd
) -> None:
    usb.run_pump("/dev/none", "OTHER", "1-1.3")
    usb.run_pump(bench.port, "E66", "1-1.2")
    loaders: list[SimulatedBootLoader] = []

    def boards() -> list[BootBoard]:
        # The board shows its boot loader where it was plugged in, as soon as its program has left.
        if not loaders and bench.do(lambda model: model.left_for) == "bootloader":
            loaders.append(usb.plug("1-1.2"))
            loaders[0].on_reboot = lambda: bench.do(lambda model: model.reset())
        return usb.boards()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(usb_boot, "boot_boards", boards)
        code = flash(image_in(tmp_path), "--serial", "E66")
    captured = capfd.readouterr()
    assert (code, captured.err) == (0, "")
    assert f"is on E66; it reports firmware {VERSION} ({COMMIT})" in captured.out
    assert loaders[0].flash[: len(CONTENT)] == CONTENT
    assert loaders[0].is_closed


@pytest.mark.requirement("right-chip", "refused-image-writes-nothing")
def test_a_pico_2_is_refused_in_words(usb: Usb, tmp_path: Path, capfd) -> None:
    usb.pico_2s.append("2-1")
    assert flash(image_in(tmp_path), "--no-check") == 1
    assert "the board at USB port 2-1 is a Pico 2" in capfd.readouterr().err


def test_of_several_boards_in_their_boot_loader_one_is_chosen_by_where_it_is_plugged_in(
    usb: Usb, tmp_path: Path, capfd
) -> None:
    first, second = usb.plug("1-1.2"), usb.plug("1-1.3")
    image = image_in(tmp_path)
    assert flash(image, "--no-check") == 1
    assert "2 boards are in BOOTSEL mode; choose with --usb-port: 1-1.2, 1-1.3" in capfd.readouterr().err
    assert flash(image, "--no-check", "--usb-port", "1-1.3") == 0
    assert (first.has_rebooted, second.has_rebooted) == (False, True)
    assert bytes(first.flash) == BEFORE


def test_a_number_that_no_board_has_is_told_with_those_there_are(usb: Usb, tmp_path: Path, capfd) -> None:
    usb.run_pump("/dev/none", "E66", "1-1.2")
    usb.plug("1-1.4")
    assert flash(image_in(tmp_path), "--serial", "E99") == 1
    told = capfd.readouterr().err
    assert "no running Thecal board has serial number E99; there are: E66" in told
    assert "In BOOTSEL mode, where an RP2040 has no number of its own: 1-1.4" in told


def test_of_several_boards_those_not_reached_are_told_by_name(usb: Usb, tmp_path: Path, capfd) -> None:
    usb.run_pump("/dev/none-1", "E1", "1-1.2")
    usb.run_pump("/dev/none-2", "E2", "1-1.3")
    assert flash(image_in(tmp_path), "--serial", "E1", "--serial", "E2") == 1
    told = capfd.readouterr().err
    assert "the pump with serial number E1: there is no port /dev/none-1" in told
    assert "not tried: the pump with serial number E2" in told


def test_a_pump_whose_boot_loader_never_shows_is_told_as_one_that_delivers_nothing(
    bench: Bench, usb: Usb, tmp_path: Path, capfd
) -> None:
    usb.run_pump(bench.port, "E66", "1-1.2")
    assert run(["flash", "--image", str(image_in(tmp_path)), "--wait", "0.3"]) == 1
    told = capfd.readouterr().err
    assert (
        "did not appear within 0.3 s. Nothing was written, and it delivers nothing until it is plugged in"
        in told
    )


def test_without_the_library_a_serial_number_is_told_what_it_takes(
    tmp_path: Path, capfd, monkeypatch
) -> None:
    monkeypatch.setattr(usb_boot, "is_available", lambda: False)
    assert flash(image_in(tmp_path), "--serial", "E66") == 2
    assert 'pip install "thecal[flash]"' in capfd.readouterr().err
    assert flash(image_in(tmp_path), "--serial", "E66", "--drive", str(tmp_path)) == 2
    assert "--drive goes with neither" in capfd.readouterr().err
