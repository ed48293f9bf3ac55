"""Copies of the sources to change something in, and runs of scenarios in them that leave their figures in a store.

A copy shares its files with the checkout; the one that is changed is written anew, so nothing of the checkout changes.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
_PARTS: Final = ("firmware", "host", "sim", "hil", "pumps", "examples")
_SOURCES: Final = ("firmware", "firmware/board", "firmware/probe", "host", "sim", "hil")
_SEED: Final = re.compile(r"^seed = \d+$", re.MULTILINE)


class ChangeError(Exception):
    """A change that does not fit the sources; the message says why."""


def copy_tree(folder: Path) -> Path:
    """Make a copy, anew."""
    shutil.rmtree(folder, ignore_errors=True)
    for part in _PARTS:
        shutil.copytree(
            ROOT / part,
            folder / part,
            symlinks=True,
            copy_function=os.link,
            ignore=shutil.ignore_patterns("__pycache__", "*.pyc"),
        )
    return folder


def rewrite(path: Path, text: str) -> None:
    """Give a file of a copy another content, and leave the one that it shares alone."""
    path.unlink()
    path.write_text(text, encoding="utf-8")


def change(folder: Path, file: str, was: str, becomes: str) -> None:
    """Change a text that stands exactly once in a file of a copy."""
    text = (folder / file).read_text(encoding="utf-8")
    if text.count(was) != 1:
        raise ChangeError(f"{file} has {was!r} {text.count(was)} times")
    rewrite(folder / file, text.replace(was, becomes))


def draw_seeds(folder: Path, seed: int) -> None:
    """Give every scenario that draws something another seed."""
    for path in sorted((folder / "hil/thecal_hil/scenario/library").glob("*.toml")):
        text = path.read_text(encoding="utf-8")
        if _SEED.search(text):
            rewrite(path, _SEED.sub(f"seed = {seed}", text))


def run_scenarios(
    folder: Path,
    results: Path,
    names: Sequence[str],
    rig: str = "model",
    more: Mapping[str, str] | None = None,
) -> int:
    """Run scenarios with a copy's own tools; the exit code."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(str(folder / part) for part in _SOURCES),
        "PYTHONDONTWRITEBYTECODE": "1",
        "THECAL_RESULTS": str(results.resolve()),
        **(more or {}),
    }
    command = [
        sys.executable,
        "-m",
        "thecal_hil.cli",
        "run",
        *names,
        "--rig",
        rig,
        "--out",
        str(folder / "out"),
    ]
    if rig == "pico":
        command += ["--uf2", str(ROOT / "build/firmware/thecal.uf2")]
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    ).returncode
