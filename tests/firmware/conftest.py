"""The board's modules on an emulated Pico, driven from the MicroPython prompt."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import pytest

from thecal_fw.rp2 import pins
from thecal_hil.emulator import EmulatedPico, FlashTiming
from thecal_hil.emulator.repl import RawRepl
from thecal_hil.pytest_plugin.forked_tests import PREPARATION, in_copy

REPOSITORY = Path(__file__).resolve().parents[2]
US = 1_000
TICK_NS = 10 * US
WATCHED = {"step": pins.STEP, "dir": pins.DIR, "enable": pins.ENABLE, "buzzer": pins.BUZZER, "led": pins.LED}


class Bench:
    """An emulated Pico whose firmware ends at the prompt, with the package frozen in."""

    def __init__(self, uf2: Path) -> None:
        self.pico = EmulatedPico(
            uf2,
            wires=[(pins.STEP, pins.SENSE), (pins.BUZZER, pins.BUZZER)],
            watch=WATCHED,
            released={"enable": 1},
            flash_timing=FlashTiming(erase_sector_ns=400_000_000),
        )
        self.pico.serial.open()
        self.prompt = RawRepl(self.pico.serial)

    def run(self, code: str, timeout_s: float = 10.0) -> str:
        """Return what the code prints."""
        return self.prompt.run(code, timeout_s).strip()

    def numbers(self, code: str, timeout_s: float = 10.0) -> list[int]:
        return [int(word) for word in self.run(code, timeout_s).split()]

    def run_for_s(self, seconds: float) -> None:
        self.pico.run_for(round(seconds * 1e9))

    def rises_ns(self, signal: str = "step") -> list[int]:
        """Return rising edges, in the time of the chip's own timer."""
        origin_ns = self.pico.now_ns - self.pico.device_time_ns
        return [edge.t_ns - origin_ns for edge in self.pico.edges if edge.signal == signal and edge.level]


def build_image(tmp: Path, name: str, main: str) -> Path:
    """Return the firmware with another main program; the test is skipped where nothing can be built."""
    main_file, uf2 = tmp / f"{name}.py", tmp / f"{name}.uf2"
    main_file.write_text(main)
    command = [
        sys.executable,
        REPOSITORY / "firmware/board/build.py",
        "--extra-main",
        main_file,
        "--out",
        uf2,
    ]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    if built.returncode == 2:
        pytest.skip(f"no image can be built here: {built.stderr.strip()}")
    assert built.returncode == 0, built.stderr
    return uf2


@cache
def booted() -> Bench:
    """Return a board at the prompt, used in copies of this process only."""
    with tempfile.TemporaryDirectory() as folder:
        return Bench(build_image(Path(folder), "prompt", '"""Leaves the board at the prompt."""\n'))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "bench" in getattr(item, "fixturenames", ()) and item.path.parent == Path(__file__).parent:
            item.stash[PREPARATION] = booted


@pytest.fixture
def bench() -> Bench:
    return booted() if in_copy() else booted.__wrapped__()
