"""MicroPython's unix port, built from the same source as the firmware, and sources that it can run."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from thecal.pumps.constants import chosen, module_of

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def micropython_unix() -> Path:
    """Provide the path of the interpreter; built on first use and taken from the cache afterwards."""
    subprocess.run(
        [sys.executable, REPOSITORY / "firmware/board/build.py", "unix"], check=True, cwd=REPOSITORY
    )
    return REPOSITORY / "build/firmware/micropython-unix"


@pytest.fixture(scope="session")
def firmware_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Provide the firmware's sources with the numbers of the pump in place, as the build has them."""
    folder = tmp_path_factory.mktemp("firmware")
    shutil.copytree(REPOSITORY / "firmware/thecal_fw", folder / "thecal_fw")
    (folder / "thecal_fw/core/described.py").write_text(module_of(chosen()), encoding="utf-8")
    return folder
