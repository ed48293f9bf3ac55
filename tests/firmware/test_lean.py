"""What a stock board gets of the firmware: no name is shortened that its MicroPython knows for something else."""

import ast

import build
from thecal_hil.image import STOCK_UF2


def test_no_name_that_the_stock_image_holds_is_shortened() -> None:
    blocks = STOCK_UF2.read_bytes()
    image = b"".join(blocks[at + 32 : at + 288] for at in range(0, len(blocks), 512))
    _, names = build.lean_package_files("commit")
    shortened = {long for table in names.values() for long in table.values()}
    assert len(shortened) > 1_000
    # Strings that end alike share their end in the image, so a name may stand behind other letters.
    assert sorted(name for name in shortened if name.encode() + b"\0" in image) == []


def test_lean_sources_are_sources() -> None:
    files, _ = build.lean_package_files("commit")
    for name, text in files.items():
        ast.parse(text, name)
