"""The claims of documents and docstrings in numbers or of imports, held against the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from house.rooms import house_of
from thecal_fw.core import carried, flash_map
from thecal_fw.rp2 import pins
from thecal_fw.store import state
from thecal_fw.store.decoding import DECODERS

REPOSITORY = Path(__file__).resolve().parents[2]
DOCS = REPOSITORY / "docs"
STORAGE = (DOCS / "storage.md").read_text(encoding="utf-8")
UNTOLD = {"ports", "version"}
"""What everything may import: the contracts of the hardware, and the version."""


def text_of(path: str) -> str:
    return (REPOSITORY / path).read_text(encoding="utf-8")


@pytest.mark.parametrize("room", ["core", "link", "store", "rp2", "pump", "requests"])
def test_each_room_of_the_firmware_imports_what_the_table_of_the_house_says_and_all_of_that(
    room: str,
) -> None:
    found = re.search(
        rf"^\| `firmware/thecal_fw/{room}` \|.*\| (.*) \|$", text_of("docs/architecture.md"), re.MULTILINE
    )
    assert found is not None
    told = set(re.findall(r"`(\w+)`", found.group(1)))
    arrows = house_of(REPOSITORY / "firmware", "thecal_fw").arrows
    assert {to for begin, to in arrows if begin == room} - UNTOLD == told


@pytest.mark.parametrize("path", sorted(DOCS.glob("*.md")), ids=lambda path: path.name)
def test_every_row_of_a_table_follows_its_head(path: Path) -> None:
    """A row behind an empty line is no row any more: it is shown as text."""
    block: list[str] = []
    in_code = False
    for line in [*path.read_text(encoding="utf-8").splitlines(), ""]:
        in_code ^= line.startswith("```")
        if line.startswith("|") and not in_code:
            block.append(line)
            continue
        if block:
            assert len(block) > 1, block[0]
            assert re.fullmatch(r"\|(?: *:?-+:? *\|)+", block[1]), block[0]
        block = []


def test_the_present_layout_of_a_record_is_the_one_that_the_document_names() -> None:
    assert f"Layout {state.LAYOUT_VERSION} is the present one" in STORAGE
    assert set(DECODERS) == set(range(1, state.LAYOUT_VERSION + 1))


def test_the_sizes_of_what_outlives_a_reset_are_those_that_are_told() -> None:
    assert f"as {carried.NOTE_BYTES} bytes" in (carried.__doc__ or "")
    # The contract names where the size stands, and no size of its own.
    note = text_of("firmware/thecal_fw/ports.py").partition("class Retained")[2].partition("class Button")[0]
    assert "carried.NOTE_BYTES" in note
    assert "flash_map.STATE_BYTES" in note
    assert not re.findall(r"\b\d{2,} bytes", note)


def test_what_the_document_assumes_of_the_chip_is_what_the_firmware_reckons_with() -> None:
    erase_ms, program_ms = pins.LONGEST_FLASH_ERASE_US // 1_000, pins.LONGEST_FLASH_PROGRAM_US // 1_000
    assert f"an erase takes at most {erase_ms} ms, a page program {program_ms} ms" in STORAGE
    assert f"Its sectors have {flash_map.SECTOR_BYTES:,} bytes" in STORAGE
    assert f"in a ring of {flash_map.STATE_SECTORS} sectors" in STORAGE
    records = flash_map.SECTOR_BYTES // flash_map.STATE_BYTES
    assert f"42 sectors of {records}" in STORAGE
    bite = re.search(r"BITE_US = const\(([\d_]+)\)", text_of("firmware/thecal_fw/rp2/retained.py"))
    assert bite is not None
    assert f"the watchdog bites {int(bite.group(1)) / 1e6:g} s after it was fed" in STORAGE
