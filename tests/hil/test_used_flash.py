"""The flash of a board holds something before the image is written to it, and the emulated board starts from that."""

from __future__ import annotations

import pytest

from thecal_fw.core.flash_map import SECTOR_BYTES, STORAGE_AT
from thecal_hil.contract.image import ImageError, image_under_test
from thecal_hil.emulator.chip import FLASH_BYTES
from thecal_hil.emulator.silicon import FlashBefore, Silicon
from thecal_hil.rigs import used_flash
from thecal_hil.rigs.pico_rig import PicoRig

LITTLEFS_NAME_AT = 8
"""Of its superblock: after revision and tag, littlefs's specification."""
LAST_SECTOR = slice(FLASH_BYTES - SECTOR_BYTES, FLASH_BYTES)


def never_used() -> bytes:
    raise AssertionError("no pump has to have delivered for this")


def flash(content: FlashBefore, seed: int = 0) -> bytes:
    made = used_flash.flash_before(Silicon(flash_before=content, seed=seed), image_under_test(), never_used)
    assert made is not None
    assert len(made) == FLASH_BYTES
    return made


def test_a_blank_flash_is_none_at_all():
    assert used_flash.flash_before(Silicon(), image_under_test(), never_used) is None


def test_zeros_and_random_bytes_fill_the_part_that_the_journal_is_in():
    assert flash(FlashBefore.ZEROS) == b"\xff" * STORAGE_AT + bytes(FLASH_BYTES - STORAGE_AT)
    assert flash(FlashBefore.RANDOM, 1) == flash(FlashBefore.RANDOM, 1) != flash(FlashBefore.RANDOM, 2)
    assert len(set(flash(FlashBefore.RANDOM, 1)[STORAGE_AT:])) == 256


def test_a_stock_micropythons_file_system_begins_where_the_journal_does():
    begin = STORAGE_AT + LITTLEFS_NAME_AT
    assert flash(FlashBefore.FILES)[begin : begin + 8] == b"littlefs"


def test_the_stock_image_is_asked_for_where_it_is_missing(monkeypatch, tmp_path):
    monkeypatch.setattr(used_flash, "STOCK_UF2", tmp_path / "stock.uf2")
    with pytest.raises(ImageError, match="make stock"):
        flash(FlashBefore.FILES)


@pytest.mark.parametrize("content", [FlashBefore.ZEROS, FlashBefore.RANDOM], ids=str)
def test_the_pump_starts_from_what_its_flash_held(content):
    pump = PicoRig(image_under_test(), Silicon(flash_before=content, seed=3))
    assert pump.board.flash_image[LAST_SECTOR] == flash(content, 3)[LAST_SECTOR]
    assert pump.pump().interrogate().failed_tests == 0


def test_a_board_with_a_journal_of_its_own_goes_on_with_its_program():
    pump = PicoRig(image_under_test(), Silicon(flash_before=FlashBefore.OWN))
    assert pump.pump().interrogate().rate_nl_per_day == 424_000
