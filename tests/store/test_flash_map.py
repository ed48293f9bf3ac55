"""The map of the flash is in one place, and what it says can be."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import places
from thecal_fw.core import flash_map
from thecal_fw.core.flash_map import PAGE_BYTES, SECTOR_BYTES, STORAGE_AT, TRAILER_AT
from thecal_fw.rp2 import chip, pins
from thecal_fw.store.layout import Layout
from thecal_hil.emulator.chip import FLASH_BYTES

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.append(str(REPOSITORY / "docs"))

from generators.storage import regions  # noqa: E402  # pyright: ignore[reportMissingImports]

MAP = REPOSITORY / "firmware/thecal_fw/core/flash_map.py"
LAYOUT = Layout()
END = STORAGE_AT + LAYOUT.all_sectors * SECTOR_BYTES


def test_the_regions_follow_one_another_without_a_gap_and_none_reaches_into_another() -> None:
    end = 0
    for first, sectors, what, _, _ in regions():
        assert (first, sectors > 0) == (end, True), what
        end = first + sectors
    assert end == LAYOUT.all_sectors == flash_map.SECTORS


def test_image_trailer_and_storage_follow_one_another_and_end_with_the_chip() -> None:
    assert 0 < TRAILER_AT < TRAILER_AT + PAGE_BYTES == STORAGE_AT
    assert STORAGE_AT < END <= pins.FLASH_BYTES == FLASH_BYTES


def test_what_is_erased_on_its_own_begins_and_ends_with_a_sector() -> None:
    assert STORAGE_AT % SECTOR_BYTES == pins.FLASH_BYTES % SECTOR_BYTES == TRAILER_AT % PAGE_BYTES == 0
    for slot_bytes in (flash_map.STATE_BYTES, flash_map.EVENT_BYTES, flash_map.METER_BYTES):
        assert SECTOR_BYTES % slot_bytes == 0


@pytest.mark.parametrize(
    ("region", "sector"),
    [
        ("state_a", 0),
        ("state_b", 32),
        ("programs", 64),
        ("events", 68),
        ("keys", 128),
        ("doses_a", 130),
        ("doses_b", 162),
        ("meter", 194),
        ("all_sectors", 202),
    ],
)
def test_a_board_that_has_kept_something_finds_it_again(region: str, sector: int) -> None:
    assert getattr(LAYOUT, region) == sector
    assert (STORAGE_AT, TRAILER_AT) == (655_360, 655_104)


def test_the_build_takes_its_places_from_the_map() -> None:
    assert (places.FLASH_ADDRESS, places.TRAILER_ADDRESS) == (chip.FLASH, chip.FLASH + TRAILER_AT)
    assert f"#define THECAL_STORAGE_AT ({STORAGE_AT})\n" in places.HEADER
    for board in ("board/THECAL_PICO", "probe/THECAL_PROBE"):
        header = (REPOSITORY / "firmware" / board / "mpconfigboard.h").read_text(encoding="utf-8")
        assert f'#include "{places.HEADER_NAME}"' in header
        assert re.findall(r"STORAGE_BYTES +(.+)", header) == ["(PICO_FLASH_SIZE_BYTES - THECAL_STORAGE_AT)"]


# --- no other place has a number of its own

_SECTORS = {LAYOUT.doses_b, LAYOUT.meter, LAYOUT.all_sectors}
"""Sectors whose numbers stand for nothing else, as those of lower ones do."""
_OFFSETS = {
    STORAGE_AT,
    TRAILER_AT,
    END,
    pins.FLASH_BYTES - STORAGE_AT,
    *(STORAGE_AT + first * SECTOR_BYTES for first, *_ in regions()),
}
_PLACES = {*_OFFSETS, *(chip.FLASH + offset for offset in _OFFSETS)}
_MAY_HAVE_ITS_OWN_CHIP = {"firmware/thecal_fw/rp2/pins.py", "hil/thecal_hil/emulator/chip.py"}
"""The board's data, and the emulated chip: held against each other above."""


def numbers_in(source: str) -> Iterator[tuple[int, int]]:
    """Yield the line and value of each whole number in a source, also where it is written as a product or a sum of
    some."""
    folded: set[ast.AST] = set()
    for node in ast.walk(ast.parse(source)):
        if node not in folded and isinstance(node, (ast.BinOp, ast.Constant)):
            value = _value(node)
            if value is not None:
                folded.update(ast.walk(node))
                yield node.lineno, value


def _value(node: ast.AST) -> int | None:
    match node:
        case ast.Constant(value=int() as value):
            return value
        case ast.BinOp(left=left, right=right, op=ast.Add() | ast.Sub() | ast.Mult() | ast.LShift() as op):
            one, other = _value(left), _value(right)
            if one is None or other is None or (isinstance(op, ast.LShift) and not 0 <= other < 64):
                return None
            match op:
                case ast.Add():
                    return one + other
                case ast.Sub():
                    return one - other
                case ast.Mult():
                    return one * other
                case _:
                    return one << other
    return None


SOURCES = sorted(
    path
    for folder in ("firmware", "sim", "hil", "host", "docs")
    for path in (REPOSITORY / folder).rglob("*.py")
    if path != MAP
)


def strangers(path: Path, text: str) -> list[str]:
    """Return the lines in which a source has a number of its own for a place in flash."""
    name = path.relative_to(REPOSITORY).as_posix()
    own_chip = set() if name in _MAY_HAVE_ITS_OWN_CHIP else {pins.FLASH_BYTES}
    sectors = _SECTORS if name.startswith(("firmware/thecal_fw", "sim", "hil")) else set()
    numbers = _PLACES | own_chip | sectors
    return [f"{name}:{line}: {value}" for line, value in numbers_in(text) if value in numbers]


def test_no_other_source_has_a_number_for_a_place_in_flash() -> None:
    found = [line for path in SOURCES for line in strangers(path, path.read_text(encoding="utf-8"))]
    assert not found


@pytest.mark.parametrize(
    "number", ["640 * 1024", "0x1009_FF00", "1_408 << 10", "0xA0000", "202", "2 * 1024 * 1024"]
)
def test_such_a_number_would_be_found(number: str) -> None:
    path = REPOSITORY / "firmware/thecal_fw/rp2/flash.py"
    assert strangers(path, f"_AT = const({number})\n")


def test_no_c_source_or_document_has_one_but_where_it_is_made() -> None:
    paths = [path for ending in ("*.c", "*.h", "*.cmake") for path in (REPOSITORY / "firmware").rglob(ending)]
    paths += (REPOSITORY / "docs").glob("*.md")
    for path in paths:
        text = path.read_text(encoding="utf-8")
        text = re.sub(r"<!-- begin flash-[\w-]+ -->.*?<!-- end flash-", "", text, flags=re.DOTALL)
        assert not re.findall(
            r"\b(?:640|1,?408) ?\*? ?(?:1024|KiB|kB)|0x1009ff00|0x100a0000", text.lower()
        ), path.name
