"""Images the emulator tests run: a stock MicroPython, built the same way as the firmware."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from thecal_hil.emulator import compiled

REPOSITORY = Path(__file__).resolve().parents[2]
STOCK_UF2 = REPOSITORY / "build/firmware/stock.uf2"


@pytest.fixture(scope="session")
def stock_uf2() -> Path:
    """Provide a MicroPython image with nothing of ours in it; THECAL_TEST_STOCK_UF2 names another one."""
    given = os.environ.get("THECAL_TEST_STOCK_UF2")
    if given:
        return Path(given)
    if not STOCK_UF2.exists():
        subprocess.run([sys.executable, REPOSITORY / "firmware/board/build.py", "stock"], check=True)
    return STOCK_UF2


@pytest.fixture(params=["compiled", "interpreted"])
def either_path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Provide the path that emulated boards run on in this test, which is run once for each."""
    if request.param == "compiled" and not compiled.is_wanted():
        pytest.skip("the emulator's compiled part can't be built here")
    monkeypatch.setenv(compiled.SWITCH, request.param)
    return request.param
