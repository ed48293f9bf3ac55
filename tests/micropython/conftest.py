"""MicroPython's unix port, built from the same source as the firmware."""

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def micropython_unix() -> Path:
    """Path of the interpreter; built on first use and taken from the cache afterwards."""
    subprocess.run(
        [sys.executable, REPOSITORY / "firmware/board/build.py", "unix"], check=True, cwd=REPOSITORY
    )
    return REPOSITORY / "build/firmware/micropython-unix"
