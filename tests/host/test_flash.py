"""Flashing: the right image onto the right chip, or a message that says what is wrong, and nothing written."""

import json
import os
import struct

import pytest

from thecal.errors import BadInputError
from thecal.flash import (
    FlashError,
    check_report,
    choose_drive,
    copy_image,
    load_image,
    mounted_drives,
    wait_for_drive,
)
from thecal.uf2 import RP2040_FAMILY


def uf2(blocks: int = 3, family: int = RP2040_FAMILY, count: int | None = None) -> bytes:
    image = b""
    for number in range(blocks):
        header = struct.pack(
            "<IIIIIIII",
            0x0A324655,
            0x9E5D5157,
            0x2000,
            0x10000000 + 256 * number,
            256,
            number,
            blocks if count is None else count,
            family,
        )
        image += header + bytes(476) + struct.pack("<I", 0x0AB16F30)
    return image


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "thecal.uf2"
    path.write_bytes(uf2())
    path.with_suffix(".json").write_text(json.dumps({"version": "1.2.3", "commit": "abc"}))
    return load_image(path)


def drive_in(folder, board: str = "RPI-RP2"):
    folder.mkdir()
    (folder / "INFO_UF2.TXT").write_text(f"UF2 Bootloader v3.0\nModel: Raspberry Pi\nBoard-ID: {board}\n")
    return folder


def test_an_image_lands_on_the_drive_whole(image, tmp_path):
    target = copy_image(image, drive_in(tmp_path / "drive"))
    assert target.read_bytes() == image.content


@pytest.mark.requirement("right-image", "foreign-image")
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not a whole UF2 file"),
        (uf2()[:-1], "is not a whole UF2 file"),
        (bytes(512), "is not a UF2 file"),
        (uf2(family=0xE48BFF59), "is for another chip"),
        (uf2(count=4), "is incomplete"),
        (uf2()[512:], "is incomplete"),
    ],
)
def test_a_spoilt_or_foreign_image_is_refused(content, message, tmp_path):
    path = tmp_path / "other.uf2"
    path.write_bytes(content)
    with pytest.raises(BadInputError, match=message):
        load_image(path)


def test_an_image_that_was_not_built_is_told(tmp_path):
    with pytest.raises(BadInputError, match="build it with `make uf2`"):
        load_image(tmp_path / "none.uf2")


@pytest.mark.requirement("right-chip")
def test_the_drive_of_another_chip_is_refused_by_name(image, tmp_path):
    drive = drive_in(tmp_path / "drive", "RP2350")
    with pytest.raises(FlashError, match="another chip: it says 'RP2350'"):
        copy_image(image, drive)
    assert sorted(path.name for path in drive.iterdir()) == ["INFO_UF2.TXT"]


def test_a_folder_that_is_no_drive_is_refused(image, tmp_path):
    with pytest.raises(FlashError, match="it has no INFO_UF2"):
        copy_image(image, tmp_path)


def test_a_drive_that_can_not_be_written_is_told(image, tmp_path):
    drive = drive_in(tmp_path / "drive")
    (drive / image.path.name).mkdir()
    with pytest.raises(FlashError, match="can't be written"):
        copy_image(image, drive)


def test_drives_are_found_by_their_info_file(tmp_path):
    drive = drive_in(tmp_path / "drive")
    (tmp_path / "stick").mkdir()
    assert mounted_drives([tmp_path / "stick", drive]) == [drive]
    assert choose_drive([drive]) == drive


def test_no_drive_and_several_drives_are_told(tmp_path):
    with pytest.raises(FlashError, match="Hold BOOTSEL"):
        choose_drive([])
    with pytest.raises(FlashError, match="choose with --drive: /a, /b"):
        choose_drive([tmp_path.__class__("/a"), tmp_path.__class__("/b")])


def test_a_drive_that_appears_late_is_waited_for_and_one_that_never_does_is_not(tmp_path):
    drive = drive_in(tmp_path / "drive")
    looks = [[], [], [drive]]
    assert wait_for_drive(lambda: looks.pop(0)) == drive
    with pytest.raises(FlashError, match=r"within 0\.01 s"):
        wait_for_drive(list, timeout_s=0.01)


@pytest.mark.requirement("version-after-flash")
def test_an_image_whose_commit_nobody_knows_passes_no_check(tmp_path):
    path = tmp_path / "thecal.uf2"
    path.write_bytes(uf2())
    path.with_suffix(".json").write_text(json.dumps({"version": "1.2.3", "commit": "unknown"}))
    with pytest.raises(FlashError, match="was built without its commit"):
        check_report(load_image(path), "1.2.3", "unknown")


def test_a_mount_whose_name_is_no_text_is_looked_at_like_any_other(tmp_path, monkeypatch):
    drive = drive_in(tmp_path / os.fsdecode(b"drive \xff"))
    mounts = tmp_path / "mounts"
    escaped = os.fsencode(drive).replace(b" ", b"\\040")
    mounts.write_bytes(b"proc /proc proc rw 0 0\n/dev/sda " + escaped + b" vfat rw 0 0\n")
    monkeypatch.setattr("thecal.flash._MOUNTS", mounts)
    assert drive in mounted_drives()


@pytest.mark.requirement("version-after-flash")
def test_a_board_that_reports_another_version_is_told(image):
    check_report(image, "1.2.3", "abc")
    with pytest.raises(FlashError, match="does not run what was just flashed"):
        check_report(image, "1.2.2", "abc")
