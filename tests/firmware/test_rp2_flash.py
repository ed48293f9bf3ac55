"""The journal's flash on the emulated chip: what it writes, and that it touches nothing else."""

from __future__ import annotations

import pytest

from thecal_fw.core.flash_map import SECTOR_BYTES as SECTOR
from thecal_fw.core.flash_map import STORAGE_AT as STORAGE
from thecal_fw.rp2.file_flash import FileFlash
from thecal_fw.store.layout import Layout
from thecal_hil.emulator import ResetCause

from .conftest import Bench

BEHIND = Layout().all_sectors
BUILT = "from thecal_fw.rp2.flash import Flash\nflash = Flash()\npage = bytearray(64)"


def content(bench: Bench, sector: int) -> bytes:
    begin = STORAGE + sector * SECTOR
    return bench.pico.flash_image[begin : begin + SECTOR]


@pytest.mark.requirement("journal-flash")
def test_a_program_clears_bits_of_its_own_bytes_only_and_reads_back(bench: Bench):
    bench.run(BUILT)
    before = bench.pico.flash_image
    bench.run("flash.program(3, 512 + 100, b'abc')")
    expected = bytearray(before)
    at = STORAGE + 3 * SECTOR + 612
    expected[at : at + 3] = b"abc"
    assert bench.pico.flash_image == bytes(expected)
    assert bench.run("flash.read_into(3, 610, page); print(bytes(page[:7]))") == r"b'\xff\xffabc\xff\xff'"


@pytest.mark.requirement("journal-flash")
def test_an_erase_sets_its_sector_only_and_takes_the_time_of_the_chip(bench: Bench):
    bench.run(BUILT)
    bench.run("for sector in (4, 5, 6): flash.program(sector, 0, b'kept')")
    began_ns = bench.pico.now_ns
    bench.run("flash.erase(5)")
    assert bench.pico.now_ns - began_ns >= 400_000_000
    assert content(bench, 5) == b"\xff" * SECTOR
    assert content(bench, 4)[:4] == content(bench, 6)[:4] == b"kept"


@pytest.mark.requirement("journal-reads-back")
def test_flash_outlives_a_power_cut(bench: Bench):
    bench.run(BUILT)
    bench.run("flash.program(127, 4095, b'x')")
    bench.pico.reset(ResetCause.POWER_ON)
    assert content(bench, 127)[-1:] == b"x"


@pytest.mark.requirement("journal-flash")
@pytest.mark.parametrize(
    "call",
    ["flash.program(0, 250, b'12345678')", f"flash.program({BEHIND}, 0, b'1')", f"flash.erase({BEHIND})"],
)
def test_what_is_not_the_journals_is_refused(bench: Bench, call: str):
    bench.run(BUILT)
    assert bench.run(f"try:\n    {call}\nexcept ValueError:\n    print('refused')") == "refused"


def test_flash_in_files_does_as_flash_does_and_is_there_again_afterwards(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    flash = FileFlash()
    page = bytearray(8)
    flash.read_into(9, 4, page)
    assert page == b"\xff" * 8
    flash.program(9, 4, b"\xf0")
    flash.program(9, 4, b"\x1f\x00")
    FileFlash().read_into(9, 4, page)
    assert page == b"\x10\x00" + b"\xff" * 6
    flash.erase(9)
    FileFlash().read_into(9, 4, page)
    assert page == b"\xff" * 8
